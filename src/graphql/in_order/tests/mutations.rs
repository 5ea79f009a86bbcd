//! The root of a mutation: its fields are resolved one after another, each with all that is selected from it.

use std::sync::atomic::{AtomicI32, Ordering};

use super::*;

/// A number that mutations change.
#[derive(Clone, Default)]
struct Total(Arc<AtomicI32>);

/// What an addition returns.
struct Added(i32);

#[Object]
impl Added {
    /// The total when this field is resolved, after another task had time to change it.
    async fn total(&self, ctx: &async_graphql::Context<'_>) -> Result<i32> {
        tokio::task::yield_now().await;
        Ok(ctx.data::<Total>()?.0.load(Ordering::Relaxed))
    }

    /// Fails if a negative number was added.
    async fn number(&self) -> Result<i32> {
        Thing(self.0).checked()
    }

    async fn maybe(&self) -> Result<Option<i32>> {
        Thing(self.0).checked().map(Some)
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, ctx: &async_graphql::Context<'_>, number: i32) -> Result<InOrder<Added>> {
        tokio::task::yield_now().await;
        ctx.data::<Total>()?.0.fetch_add(number, Ordering::Relaxed);
        Ok(InOrder(Added(number)))
    }
}

/// The text of the answer's data, the paths of its errors, and the total afterwards.
async fn changed(query: &str, size: AnswerSize) -> (String, Vec<String>, i32) {
    let (root, total) = (RootValue::default(), Total::default());
    let schema = Schema::new(Root(Query), Root(Mutation), EmptySubscription);
    let request = Request::new(query).data(root.clone()).data(total.clone()).data(Arc::new(size));
    let mut response = schema.execute(request).await;
    root.complete(&mut response);
    let Response { data, errors, .. } = response;
    let path = |error: &async_graphql::ServerError| json!(error.path).to_string();
    let text = serde_json::to_string(&data).expect("JSON");
    (text, errors.iter().map(path).collect(), total.0.load(Ordering::Relaxed))
}

async fn check_changes(cases: &[(&str, &str, i32)]) {
    for (query, data, total) in cases {
        let found = changed(query, AnswerSize::new(usize::MAX)).await;
        assert_eq!(found, ((*data).to_owned(), Vec::new(), *total), "{query}");
    }
}

#[tokio::test]
async fn a_field_is_complete_before_the_next_one_starts() {
    check_changes(&[
        (
            "mutation { a: add(number: 1) { total maybe } b: add(number: 2) { total } c: add(number: 4) { total } }",
            r#"{"a":{"total":1,"maybe":1},"b":{"total":3},"c":{"total":7}}"#,
            7,
        ),
        (
            "mutation { ...F b: add(number: 2) { total } } fragment F on Mutation { ... { a: add(number: 1) { total } } }",
            r#"{"a":{"total":1},"b":{"total":3}}"#,
            3,
        ),
    ])
    .await;
}

#[tokio::test]
async fn occurrences_of_a_key_are_one_change() {
    check_changes(&[
        (
            "mutation { add(number: 1) { total } t: __typename ...F } fragment F on Mutation { add(number: 1) { maybe } }",
            r#"{"add":{"total":1,"maybe":1},"t":"Mutation"}"#,
            1,
        ),
        ("mutation { add(number: 1) { maybe @skip(if: true) } }", r#"{"add":{}}"#, 1),
        ("mutation { add(number: 1) @skip(if: true) { maybe } }", "{}", 0),
        ("mutation { __typename }", r#"{"__typename":"Mutation"}"#, 0),
    ])
    .await;
}

#[tokio::test]
async fn a_failed_field_is_null_and_a_failed_root_ends_the_mutation() {
    for (query, data, errors, total) in [
        (
            "mutation { a: add(number: -1) { maybe } b: add(number: 2) { total } }",
            r#"{"a":{"maybe":null},"b":{"total":1}}"#,
            vec![r#"["a","maybe"]"#.to_owned()],
            1,
        ),
        (
            "mutation { a: add(number: 1) { total } b: add(number: -1) { number } c: add(number: 4) { total } }",
            "null",
            vec![r#"["b","number"]"#.to_owned()],
            0,
        ),
    ] {
        assert_eq!(changed(query, AnswerSize::new(usize::MAX)).await, (data.to_owned(), errors, total), "{query}");
    }
}

#[tokio::test]
async fn no_field_starts_once_the_answer_is_too_large() {
    let query = "mutation { a: add(number: 1) { total } b: add(number: 2) { total } }";
    assert_eq!(changed(query, AnswerSize::new(10)).await, ("null".to_owned(), Vec::new(), 1));
}
