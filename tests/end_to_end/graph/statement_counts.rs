//! The number of statements of a request: one per relation and set of arguments, whatever the number of rows and of
//! concurrent requests.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use insights_results_aggregator::store::record_statements;

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, reports},
};

/// The number of concurrent requests.
const CONCURRENT: u32 = 16;
/// How often a request is attempted. Each attempt waits for a connection for 2 seconds.
const ATTEMPTS: usize = 20;

/// Checks the number of statements of queries over 1 organization with 2 clusters with 1 hit each, and with 98 further
/// clusters with 5 hits each; alone, and concurrently.
async fn check(queries: &[(&str, usize)]) {
    for mut database in each_database().await {
        // Few, because opening connections takes long in a debug build.
        database.settings.max_connections = 4;
        let graph = Graph::with_reports(&database, &reports(1, 1, 2, 1)).await;
        check_costs(&graph, queries, &format!("few rows of {}", database.name)).await;
        write(&graph.store, &reports(1, 3, 98, 5)).await;
        check_costs(&graph, queries, &format!("many rows of {}", database.name)).await;
    }
}

async fn check_costs(graph: &Graph, queries: &[(&str, usize)], rows: &str) {
    for (query, statements) in queries {
        check_count(graph, &Viewer::unrestricted(), query, &json!({}), *statements, rows).await;
    }
}

/// Checks the number of statements of a viewer's query, alone and concurrently.
pub(super) async fn check_count(
    graph: &Graph,
    viewer: &Viewer,
    query: &str,
    variables: &Value,
    expected: usize,
    rows: &str,
) {
    // What the process remembers, such as that an organization exists, it has learnt by then.
    statements(graph, viewer, query, variables).await;
    assert_eq!(statements(graph, viewer, query, variables).await, expected, "alone, {rows}: {query}");
    let requests: Vec<_> = (0..CONCURRENT)
        .map(|_| {
            let (graph, viewer, query, variables) =
                (graph.clone(), viewer.clone(), query.to_owned(), variables.clone());
            tokio::spawn(async move { statements(&graph, &viewer, &query, &variables).await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.expect("an answer"), expected, "one of {CONCURRENT}, {rows}: {query}");
    }
}

/// The number of statements of a viewer's query. On a busy machine a request may wait too long for a connection; it is
/// then repeated.
pub(super) async fn statements(graph: &Graph, viewer: &Viewer, query: &str, variables: &Value) -> usize {
    for _ in 0..ATTEMPTS {
        let work = graph.query_as(viewer.clone(), query, variables.clone());
        let (answer, statements) = count_statements(work).await;
        if answer["errors"][0]["extensions"]["code"] != "UNAVAILABLE" {
            assert_eq!(answer.get("errors"), None, "{query}");
            return statements;
        }
    }
    panic!("no connection for {ATTEMPTS} attempts: {query}");
}

/// How often a response contains a field.
fn occurrences(answer: &Value, field: &str) -> usize {
    answer.to_string().matches(&format!("\"{field}\":")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_takes_one_statement() {
    check(&[
        // Known without the database.
        ("{ viewer { isAdministrator organization { orgId } } service { version } }", 0),
        // The organizations; their clusters, each with its report; the reports' hits.
        ("{ organizations(first: 1) { nodes { orgId } } }", 1),
        ("{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { uuid report { storedAt } } } } } }", 2),
        (
            "{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { uuid
                report { ruleHits(first: 10) { nodes { selector details } } } } } } } }",
            3,
        ),
        // Content takes none, and neither does a hit by its selector take more than a list.
        (
            "{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { uuid managed displayName
                report { ruleHits(first: 10) { nodes { details totalRisk
                    recommendation { id content { description categories { key } } } } } } } } } } }",
            3,
        ),
        (
            r#"{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { uuid
                ruleHit(selector: "rule_0|KEY") { details } } } } } }"#,
            3,
        ),
        // Counts of clusters take none, and an order or filter of hits is part of their statement.
        (
            "{ organizations(first: 1) { nodes { clusters(first: 100, filter: {totalRisk: [LOW], managed: false, text: \"a\"}
                orderBy: {field: TOTAL_RISK, direction: DESC}) { totalCount nodes { hitCount
                hitsByTotalRisk { totalRisk count } } } } } }",
            2,
        ),
        (
            "{ organizations(first: 1) { nodes { clusters(first: 100, orderBy: {field: NAME, direction: ASC}) { nodes {
                report { ruleHits(filter: {text: \"rule\", categories: [\"a\"]}
                    orderBy: {field: DESCRIPTION, direction: ASC}) { totalCount nodes { selector } } } } } } } }",
            3,
        ),
        (r#"{ recommendation(selector: "rule_0|KEY") { selector content { description } } }"#, 1),
        // The same by the edges.
        (
            "{ organizations(first: 1) { edges { cursor node { clusters(first: 100) { edges { cursor node { uuid
                report { ruleHits(first: 10) { edges { cursor node { selector } } } } } } } } } } }",
            3,
        ),
        // From an organization that exists, as the process remembers: its clusters, their hits.
        (
            r#"{ organization(orgId: "1") { clusters(first: 100) { nodes {
                report { ruleHits { nodes { selector } } } } } } }"#,
            2,
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_total_takes_no_further_statement() {
    check(&[
        ("{ organizations(first: 1) { totalCount } }", 1),
        (
            "{ organizations(first: 1) { totalCount nodes { clusters(first: 100) { totalCount nodes {
                report { ruleHits(first: 10) { totalCount nodes { selector } } } } } } } }",
            3,
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_arguments_take_another_statement_and_the_same_ones_none() {
    let hits = |selections: &str| {
        "{ organizations(first: 1) { nodes { clusters(first: 100) { nodes { report { HITS } } } } } }"
            .replace("HITS", selections)
    };
    let same = hits("a: ruleHits(first: 2) { nodes { selector } } b: ruleHits(first: 2) { nodes { errorKey } }");
    let two = hits("a: ruleHits(first: 2) { nodes { selector } } b: ruleHits(first: 3) { nodes { selector } }");
    // Whether a page includes totals or details counts as an argument.
    let total = hits("a: ruleHits(first: 2) { nodes { selector } } b: ruleHits(first: 2) { totalCount }");
    let details = hits("a: ruleHits(first: 2) { nodes { selector } } b: ruleHits(first: 2) { nodes { details } }");
    // Two pages of clusters: the hits of each page are a separate batch, without those that are cached.
    let pages = "{ organizations(first: 1) { nodes {
        a: clusters(first: 1) { nodes { report { ruleHits { nodes { selector } } } } }
        b: clusters(first: 90) { nodes { report { ruleHits { nodes { selector } } } } } } } }";
    check(&[(&same, 3), (&two, 4), (&total, 4), (&details, 4), (pages, 5)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clusters_by_their_uuids_are_read_together() {
    let uuids: Vec<_> = (1..=100).map(|number| format!("\"{}\"", cluster(number))).collect();
    let many =
        "{ clusters(uuids: [UUIDS]) { uuid organization { orgId } report { ruleHits { nodes { selector } } } } }"
            .replace("UUIDS", &uuids.join(", "));
    let one =
        "{ cluster(uuid: UUID) { version report { ruleHits { nodes { selector } } } } }".replace("UUID", &uuids[0]);
    // The same cluster is requested twice and read once.
    let twice = format!("{{ a: cluster(uuid: {0}) {{ version }} b: cluster(uuid: {0}) {{ version }} }}", uuids[0]);
    check(&[(&many, 2), (&one, 2), (&twice, 1)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_references_take_no_statement_and_each_level_below_them_takes_one() {
    let from_hit = |selections: &str| {
        r#"{ cluster(uuid: "UUID") { report { ruleHits { nodes { cluster { CLUSTER } } } } } }"#
            .replace("UUID", &cluster(1).to_string())
            .replace("CLUSTER", selections)
    };
    let up = from_hit("uuid organization { orgId }");
    let down = from_hit("organization { clusters(first: 100) { nodes { uuid } } }");
    // The cluster's own hits are cached; those of other clusters take one more statement.
    let to_hits = |clusters: u32| {
        let hits =
            "organization { clusters(first: COUNT) { nodes { report { ruleHits { nodes { cluster { uuid } } } } } } }";
        from_hit(&hits.replace("COUNT", &clusters.to_string()))
    };
    let report = from_hit("report { cluster { report { lastCheckedAt } } }");
    check(&[(&up, 2), (&report, 2), (&down, 3), (&to_hits(1), 3), (&to_hits(5), 4)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_response_has_all_rows_although_they_take_few_statements() {
    const QUERY: &str = "{ organizations(first: 20) { nodes { clusters(first: 20) { nodes {
        report { ruleHits(first: 20) { nodes { selector } } } } } } } }";
    for database in each_database().await {
        let fleet: Vec<_> = (1..=20).flat_map(|owner| reports(owner, u128::from(owner) * 1_000, 4, 5)).collect();
        let graph = Graph::with_reports(&database, &fleet).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        assert_eq!(occurrences(&answer, "clusters"), 20, "{}: {answer}", database.name);
        assert_eq!(occurrences(&answer, "ruleHits"), 20 * 4, "{}", database.name);
        assert_eq!(occurrences(&answer, "selector"), 20 * 4 * 5, "{}", database.name);
        assert_eq!(statements, 3, "{}", database.name);
    }
}

#[tokio::test]
async fn a_request_beyond_the_cost_limit_takes_no_statement() {
    const QUERY: &str = "{ organizations(first: 100) { nodes { clusters(first: 100) { nodes {
        report { ruleHits(first: 100) { nodes { selector } } } } } } } }";
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 2, 1)).await;
        let (answer, statements) = graph.query_counting(QUERY).await;
        assert_eq!(answer["data"], Value::Null, "{answer}");
        assert_eq!(statements, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recommendations_their_clusters_and_summaries_take_one_statement_each() {
    let order = "orderBy: {field: IMPACTED_CLUSTERS, direction: DESC}";
    let of_clusters = "filter: {hasHits: true} orderBy: {field: VERSION, direction: ASC}";
    let edges = "edges { impactedSince ruleHit { selector details } node { uuid report { storedAt } } }";
    let below_hits = "clusters(first: 10) { nodes { report { ruleHits(first: 5) { nodes {
        recommendation { selector impactedClusters(first: 2) { totalCount nodes { uuid } } } } } } } }";
    let uuids: Vec<_> = (1..=100).map(|number| cluster(number).to_string()).collect();
    let summary =
        "clusterCount hitClusterCount hitCount versions { count } hitsByTotalRisk { count } hitsByTag { tag }";
    let queries = [
        // The numbers of clusters are counted once for all recommendations; and for all organizations, some of which may
        // have acknowledged one, again without theirs.
        (format!("{{ organization(orgId: \"1\") {{ recommendations(first: 100 {order}) {{ totalCount nodes {{ selector impactedClusters {{ totalCount }} }} }} }} }}"), 1),
        (format!("{{ recommendations(first: 100 {order}) {{ totalCount nodes {{ selector impactedClusters {{ totalCount }} }} }} }}"), 2),
        // The same with other arguments; and with a filter, one for all totals.
        (format!("{{ a: recommendations(last: 2) {{ totalCount }} b: recommendations {{ nodes {{ impactedClusters({of_clusters}) {{ totalCount }} }} }} }}"), 2),
        // The numbers, the clusters, their hits.
        (format!("{{ recommendations {{ nodes {{ impactedClusters(first: 10) {{ totalCount {edges} }} }} }} }}"), 3),
        (format!("{{ recommendations {{ nodes {{ impactedClusters(last: 9 {of_clusters}) {{ totalCount {edges} }} }} }} }}"), 3),
        // What is known of a hit without its details takes none.
        ("{ recommendations { nodes { impactedClusters(first: 2) { edges { ruleHit { id recommendation { id } } } } } } }".to_owned(), 2),
        // The organizations, the numbers, the clusters; and the summary's clusters, whose hits are counted already.
        (format!("{{ organizations(first: 1) {{ nodes {{ recommendations(last: 50) {{ nodes {{ impactedClusters(first: 2) {{ nodes {{ uuid }} }} }} }} summary {{ {summary} }} }} }} }}"), 4),
        (format!("{{ organization(orgId: \"1\") {{ summary(clusterUuids: {uuids:?} seenWithin: \"P36500D\") {{ {summary} }} }} }}"), 2),
        (format!("{{ organization(orgId: \"1\") {{ a: summary {{ {summary} }} b: summary {{ hitCount }} }} }}"), 2),
        // The clusters, their hits, and the clusters of all recommendations that hit any of them.
        (format!("{{ organization(orgId: \"1\") {{ {below_hits} }} }}"), 3),
    ];
    check(&queries.each_ref().map(|(query, statements)| (query.as_str(), *statements))).await;
}

#[tokio::test]
async fn a_total_alone_reads_no_items() {
    for database in each_database().await {
        let graph = Graph::with_reports(&database, &reports(1, 1, 3, 2)).await;
        for (list, table) in [
            ("clusters", "imported_cluster"),
            ("recommendations { nodes { impactedClusters(filter: {hasHits: true})", "imported_cluster"),
        ] {
            let close = "}".repeat(list.matches('{').count() - list.matches("filter: {").count());
            let query =
                |selection: &str| format!("{{ organization(orgId: \"1\") {{ {list} {{ {selection} }} {close} }} }}");
            for (selection, reads_items) in [("totalCount", false), ("totalCount nodes { uuid }", true)] {
                let (answer, statements) = record_statements(graph.query(&query(selection))).await;
                assert_eq!(answer.get("errors"), None, "{answer}");
                let last = statements.last().expect("a statement");
                assert_eq!(
                    last.contains(&format!("JOIN \"{table}\"")) || last.contains(&format!("FROM \"{table}\" AS \"l\"")),
                    reads_items,
                    "{}: {last}",
                    database.name
                );
            }
        }
    }
}

/// Clusters of an organization, each with its hits and its history, over pages with these arguments.
fn deep(page: &str, filter: &str, order: &str) -> String {
    format!(
        "{{ organizations(first: 1) {{ nodes {{ clusters({page} filter: {{{filter}}} {order}) {{ totalCount
            pageInfo {{ hasNextPage hasPreviousPage }} edges {{ cursor node {{ uuid
                history({page}) {{ totalCount nodes {{ kind at selector cluster {{ uuid }} }} }}
                report {{ ruleHits({page}) {{ totalCount nodes {{ selector details }} }} }} }} }} }} }} }} }}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_orders_and_directions_take_no_further_statements() {
    let uuids: Vec<_> = (1..=100).map(|number| format!("\"{}\"", cluster(number))).collect();
    let filters = [
        String::new(),
        r#"text: "0" hasHits: true hitBy: ["rule_0|KEY" "rule_4|KEY"] seenWithin: "P36500D""#.to_owned(),
        format!("uuids: [{}]", uuids.join(" ")),
    ];
    let pages = ["first: 10", "last: 10"];
    let orders = ["", "orderBy: {field: VERSION, direction: DESC}", "orderBy: {field: LAST_CHECKED, direction: ASC}"];
    // Organizations, their clusters, and of those the history and the hits.
    let queries: Vec<_> = filters
        .iter()
        .flat_map(|filter| pages.map(|page| (filter, page)))
        .zip(orders.iter().cycle())
        .map(|((filter, page), order)| deep(page, filter, order))
        .collect();
    check(&queries.iter().map(|query| (query.as_str(), 4)).collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_for_all_parents_takes_no_further_statements() {
    // After the first cluster, before the last hit, between two events: each list takes one statement, whatever the
    // cursor.
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let (first, last) = (
        encode(format!(r#"2:clusters:uuid:asc:["{}"]"#, cluster(1))),
        encode(r#"2:ruleHits:selector:asc:["z|Z"]"#.into()),
    );
    let old = encode(r#"2:history:at:desc:["2020-01-01T00:00:00.000000Z","opened a|A"]"#.into());
    let info = "pageInfo { hasNextPage hasPreviousPage }";
    let query = format!(
        r#"{{ organizations(first: 1) {{ nodes {{ clusters(first: 100, after: "{first}") {{ {info} nodes {{
            history(last: 5, before: "{old}") {{ {info} nodes {{ kind }} }}
            report {{ ruleHits(last: 5, before: "{last}") {{ {info} nodes {{ selector }} }} }} }} }} }} }} }}"#
    );
    check(&[(&query, 4)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_take_one_statement_per_type() {
    let id = |text: String| format!("\"{}\"", URL_SAFE_NO_PAD.encode(text));
    let (organization, unknown) = (id("1:Organization:1".into()), id(format!("1:Cluster:{}", cluster(999_999))));
    let of_cluster = |number| {
        let uuid = cluster(number);
        [id(format!("1:Cluster:{uuid}")), id(format!("1:Report:{uuid}")), id(format!("1:RuleHit:{uuid}:rule_0|KEY"))]
    };
    let [one, report, hit] = of_cluster(1);
    let many: Vec<_> = (1..=32).flat_map(of_cluster).collect();
    let nodes = |ids: &str, selections: &str| format!("{{ nodes(ids: [{ids}]) {{ {selections} }} }}");
    let repeated = nodes(&[&one, &unknown, &one, &hit, &one].map(String::as_str).join(" "), "id");
    let all = nodes(&format!("{} {organization} {unknown}", many.join(" ")), "id");
    let deep = nodes(
        &many.join(" "),
        "... on Cluster { history(last: 2) { nodes { kind } } report { ruleHits(first: 2) { nodes { selector } } } }",
    );
    check(&[
        (&nodes("\"no id\"", "id"), 0),
        (&nodes(&organization, "id"), 0),
        (&nodes(&one, "id"), 1),
        // A report is part of its cluster's row.
        (&nodes(&format!("{one} {report}"), "id"), 1),
        (&repeated, 2),
        // Clusters with their reports, hits. The organization is remembered.
        (&all, 2),
        // The same, with the history and the hits of all clusters.
        (&deep, 4),
    ])
    .await;
}
