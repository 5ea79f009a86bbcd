//! Requests that are small to write and large to answer.

use async_graphql::Request;

use super::{Setting, admit, defaults, each, nested, refusal, wide};
use crate::{
    config::Limits,
    graphql::{Code, guard::RequestError},
};

/// Fragments of which each spreads the next one `width` times, and the last selects `leaf`. The first is `F0`.
fn bomb(width: usize, levels: usize, leaf: &str) -> String {
    let fragments = each(levels - 1, |i| {
        let spreads = format!("...F{}", i + 1).repeat(width);
        format!("fragment F{i} on Q{{{spreads}}}")
    });
    format!("{fragments}fragment F{} on Q{{{leaf}}}", levels - 1)
}

#[test]
fn bombs_of_fragments_are_refused_wherever_they_go_off() {
    let selections = "QUERY_TOO_LARGE: limits.query_selections allows 2000 ";
    for (width, levels) in [(2, 27), (3, 20), (2, 50), (5, 28), (40, 20)] {
        for leaf in ["a", "__typename", "...Absent", "...{a}"] {
            let bomb = bomb(width, levels, leaf);
            for query in [
                format!("{{...F0}}{bomb}"),
                format!("{bomb}query A{{a}}query B{{...F0}}"),
                format!("{bomb}{{a}}"),
                format!("{{a{{...F0}}}}{bomb}"),
            ] {
                let refused = refusal(&defaults(), Request::new(query).operation_name("A"));
                assert!(refused.starts_with(selections), "{width} x {levels} of {leaf}: {refused}");
            }
        }
    }
}

#[test]
fn sums_beyond_64_bits_do_not_wrap_around() {
    // 5^28 > 2^64; a limit out of reach, so that nothing stops the sum before.
    let limits = Limits { query_selections: usize::MAX - 1, query_aliases: usize::MAX - 1, ..wide() };
    let refused = admit(&limits, format!("{{...F0}}{}", bomb(5, 30, "b:a")));
    assert!(matches!(refused, Err(RequestError::TooMuch { found: usize::MAX, .. })), "{refused:?}");
}

#[test]
fn fragments_that_contain_themselves_are_refused_with_their_place() {
    for (fragments, line) in [
        ("\nfragment F on T {...F}", 2),
        ("\nfragment F on T {...G}\nfragment G on T {a {...F}}", 2),
        ("\nfragment A on T {...B}\nfragment B on T {...C}\nfragment C on T {... {...B}}", 3),
        ("\nfragment A on T {b}\nfragment B on T {...A ...B}", 3),
    ] {
        for operation in ["{a}", "{...F ...A}", "query A {a} query B {...F}"] {
            let refused = admit(&defaults(), format!("{operation}{fragments}")).expect_err("a circle");
            assert_eq!(refused.code(), Code::BadUserInput);
            let at = refused.at().expect("a place");
            assert!(at.column == 1 && (line..=line + 1).contains(&at.line), "{fragments}: {at}");
        }
    }
}

/// Ten thousand of each thing that can be had in number, with the limit that is about it.
fn crowds() -> Vec<(&'static str, Setting, String)> {
    const MANY: usize = 10_000;
    let fields = |piece: fn(usize) -> String| format!("{{{}}}", each(MANY, piece));
    let operations = each(MANY, |i| format!("query Q{i} {{a}}"));
    let variables = format!("query({}) {{a}}", each(MANY, |i| format!("$v{i}: T ")));
    let fragments = format!("{{a}} {}", each(MANY, |i| format!("fragment F{i} on T {{a}}")));
    let directives = |piece: &str| format!("{{a {}}}", piece.repeat(MANY));
    vec![
        ("limits.query_aliases", |limits| &mut limits.query_aliases, fields(|i| format!("b{i}:a "))),
        ("limits.query_aliases", |limits| &mut limits.query_aliases, fields(|i| format!("b{i}:__typename "))),
        ("limits.query_selections", |limits| &mut limits.query_selections, fields(|_| "a ".into())),
        ("limits.query_root_fields", |limits| &mut limits.query_root_fields, fields(|_| "a ".into())),
        ("limits.query_operations", |limits| &mut limits.query_operations, operations),
        ("limits.query_variables", |limits| &mut limits.query_variables, variables),
        ("limits.query_fragments", |limits| &mut limits.query_fragments, fragments),
        ("limits.query_directives", |limits| &mut limits.query_directives, directives("@include(if: true)")),
        ("limits.query_directives", |limits| &mut limits.query_directives, directives("@aa")),
    ]
}

#[test]
fn ten_thousand_of_anything_are_too_many() {
    for (key, setting, query) in crowds() {
        for (in_the_way, limits) in [
            ("limits.query_bytes", defaults()),
            ("limits.query_tokens", Limits { query_bytes: query.len(), ..defaults() }),
        ] {
            let refused = refusal(&limits, query.as_str());
            assert!(refused.starts_with(&format!("QUERY_TOO_LARGE: {in_the_way} allows ")), "{key}: {refused}");
        }
        let mut limits = wide();
        assert_eq!(admit(&limits, query.as_str()), Ok(()), "{key}");
        *setting(&mut limits) = *setting(&mut defaults());
        let refused = refusal(&limits, query);
        assert!(refused.starts_with(&format!("QUERY_TOO_LARGE: {key} allows ")), "{key}: {refused}");
    }
}

#[test]
fn brackets_a_hundred_thousand_deep_do_not_reach_the_parser() {
    const DEEP: usize = 100_000;
    let limits = Limits { query_depth: 16, argument_depth: 8, ..wide() };
    let values = "limits.argument_depth allows 8 levels of lists and objects in a value; this request has at least 9";
    let braces = "limits.query_depth allows 16 levels of fields, each in an inline fragment; this query nests deeper";
    for (query, wanted) in [
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
        assert_eq!(refusal(&limits, query.as_str()), format!("QUERY_TOO_LARGE: {wanted}"), "{query:.20}");
    }
}

#[test]
fn brackets_cannot_hide_in_what_only_looks_like_a_string() {
    let deep = "[".repeat(100_000);
    for endless in [r#"""""#, r#""""b" "#, r#""""\""" b" "#, r#"""#, "\"b\n ", r#""\" "#] {
        let refused = refusal(&wide(), format!("{{a(x: [{endless}{deep}"));
        let wanted =
            "SYNTAX_ERROR: the query cannot be read at line 1, column 8: a string that begins here does not end";
        assert_eq!(refused, wanted, "{endless}");
    }
    for ended in [r#""" "#, r#""""""" "#, r#""""x\"""x""" "#, r#""\\" "#, "#\" \n", "#\"\"\"\r", "-"] {
        let refused = refusal(&wide(), format!("{{a(x: [{ended}{deep}"));
        assert!(refused.starts_with("QUERY_TOO_LARGE: limits.argument_depth "), "{ended}: {refused}");
    }
}

#[test]
fn the_schema_is_not_told_where_introspection_is_off() {
    let limits = Limits { introspection: false, ..defaults() };
    for query in [
        "{__schema{types{name}}}",
        r#"{a b:__type(name: "T"){name}}"#,
        "{...F} fragment F on Q {... {__schema{types{name}}}}",
        r#"{a} fragment F on Q {__type(name: "T"){name}}"#,
        "query A {a} query B {__schema{types{name}}}",
    ] {
        let wanted = "INTROSPECTION_DISABLED: __schema and __type are not answered here: limits.introspection is false";
        assert_eq!(refusal(&limits, query), wanted, "{query}");
        assert_eq!(admit(&defaults(), query), Ok(()), "{query}");
    }
    assert_eq!(admit(&limits, "{__typename a {__typename}}"), Ok(()));
}
