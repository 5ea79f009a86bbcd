//! Hostile requests. Each is refused before any statement, with a code and a short message, and the next request is
//! answered. The time of the refusal is printed, not checked.

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use super::*;
use crate::{
    harness::sqlite,
    reports::{cluster, reports},
};

/// The longest answer to a refused request.
const MAX_ANSWER_BYTES: usize = 4_096;

async fn graph() -> (Graph, Database) {
    let database = sqlite();
    (Graph::with_reports(&database, &reports(1, 1, 2, 2)).await, database)
}

/// Checks that each request is refused with this code and this part of the message.
async fn check_refused(graph: &Graph, cases: &[(&str, Request, &str, &str)]) {
    for (name, request, code, part) in cases {
        let start = Instant::now();
        let (answer, statements) = count_statements(graph.execute(Viewer::unrestricted(), clone_of(request))).await;
        println!("{name}: {} bytes refused in {:?}", request.query.len(), start.elapsed());
        assert_eq!(statements, 0, "{name}: refused before anything is read");
        assert_eq!(answer["data"], Value::Null, "{name}");
        let errors = answer["errors"].as_array().expect("errors");
        assert!((1..=10).contains(&errors.len()), "{name}: {} errors", errors.len());
        assert_eq!(errors[0]["extensions"]["code"], *code, "{name}: {answer}");
        assert!(errors[0]["message"].as_str().expect("a message").contains(part), "{name}: {part} in {answer}");
        assert!(answer.to_string().len() <= MAX_ANSWER_BYTES, "{name}: {answer}");
        assert_eq!(graph.query("{ organizations { totalCount } }").await["data"]["organizations"]["totalCount"], 1);
    }
}

fn clone_of(request: &Request) -> Request {
    let mut clone = Request::new(&request.query).variables(request.variables.clone());
    clone.operation_name.clone_from(&request.operation_name);
    clone
}

/// Fragments that each spread the next one `width` times.
fn bomb(width: usize, levels: usize) -> String {
    let fragments = each(levels, |i| format!("fragment F{i} on Query{{{}}}", format!("...F{} ", i + 1).repeat(width)));
    format!("{fragments} fragment F{levels} on Query{{__typename}}")
}

#[tokio::test]
async fn fragment_bombs_and_cycles_are_refused() {
    let (graph, _database) = graph().await;
    let binary = Request::new(format!("{{...F0}} {}", bomb(2, 27)));
    // 5 to the power of 28 is beyond 64 bits.
    let beyond = Request::new(format!("{{...F0}} {}", bomb(5, 28)));
    let not_run = Request::new(format!("query A {{__typename}} query B {{...F0}} {}", bomb(3, 25))).operation_name("A");
    let cycle = Request::new("{...F0} fragment F0 on Query{...F1} fragment F1 on Query{...F0}");
    let itself = Request::new("{...F} fragment F on Query{__typename ...F}");
    check_refused(
        &graph,
        &[
            ("a binary bomb", binary, "QUERY_TOO_LARGE", "limits.query_selections"),
            ("one beyond 64 bits", beyond, "QUERY_TOO_LARGE", "limits.query_selections"),
            ("one in an operation that is not run", not_run, "QUERY_TOO_LARGE", "limits.query_selections"),
            ("a cycle", cycle, "BAD_USER_INPUT", "spreads itself"),
            ("a fragment that spreads itself", itself, "BAD_USER_INPUT", "spreads itself"),
        ],
    )
    .await;
}

#[tokio::test]
async fn large_numbers_of_one_thing_are_refused() {
    let (graph, _database) = graph().await;
    let aliases = |count, field: &str| Request::new(format!("{{{}}}", each(count, |i| format!("a{i}:{field} "))));
    let within_bytes = |text: &str, count| Request::new(format!("{{{}}}", text.repeat(count)));
    check_refused(
        &graph,
        &[
            ("10,000 aliases", aliases(10_000, "service{version}"), "QUERY_TOO_LARGE", "limits.query_bytes"),
            ("31 aliases", aliases(31, "__typename"), "QUERY_TOO_LARGE", "at most 30 aliases"),
            ("100,000 fields", within_bytes("a ", 100_000), "QUERY_TOO_LARGE", "limits.query_bytes"),
            ("8,000 fields", within_bytes("a ", 8_000), "QUERY_TOO_LARGE", "limits.query_tokens"),
            ("21 root fields", within_bytes("__typename ", 21), "QUERY_TOO_LARGE", "limits.query_root_fields"),
            (
                "10,000 operations",
                Request::new(each(10_000, |i| format!("query A{i}{{a}}"))).operation_name("A1"),
                "QUERY_TOO_LARGE",
                "limits.query_bytes",
            ),
            (
                "11 operations",
                Request::new(each(11, |i| format!("query A{i}{{__typename}}"))).operation_name("A1"),
                "QUERY_TOO_LARGE",
                "at most 10 operations",
            ),
            (
                "51 variables",
                Request::new(format!("query({}){{__typename}}", each(51, |i| format!("$v{i}:Int ")))),
                "QUERY_TOO_LARGE",
                "at most 50 variables",
            ),
            (
                "51 fragments",
                Request::new(format!("{{__typename}} {}", each(51, |i| format!("fragment F{i} on Query{{a}}")))),
                "QUERY_TOO_LARGE",
                "at most 50 fragments",
            ),
            (
                "51 directives",
                Request::new(format!("{{__typename{}}}", " @include(if:true)".repeat(51))),
                "QUERY_TOO_LARGE",
                "at most 50 directives",
            ),
            (
                "51 unknown directives at all locations",
                Request::new(format!(
                    "query Q @aa {{...F @aa __typename{}}} fragment F on Query @aa {{__typename @aa}}",
                    " @aa".repeat(47)
                )),
                "QUERY_TOO_LARGE",
                "at most 50 directives",
            ),
            (
                "an unknown directive",
                Request::new("{viewer @aa{isAdministrator}}"),
                "BAD_USER_INPUT",
                "Unknown directive",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let (graph, _database) = graph().await;
    let nested = |open: &str, levels: usize, close: &str| open.repeat(levels) + &close.repeat(levels);
    let up_and_down = |levels: usize| {
        let uuid = cluster(1);
        format!("{{cluster(uuid:\"{uuid}\"){{{}uuid{}}}}}", "report{cluster{".repeat(levels), "}}".repeat(levels))
    };
    let deep_variable = |levels: usize| {
        let value = (0..levels).fold(json!(1), |value, _| json!([value]));
        Request::new("query($v:[UUID!]!){clusters(uuids:$v){uuid}}")
            .variables(Variables::from_json(json!({ "v": value })))
    };
    check_refused(
        &graph,
        &[
            ("1,000 levels", Request::new(nested("{a", 900, "}")), "QUERY_TOO_LARGE", "limits.query_depth"),
            ("one level beyond the limit", Request::new(up_and_down(8)), "QUERY_TOO_LARGE", "limits.query_depth"),
            (
                "a list of lists",
                Request::new(format!("{{clusters(uuids:{}){{uuid}}}}", nested("[", 900, "]"))),
                "QUERY_TOO_LARGE",
                "limits.argument_depth",
            ),
            ("a variable 100 levels deep", deep_variable(100), "QUERY_TOO_LARGE", "limits.argument_depth"),
            ("brackets alone", Request::new("{".repeat(16_000)), "QUERY_TOO_LARGE", "limits."),
            (
                "a string that does not end",
                Request::new(format!("{{a(b: \"{}", "x".repeat(16_000))),
                "SYNTAX_ERROR",
                "does not end",
            ),
        ],
    )
    .await;
    // A query at the limit of 16 levels is answered.
    let answer = graph.query(&up_and_down(7)).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
}

#[tokio::test]
async fn pages_of_pages_are_refused_for_their_cost() {
    let (graph, _database) = graph().await;
    let pages_by = |open: &str, close: &str, size: &str| {
        format!(
            "query($n: Int) {{organizations(first:{size}){{NODES clusters(first:{size}){{NODES
                report{{ruleHits(first:{size}){{NODES cluster{{history(last:{size}){{NODES at END}}}}END}}}}END}}END}}}}"
        )
        .replace("NODES", open)
        .replace("END", close)
    };
    let pages = |size: &str| pages_by("nodes{", "}", size);
    let by_variable = Request::new(pages("$n")).variables(Variables::from_json(json!({ "n": 100 })));
    let fields = "limits.query_cost allows 20000 fields";
    check_refused(
        &graph,
        &[
            ("pages of 100", Request::new(pages("100")), "QUERY_TOO_LARGE", fields),
            ("edges of 100", Request::new(pages_by("edges{node{", "}}", "100")), "QUERY_TOO_LARGE", fields),
            ("pages of 100 by a variable", by_variable, "QUERY_TOO_LARGE", fields),
            ("pages by default", Request::new(pages("null")), "QUERY_TOO_LARGE", fields),
            ("pages of 2,147,483,647", Request::new(pages("2147483647")), "QUERY_TOO_LARGE", fields),
        ],
    )
    .await;
}

#[test]
fn no_id_and_no_cursor_causes_a_panic() {
    let runtime = Runtime::new().expect("a runtime");
    let (graph, _database) = runtime.block_on(graph());
    let key = prop_oneof![
        any::<String>(),
        Just(cluster(1).to_string()),
        any::<(u128, String)>().prop_map(|(number, text)| format!("{}:{text}|{text}", cluster(number))),
    ];
    let kind = "[12]:(Organization|Cluster|Report|RuleHit|clusters:uuid:asc|history:at:desc|ruleHits:selector:asc|x):";
    let encoded = (kind, key).prop_map(|(kind, key)| URL_SAFE_NO_PAD.encode(kind + &key));
    let any_text = prop_oneof![encoded, any::<String>()];
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let check = |text: String| {
        let query = "query($id: ID!, $ids: [ID!]!, $c: String) { one: node(id: $id) { id }
            many: nodes(ids: $ids) { id } organizations(first: 2, after: $c) { nodes { clusters(last: 9, before: $c) { nodes {
                history(after: $c) { nodes { at } } report { ruleHits(before: $c) { nodes { selector } } } } } } } }";
        let answer = runtime.block_on(graph.query_with(query, json!({ "id": text, "ids": [text], "c": text })));
        for error in answer["errors"].as_array().into_iter().flatten() {
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{text:?}: {answer}");
        }
        Ok(())
    };
    runner.run(&any_text, check).expect("every text is answered or refused");
}
