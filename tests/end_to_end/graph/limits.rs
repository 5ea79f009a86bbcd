//! Each limit at its edge, by the whole way that a request takes: what is just within is answered, one more is refused
//! with the limit's name, its value and what was found. What each counts in detail the guard's own tests show.

use super::*;
use crate::{harness::sqlite, reports::cluster};

/// A limit, where it is set, the value to set, and a request that has so much of what it counts.
type Case = (&'static str, fn(&mut Limits) -> &mut usize, usize, fn(usize) -> Request);

fn padded(bytes: usize) -> Request {
    Request::new(format!("{{__typename}}{:1$}", "", bytes - 12))
}

fn tokens(count: usize) -> Request {
    Request::new(format!("{{{}}}", "__typename ".repeat(count - 2)))
}

/// Levels of fields: a cluster, then its report, the report's cluster and so on, and a field of the last one.
fn levels(depth: usize) -> Request {
    let around = each(depth - 2, |level| if level.is_multiple_of(2) { "{report" } else { "{cluster" }.to_owned());
    let uuid = cluster(1);
    Request::new(format!("{{cluster(uuid:\"{uuid}\"){around}{{id}}{}}}", "}".repeat(depth - 2)))
}

fn aliases(count: usize) -> Request {
    Request::new(format!("{{{}}}", each(count, |number| format!("a{number}:__typename "))))
}

fn variables(count: usize) -> Request {
    let (defined, used) = (
        each(count, |number| format!("$v{number}:Boolean=true ")),
        each(count, |number| format!("...@include(if:$v{number}){{__typename}}")),
    );
    Request::new(format!("query({defined}){{{used}}}"))
}

fn fragments(count: usize) -> Request {
    let spread = each(count, |number| format!("...F{number} "));
    Request::new(format!("{{{spread}}} {}", each(count, |number| format!("fragment F{number} on Query{{__typename}}"))))
}

/// A filter is an object; what it holds is a level further.
fn value_levels(levels: usize) -> Request {
    let value = if levels == 1 { "{}" } else { "{version:{}}" };
    Request::new(format!("{{organization(orgId:\"1\"){{clusters(filter:{value}){{totalCount}}}}}}"))
}

const CASES: [Case; 12] = [
    ("query_bytes", |limits| &mut limits.query_bytes, 100, padded),
    ("query_tokens", |limits| &mut limits.query_tokens, 9, tokens),
    ("query_depth", |limits| &mut limits.query_depth, 8, levels),
    ("query_selections", |limits| &mut limits.query_selections, 10, |n| tokens(n + 2)),
    ("query_aliases", |limits| &mut limits.query_aliases, 3, aliases),
    ("query_root_fields", |limits| &mut limits.query_root_fields, 5, |n| tokens(n + 2)),
    ("query_directives", |limits| &mut limits.query_directives, 7, variables),
    ("query_fragments", |limits| &mut limits.query_fragments, 4, fragments),
    (
        "query_operations",
        |limits| &mut limits.query_operations,
        2,
        |n| Request::new(each(n, |number| format!("query Q{number}{{__typename}}"))).operation_name("Q0"),
    ),
    ("query_variables", |limits| &mut limits.query_variables, 6, variables),
    (
        "query_cost",
        |limits| &mut limits.query_cost,
        20,
        |n| Request::new(format!("{{viewer{{{}}}}}", "isAdministrator ".repeat(n - 1))),
    ),
    ("argument_depth", |limits| &mut limits.argument_depth, 1, value_levels),
];

#[tokio::test]
async fn the_limit_itself_is_answered_and_one_more_is_refused_by_name_limit_and_value() {
    let database = sqlite();
    let store = database.store().await;
    for (name, setting, limit, request) in CASES {
        let mut limits = default_config().limits;
        *setting(&mut limits) = limit;
        let graph = Graph::with_limits(store.clone(), &limits);
        let within = graph.execute(Viewer::unrestricted(), request(limit)).await;
        assert_eq!(within.get("errors"), None, "{name} at the limit: {within}");

        let (beyond, statements) = count_statements(graph.execute(Viewer::unrestricted(), request(limit + 1))).await;
        let error = &beyond["errors"][0];
        assert_eq!((statements, &error["extensions"]["code"]), (0, &json!("QUERY_TOO_LARGE")), "{name}: {beyond}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.starts_with(&format!("limits.{name} allows {limit} ")), "{message}");
        assert!(message.ends_with(&format!("this request has at least {}", limit + 1)), "{message}");
    }
}

#[test]
fn every_limit_that_is_a_number_is_tested() {
    let defaults = insights_results_aggregator::config::DEFAULTS;
    let (_, limits) = defaults.split_once("[limits]\n").expect("the limits");
    let (limits, _) = limits.split_once("\n[").expect("what follows them");
    let keys = limits.lines().filter_map(|line| line.split_once(" = ").filter(|_| !line.starts_with('#')));
    let mut numbers: Vec<_> =
        keys.filter(|(_, value)| value.starts_with(char::is_numeric)).map(|(key, _)| key).collect();
    numbers.sort_unstable();
    let mut tested = CASES.map(|(name, ..)| name);
    tested.sort_unstable();
    assert_eq!(tested.as_slice(), numbers);
}
