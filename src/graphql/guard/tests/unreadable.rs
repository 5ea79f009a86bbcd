//! A query that is not valid GraphQL is refused with the position and the reason, without repeating the query.

use async_graphql::Request;

use super::{admit, defaults, each, refusal, wide};
use crate::{config::Limits, graphql::guard::RequestError};

#[test]
fn the_error_has_the_position_and_the_reason() {
    for (query, expected) in [
        ("", " at line 1, column 1: expected executable_definition"),
        ("{a(}", " at line 1, column 4: expected name"),
        ("{\n  a(x: 1\n}", " at line 3, column 1: expected name"),
        ("{a(x: \"b)}", " at line 1, column 7: a string that begins here does not end"),
        ("{a(x: 1e999)}", " at line 1, column 7: a number is out of range"),
        ("{a} {b}", " at line 1, column 5: an operation without a name must be the only one"),
        ("query A {a} query A {b}", " at line 1, column 13: two operations have the same name"),
        ("{a} fragment F on T {a} fragment F on T {b}", " at line 1, column 25: two fragments have the same name"),
        ("fragment F on T {a}", ": it has no operation"),
    ] {
        assert_eq!(
            refusal(&defaults(), query),
            format!("SYNTAX_ERROR: the query cannot be parsed{expected}"),
            "{query}"
        );
    }
}

#[test]
fn the_parsers_own_limit_is_a_request_error() {
    let query = super::nested("{a", 66, "}");
    let refused = refusal(&Limits { query_depth: 64, ..wide() }, query);
    assert_eq!(refused, "SYNTAX_ERROR: the query cannot be parsed: its selections are nested too deeply");
}

#[test]
fn nothing_of_the_query_is_repeated() {
    const MARK: &str = "m4rk";
    let limits = Limits { introspection: false, ..defaults() };
    let long = MARK.repeat(4_000);
    for query in [
        MARK.to_owned(),
        long.clone(),
        format!("{long} {long}"),
        format!("{{{MARK}"),
        format!("{{{MARK}(= {MARK})}}"),
        format!("{{\n{MARK}\n= {MARK}\n}}"),
        format!("{{\r{MARK}\r= {MARK}\r}}"),
        format!("{{a(x: \"{MARK}"),
        format!("{{a(x: \"\\{MARK}\")}}"),
        format!("{{a(x: 1e999, {MARK}: {MARK})}}"),
        format!("query {MARK} {{a}} query {MARK} {{a}}"),
        format!("{{a}} fragment {MARK} on T {{a}} fragment {MARK} on T {{a}}"),
        format!("{{a}} fragment {MARK} on T {{...{MARK}}}"),
        format!("{{__schema {{{MARK}}}}}"),
        format!("{{{}}}", each(31, |i| format!("{MARK}{i}: a "))),
        format!("query({}) {{a}}", each(51, |i| format!("${MARK}{i}: T "))),
        format!("{{a {}}}", format!("@{MARK} ").repeat(51)),
        format!("{}{MARK}", "{".repeat(40)),
    ] {
        let refused = refusal(&limits, query.as_str());
        assert!(!refused.contains(MARK), "{query:.40}: {refused}");
        assert!(refused.len() < 400, "{refused}");
    }
    let operations = |count| each(count, |i| format!("query {MARK}{i} {{a}}"));
    for (count, name, part) in [(2, MARK, "no operation with the name"), (11, "m4rk0", "at most 10 operations")] {
        let refused = refusal(&limits, Request::new(operations(count)).operation_name(name));
        assert!(refused.contains(part) && !refused.contains(MARK), "{name}: {refused}");
    }
}

#[test]
fn a_long_reason_of_the_parser_is_truncated() {
    let parsed = async_graphql::parser::Error::Syntax {
        message: format!("excerpt\n  = expected {}", "rule, ".repeat(1_000)),
        start: async_graphql::Pos { line: 1, column: 2 },
        end: None,
    };
    let RequestError::Unreadable { reason, at } = RequestError::unreadable(&parsed) else { panic!("unreadable") };
    assert_eq!((reason.len(), reason.starts_with("expected rule, rule")), (300, true));
    assert_eq!(at, Some(async_graphql::Pos { line: 1, column: 2 }));
}

#[test]
fn what_only_validation_can_decide_is_left_to_it() {
    for query in ["{a @unknown}", "{...Absent}", "query($v: T, $v: T) {a}", "{a(x: $unknown)}", "mutation {a}"] {
        assert_eq!(admit(&defaults(), query), Ok(()), "{query}");
    }
}
