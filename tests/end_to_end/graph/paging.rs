//! Paging: the pages of a list add up to the list, in every order, from both ends, for many parents at once.

mod fleet;
mod workloads;

use std::collections::BTreeMap;

use insights_results_aggregator::domain::Digest;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use self::fleet::{Fleet, List, Row, fleets};
use super::*;
use crate::{harness::each_database, workloads::write_workloads};

/// Few, because each case creates databases and reads some hundred pages of all parents.
const CASES: u32 = 4;
/// The number of parents whose lists are read from end to end. Each page is also checked for all other parents.
const WALKED: usize = 2;

/// A cursor, and the rank of its item.
#[derive(Clone, Debug)]
struct Cursor {
    rank: usize,
    text: String,
}

/// A page that is requested of every parent.
#[derive(Clone, Debug)]
struct Page {
    after: Option<Cursor>,
    before: Option<Cursor>,
    size: usize,
    from_end: bool,
}

impl Page {
    /// This page of a parent's rows, and whether the parent has rows before it and after it.
    fn select<'a>(&self, rows: &'a [Row]) -> (&'a [Row], bool, bool) {
        let from = self.after.as_ref().map_or(0, |after| rows.partition_point(|row| row.rank <= after.rank));
        let to = self.before.as_ref().map_or(rows.len(), |before| rows.partition_point(|row| row.rank < before.rank));
        let between = &rows[from..to.max(from)];
        let size = self.size.min(between.len());
        let page = if self.from_end { &between[between.len() - size..] } else { &between[..size] };
        let (is_cut_before, is_cut_after) =
            if self.from_end { (between.len() > size, false) } else { (false, between.len() > size) };
        (page, from > 0 || is_cut_before, to < rows.len() || is_cut_after)
    }

    fn variables(&self) -> Value {
        let text = |cursor: &Option<Cursor>| cursor.as_ref().map(|cursor| cursor.text.clone());
        let (first, last) = if self.from_end { (None, Some(self.size)) } else { (Some(self.size), None) };
        json!({ "first": first, "last": last, "after": text(&self.after), "before": text(&self.before) })
    }
}

impl List {
    fn query(&self) -> String {
        let Self { around, field, arguments, key, .. } = self;
        let page = "edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount";
        let list = format!(
            "list: {field}(first: $first, after: $after, last: $last, before: $before {arguments}) \
             {{ nodes {{ {} }} {page} }}",
            key.join(" ")
        );
        let around = around.replace("LIST", &list);
        format!("query($first: Int, $after: String, $last: Int, $before: String) {{ {around} }}")
    }

    /// Reads a page of every parent, checks all of them, and returns the cursors of each.
    async fn check(&self, graph: &Graph, page: &Page) -> BTreeMap<&str, Vec<Cursor>> {
        let answer = graph.query_with(&self.query(), page.variables()).await;
        assert_eq!(answer.get("errors"), None, "{} {} {page:?}", self.field, self.arguments);
        let parents = answer["data"].pointer(self.parents).expect("the parents");
        let found: BTreeMap<&str, &Value> = match parents {
            Value::Array(parents) => parents.iter().map(|parent| (text(&parent["parent"]), parent)).collect(),
            root => BTreeMap::from([("", root)]),
        };
        assert_eq!(found.len(), self.rows.len(), "the response has every parent");
        let cursors = self.rows.iter().map(|(parent, rows)| {
            let shown = found[parent.as_str()].pointer(self.path).expect("the list");
            (parent.as_str(), self.check_list(shown, rows, page))
        });
        cursors.collect()
    }

    fn check_list(&self, shown: &Value, rows: &[Row], page: &Page) -> Vec<Cursor> {
        let about = format!("{} {} {page:?}: {shown}", self.field, self.arguments);
        let (expected, has_previous, has_next) = page.select(rows);
        let key = |node: &Value| self.key.iter().map(|field| text(&node[*field])).collect::<Vec<_>>().join(" ");
        let keys: Vec<_> = shown["nodes"].as_array().expect("nodes").iter().map(key).collect();
        assert_eq!(keys, expected.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), "{about}");
        assert_eq!(shown["totalCount"], rows.len(), "the total is that of the whole list: {about}");

        let edges = shown["edges"].as_array().expect("edges").iter();
        let cursors: Vec<_> = edges.map(|edge| text(&edge["cursor"]).to_owned()).collect();
        let info = json!({
            "hasNextPage": has_next, "hasPreviousPage": has_previous,
            "startCursor": cursors.first(), "endCursor": cursors.last(),
        });
        assert_eq!(shown["pageInfo"], info, "{about}");
        let ranks = expected.iter().map(|row| row.rank);
        ranks.zip(cursors).map(|(rank, text)| Cursor { rank, text }).collect()
    }

    /// Reads a parent's list page by page from one end to the other and returns all cursors.
    async fn walk(&self, graph: &Graph, parent: &str, size: usize, from_end: bool) -> Vec<Cursor> {
        let (mut page, mut found) = (Page { after: None, before: None, size, from_end }, Vec::new());
        loop {
            let cursors = self.check(graph, &page).await.remove(parent).expect("the parent");
            let next = if from_end { cursors.first() } else { cursors.last() };
            let bound = if from_end { &mut page.before } else { &mut page.after };
            // The page after the last one must be empty.
            match next {
                Some(next) => *bound = Some(next.clone()),
                None => break,
            }
            found.extend(cursors);
        }
        assert_eq!(found.len(), self.rows[parent].len(), "{} {}: the whole list", self.field, self.arguments);
        found
    }

    async fn check_walks(&self, graph: &Graph) {
        let mut parents: Vec<_> = self.rows.iter().collect();
        parents.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        for (number, (parent, _)) in parents.into_iter().take(WALKED).enumerate() {
            for from_end in [false, true] {
                let cursors = self.walk(graph, parent, 1, from_end).await;
                if number == 0 {
                    self.walk(graph, parent, 2, from_end).await;
                    self.walk(graph, parent, 3, from_end).await;
                    self.check_between(graph, &cursors, from_end).await;
                }
            }
        }
    }

    /// Checks pages between two cursors, also where the second one precedes the first.
    async fn check_between(&self, graph: &Graph, cursors: &[Cursor], from_end: bool) {
        for (number, after) in cursors.iter().enumerate().step_by(2) {
            let before = &cursors[(number * 3 + 2) % cursors.len()];
            let (after, before) = (Some(after.clone()), Some(before.clone()));
            self.check(graph, &Page { after, before, size: 2, from_end }).await;
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}

async fn check_all_lists(fleet: &Fleet) {
    for database in each_database().await {
        let [first, second] = fleet::reports(fleet);
        let graph = Graph::with_reports(&database, &first).await;
        write(&graph.store, &second).await;
        write_workloads(&graph.store, &workloads::results(fleet)).await;
        let imported = graph.store.import_clusters(&fleet::imported(fleet), false, drop).await;
        imported.expect("the values are imported");
        let saved = graph.store.save_recommendation_facts(Digest::of(b"fleet"), &fleet::facts(fleet)).await;
        saved.expect("the facts are written");
        fleet::organizations(fleet).check_walks(&graph).await;
        for list in fleet::clusters(fleet) {
            list.check_walks(&graph).await;
        }
        for list in fleet::rule_hits(fleet) {
            list.check_walks(&graph).await;
        }
        fleet::history(fleet).check_walks(&graph).await;
        for list in workloads::lists(fleet) {
            list.check_walks(&graph).await;
        }
    }
}

#[test]
fn the_pages_of_every_list_add_up_to_the_list() {
    let runtime = Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let check = |fleet: Fleet| {
        runtime.block_on(check_all_lists(&fleet));
        Ok(())
    };
    runner.run(&fleets(), check).expect("the pages of every list add up to the list");
}
