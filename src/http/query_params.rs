//! The query string of a GET request.
//!
//! async-graphql's own parser reads `operation_name` instead of the `operationName` of GraphQL over HTTP.

use async_graphql::{Extensions, Request, Variables};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};

/// Some programs begin a text in UTF-8 with it. JSON does not allow it; readers may skip it.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The query parameters of GraphQL over HTTP, each at most once. Others are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryParams {
    #[serde(default)]
    query: String,
    operation_name: Option<String>,
    #[serde(default, deserialize_with = "from_json")]
    variables: Variables,
    #[serde(default, deserialize_with = "from_json")]
    extensions: Extensions,
}

impl QueryParams {
    pub(super) fn parse(query_string: &str) -> Result<Self, serde_urlencoded::de::Error> {
        serde_urlencoded::from_str(query_string)
    }
}

/// Reads a parameter whose value is JSON. An empty value is the default: forms send empty fields that way.
fn from_json<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let text = String::deserialize(deserializer)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    if text.is_empty() { Ok(T::default()) } else { serde_json::from_str(text).map_err(D::Error::custom) }
}

impl From<QueryParams> for Request {
    fn from(params: QueryParams) -> Self {
        let mut request = Self::new(params.query).variables(params.variables);
        request.operation_name = params.operation_name;
        request.extensions = params.extensions;
        request
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, Value};

    use super::*;

    fn request(query_string: &str) -> Request {
        QueryParams::parse(query_string).expect("a request").into()
    }

    #[test]
    fn a_query_string_has_the_same_parts_as_a_body() {
        let request_with_all =
            request("query=%7B+a+%7D&operationName=B&variables=%7B%22c%22%3A1%7D&extensions=%7B%22d%22%3A2%7D&more=1");
        assert_eq!(request_with_all.query, "{ a }");
        assert_eq!(request_with_all.operation_name.as_deref(), Some("B"));
        assert_eq!(request_with_all.variables.get(&Name::new("c")), Some(&Value::from(1)));
        assert_eq!(request_with_all.extensions.get("d"), Some(&Value::from(2)));
    }

    #[test]
    fn empty_and_null_parameters_are_absent() {
        for query_string in
            ["query=x", "query=x&operationName=&variables=&extensions=", "query=x&variables=null&extensions=null"]
        {
            let request = request(query_string);
            assert!(request.operation_name.is_none_or(|name| name.is_empty()), "{query_string}");
            assert!(request.variables.is_empty() && request.extensions.is_empty(), "{query_string}");
        }
    }

    #[test]
    fn an_invalid_query_string_is_not_a_request() {
        for query_string in [
            "query=x&query=y",
            "query=x&operationName=a&operationName=b",
            "query=x&variables=%7B",
            "query=x&variables=1",
            "query=x&extensions=%5B%5D",
        ] {
            assert!(QueryParams::parse(query_string).is_err(), "{query_string}");
        }
        // A missing query is an empty one.
        for query_string in ["", "qeury=x", "query"] {
            assert_eq!(request(query_string).query, "", "{query_string}");
        }
    }
}
