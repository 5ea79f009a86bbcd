//! Each limit through the whole executor: a request at the limit is answered, one beyond it is refused with the limit's
//! key, its value and the count. The guard's own tests show what each limit counts in detail.

use super::*;
use crate::{harness::sqlite, reports::cluster};

/// Selects one of the limits.
type Setting = fn(&mut Limits) -> &mut usize;

/// What the error says of the limit, the limit's setting if it has one, the value, and a request with this count.
type Case = (&'static str, Option<Setting>, usize, fn(usize) -> Request);

fn padded(bytes: usize) -> Request {
    Request::new(format!("{{__typename}}{:1$}", "", bytes - 12))
}

fn tokens(count: usize) -> Request {
    Request::new(format!("{{{}}}", "__typename ".repeat(count - 2)))
}

/// Levels of fields: a cluster, its report, the report's cluster and so on, and a field of the last.
fn levels(depth: usize) -> Request {
    let around = each(depth - 2, |level| if level.is_multiple_of(2) { "{report" } else { "{cluster" }.to_owned());
    let uuid = cluster(1);
    Request::new(format!("{{cluster(uuid:\"{uuid}\"){around}{{id}}{}}}", "}".repeat(depth - 2)))
}

fn aliases(count: usize) -> Request {
    Request::new(format!("{{viewer{{{}}}}}", each(count, |number| format!("a{number}:isAdministrator "))))
}

fn directives(count: usize) -> Request {
    Request::new(format!("{{viewer{{{}}}}}", "...@include(if:true){isAdministrator}".repeat(count)))
}

fn variables(count: usize) -> Request {
    let (defined, used) = (
        each(count, |number| format!("$v{number}:Boolean=true ")),
        each(count, |number| format!("...@include(if:$v{number}){{isAdministrator}}")),
    );
    Request::new(format!("query({defined}){{viewer{{{used}}}}}"))
}

fn fragments(count: usize) -> Request {
    let spread = each(count, |number| format!("...F{number} "));
    let defined = each(count, |number| format!("fragment F{number} on Viewer{{isAdministrator}}"));
    Request::new(format!("{{viewer{{{spread}}}}} {defined}"))
}

fn operations(count: usize) -> Request {
    Request::new(each(count, |number| format!("query Q{number}{{__typename}}"))).operation_name("Q0")
}

/// A filter is an object; its members are a level deeper.
fn value_levels(levels: usize) -> Request {
    let value = if levels == 1 { "{}" } else { "{version:{}}" };
    Request::new(format!("{{organization(orgId:\"1\"){{clusters(filter:{value}){{totalCount}}}}}}"))
}

const CASES: [Case; 12] = [
    ("limits.query_bytes allows 100 ", Some(|limits| &mut limits.query_bytes), 100, padded),
    ("limits.query_tokens allows 9 ", Some(|limits| &mut limits.query_tokens), 9, tokens),
    ("limits.query_depth allows 8 ", Some(|limits| &mut limits.query_depth), 8, levels),
    ("limits.query_selections allows 10 ", Some(|limits| &mut limits.query_selections), 10, |n| tokens(n + 2)),
    ("limits.query_root_fields allows 5 ", Some(|limits| &mut limits.query_root_fields), 5, |n| tokens(n + 2)),
    ("limits.query_cost allows 20 ", Some(|limits| &mut limits.query_cost), 20, |n| {
        Request::new(format!("{{viewer{{{}}}}}", "isAdministrator ".repeat(n - 1)))
    }),
    ("limits.argument_depth allows 1 ", Some(|limits| &mut limits.argument_depth), 1, value_levels),
    ("at most 30 aliases ", None, 30, aliases),
    ("at most 50 directives ", None, 50, directives),
    ("at most 50 variables ", None, 50, variables),
    ("at most 50 fragments ", None, 50, fragments),
    ("at most 10 operations ", None, 10, operations),
];

#[tokio::test]
async fn a_request_at_a_limit_is_answered_and_one_beyond_is_refused_with_key_and_value() {
    let database = sqlite();
    let store = database.store().await;
    for (start, setting, limit, request) in CASES {
        let mut limits = default_config().limits;
        if let Some(setting) = setting {
            *setting(&mut limits) = limit;
        }
        let graph = Graph::with_limits(store.clone(), &limits);
        let within = graph.execute(Viewer::unrestricted(), request(limit)).await;
        assert_eq!(within.get("errors"), None, "{start}: {within}");

        let (beyond, statements) = count_statements(graph.execute(Viewer::unrestricted(), request(limit + 1))).await;
        let error = &beyond["errors"][0];
        assert_eq!((statements, &error["extensions"]["code"]), (0, &json!("QUERY_TOO_LARGE")), "{start}: {beyond}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.starts_with(start), "{start}: {message}");
        assert!(message.ends_with(&format!("this request has at least {}", limit + 1)), "{message}");
    }
}

#[test]
fn every_configurable_limit_is_tested() {
    let defaults = insights_results_aggregator::config::DEFAULTS;
    let (_, limits) = defaults.split_once("[limits]\n").expect("the limits");
    let (limits, _) = limits.split_once("\n[").expect("the next section");
    let keys = limits.lines().filter_map(|line| line.split_once(" = ").filter(|_| !line.starts_with('#')));
    let mut numbers: Vec<_> =
        keys.filter(|(_, value)| value.starts_with(char::is_numeric)).map(|(key, _)| key).collect();
    numbers.sort_unstable();
    let mut tested: Vec<_> =
        CASES.iter().filter_map(|(start, ..)| start.strip_prefix("limits.")?.split(' ').next()).collect();
    // Checked while the answer is resolved: `hostile_requests` tests it.
    tested.push("response_bytes");
    // Checked when a mutation is performed: `mutations::refusals` tests it.
    tested.push("text_characters");
    tested.sort_unstable();
    assert_eq!(tested, numbers);
}
