//! To walk a list page by page is to have it whole.

use std::collections::{BTreeMap, BTreeSet};

use insights_results_aggregator::domain::ClusterId;
use proptest::{
    collection::{btree_map, btree_set},
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use super::*;
use crate::{
    harness::each_database,
    reports::{cluster, report},
};

/// Databases are made for each case, so there are few; each walks some hundred pages.
const CASES: u32 = 6;

/// What is stored: clusters, each with its owner and its selectors. Sorted as the graph's lists are.
type Fleet = BTreeMap<ClusterId, (u32, BTreeSet<String>)>;

fn fleets() -> impl Strategy<Value = Fleet> {
    let owner = prop_oneof![1_u32..4, Just(u32::MAX)];
    // Characters of one to four bytes, upper and lower case: the order is the bytes'.
    let selector = r"[abZ_é𝄞]{1,2}\|[aB|é𝄞]{1,2}";
    let uuid = any::<u128>().prop_map(cluster);
    btree_map(uuid, (owner, btree_set(selector, 0..6)), 0..9)
}

/// Walks a list and gives its keys. `query` opens the list as `list` with `$first` and `$after`.
async fn walk(graph: &Graph, query: &str, list: &str, first: usize) -> Vec<String> {
    let (mut keys, mut cursors, mut after, mut total) = (Vec::new(), Vec::new(), None, 0);
    loop {
        let answer = graph.ask_with(query, json!({ "first": first, "after": after })).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        let page = answer["data"].pointer(list).unwrap_or_else(|| panic!("no {list} in {answer}"));
        let nodes = page["nodes"].as_array().expect("nodes");
        assert!(nodes.len() <= first, "a page of at most {first}: {page}");
        keys.extend(nodes.iter().map(|node| text(&node["key"])));

        let (edges, info) = (page["edges"].as_array().expect("edges"), &page["pageInfo"]);
        cursors.extend(edges.iter().map(|edge| text(&edge["cursor"])));
        assert_eq!(edges.first().map(|edge| &edge["cursor"]), Some(&info["startCursor"]).filter(|it| !it.is_null()));
        assert_eq!(edges.last().map(|edge| &edge["cursor"]), Some(&info["endCursor"]).filter(|it| !it.is_null()));
        assert_eq!(info["hasPreviousPage"], after.is_some(), "{page}");
        total = page["totalCount"].as_u64().expect("a total").max(total);
        if info["hasNextPage"] == false {
            break;
        }
        assert_eq!(nodes.len(), first, "a page that is not the last is full: {page}");
        after = Some(text(&info["endCursor"]));
    }
    assert_eq!(total, keys.len() as u64, "the total is that of the whole list");
    assert_eq!(cursors.iter().collect::<BTreeSet<_>>().len(), keys.len(), "a cursor an item");
    keys
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A query for one page of a list that stands within `around`, in the place of `LIST`.
fn query(around: &str, field: &str, key: &str) -> String {
    let page = "edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount";
    let list = format!("{field}(first: $first, after: $after) {{ nodes {{ key: {key} }} {page} }}");
    format!("query Page($first: Int, $after: String) {{ {} }}", around.replace("LIST", &list))
}

async fn check(graph: &Graph, fleet: &Fleet, first: usize) {
    let mut owners: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (cluster, (owner, _)) in fleet {
        owners.entry(*owner).or_default().push(cluster.to_string());
    }
    let numbers: Vec<_> = owners.keys().map(ToString::to_string).collect();
    assert_eq!(walk(graph, &query("LIST", "organizations", "orgId"), "/organizations", first).await, numbers);
    for (owner, clusters) in &owners {
        let around = format!("organization(orgId: \"{owner}\") {{ LIST }}");
        let query = query(&around, "clusters", "uuid");
        assert_eq!(walk(graph, &query, "/organization/clusters", first).await, *clusters);
    }
    for (cluster, (_, selectors)) in fleet {
        let around = format!("cluster(uuid: \"{cluster}\") {{ report {{ LIST }} }}");
        let query = query(&around, "ruleHits", "selector");
        let selectors: Vec<_> = selectors.iter().cloned().collect();
        assert_eq!(walk(graph, &query, "/cluster/report/ruleHits", first).await, selectors);
    }
}

#[test]
fn every_list_in_pages_is_the_list() {
    let runtime = Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let held = |fleet: Fleet| {
        runtime.block_on(async {
            let reports: Vec<_> = fleet
                .iter()
                .map(|(cluster, (owner, selectors))| {
                    let hits: Vec<_> = selectors.iter().map(|selector| (selector.as_str(), "")).collect();
                    report(*owner, cluster.uuid().as_u128(), &hits)
                })
                .collect();
            for database in each_database().await {
                let graph = Graph::of(&database, &reports).await;
                for first in 1..=3 {
                    check(&graph, &fleet, first).await;
                }
            }
        });
        Ok(())
    };
    runner.run(&fleets(), held).expect("every list in pages is the list");
}
