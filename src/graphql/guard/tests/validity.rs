//! What is invalid by the GraphQL specification, for a schema with more than ours has: defaults of arguments, lists of
//! lists, and interfaces within interfaces.

use async_graphql::{Request, Variables};
use serde_json::json;

use super::{Guard, Introspection, each, wide};
use crate::graphql::schema_types::SchemaTypes;

const SDL: &str = "
    type Query {
      a: A any: Any
      default(n: Int! = 1, f: F! = { n: 1 }): Int
      lists(l: [[Int!]]!): Int
      scalars(i: ID, f: Float, b: Boolean, c: Custom): Int
      enums(e: [E!]): Int
      f(f: F): Int
    }
    interface Any { n: Int any: Any }
    type A implements Any { n: Int any: Any x(n: Int): Int m: Int! l: [Int] e: E }
    type B implements Any { n: Int any: Any x(n: Int): Int m: Int! l: Int e: String }
    union AB = A | B
    input F { n: Int! m: Int! = 2 f: [F!] }
    enum E { ONE TWO }
    scalar Custom
    directive @include(if: Boolean!) on FIELD";

/// The message of the error of a refused request, or nothing.
fn refusal(query: &str, variables: serde_json::Value) -> String {
    let guard = Guard::new(&wide(), SchemaTypes::parse(SDL).expect("an SDL"), Introspection::default());
    let refused = guard.admit(Request::new(query).variables(Variables::from_json(variables))).err();
    refused.map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_default_of_the_position_accepts_a_nullable_variable() {
    for query in [
        "query($n: Int) { default(n: $n) }",
        "query($n: Int, $f: F) { default(n: $n, f: $f) }",
        "query($n: Int! = 1) { default(f: { n: $n, m: $n }) }",
        "query($n: Int) { default(f: { n: 1, m: $n }) }",
        "query($n: Int = 1) { default(f: { n: $n }) }",
    ] {
        assert_eq!(refusal(query, json!({})), "", "{query}");
    }
    for (query, declared, expected) in [
        ("query($n: Int) { default(f: { n: $n }) }", "Int", "Int!"),
        ("query($n: Int = null) { default(f: { n: $n }) }", "Int", "Int!"),
        ("query($f: F) { default(f: { n: 1, f: [$f] }) }", "F", "F!"),
        ("query($f: F) { default(f: { n: 1, f: $f }) }", "F", "[F!]"),
        ("query($f: [F]) { default(f: { n: 1, f: $f }) }", "[F]", "[F!]"),
        ("query($l: [Int!]!) { lists(l: $l) }", "[Int!]!", "[[Int!]]!"),
        ("query($l: [[Int]]! = []) { lists(l: $l) }", "[[Int]]!", "[[Int!]]!"),
    ] {
        let message = refusal(query, json!({ "l": [] }));
        assert_eq!(
            message,
            format!("a variable of type \"{declared}\" is used where \"{expected}\" is expected"),
            "{query}"
        );
    }
}

#[test]
fn values_are_of_their_types() {
    for query in [
        "{ lists(l: [[1, 2], null, []]) scalars(i: 1, f: 1, b: true, c: { any: [thing] }) enums(e: ONE) }",
        "{ lists(l: 1) scalars(i: \"1\", f: 1.5, b: null, c: 1) enums(e: [ONE, TWO]) }",
        "{ f(f: { n: 1, f: { n: 2, f: [{ n: 3 }] } }) unknown(x: 1) }",
        "query($u: Unknown = 1, $o: A = 1) { a { n } }",
    ] {
        assert_eq!(refusal(query, json!({})), "", "{query}");
    }
    for (query, expected) in [
        ("{ lists(l: null) }", "\"l\", expected type \"[[Int!]]\""),
        ("{ lists(l: [[1, null]]) }", "\"l.0.1\", expected type \"Int\""),
        ("{ scalars(i: 1.5) }", "\"i\", expected type \"ID\""),
        ("{ scalars(f: \"1\") }", "\"f\", expected type \"Float\""),
        ("{ enums(e: [ONE, \"TWO\"]) }", "\"e.1\", expected type \"E\": write it without quotes"),
        ("{ enums(e: THREE) }", "\"e\", enumeration type \"E\" does not contain the value"),
        ("{ enums(e: 1) }", "\"e\", expected type \"E\""),
        ("{ f(f: {}) }", "\"f\", field \"n\" of type \"Int!\" is required but not provided"),
        ("{ f(f: { n: 1, f: [{ n: 1 }, { n: 1, x: 1 }] }) }", "\"f.f.1\", unknown field \"x\" of type \"F\""),
        ("{ ...G } fragment G on Query { f(f: 1) }", "\"f\", expected type \"F\""),
    ] {
        assert_eq!(refusal(query, json!({})), format!("Invalid value for argument {expected}"), "{query}");
    }
    let variables = "query($l: [[Int!]] = [], $e: [E!], $f: F) { a { n } }";
    for good in
        [json!({ "l": 1, "e": "ONE", "f": { "n": 1 } }), json!({ "l": [[1], 2, null], "e": ["TWO"], "f": null })]
    {
        assert_eq!(refusal(variables, good.clone()), "", "{good}");
    }
    let long = "x".repeat(65);
    for (bad, expected) in [
        (json!({ "l": [[null]] }), " at 0.0: expected type \"Int\""),
        (json!({ "e": "THREE" }), ": enumeration type \"E\" does not contain the value"),
        (json!({ "f": { "n": 1, "f": { "n": 1, "a b": 1 } } }), " at f: unknown field of type \"F\""),
        (json!({ "f": { "n": 1, long: 1 } }), ": unknown field of type \"F\""),
    ] {
        let message = refusal(variables, bad.clone());
        assert!(message.ends_with(&format!("has an invalid value{expected}")), "{bad}: {message}");
    }
}

#[test]
fn fields_of_one_key_can_be_merged() {
    for query in [
        "{ a { x(n: 1) ... on Any { n } x(n: 1) } }",
        "{ any { ... on A { x(n: 1) } ... on B { x(n: 2) } } }",
        "{ any { ... on A { k: m } ... { ... on B { k: m } } n ... on A { n } } }",
        "{ any { any { ... on A { k: any { n } } } any { ... on B { k: any { k: n } } } } }",
        "{ any { ...F ...F } } fragment F on Any { n any { n } }",
    ] {
        assert_eq!(refusal(query, json!({})), "", "{query}");
    }
    for query in [
        "{ a { k: n k: x } }",
        "{ a { x(n: 1) x } }",
        "{ a { x(n: 1) ... on A { x(n: 2) } } }",
        "query($n: Int) { a { x(n: $n) ... { x(n: 1) } } }",
        // An interface's field is selected for each of its objects.
        "{ any { k: n ... on A { k: x } } }",
        // The objects differ, but the types do too.
        "{ any { ... on A { l } ... on B { l } } }",
        "{ any { ... on A { e } ... on B { e } } }",
        "{ any { ... on A { k: m } ... on B { k: n } } }",
        "{ any { ... on A { k: any { n } } ... on B { k: n } } }",
        // Below merged fields, in fragments, and where objects cannot be the same.
        "{ a { any { k: n } } a { any { k: __typename } } }",
        "{ ...F a { any { k: n } } } fragment F on Query { a { ...G } } fragment G on A { any { k: any { n } } }",
        "{ any { any { ... on A { k: any { l: n } } } any { ... on B { k: any { l: __typename } } } } }",
    ] {
        let message = refusal(query, json!({}));
        assert!(message.contains("cannot be merged"), "{query}: {message}");
    }
}

#[test]
fn many_occurrences_of_a_key_are_compared_in_time_that_grows_with_their_number() {
    // Pairs would be 50 million comparisons at each of 3 levels.
    let many = each(10_000, |_| "any { any { n ... on A { n } } } ".to_owned());
    assert_eq!(refusal(&format!("{{ {many} }}"), json!({})), "");
}
