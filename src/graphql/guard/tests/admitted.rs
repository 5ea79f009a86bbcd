//! What people and their tools ask is admitted by the defaults, and runs as it should.

use async_graphql::{EmptyMutation, EmptySubscription, Name, Object, Pos, Request, Schema, Value, Variables, value};
use serde_json::json;

use super::{admit, defaults};
use crate::graphql::guard::{FieldCosts, Guard, RequestError};

/// All that tools ask of a schema, with types nested as deeply as they ask for.
const INTROSPECTION: &str = "
    query IntrospectionQuery {
      __schema {
        description
        queryType { name kind }
        mutationType { name kind }
        subscriptionType { name kind }
        types { ...FullType }
        directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
      }
    }
    fragment FullType on __Type {
      kind name description specifiedByURL isOneOf
      fields(includeDeprecated: true) {
        name description
        args(includeDeprecated: true) { ...InputValue }
        type { ...TypeRef }
        isDeprecated deprecationReason
      }
      inputFields(includeDeprecated: true) { ...InputValue }
      interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { ...TypeRef }
    }
    fragment InputValue on __InputValue {
      name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
    }
    fragment TypeRef on __Type {
      kind name
      ofType { kind name
        ofType { kind name
          ofType { kind name
            ofType { kind name
              ofType { kind name
                ofType { kind name
                  ofType { kind name
                    ofType { kind name
                      ofType { kind name } } } } } } } } }
    }";

/// A page of a console: eleven levels deep, with what such pages have: fragments, aliases, variables and directives.
const DASHBOARD: &str = r#"
    query Dashboard($organization: ID!, $first: Int = 20, $after: String, $withText: Boolean! = true) {
      organization(id: $organization) {
        ...Head
        clusters(first: $first, after: $after, filter: { severity: [HIGH, CRITICAL], not: { name: "test \"a\"" } }) {
          totalCount
          pageInfo { hasNextPage endCursor }
          edges { cursor node { ...Row } }
        }
        critical: clusters(filter: { severity: [CRITICAL] }) { totalCount }
      }
    }
    fragment Head on Organization { id name updatedAt }
    fragment Row on Cluster {
      __typename id name
      latest: report {
        lastChecked
        ruleHits(first: 10) {
          edges {
            node {
              selector
              ... on RuleHit @include(if: $withText) {
                recommendation { title risk { impact likelihood } }
              }
            }
          }
        }
      }
    }"#;

#[test]
fn tools_may_ask_for_the_schema() {
    assert_eq!(admit(&defaults(), INTROSPECTION), Ok(()));
}

#[test]
fn pages_are_within_the_defaults() {
    assert_eq!(admit(&defaults(), dashboard()), Ok(()));
    let mut limits = defaults();
    limits.query_depth = 11;
    assert_eq!(admit(&limits, dashboard()), Ok(()), "it is eleven levels deep");
    limits.query_depth = 10;
    assert!(admit(&limits, dashboard()).is_err(), "and no less");
}

fn dashboard() -> Request {
    Request::new(DASHBOARD).variables(Variables::from_json(json!({ "organization": "1" })))
}

#[test]
fn a_variable_that_must_be_given_is_missed_before_anything_runs() {
    let refused = |variables| {
        let query = "query($a: Int,\n $b: Int!, $c: Int! = 1) { a(a: $a, b: $b, c: $c) }";
        admit(&defaults(), Request::new(query).variables(Variables::from_json(variables)))
    };
    assert_eq!(refused(json!({ "b": 1 })), Ok(()));
    let missing = Err(RequestError::MissingVariable { at: Pos { line: 2, column: 2 } });
    assert_eq!(refused(json!({})), missing);
    assert_eq!(refused(json!({ "b": null })), missing);
    assert!(refused(json!({ "b": 1, "c": null })).is_err(), "null is no value, and no reason for the default");
    assert_eq!(admit(&defaults(), "query A { a } query B($b: Int!) { a(b: $b) }"), Ok(()), "none of them was chosen");
}

struct Query;

#[Object]
impl Query {
    async fn shown(&self) -> bool {
        true
    }

    async fn hidden(&self) -> bool {
        true
    }
}

/// What an admitted request is answered.
async fn answer(request: impl Into<Request>) -> Value {
    let mut request = request.into();
    Guard::new(&defaults(), FieldCosts::default()).admit(&mut request).expect("admitted");
    let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(request).await;
    assert_eq!(response.errors, []);
    response.data
}

#[tokio::test]
async fn skip_and_include_know_the_defaults_of_variables() {
    let query = "
        query A($on: Boolean! = true, $off: Boolean = false) {
          shown @include(if: $on) @skip(if: $off)
          hidden @skip(if: $on)
        }
        query B($on: Boolean! = false) { hidden @include(if: $on) shown @skip(if: $on) }";
    let shown = value!({ "shown": true });
    for name in ["A", "B"] {
        assert_eq!(answer(Request::new(query).operation_name(name)).await, shown, "{name}");
    }
    let alone = "
        query($on: Boolean! = true) { ... { shown @include(if: $on) } ...Hidden }
        fragment Hidden on Query { hidden @skip(if: $on) }";
    assert_eq!(answer(alone).await, shown);
}

#[test]
fn only_what_was_left_out_gets_its_default_and_only_in_the_operation_asked_for() {
    let query = "query A($given: T = 1, $null: T = 2, $absent: T = 3, $none: T) {a} query B($other: T = 4) {a}";
    let variables_of = |name: Option<&str>| {
        let mut request = Request::new(query);
        request.operation_name = name.map(str::to_owned);
        request.variables.insert(Name::new("given"), Value::from(10));
        request.variables.insert(Name::new("null"), Value::Null);
        Guard::new(&defaults(), FieldCosts::default()).admit(&mut request).expect("admitted");
        request.variables.to_string()
    };
    assert_eq!(variables_of(Some("A")), "{absent: 3, given: 10, null: null}");
    assert_eq!(variables_of(Some("B")), "{given: 10, null: null, other: 4}");
    for nobody in [Some("C"), None] {
        assert_eq!(variables_of(nobody), "{given: 10, null: null}");
    }
}
