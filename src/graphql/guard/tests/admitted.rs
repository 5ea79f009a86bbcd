//! What people and their tools ask is admitted by the defaults, and runs as it should.

use async_graphql::{EmptyMutation, EmptySubscription, Name, Object, Request, Schema, Value, value};

use super::{admit, defaults};
use crate::graphql::guard::{Guard, Prices};

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
    assert_eq!(admit(&defaults(), DASHBOARD), Ok(()));
    let mut limits = defaults();
    limits.query_depth = 11;
    assert_eq!(admit(&limits, DASHBOARD), Ok(()), "it is eleven levels deep");
    limits.query_depth = 10;
    assert!(admit(&limits, DASHBOARD).is_err(), "and no less");
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
    Guard::new(&defaults(), Prices::default()).admit(&mut request).expect("admitted");
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
        Guard::new(&defaults(), Prices::default()).admit(&mut request).expect("admitted");
        request.variables.to_string()
    };
    assert_eq!(variables_of(Some("A")), "{absent: 3, given: 10, null: null}");
    assert_eq!(variables_of(Some("B")), "{given: 10, null: null, other: 4}");
    for nobody in [Some("C"), None] {
        assert_eq!(variables_of(nobody), "{given: 10, null: null}");
    }
}
