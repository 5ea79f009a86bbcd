//! Requests that are small to write and large to answer.

use async_graphql::{Request, Value, Variables};

use super::{admit, defaults, each, nested, refusal, wide};
use crate::{config::Limits, graphql::guard::Refused};

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
    assert!(matches!(refused, Err(Refused::TooMuch { found: usize::MAX, .. })), "{refused:?}");
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
            assert_eq!(refused.code(), "BAD_USER_INPUT");
            let at = refused.at().expect("a place");
            assert!(at.column == 1 && (line..=line + 1).contains(&at.line), "{fragments}: {at}");
        }
    }
}

#[test]
fn ten_thousand_of_anything_are_refused_by_the_defaults() {
    for query in crowds() {
        let refused = refusal(&defaults(), query.1);
        assert!(refused.starts_with("QUERY_TOO_LARGE: limits.query_bytes allows 16384 "), "{refused}");
    }
}

#[test]
fn ten_thousand_of_anything_are_refused_where_only_their_own_limit_is_in_the_way() {
    let bounds: [fn(&mut Limits) -> &mut usize; 7] = [
        |limits| &mut limits.query_tokens,
        |limits| &mut limits.query_aliases,
        |limits| &mut limits.query_selections,
        |limits| &mut limits.query_operations,
        |limits| &mut limits.query_variables,
        |limits| &mut limits.query_fragments,
        |limits| &mut limits.query_directives,
    ];
    for bound in bounds {
        let mut limits = wide();
        *bound(&mut limits) = *bound(&mut defaults());
        let refused: Vec<_> = crowds().into_iter().filter(|(_, query)| admit(&limits, query.as_str()).is_err()).collect();
        assert!(!refused.is_empty());
        for (key, query) in crowds() {
            let outcome = admit(&limits, query);
            if let Err(Refused::TooMuch { key: named, .. }) = &outcome {
                assert!(*named == "limits.query_tokens" || *named == key, "{named}");
            }
        }
    }
}

/// Ten thousand of each thing that can be had in number, and the limit that is about it.
fn crowds() -> Vec<(&'static str, String)> {
    const MANY: usize = 10_000;
    let fields = |piece: fn(usize) -> String| format!("{{{}}}", each(MANY, piece));
    vec![
        ("limits.query_aliases", fields(|i| format!("b{i}:a "))),
        ("limits.query_aliases", fields(|i| format!("b{i}:__typename "))),
        ("limits.query_selections", fields(|_| "a ".into())),
        ("limits.query_operations", each(MANY, |i| format!("query Q{i} {{a}}"))),
        ("limits.query_variables", format!("query({}) {{a}}", each(MANY, |i| format!("$v{i}: T ")))),
        ("limits.query_fragments", format!("{{a}} {}", each(MANY, |i| format!("fragment F{i} on T {{a}}")))),
        ("limits.query_directives", format!("{{a {}}}", "@include(if: true) ".repeat(MANY))),
        ("limits.query_directives", format!("{{a {}}}", "@aa".repeat(MANY))),
    ]
}
