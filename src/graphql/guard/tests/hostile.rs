//! Small requests that are expensive to answer.

use async_graphql::Request;

use super::{Setting, admit, defaults, each, nested, refusal, wide};
use crate::{
    config::Limits,
    graphql::{Code, guard::RequestError},
};

/// Fragments `F0` to `F{levels - 1}`. Each spreads the next one `width` times, and the last selects `leaf`.
fn bomb(width: usize, levels: usize, leaf: &str) -> String {
    let fragments = each(levels - 1, |i| {
        let spreads = format!("...F{}", i + 1).repeat(width);
        format!("fragment F{i} on Q{{{spreads}}}")
    });
    format!("{fragments}fragment F{} on Q{{{leaf}}}", levels - 1)
}

#[test]
fn fragment_bombs_are_refused_in_any_definition() {
    let selections = "QUERY_TOO_LARGE: limits.query_selections allows 2000 ";
    for (width, levels) in [(2, 27), (3, 20), (2, 50), (5, 28), (40, 20)] {
        for leaf in ["a", "__typename", "...Absent", "...{a}"] {
            let bomb = bomb(width, levels, leaf);
            for request in [
                Request::new(format!("{{...F0}}{bomb}")),
                Request::new(format!("{bomb}query A{{a}}query B{{...F0}}")).operation_name("A"),
                Request::new(format!("{bomb}query A{{a}}query B{{...F0}}")),
                Request::new(format!("{bomb}{{a}}")),
                Request::new(format!("{{a{{...F0}}}}{bomb}")),
            ] {
                let refused = refusal(&defaults(), request);
                assert!(refused.starts_with(selections), "{width} x {levels} of {leaf}: {refused}");
            }
        }
    }
}

#[test]
fn sums_beyond_64_bits_do_not_wrap_around() {
    // 5^28 > 2^64. The limit is so high that it does not stop the sum earlier.
    let limits = Limits { query_selections: usize::MAX - 1, ..wide() };
    let refused = admit(&limits, format!("{{...F0}}{}", bomb(5, 30, "a")));
    assert!(matches!(refused, Err(RequestError::TooLarge { found: usize::MAX, .. })), "{refused:?}");
}

#[test]
fn fragment_cycles_are_refused_with_their_position() {
    for (fragments, line) in [
        ("\nfragment F on T {...F}", 2),
        ("\nfragment F on T {...G}\nfragment G on T {a {...F}}", 2),
        ("\nfragment A on T {...B}\nfragment B on T {...C}\nfragment C on T {... {...B}}", 3),
        ("\nfragment A on T {b}\nfragment B on T {...A ...B}", 3),
    ] {
        for operation in ["query A {a}", "query A {...F ...A}", "query A {a} query B {...F}"] {
            let request = Request::new(format!("{operation}{fragments}")).operation_name("A");
            let error = admit(&defaults(), request).expect_err("a cycle");
            assert_eq!(error.code(), Code::BadUserInput);
            let at = error.at().expect("a position");
            assert!(at.column == 1 && (line..=line + 1).contains(&at.line), "{fragments}: {at}");
        }
    }
}

/// Requests with 10,000 of what a limit counts: the start of the limit's error, its setting if it has one, and the request.
fn crowds() -> Vec<(&'static str, Option<Setting>, Request)> {
    const MANY: usize = 10_000;
    let fields = |piece: fn(usize) -> String| format!("{{{}}}", each(MANY, piece)).into();
    let operations = Request::new(each(MANY, |i| format!("query Q{i} {{a}}"))).operation_name("Q0");
    let variables = format!("query({}) {{a}}", each(MANY, |i| format!("$v{i}: T "))).into();
    let fragments = format!("{{a}} {}", each(MANY, |i| format!("fragment F{i} on T {{a}}"))).into();
    let directives = |piece: &str| format!("{{a {}}}", piece.repeat(MANY)).into();
    vec![
        ("limits.query_selections allows 2000 ", Some(|limits| &mut limits.query_selections), fields(|_| "a ".into())),
        ("limits.query_root_fields allows 20 ", Some(|limits| &mut limits.query_root_fields), fields(|_| "a ".into())),
        ("at most 30 aliases ", None, fields(|i| format!("b{i}:a "))),
        ("at most 30 aliases ", None, fields(|i| format!("b{i}:__typename "))),
        ("at most 10 operations ", None, operations),
        ("at most 50 variables ", None, variables),
        ("at most 50 fragments ", None, fragments),
        ("at most 50 directives ", None, directives("@include(if: true)")),
        ("at most 50 directives ", None, directives("@aa")),
    ]
}

#[test]
fn ten_thousand_of_anything_are_refused() {
    for (error, setting, request) in crowds() {
        let check = |limits: &Limits, start: &str| {
            let mut copy = Request::new(&request.query);
            copy.operation_name.clone_from(&request.operation_name);
            let refused = refusal(limits, copy);
            assert!(refused.starts_with(&format!("QUERY_TOO_LARGE: {start}")), "{error}: {refused}");
        };
        check(&defaults(), "limits.query_bytes allows ");
        check(&Limits { query_bytes: request.query.len(), ..defaults() }, "limits.query_tokens allows ");
        let mut limits = wide();
        if let Some(setting) = setting {
            assert_eq!(admit(&limits, request.query.as_str()), Ok(()), "{error}");
            *setting(&mut limits) = *setting(&mut defaults());
        }
        check(&limits, error);
    }
}

#[test]
fn brackets_100_000_deep_do_not_reach_the_parser() {
    const DEEP: usize = 100_000;
    let limits = Limits { query_depth: 16, argument_depth: 8, ..wide() };
    let values = "limits.argument_depth allows 8 levels of lists and objects in a value; this request has at least 9";
    let braces = "limits.query_depth allows 16 levels of fields, each in an inline fragment; this query nests deeper";
    for (query, expected) in [
        (format!("{{a(x: {})}}", nested("[", DEEP, "]")), values),
        (format!("{{a(x: {})}}", nested("{y:", DEEP, "}")), values),
        (format!("{{a @x(y: {})}}", nested("[", DEEP, "]")), values),
        (format!("query($v: T = {}) {{a}}", nested("[", DEEP, "]")), values),
        (format!("query($v: {}) {{a}}", nested("[", DEEP, "]")), values),
        (format!("{{a(x: {}", "[".repeat(DEEP)), values),
        (format!("{{a{}}}", nested("{a", DEEP, "}")), braces),
        (format!("{{a{}}}", nested("{...", DEEP, "}")), braces),
        ("{".repeat(DEEP), braces),
        ("[".repeat(DEEP), braces),
    ] {
        assert_eq!(refusal(&limits, query.as_str()), format!("QUERY_TOO_LARGE: {expected}"), "{query:.20}");
    }
}

#[test]
fn brackets_cannot_hide_in_an_unterminated_string() {
    let deep = "[".repeat(100_000);
    for endless in [r#"""""#, r#""""b" "#, r#""""\""" b" "#, r#"""#, "\"b\n ", r#""\" "#] {
        let refused = refusal(&wide(), format!("{{a(x: [{endless}{deep}"));
        let expected =
            "SYNTAX_ERROR: the query cannot be parsed at line 1, column 8: a string that begins here does not end";
        assert_eq!(refused, expected, "{endless}");
    }
    for ended in [r#""" "#, r#""""""" "#, r#""""x\"""x""" "#, r#""\\" "#, "#\" \n", "#\"\"\"\r", "-"] {
        let refused = refusal(&wide(), format!("{{a(x: [{ended}{deep}"));
        assert!(refused.starts_with("QUERY_TOO_LARGE: limits.argument_depth "), "{ended}: {refused}");
    }
}

#[test]
fn introspection_can_be_disabled() {
    let limits = Limits { introspection: false, ..defaults() };
    for query in [
        "query A {__schema{types{name}}}",
        r#"query A {a b:__type(name: "T"){name}}"#,
        "query A {...F} fragment F on Q {... {__schema{types{name}}}}",
        r#"query A {a} fragment F on Q {__type(name: "T"){name}}"#,
        "query A {a} query B {__schema{types{name}}}",
    ] {
        let request = || Request::new(query).operation_name("A");
        let expected = "INTROSPECTION_DISABLED: __schema and __type are disabled: limits.introspection is false";
        assert_eq!(refusal(&limits, request()), expected, "{query}");
        assert_eq!(admit(&defaults(), request()), Ok(()), "{query}");
    }
    assert_eq!(admit(&limits, "{__typename a {__typename}}"), Ok(()));
}
