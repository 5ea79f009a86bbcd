//! Each limit: a request at the limit is admitted; one beyond it is refused with the limit's key, its value and the count.

use async_graphql::{Name, Request, Value, Variables};

use super::{Setting, admit, each, nested, refusal, wide};
use crate::{
    config::Limits,
    graphql::guard::{
        RequestError,
        limit::{MAX_ALIASES, MAX_DIRECTIVES, MAX_FRAGMENTS, MAX_OPERATIONS, MAX_VARIABLES},
    },
};

/// Checks that `request(n)` is admitted up to the limit and refused beyond, where `setting` selects the limit.
fn check<R: Into<Request>>(expected: &str, setting: Setting, limit: usize, request: impl Fn(usize) -> R) {
    let mut limits = wide();
    *setting(&mut limits) = limit;
    check_within(&limits, (Some(expected), expected), limit, request);
}

/// Checks a limit that has no key.
fn check_constant<R: Into<Request>>(counts: &str, limit: usize, request: impl Fn(usize) -> R) {
    check_within(&wide(), (None, counts), limit, request);
}

fn check_within<R: Into<Request>>(
    limits: &Limits,
    (expected_key, part): (Option<&str>, &str),
    limit: usize,
    request: impl Fn(usize) -> R,
) {
    assert_eq!(admit(limits, request(limit)), Ok(()), "{part} at the limit");
    let error = admit(limits, request(limit + 1)).expect_err(part);
    assert!(error.to_string().contains(part), "{error}");
    match error {
        RequestError::TooLarge { key, allowed, found, .. } => {
            assert_eq!((key, allowed, found), (expected_key, limit, limit + 1));
        }
        other => panic!("{part}: {other}"),
    }
}

#[test]
fn bytes_of_the_query() {
    check("limits.query_bytes", |limits| &mut limits.query_bytes, 100, |n| format!("{{a}}{:1$}", "", n - 3));
    check("limits.query_bytes", |limits| &mut limits.query_bytes, 100, |n| format!("{{a}}#{}", "x".repeat(n - 4)));
}

#[test]
fn tokens() {
    let tokens = |n| format!("{{{}}}", "a,".repeat(n - 2));
    check("limits.query_tokens", |limits| &mut limits.query_tokens, 100, tokens);
    // Each is one token; what is between them is ignored.
    let of_all_kinds = [
        ["query", "_Q1", "(", "$", "v", ":", "T", "=", "-1.5e+3", ")", "{"].as_slice(),
        &["...", "@", "x", "(", "s", ":", r#""a \" b""#, "b", ":", "[", r#""""a "" \""" b""""#, "]", ")", "{"],
        &["__typename", "}", "}"],
    ]
    .concat();
    let padded = |n| of_all_kinds.join(" ,\t\u{feff}# ({[ \" \n") + &"&".repeat(n - of_all_kinds.len());
    check("limits.query_tokens", |limits| &mut limits.query_tokens, of_all_kinds.len(), padded);
}

#[test]
fn depth() {
    let key = "limits.query_depth";
    check(key, |limits| &mut limits.query_depth, 16, |n| nested("{a", n, "}"));
    let inline = |n| format!("{}{}{}", "{...on T{a".repeat(8), nested("{a", n - 8, "}"), "}}".repeat(8));
    check(key, |limits| &mut limits.query_depth, 16, inline);
    let by_fragments = |n| {
        let chain = each(n - 1, |i| format!("fragment F{i} on T {{a {{...F{}}}}}", i + 1));
        format!("{{...F0}} {chain} fragment F{} on T {{a}}", n - 1)
    };
    check(key, |limits| &mut limits.query_depth, 16, by_fragments);
}

#[test]
fn each_level_of_fields_may_be_in_an_inline_fragment() {
    let limits = Limits { query_depth: 16, ..wide() };
    assert_eq!(admit(&limits, nested("{...on T{a", 16, "}}")), Ok(()));
    assert_eq!(admit(&limits, nested("{...on T{a", 17, "}}")), Err(RequestError::TooNested { depth: 16 }));
}

#[test]
fn selections_after_spreading_fragments() {
    let key = "limits.query_selections";
    check(key, |limits| &mut limits.query_selections, 50, |n| format!("{{{}}}", "a ".repeat(n)));
    check(key, |limits| &mut limits.query_selections, 50, |n| format!("{{{}...{{a}}}}", "a ".repeat(n - 2)));
    let twice = |n| format!("{{...F ...F {}}} fragment F on T {{a b c}}", "a ".repeat(n - 8));
    check(key, |limits| &mut limits.query_selections, 50, twice);
    let unused = |n| format!("{{a}} fragment F on T {{{}}}", "a ".repeat(n));
    check(key, |limits| &mut limits.query_selections, 50, unused);
}

#[test]
fn aliases_after_spreading_fragments() {
    let check = |request: fn(usize) -> String| check_constant("aliases", MAX_ALIASES, request);
    check(|n| format!("{{a {}}}", each(n, |i| format!("b{i}:a "))));
    check(|n| format!("{{{}}}", each(n, |i| format!("b{i}:__typename "))));
    check(|n| format!("{{{} ...F c{{...F}}}} fragment F on T {{b:a}}", each(n - 2, |i| format!("b{i}:a "))));
}

#[test]
fn root_fields() {
    let key = "limits.query_root_fields";
    check(key, |limits| &mut limits.query_root_fields, 20, |n| format!("{{{}}}", "a{b c d} ".repeat(n)));
    let by_fragments =
        |n| format!("{{{} ...F ...on Q {{...F}} x {{...F}}}} fragment F on Q {{a{{b}} c}}", "a ".repeat(n - 5));
    check(key, |limits| &mut limits.query_root_fields, 20, by_fragments);
    let in_the_second = |n| Request::new(format!("query A {{a}} query B {{{}}}", "a ".repeat(n))).operation_name("A");
    check(key, |limits| &mut limits.query_root_fields, 20, in_the_second);
}

#[test]
fn a_fragment_may_have_more_fields_than_the_root() {
    let limits = Limits { query_root_fields: 1, ..wide() };
    assert_eq!(admit(&limits, "{a{...F}} fragment F on T {a b c}"), Ok(()));
}

#[test]
fn directives_at_all_locations() {
    check_constant("directives", MAX_DIRECTIVES, |n| format!("{{a{}}}", " @x".repeat(n)));
    check_constant("directives", MAX_DIRECTIVES, |n| {
        let more = "@x(y: 1) ".repeat(n - 6);
        format!("query Q($v: T @x) @x {{a @x ...F @x ... @x {{b}}}} fragment F on T @x {{a {more}}}")
    });
}

#[test]
fn fragments_operations_and_variables() {
    let fragments = |n| format!("{{a}} {}", each(n, |i| format!("fragment F{i} on T {{a}} ")));
    check_constant("fragments", MAX_FRAGMENTS, fragments);
    let operations = |n| Request::new(each(n, |i| format!("query Q{i} {{a}} "))).operation_name("Q0");
    check_constant("operations", MAX_OPERATIONS, operations);
    let variables = |n| {
        let query = format!("query A {{a}} query B({}) {{a}}", each(n, |i| format!("$v{i}: T ")));
        Request::new(query).operation_name("A")
    };
    check_constant("variables", MAX_VARIABLES, variables);
}

#[test]
fn depth_of_values_at_all_locations() {
    let key = "limits.argument_depth";
    let places: [fn(String) -> String; 4] = [
        |value| format!("{{a {{b(x: 1, y: {value})}}}}"),
        |value| format!("{{a @x(y: {value})}}"),
        |value| format!("query($v: T = {value}) {{a}}"),
        |value| format!("query($v: T @x(y: {value}), $w: T) {{a}}"),
    ];
    for place in places {
        check(key, |limits| &mut limits.argument_depth, 8, |n| place(nested("[", n, "]")));
        check(key, |limits| &mut limits.argument_depth, 8, |n| place(nested("{a:", n - 1, "}").replace(":}", ":{}}")));
    }
    let types = |n| format!("query($v: {}) {{a}}", nested("[", n, "]").replace("[]", "[T!]"));
    check(key, |limits| &mut limits.argument_depth, 8, types);
}

#[test]
fn depth_of_variables() {
    let with_variable = |value: Value| {
        let variables = Variables::from_value(Value::Object([(Name::new("v"), value)].into_iter().collect()));
        Request::new("query($v: T) {a}").variables(variables)
    };
    let list = |n| with_variable((0..n).fold(Value::Null, |value, _| Value::List(vec![value])));
    let object = |value| Value::Object([(Name::new("a"), value)].into_iter().collect());
    check("limits.argument_depth", |limits| &mut limits.argument_depth, 8, list);
    let objects = |n| with_variable((0..n).fold(Value::Null, |value, _| object(value)));
    check("limits.argument_depth", |limits| &mut limits.argument_depth, 8, objects);
}

#[test]
fn values_within_variables() {
    let with_values = |n| {
        let numbers = Value::List(vec![Value::from(1); n - 1]);
        Request::new("{a}")
            .variables(Variables::from_value(Value::Object([(Name::new("v"), numbers)].into_iter().collect())))
    };
    check("limits.query_tokens", |limits| &mut limits.query_tokens, 100, with_values);
}

#[test]
fn the_error_names_the_limit_and_what_it_counts() {
    let limits = Limits { query_depth: 2, ..wide() };
    let refused = refusal(&limits, "{a{b{c}}}");
    let expected = "QUERY_TOO_LARGE: limits.query_depth allows 2 levels of fields; this request has at least 3";
    assert_eq!(refused, expected);
    let refused = refusal(&wide(), format!("{{a {}}}", "@x ".repeat(MAX_DIRECTIVES + 1)));
    assert_eq!(refused, "QUERY_TOO_LARGE: at most 50 directives are allowed; this request has at least 51");
}
