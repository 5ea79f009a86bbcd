//! The typed client in `examples/typescript`, which must do what its README describes, with types of the current
//! schema.

use std::{collections::BTreeMap, fmt::Write as _};

use generator::FleetSize;
use insights_results_aggregator::domain::{OrgId, Report};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    examples::api_with_content,
    harness::{Running, each_database, node, sqlite},
    reports::{reports_of_a_fleet, write},
};

const FOLDER: &str = "examples/typescript";
const PROGRAM: &str = "dist/list-clusters.js";
const FLEET: FleetSize = FleetSize { organizations: 3, clusters: 60 };
/// A page size that leaves a shorter last page.
const PAGE: usize = 7;

/// Builds the program once for all tests.
async fn build() {
    static BUILT: OnceCell<String> = OnceCell::const_new();
    BUILT.get_or_init(|| node::stdout(FOLDER, "npm", &["run", "--silent", "build"])).await;
}

/// The organization with the most clusters, and their reports by UUID.
fn largest(reports: &[Report]) -> (OrgId, Vec<&Report>) {
    let mut owners: BTreeMap<OrgId, Vec<&Report>> = BTreeMap::new();
    for report in reports {
        owners.entry(report.organization).or_default().push(report);
    }
    let (owner, mut reports) = owners.into_iter().max_by_key(|(_, reports)| reports.len()).expect("an organization");
    reports.sort_by_key(|report| report.cluster);
    (owner, reports)
}

/// The total risks of recommendations, by selector. Those without content have none.
async fn risks(service: &Running) -> BTreeMap<String, String> {
    let data = service.data("{ recommendations(first: 100) { nodes { selector content { totalRisk } } } }").await;
    let nodes = data["recommendations"]["nodes"].as_array().expect("recommendations");
    let risk =
        |node: &Value| Some((node["selector"].as_str()?.to_owned(), node["content"]["totalRisk"].as_str()?.to_owned()));
    nodes.iter().filter_map(risk).collect()
}

/// The expected output of the program for these reports.
fn listing(reports: &[&Report], risks: &BTreeMap<String, String>) -> String {
    let mut listing = String::new();
    for (number, page) in (1..).zip(reports.chunks(PAGE)) {
        writeln!(listing, "-- page {number}: {} of {} clusters", page.len(), reports.len()).expect("text");
        for report in page {
            let (version, at) = (report.version.as_deref().unwrap_or("unknown version"), report.last_checked);
            writeln!(listing, "{}  {version}  checked {at}", report.cluster).expect("text");
            for hit in report.hits() {
                let risk = risks.get(&hit.selector.to_string()).map_or("unknown risk", String::as_str);
                writeln!(listing, "  {risk}  {}  since {at}", hit.selector).expect("text");
            }
        }
    }
    listing
}

#[tokio::test]
async fn it_lists_an_organizations_clusters_with_their_hits_page_by_page() {
    build().await;
    for database in each_database().await {
        let reports = reports_of_a_fleet(FLEET);
        write(&database.store().await, &reports).await;
        let (owner, expected) = largest(&reports);
        let service = api_with_content(&database, owner).await;
        let risks = risks(&service).await;
        assert!(risks.len() > 1, "{risks:?}");
        assert!(expected.len() > 2 * PAGE, "there are at least three pages");
        let (owner, url, page) = (owner.to_string(), service.url("/graphql"), PAGE.to_string());
        let arguments = [PROGRAM, &owner, "--url", &url, "--page", &page];
        assert_eq!(node::stdout(FOLDER, "node", &arguments).await, listing(&expected, &risks), "on {}", database.name);
    }
}

/// The justifications of the organization's acknowledgements, by selector.
async fn acknowledged(service: &Running) -> Value {
    let query = "{ viewer { organization { acknowledgements {
        nodes { justification createdBy recommendation { selector } } } } } }";
    service.data(query).await["viewer"]["organization"]["acknowledgements"]["nodes"].take()
}

#[tokio::test]
async fn it_acknowledges_a_recommendation_and_no_longer_lists_its_hits() {
    build().await;
    for database in each_database().await {
        let reports = reports_of_a_fleet(FLEET);
        write(&database.store().await, &reports).await;
        let (owner, its_reports) = largest(&reports);
        let service = api_with_content(&database, owner).await;
        let hit = its_reports.iter().flat_map(|report| report.hits()).next().expect("a hit");
        let selector = hit.selector.to_string();
        let (owner, url) = (owner.to_string(), service.url("/graphql"));
        let list = async || node::stdout(FOLDER, "node", &[PROGRAM, &owner, "--url", &url, "--page", "20"]).await;
        let shown = list().await.contains(&selector);
        for reason in ["a 'known' problem", "solved soon"] {
            let arguments = [PROGRAM, "--acknowledge", &selector, "--because", reason, "--url", &url];
            let printed = node::stdout(FOLDER, "node", &arguments).await;
            assert_eq!(printed, format!("acknowledged {selector}: {reason}\n"), "on {}", database.name);
            let expected = json!([{ "justification": reason, "createdBy": "demo",
                "recommendation": { "selector": selector } }]);
            assert_eq!(acknowledged(&service).await, expected, "on {}", database.name);
        }
        assert_eq!((shown, list().await.contains(&selector)), (true, false), "on {}", database.name);
    }
}

#[tokio::test]
async fn it_prints_why_an_acknowledgement_was_refused_and_fails() {
    build().await;
    let (mine, nobodys) = (sqlite(), sqlite());
    let reports = reports_of_a_fleet(FLEET);
    write(&mine.store().await, &reports).await;
    let service = api_with_content(&mine, reports[0].organization).await;
    let without_user = Running::api(&nobodys).await.ready().await;
    let (graph, anonymous, long) = (service.url("/graphql"), without_user.url("/graphql"), "x".repeat(256));
    let selector = reports.iter().flat_map(Report::hits).next().expect("a hit").selector.to_string();
    for (url, selector, text, expected) in [
        (&graph, "no.such.rule|KEY", "known", "selector: your organization does not know a recommendation"),
        (&graph, &selector, &long, "justification: limits.text_characters allows 255 characters"),
        (&anonymous, &selector, "known", "an action needs an organization and a user"),
    ] {
        let arguments = [PROGRAM, "--acknowledge", selector, "--because", text, "--url", url];
        let output = node::run(FOLDER, "node", &arguments).await;
        let (stdout, stderr) = (node::text(&output.stdout), node::text(&output.stderr));
        assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("list-clusters: ") && stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    assert_eq!(acknowledged(&service).await, json!([]));
}

#[tokio::test]
async fn it_reports_errors_and_fails() {
    build().await;
    let service = Running::api(&sqlite()).await.ready().await;
    let (graph, page) = (service.url("/graphql"), service.url("/graphiql"));
    for (arguments, expected) in [
        (vec!["7", "--url", &graph], "there is no organization 7"),
        (vec!["seven", "--url", &graph], "orgId: an organization is a whole number from 1 to"),
        (vec!["7", "--url", &page], "answered 405 without JSON: is this the URL of the graph?"),
        (vec!["7", "--page", "101"], "--page 101 is not a number from 1 to 100"),
        (vec![], "usage: node dist/list-clusters.js ORG_ID"),
        (vec!["--acknowledge", "a.b|C"], "usage: node dist/list-clusters.js ORG_ID"),
        (vec!["7", "--because", "known"], "usage: node dist/list-clusters.js ORG_ID"),
        (vec!["7", "--acknowledge", "a.b|C", "--because", "known"], "usage: node dist/list-clusters.js ORG_ID"),
    ] {
        let output = node::run(FOLDER, "node", &[&[PROGRAM], arguments.as_slice()].concat()).await;
        let stderr = node::text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn its_types_are_generated_from_the_current_schema() {
    let output = node::run(FOLDER, "npm", &["run", "--silent", "check"]).await;
    assert!(
        output.status.success(),
        "{FOLDER}/src/gql does not match schema.graphql: run `npm run generate` in {FOLDER} and commit the result.\n{}{}",
        node::text(&output.stdout),
        node::text(&output.stderr)
    );
}
