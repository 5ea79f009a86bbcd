//! The requests of front-ends and tools are within the default limits, and run correctly.

use async_graphql::{EmptyMutation, EmptySubscription, Name, Object, Pos, Request, Schema, Value, Variables, value};
use serde_json::json;

use super::{admit, defaults};
use crate::graphql::{
    guard::{Guard, Introspection, RequestError},
    operation::AdmittedRequest,
    schema_types::SchemaTypes,
};

/// The introspection query of common tools, with types nested as deeply as there.
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

/// The query of a console's page: eleven levels deep, with fragments, aliases, variables and directives.
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
fn the_introspection_query_is_within_the_defaults() {
    assert_eq!(admit(&defaults(), INTROSPECTION), Ok(()));
}

#[test]
fn the_query_of_a_page_is_within_the_defaults() {
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
fn a_missing_non_null_variable_is_refused_before_execution() {
    let result = |variables| {
        let query = "query($a: Int,\n $b: Int!, $c: Int! = 1) { a(a: $a, b: $b, c: $c) }";
        admit(&defaults(), Request::new(query).variables(Variables::from_json(variables)))
    };
    assert_eq!(result(json!({ "b": 1 })), Ok(()));
    let missing = Err(RequestError::MissingVariable { at: Pos { line: 2, column: 2 } });
    assert_eq!(result(json!({})), missing);
    assert_eq!(result(json!({ "b": null })), missing);
    assert!(result(json!({ "b": 1, "c": null })).is_err(), "an explicit null is not replaced by the default");
    let two = |name| Request::new("query A { a } query B($b: Int!) { a(b: $b) }").operation_name(name);
    assert_eq!(admit(&defaults(), two("A")), Ok(()), "only the selected operation's variables are required");
    assert!(admit(&defaults(), two("B")).is_err());
}

fn admitted(request: Request) -> AdmittedRequest {
    Guard::new(&defaults(), SchemaTypes::default(), Introspection::default())
        .admit(request)
        .unwrap_or_else(|error| panic!("{error}"))
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

/// The data that an admitted request returns.
async fn data(request: impl Into<Request>) -> Value {
    let admitted = admitted(request.into());
    let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(admitted.request).await;
    assert_eq!(response.errors, []);
    response.data
}

#[tokio::test]
async fn skip_and_include_use_the_defaults_of_variables() {
    let query = "
        query A($on: Boolean! = true, $off: Boolean = false) {
          shown @include(if: $on) @skip(if: $off)
          hidden @skip(if: $on)
        }
        query B($on: Boolean! = false) { hidden @include(if: $on) shown @skip(if: $on) }";
    let shown = value!({ "shown": true });
    for name in ["A", "B"] {
        assert_eq!(data(Request::new(query).operation_name(name)).await, shown, "{name}");
    }
    let alone = "
        query($on: Boolean! = true) { ... { shown @include(if: $on) } ...Hidden }
        fragment Hidden on Query { hidden @skip(if: $on) }";
    assert_eq!(data(alone).await, shown);
}

#[test]
fn only_omitted_variables_of_the_selected_operation_get_their_defaults() {
    let query = "query A($given: T = 1, $null: T = 2, $absent: T = 3, $none: T) {a} query B($other: T = 4) {a}";
    let variables = |name: &str| {
        let mut request = Request::new(query).operation_name(name);
        request.variables.insert(Name::new("given"), Value::from(10));
        request.variables.insert(Name::new("null"), Value::Null);
        admitted(request).request.variables.to_string()
    };
    assert_eq!(variables("A"), "{absent: 3, given: 10, null: null}");
    assert_eq!(variables("B"), "{given: 10, null: null, other: 4}");
}

#[test]
fn the_operation_is_the_named_one_or_the_only_one() {
    let operation = |query: &str, name: Option<&str>| {
        let mut request = Request::new(query);
        request.operation_name = name.map(str::to_owned);
        let admitted = Guard::new(&defaults(), SchemaTypes::default(), Introspection::default()).admit(request)?;
        Ok((admitted.operation_name().map(str::to_owned), admitted.only_reads()))
    };
    let named = |name: &str, only_reads| Ok((Some(name.to_owned()), only_reads));
    let two = "query A {a} mutation B {a}";
    assert_eq!(operation("{a}", None), Ok((None, true)));
    assert_eq!(operation("mutation B {a}", None), named("B", false));
    assert_eq!(operation(two, Some("A")), named("A", true));
    assert_eq!(operation(two, Some("B")), named("B", false));
    assert_eq!(operation(two, Some("C")), Err(RequestError::UnknownOperation));
    assert_eq!(operation("{a}", Some("A")), Err(RequestError::UnknownOperation));
    assert_eq!(operation(two, None), Err(RequestError::OperationNameRequired));
}
