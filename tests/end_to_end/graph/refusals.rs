//! Invalid arguments are refused with a message that names the argument and the rule.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, report},
};

/// The message of the only error of a query that is refused.
async fn refusal(graph: &Graph, query: &str) -> String {
    let answer = graph.query(query).await;
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query} returned {answer}"));
    assert_eq!(errors.len(), 1, "{query}: {answer}");
    assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{query}: {answer}");
    assert_eq!(errors[0]["extensions"].get("correlationId"), None, "{query}: not an internal error");
    errors[0]["message"].as_str().expect("a message").to_owned()
}

/// One query per list of the graph, each with these arguments.
fn queries_of_all_lists(arguments: &str) -> [String; 4] {
    let uuid = cluster(1);
    [
        format!("{{ organizations({arguments}) {{ nodes {{ orgId }} }} }}"),
        format!("{{ organization(orgId: \"1\") {{ clusters({arguments}) {{ nodes {{ uuid }} }} }} }}"),
        format!("{{ cluster(uuid: \"{uuid}\") {{ report {{ ruleHits({arguments}) {{ nodes {{ selector }} }} }} }} }}"),
        format!("{{ cluster(uuid: \"{uuid}\") {{ history({arguments}) {{ nodes {{ selector }} }} }} }}"),
    ]
}

async fn graphs() -> [(Graph, Database); 2] {
    let [one, other] = each_database().await;
    let reports = [report(1, 1, &[("a|A", ""), ("b|B", "")]), report(2, 2, &[])];
    [(Graph::with_reports(&one, &reports).await, one), (Graph::with_reports(&other, &reports).await, other)]
}

/// The cursor of the first item of each list.
async fn cursors(graph: &Graph) -> [String; 4] {
    let [organizations, clusters, hits, history] = queries_of_all_lists("first: 1").map(|query| {
        let at = query.rfind("nodes").expect("nodes");
        format!("{} pageInfo {{ endCursor }} {}", &query[..at], &query[at..])
    });
    let cursor = async |query: &str, list: &str| {
        let answer = graph.query(query).await;
        let cursor = answer["data"].pointer(list).and_then(|list| list["pageInfo"]["endCursor"].as_str());
        cursor.unwrap_or_else(|| panic!("{query}: {answer}")).to_owned()
    };
    [
        cursor(&organizations, "/organizations").await,
        cursor(&clusters, "/organization/clusters").await,
        cursor(&hits, "/cluster/report/ruleHits").await,
        cursor(&history, "/cluster/history").await,
    ]
}

#[tokio::test]
async fn a_page_has_1_to_100_items() {
    for (graph, _database) in graphs().await {
        for query in ["first: 1", "first: 100", "last: 1", "last: 100", "first: null", "last: null"]
            .iter()
            .flat_map(|first| queries_of_all_lists(first))
        {
            assert_eq!(graph.query(&query).await.get("errors"), None, "{query}");
        }
        for argument in ["first", "last"] {
            for size in ["0", "101", "-1", "2147483648", "-2147483649"] {
                for query in queries_of_all_lists(&format!("{argument}: {size}")) {
                    let expected = format!("{argument}: must be from 1 to 100");
                    assert_eq!(refusal(&graph, &query).await, expected, "{query}");
                }
            }
            for size in ["1e2", "\"1\"", "99999999999999999999", "[]", "ONE"] {
                for query in queries_of_all_lists(&format!("{argument}: {size}")) {
                    let expected = format!("Invalid value for argument \"{argument}\", expected type \"Int\"");
                    assert_eq!(refusal(&graph, &query).await, expected, "{query}");
                }
            }
        }
    }
}

#[tokio::test]
async fn first_and_last_are_exclusive() {
    for (graph, _database) in graphs().await {
        for query in queries_of_all_lists("first: 1, last: 1") {
            let message = refusal(&graph, &query).await;
            assert_eq!(message, "last: cannot be combined with first: a page is taken from one end", "{query}");
        }
        for query in queries_of_all_lists("first: 1, last: null") {
            assert_eq!(graph.query(&query).await.get("errors"), None, "{query}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_one_order_is_refused_in_every_other() {
    const ORDERS: [(&str, &str); 6] = [
        ("UUID", "ASC"),
        ("UUID", "DESC"),
        ("LAST_CHECKED", "ASC"),
        ("LAST_CHECKED", "DESC"),
        ("VERSION", "ASC"),
        ("VERSION", "DESC"),
    ];
    let page = |(field, direction), arguments: &str| {
        format!(
            "{{ organization(orgId: \"1\") {{ clusters({arguments} orderBy: {{field: {field}, direction: {direction}}}) {{
                pageInfo {{ endCursor }} }} }} }}"
        )
    };
    for (graph, _database) in graphs().await {
        for own in ORDERS {
            let answer = graph.query(&page(own, "")).await;
            let cursor =
                answer["data"]["organization"]["clusters"]["pageInfo"]["endCursor"].as_str().expect("a cursor");
            for (order, argument) in ORDERS.into_iter().flat_map(|order| [(order, "after"), (order, "before")]) {
                let query = page(order, &format!("{argument}: \"{cursor}\""));
                if order == own {
                    assert_eq!(graph.query(&query).await.get("errors"), None, "{query}");
                } else {
                    let message = refusal(&graph, &query).await;
                    let expected = format!("{argument}: is not a cursor of this list in this order and direction");
                    assert_eq!(message, expected, "{query}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_is_valid_only_for_its_own_list() {
    for (graph, _database) in graphs().await {
        for (own, cursor) in cursors(&graph).await.iter().enumerate() {
            for (list, query) in queries_of_all_lists(&format!("after: \"{cursor}\"")).iter().enumerate() {
                if list == own {
                    assert_eq!(graph.query(query).await.get("errors"), None, "{query}");
                } else {
                    let message = refusal(&graph, query).await;
                    assert!(message.starts_with("after: is not a cursor of this list"), "{query}: {message}");
                    assert!(!message.contains(cursor.as_str()), "the cursor is not repeated: {message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_of_an_order_that_the_list_does_not_have_is_refused() {
    let (uuid, encode) = (cluster(1), |text: &str| URL_SAFE_NO_PAD.encode(text));
    let others = [
        encode("1:organizations:number:desc:1"),
        encode(&format!("1:clusters:version:asc:{uuid}")),
        encode("1:ruleHits:selector:desc:a|A"),
        encode("1:history:at:asc:2024-05-02T08:15:59.478901Z opened a|A"),
    ];
    for (graph, _database) in graphs().await {
        for (list, cursor) in others.iter().enumerate() {
            let message = refusal(&graph, &queries_of_all_lists(&format!("after: \"{cursor}\""))[list]).await;
            assert!(message.ends_with("of this list in this order and direction"), "{message}");
        }
    }
}

#[tokio::test]
async fn an_invalid_cursor_is_refused() {
    let long = "A".repeat(5_000);
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    // Another version, and keys that are not a valid selector, UUID, number or time, or that no database accepts.
    let nearly = [
        "2:clusters:uuid:asc:1",
        "1:clusters:uuid:asc:-1",
        "1:organizations:number:asc:01",
        "1:ruleHits:selector:asc:no bar",
        "1:ruleHits:selector:asc:a|\0",
        "1:history:at:desc:2024-05-02T08:15:59.478901Z reopened a|A",
        "1:history:at:desc:2024-05-02T08:15:59.478901Z opened a|\0",
        "1:history:at:desc:yesterday opened a|A",
    ];
    let garbage = ["", "x", "====", "\\u0000", &long].map(str::to_owned).into_iter().chain(nearly.map(encode));
    let garbage: Vec<_> = garbage.flat_map(|garbage| [("after", garbage.clone()), ("before", garbage)]).collect();
    for (graph, _database) in graphs().await {
        for (argument, garbage) in &garbage {
            for query in queries_of_all_lists(&format!("{argument}: \"{garbage}\"")) {
                let message = refusal(&graph, &query).await;
                assert!(
                    message.starts_with(&format!("{argument}: is not a cursor of this list")),
                    "{query}: {message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_invalid_argument_leaves_the_rest_of_the_answer() {
    for (graph, database) in graphs().await {
        let query = "{ bad: organizations(after: \"x\") { totalCount } good: organizations { totalCount } }";
        let answer = graph.query(query).await;
        assert_eq!(answer["data"], json!({ "bad": null, "good": { "totalCount": 2 } }), "{}", database.name);
        assert_eq!(answer["errors"][0]["path"], json!(["bad"]), "{}", database.name);
    }
}

#[tokio::test]
async fn identifiers_are_validated() {
    for (graph, _database) in graphs().await {
        for bad in ["", "0", "01", "-1", "4294967296", "one"] {
            let message = refusal(&graph, &format!("{{ organization(orgId: \"{bad}\") {{ orgId }} }}")).await;
            assert!(message.starts_with("orgId: an organization is a whole number from 1"), "{bad}: {message}");
        }
        refusal(&graph, "{ cluster(uuid: \"no-uuid\") { uuid } }").await;
        let uuids = |count| {
            let uuids: Vec<_> = (0..count).map(|number| format!("\"{}\"", cluster(number))).collect();
            format!("{{ clusters(uuids: [{}]) {{ uuid }} }}", uuids.join(" "))
        };
        assert_eq!(graph.query(&uuids(100)).await.get("errors"), None);
        let message = refusal(&graph, &uuids(101)).await;
        assert_eq!(message, "uuids: has 101 UUIDs; at most 100 are taken");
    }
}

#[tokio::test]
async fn no_value_of_the_request_is_repeated() {
    let orders =
        "query($o: ClusterOrder, $f: ClusterFilter) { organization(orgId: \"1\") { clusters(orderBy: $o, filter: $f) {
        totalCount } } }";
    let clusters = "query($uuid: UUID!) { cluster(uuid: $uuid) { uuid } }";
    let cases = [
        (clusters, json!({ "uuid": "s3cr3t" })),
        (clusters, json!({ "uuid": ["s3cr3t"] })),
        (clusters, json!({ "uuid": { "s3cr3t": "s3cr3t" } })),
        (orders, json!({ "o": { "field": "s3cr3t", "direction": "ASC" } })),
        (orders, json!({ "o": { "field": "UUID", "direction": "ASC", "a s3cr3t key": 1 } })),
        (orders, json!({ "o": "s3cr3t" })),
        (orders, json!({ "f": { "text": 1, "a\" of type \"s3cr3t\" key": 1 } })),
        (orders, json!({ "f": { "hasHits": "s3cr3t" } })),
        (orders, json!({ "f": { "seenWithin": "s3cr3t" } })),
        (orders, json!({ "f": { "version": { "from": "s3cr3t" } } })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": "s3cr3t" })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": { "s3cr3t": 1 } })),
        ("query($n: Int) { organizations(first: $n) { totalCount } }", json!({ "n": "s3cr3t" })),
        ("query($o: String!) { organization(orgId: $o) { orgId } }", json!({ "o": "s3cr3t" })),
        ("{ organizations(after: \"s3cr3t\") { totalCount } }", json!({})),
        ("query($n: Int = \"s3cr3t\") { organizations(first: $n) { totalCount } }", json!({})),
        ("{ organizations @include(if: \"s3cr3t\") { totalCount } }", json!({})),
    ];
    for (graph, database) in graphs().await {
        for (query, variables) in &cases {
            let answer = graph.query_with(query, variables.clone()).await;
            let text = answer.to_string();
            assert!(answer["errors"][0]["message"].is_string(), "{}: {query} {variables}: {text}", database.name);
            assert!(!text.contains("s3cr3t"), "{}: {query} {variables}: {text}", database.name);
            assert!(!text.contains("INTERNAL"), "{}: {query} {variables}: {text}", database.name);
        }
    }
}

#[tokio::test]
async fn an_unknown_operation_is_refused_without_repeating_its_name() {
    for (graph, database) in graphs().await {
        for query in ["{ __typename }", "query A { __typename } query B { __typename }"] {
            let answer = graph.execute(Viewer::unrestricted(), Request::new(query).operation_name("s3cr3t")).await;
            let error = &answer["errors"][0];
            assert_eq!(
                error["message"], "the query has no operation with the name in operationName",
                "{}",
                database.name
            );
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{}", database.name);
        }
        let answer = graph.query("query A { __typename } query B { __typename }").await;
        let expected = "the query has several operations: operationName must name one of them";
        assert_eq!(answer["errors"][0]["message"], expected, "{}", database.name);
    }
}

#[tokio::test]
async fn a_long_request_gets_a_short_answer() {
    let long = "x".repeat(2_000);
    let cases = [
        format!("{{ {long} }}"),
        format!("{{ viewer {{ {long} }} }}"),
        format!("{{ service {{ {} }} }}", each(1_500, |number| format!("f{number} "))),
        format!("query({}) {{ service {{ version }} }}", each(50, |number| format!("$v{number}: Int "))),
        format!("{{ organization(orgId: \"{long}\") {{ orgId }} }}"),
        format!("{{ ...{long} }}"),
        format!("{{ organizations({long}: 1) {{ totalCount }} }}"),
    ];
    for (graph, database) in graphs().await {
        for query in &cases {
            let answer = graph.query(query).await;
            let errors = answer["errors"].as_array().expect("errors");
            assert!((1..=10).contains(&errors.len()), "{}: {} errors", database.name, errors.len());
            for error in errors {
                let message = error["message"].as_str().expect("a message");
                assert!(message.chars().count() <= 300, "{}: {message}", database.name);
            }
            assert!(answer.to_string().len() <= 4_096, "{}: {answer}", database.name);
        }
    }
}
