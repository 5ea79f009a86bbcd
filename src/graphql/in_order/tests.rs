//! Objects and lists of a small schema: what they are if nothing is selected, merged fields, order, and nulls.

mod mutations;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Response, Result, Schema};
use futures_util::FutureExt as _;
use serde_json::json;

use super::*;
use crate::graphql::root::{Root, RootValue};

/// An object with a number, which fails if it is negative.
#[derive(Clone)]
struct Thing(i32);

#[Object]
impl Thing {
    async fn number(&self) -> Result<i32> {
        self.checked()
    }

    async fn maybe(&self) -> Result<Option<i32>> {
        self.checked().map(Some)
    }

    async fn twice(&self) -> InOrder<Self> {
        InOrder(Self(2 * self.0))
    }

    async fn maybe_twice(&self) -> Option<InOrder<Self>> {
        Some(InOrder(Self(2 * self.0)))
    }

    /// The numbers beside this one.
    async fn around(&self) -> ListInOrder<InOrder<Self>> {
        ListInOrder([self.0 - 1, self.0 + 1].map(|number| InOrder(Self(number))).into())
    }

    async fn maybe_around(&self) -> Option<ListInOrder<Option<InOrder<Self>>>> {
        Some(ListInOrder([self.0 - 1, self.0 + 1].map(|number| Some(InOrder(Self(number)))).into()))
    }

    /// Which fields are selected from it.
    async fn selects(&self, ctx: &async_graphql::Context<'_>) -> InOrder<Looked> {
        let selected = ctx.look_ahead();
        InOrder(Looked { one: selected.field("one").exists(), two: selected.field("two").exists() })
    }
}

impl Thing {
    fn checked(&self) -> Result<i32> {
        if self.0 < 0 { Err("negative".into()) } else { Ok(self.0) }
    }
}

/// Which of its fields the resolver knew to be selected.
#[derive(async_graphql::SimpleObject)]
struct Looked {
    one: bool,
    two: bool,
}

struct Query;

#[Object]
impl Query {
    async fn thing(&self, number: i32) -> InOrder<Thing> {
        InOrder(Thing(number))
    }

    async fn maybe(&self, number: i32) -> Option<InOrder<Thing>> {
        Some(InOrder(Thing(number)))
    }
}

/// The text of the answer's data, and the paths of its errors.
fn answer(query: &str) -> (String, Vec<String>) {
    let root = RootValue::default();
    let schema = Schema::new(Root(Query), EmptyMutation, EmptySubscription);
    let executed = schema.execute(Request::new(query).data(root.clone())).now_or_never();
    let mut response = executed.expect("nothing waits");
    root.complete(&mut response);
    let Response { data, errors, .. } = response;
    let path = |error: &async_graphql::ServerError| json!(error.path).to_string();
    (serde_json::to_string(&data).expect("JSON"), errors.iter().map(path).collect())
}

/// Checks the data of the answers to queries that do not fail.
fn check(cases: &[(&str, &str)]) {
    for (query, expected) in cases {
        assert_eq!(answer(query), ((*expected).to_owned(), Vec::new()), "{query}");
    }
}

#[test]
fn an_object_of_which_nothing_is_selected_is_empty() {
    check(&[
        ("{ thing(number: 1) { number @skip(if: true) } }", r#"{"thing":{}}"#),
        ("{ thing(number: 1) { ... @include(if: false) { number } } }", r#"{"thing":{}}"#),
        ("{ thing(number: 1) { twice { number @skip(if: true) } } }", r#"{"thing":{"twice":{}}}"#),
        ("{ thing(number: 1) { around { number @skip(if: true) } } }", r#"{"thing":{"around":[{},{}]}}"#),
        ("{ thing(number: 1) @skip(if: true) { number } }", "{}"),
        ("{ thing(number: 1) { ...F } } fragment F on Thing { number @skip(if: true) }", r#"{"thing":{}}"#),
    ]);
}

#[test]
fn occurrences_of_a_key_are_merged_at_every_level() {
    check(&[
        (
            "{ thing(number: 1) { a: number } t: __typename thing(number: 1) { b: number a: number } }",
            r#"{"thing":{"a":1,"b":1},"t":"Query"}"#,
        ),
        (
            "{ thing(number: 1) { number @skip(if: true) } ...F } fragment F on Query { thing(number: 1) { number } }",
            r#"{"thing":{"number":1}}"#,
        ),
        (
            "{ thing(number: 1) { twice { number @skip(if: true) } ... { twice { number } } twice { maybe } } }",
            r#"{"thing":{"twice":{"number":2,"maybe":2}}}"#,
        ),
        (
            "{ thing(number: 5) { around { number } maybe around { twice { number } } } }",
            r#"{"thing":{"around":[{"number":4,"twice":{"number":8}},{"number":6,"twice":{"number":12}}],"maybe":5}}"#,
        ),
    ]);
}

#[test]
fn a_resolver_knows_what_all_occurrences_select() {
    check(&[
        (
            "{ thing(number: 1) { selects { one } ... { selects { two } } } }",
            r#"{"thing":{"selects":{"one":true,"two":true}}}"#,
        ),
        (
            "{ thing(number: 1) { selects { one } } ...F } fragment F on Query { thing(number: 1) { selects { two } } }",
            r#"{"thing":{"selects":{"one":true,"two":true}}}"#,
        ),
    ]);
}

#[test]
fn fields_are_in_the_order_in_which_they_are_first_selected() {
    check(&[
        (
        "{ b: thing(number: 1) { n: number twice { number } m: maybe } ...F a: maybe(number: 2) { number } }
         fragment F on Query { c: __typename b: thing(number: 1) { o: number n: number } a: maybe(number: 2) { maybe } }",
        r#"{"b":{"n":1,"twice":{"number":2},"m":1,"o":1},"c":"Query","a":{"maybe":2,"number":2}}"#,
        ),
        // What is skipped has no place.
        (
            "{ a: __typename @skip(if: true) thing(number: 1) { number @skip(if: true) maybe number } a: __typename }",
            r#"{"thing":{"maybe":1,"number":1},"a":"Query"}"#,
        ),
        // The fields that async-graphql has: alone, and beside others.
        (
            "{ t: __type(name: \"Thing\") { interfaces { name } name } a: __typename __schema { queryType { name } } }",
            r#"{"t":{"interfaces":[],"name":"Thing"},"a":"Query","__schema":{"queryType":{"name":"Query"}}}"#,
        ),
        (
            "{ a: __typename t: __type(name: \"Thing\") { name } thing(number: 1) { number } b: __typename }",
            r#"{"a":"Query","t":{"name":"Thing"},"thing":{"number":1},"b":"Query"}"#,
        ),
    ]);
}

#[test]
fn a_failed_field_is_null_or_its_nearest_parent_that_may_be() {
    for (query, data, errors) in [
        ("{ thing(number: -1) { maybe } }", r#"{"thing":{"maybe":null}}"#, vec![r#"["thing","maybe"]"#]),
        ("{ thing(number: -1) { number } }", "null", vec![r#"["thing","number"]"#]),
        (
            "{ a: maybe(number: -1) { number } maybe(number: 1) { number } }",
            r#"{"a":null,"maybe":{"number":1}}"#,
            vec![r#"["a","number"]"#],
        ),
        ("{ maybe(number: -1) { twice { number } } }", r#"{"maybe":null}"#, vec![r#"["maybe","twice","number"]"#]),
        (
            "{ thing(number: -1) { maybeTwice { twice { number } } } }",
            r#"{"thing":{"maybeTwice":null}}"#,
            vec![r#"["thing","maybeTwice","twice","number"]"#],
        ),
        // In a list: the item, or the whole list where items must not be null.
        (
            "{ thing(number: 0) { maybeAround { number } } }",
            r#"{"thing":{"maybeAround":[null,{"number":1}]}}"#,
            vec![r#"["thing","maybeAround",0,"number"]"#],
        ),
        ("{ maybe(number: 0) { around { number } } }", r#"{"maybe":null}"#, vec![r#"["maybe","around",0,"number"]"#]),
        (
            "{ thing(number: -1) { maybeAround { around { number } } } }",
            r#"{"thing":{"maybeAround":[null,null]}}"#,
            vec![
                r#"["thing","maybeAround",0,"around",0,"number"]"#,
                r#"["thing","maybeAround",1,"around",0,"number"]"#,
            ],
        ),
        // Each occurrence of a key is one field, so it fails once.
        (
            "{ thing(number: -1) { maybe } thing(number: -1) { maybe } }",
            r#"{"thing":{"maybe":null}}"#,
            vec![r#"["thing","maybe"]"#],
        ),
    ] {
        let errors: Vec<_> = errors.into_iter().map(str::to_owned).collect();
        assert_eq!(answer(query), (data.to_owned(), errors), "{query}");
    }
}
