//! Arguments that the client can mend are refused with a word on which and how, never taken for something else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, report},
};

/// Asks for something that is refused; gives the message.
async fn refused(graph: &Graph, query: &str) -> String {
    let answer = graph.ask(query).await;
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query} is answered with {answer}"));
    assert_eq!(errors.len(), 1, "{query}: {answer}");
    assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{query}: {answer}");
    assert_eq!(errors[0]["extensions"].get("correlationId"), None, "{query}: this is no accident of ours");
    errors[0]["message"].as_str().expect("a message").to_owned()
}

/// The same argument at each list of the graph.
fn at_each_list(arguments: &str) -> [String; 3] {
    let uuid = cluster(1);
    [
        format!("{{ organizations({arguments}) {{ nodes {{ orgId }} }} }}"),
        format!("{{ organization(orgId: \"1\") {{ clusters({arguments}) {{ nodes {{ uuid }} }} }} }}"),
        format!("{{ cluster(uuid: \"{uuid}\") {{ report {{ ruleHits({arguments}) {{ nodes {{ selector }} }} }} }} }}"),
    ]
}

async fn graphs() -> [(Graph, Database); 2] {
    let [one, other] = each_database().await;
    let reports = [report(1, 1, &[("a|A", ""), ("b|B", "")]), report(2, 2, &[])];
    [(Graph::of(&one, &reports).await, one), (Graph::of(&other, &reports).await, other)]
}

/// The cursor of the first item of each list.
async fn cursors(graph: &Graph) -> [String; 3] {
    let [organizations, clusters, hits] = at_each_list("first: 1").map(|query| {
        let at = query.rfind("nodes").expect("nodes");
        format!("{} pageInfo {{ endCursor }} {}", &query[..at], &query[at..])
    });
    let cursor = async |query: &str, list: &str| {
        let answer = graph.ask(query).await;
        let cursor = answer["data"].pointer(list).and_then(|list| list["pageInfo"]["endCursor"].as_str());
        cursor.unwrap_or_else(|| panic!("{query}: {answer}")).to_owned()
    };
    [
        cursor(&organizations, "/organizations").await,
        cursor(&clusters, "/organization/clusters").await,
        cursor(&hits, "/cluster/report/ruleHits").await,
    ]
}

#[tokio::test]
async fn a_page_has_1_to_100_items() {
    for (graph, _database) in graphs().await {
        for query in ["first: 1", "first: 100"].iter().flat_map(|first| at_each_list(first)) {
            assert_eq!(graph.ask(&query).await.get("errors"), None, "{query}");
        }
        for query in ["first: 0", "first: 101", "first: -1"].iter().flat_map(|first| at_each_list(first)) {
            let message = refused(&graph, &query).await;
            assert!(message.contains("must be") && message.contains("or equal to 1"), "{query}: {message}");
        }
        let message = refused(&graph, &at_each_list("first: 2147483648")[0]).await;
        assert!(message.contains("Int") || message.contains("integer"), "{message}");
    }
}

#[tokio::test]
async fn a_cursor_serves_its_own_list_and_no_other() {
    for (graph, _database) in graphs().await {
        for (of, cursor) in cursors(&graph).await.iter().enumerate() {
            for (list, query) in at_each_list(&format!("after: \"{cursor}\"")).iter().enumerate() {
                if list == of {
                    assert_eq!(graph.ask(query).await.get("errors"), None, "{query}");
                } else {
                    let message = refused(&graph, query).await;
                    assert!(message.starts_with("after: is not a cursor of this list"), "{query}: {message}");
                    assert!(!message.contains(cursor.as_str()), "what was sent is not repeated: {message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_order_is_not_taken() {
    let (uuid, encode) = (cluster(1), |text: &str| URL_SAFE_NO_PAD.encode(text));
    let others = [
        encode("1:organizations:number:desc:1"),
        encode(&format!("1:clusters:version:asc:{uuid}")),
        encode("1:ruleHits:selector:desc:a|A"),
    ];
    for (graph, _database) in graphs().await {
        for (list, cursor) in others.iter().enumerate() {
            let message = refused(&graph, &at_each_list(&format!("after: \"{cursor}\""))[list]).await;
            assert!(message.contains("in the same order"), "{message}");
        }
    }
}

#[tokio::test]
async fn what_is_no_cursor_is_not_taken_for_the_beginning() {
    let long = "A".repeat(5_000);
    // The last two: another version, and a key that is no selector, no UUID and no number.
    let garbage = ["", "x", "====", "\\u0000", &long, "MjpjbHVzdGVyczp1dWlkOmFzYzox", "MTpjbHVzdGVyczp1dWlkOmFzYzotMQ"];
    for (graph, _database) in graphs().await {
        for query in garbage.iter().flat_map(|garbage| at_each_list(&format!("after: \"{garbage}\""))) {
            let message = refused(&graph, &query).await;
            assert!(message.starts_with("after: is not a cursor of this list"), "{query}: {message}");
        }
    }
}

#[tokio::test]
async fn a_refused_argument_leaves_the_rest_of_the_answer() {
    for (graph, database) in graphs().await {
        let query = "{ bad: organizations(after: \"x\") { totalCount } good: organizations { totalCount } }";
        let answer = graph.ask(query).await;
        assert_eq!(answer["data"], json!({ "bad": null, "good": { "totalCount": 2 } }), "{}", database.name);
        assert_eq!(answer["errors"][0]["path"], json!(["bad"]), "{}", database.name);
    }
}

#[tokio::test]
async fn identifiers_are_checked() {
    for (graph, _database) in graphs().await {
        for bad in ["", "0", "01", "-1", "4294967296", "one"] {
            let message = refused(&graph, &format!("{{ organization(orgId: \"{bad}\") {{ orgId }} }}")).await;
            assert!(message.starts_with("orgId: an organization is a whole number from 1"), "{bad}: {message}");
        }
        refused(&graph, "{ cluster(uuid: \"no-uuid\") { uuid } }").await;
        let uuids = |count| {
            let uuids: Vec<_> = (0..count).map(|number| format!("\"{}\"", cluster(number))).collect();
            format!("{{ clusters(uuids: [{}]) {{ uuid }} }}", uuids.join(" "))
        };
        assert_eq!(graph.ask(&uuids(100)).await.get("errors"), None);
        let message = refused(&graph, &uuids(101)).await;
        assert_eq!(message, "uuids: has 101 UUIDs; at most 100 are taken");
    }
}
