//! Filters and orders of hits, alone and in pairs, compared with predicates in Rust.

use super::*;
use crate::{
    content_files::{ContentFolder, write_recommendation},
    harness::each_database,
    reports::report,
};

/// A recommendation that hits the cluster: its description and tags, if it has content.
struct Hit {
    selector: &'static str,
    content: Option<(&'static str, &'static [&'static str])>,
}

const HITS: [Hit; 6] = [
    Hit { selector: "ccx.external.alpha|KEY", content: Some(("ÉCRIT 100%", &["security"])) },
    Hit { selector: "ccx.external.beta|KEY", content: Some(("écrit_", &["security", "performance"])) },
    Hit { selector: "ccx.external.gamma|KEY", content: Some(("It *fails* [now]?", &["other"])) },
    Hit { selector: "ccx.external.no.content|ÉTAT[*?]%_\\'", content: None },
    Hit { selector: "ccx.external.no.content|état", content: None },
    Hit { selector: "zzz|Z", content: None },
];

/// A filter in GraphQL, and the same as a predicate.
type Filter = (&'static str, fn(&Hit) -> bool);

impl Hit {
    fn has_tag(&self, tag: &str) -> bool {
        self.content.is_some_and(|(_, tags)| tags.contains(&tag))
    }

    /// The name of each rule is "A rule".
    fn contains(&self, text: &str) -> bool {
        let of_content = self
            .content
            .is_some_and(|(description, _)| description.to_lowercase().contains(text) || "a rule".contains(text));
        of_content || self.selector.to_lowercase().contains(text)
    }
}

const FILTERS: &[Filter] = &[
    ("", |_| true),
    ("totalRisk: null", |_| true),
    ("totalRisk: []", |_| false),
    // All have impact 4 and likelihood 2.
    ("totalRisk: IMPORTANT", |it| it.content.is_some()),
    ("totalRisk: [LOW IMPORTANT LOW]", |it| it.content.is_some()),
    ("totalRisk: [LOW MODERATE CRITICAL]", |_| false),
    ("categories: []", |_| false),
    (r#"categories: "security""#, |it| it.has_tag("security")),
    (r#"categories: ["performance" "unknown" ""]"#, |it| it.has_tag("performance")),
    (r#"categories: "SECURITY""#, |_| false),
    (r#"categories: "other""#, |_| false),
    ("text: null", |_| true),
    (r#"text: """#, |_| true),
    (r#"text: "éCRIT""#, |it| it.contains("écrit")),
    (r#"text: "a RULE""#, |it| it.contains("a rule")),
    (r#"text: "État""#, |it| it.contains("état")),
    (r#"text: "|KEY""#, |it| it.contains("|key")),
    (r#"text: ".""#, |it| it.contains(".")),
    (r#"text: "%""#, |it| it.contains("%")),
    (r#"text: "_""#, |it| it.contains("_")),
    (r#"text: "*""#, |it| it.contains("*")),
    (r#"text: "[""#, |it| it.contains("[")),
    (r#"text: "?""#, |it| it.contains("?")),
    (r#"text: "]%_\\'""#, |it| it.contains(r"]%_\'")),
    (r#"text: "^$(){}+-!~#&""#, |_| false),
    (r#"text: "z|Z""#, |it| it.contains("z|z")),
];

/// The graph over one cluster with all hits, and one with only the last one.
async fn graph(database: &Database) -> Graph {
    let store = database.store().await;
    let hits: Vec<_> = HITS.iter().map(|hit| (hit.selector, "")).collect();
    write(&store, &[report(1, 1, &hits), report(1, 2, &[("zzz|Z", "")])]).await;
    let folder = ContentFolder::new();
    for hit in &HITS {
        if let Some((description, tags)) = hit.content {
            write_recommendation(folder.path(), hit.selector, description, tags);
        }
    }
    let content = folder.load_into(&store).await;
    Graph::with_content(store, content, &default_config().limits)
}

/// The hits of the first cluster that match a filter: the same in one page, and in pages that the database cuts.
async fn found(graph: &Graph, filter: &str) -> Vec<String> {
    let query = format!(
        "{{ clusters(uuids: [\"00000000-0000-0000-0000-000000000001\" \"00000000-0000-0000-0000-000000000002\"]) {{ report {{
            all: ruleHits(first: 100, filter: {{{filter}}}) {{ totalCount nodes {{ selector }} }}
            last: ruleHits(last: 1, filter: {{{filter}}}) {{ totalCount nodes {{ selector }} pageInfo {{ hasPreviousPage }} }}
            byRisk: ruleHits(filter: {{{filter}}}, orderBy: {{field: TOTAL_RISK, direction: ASC}}) {{ totalCount nodes {{ selector }} }}
        }} }} }}"
    );
    let answer = graph.query(&query).await;
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    let report = &answer["data"]["clusters"][0]["report"];
    let (all, last, by_risk) = (&report["all"], &report["last"], &report["byRisk"]);
    let nodes = all["nodes"].as_array().expect("nodes");
    assert_eq!(all["totalCount"], nodes.len(), "{filter}: the total is the filtered list's");
    assert_eq!((&last["totalCount"], last["nodes"].get(0)), (&all["totalCount"], nodes.last()), "{filter}");
    assert_eq!(last["pageInfo"]["hasPreviousPage"], nodes.len() > 1, "{filter}");
    // All with content have the same risk, and come first; the selectors order them so already.
    assert_eq!(by_risk, all, "{filter}");
    nodes.iter().map(|node| node["selector"].as_str().expect("a selector").to_owned()).collect()
}

fn expected(matches: impl Fn(&Hit) -> bool) -> Vec<&'static str> {
    HITS.iter().filter(|hit| matches(hit)).map(|hit| hit.selector).collect()
}

#[tokio::test]
async fn hits_are_filtered_by_each_filter_and_by_pairs_of_them() {
    let name = |filter: &'static str| filter.split(':').next().unwrap_or_default();
    for database in each_database().await {
        let graph = graph(&database).await;
        for (filter, matches) in FILTERS {
            assert_eq!(found(&graph, filter).await, expected(matches), "{}: {filter}", database.name);
        }
        for (one, matches_one) in FILTERS.iter().step_by(3) {
            for (other, matches_other) in FILTERS.iter().step_by(2).filter(|(other, _)| name(other) != name(one)) {
                let filter = format!("{one} {other}");
                let expected = expected(|hit| matches_one(hit) && matches_other(hit));
                assert_eq!(found(&graph, &filter).await, expected, "{}: {filter}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn invalid_filters_of_hits_are_refused_with_their_names() {
    let many = vec!["\"a\""; 101].join(" ");
    let cases = [
        (format!("text: \"{}\"", "é".repeat(101)), "filter.text: has more than 100 characters"),
        (r#"text: "a\u0000""#.to_owned(), "filter.text: holds a NUL character, which nothing has"),
        (format!("categories: [{many}]"), "filter.categories: has 101 values; at most 100 are taken"),
    ];
    for database in each_database().await {
        let graph = graph(&database).await;
        for (filter, message) in &cases {
            let answer = graph.query(&of_hits(&format!("filter: {{{filter}}}"))).await;
            let error = &answer["errors"][0];
            assert_eq!((&error["message"], &error["extensions"]["code"]), (&json!(message), &json!("BAD_USER_INPUT")));
        }
    }
}

#[tokio::test]
async fn a_cursor_of_hits_in_another_order_or_direction_is_refused() {
    let fields = ["SELECTOR", "IMPACTED_SINCE", "TOTAL_RISK", "DESCRIPTION", "PUBLISHED"];
    let orders: Vec<_> = fields
        .iter()
        .flat_map(|field| {
            ["ASC", "DESC"].map(|direction| format!("orderBy: {{field: {field}, direction: {direction}}}"))
        })
        .collect();
    for database in each_database().await {
        let graph = graph(&database).await;
        for (number, order) in orders.iter().enumerate() {
            let answer = graph.query(&of_hits(&format!("first: 1, {order}"))).await;
            let cursor = answer.pointer("/data/cluster/report/ruleHits/pageInfo/endCursor").and_then(Value::as_str);
            let after = cursor.expect("a cursor");
            for (other, other_order) in orders.iter().enumerate() {
                let answer = graph.query(&of_hits(&format!("after: \"{after}\", {other_order}"))).await;
                let message = answer.pointer("/errors/0/message").and_then(Value::as_str);
                let refusal = "after: is not a cursor of this list in this order and direction";
                assert_eq!(message, (number != other).then_some(refusal), "{order} {other_order} on {}", database.name);
            }
        }
    }
}

fn of_hits(arguments: &str) -> String {
    format!(
        "{{ cluster(uuid: \"00000000-0000-0000-0000-000000000001\") {{ report {{
            ruleHits({arguments}) {{ nodes {{ selector }} pageInfo {{ endCursor }} }} }} }} }}"
    )
}
