//! What a client asks by a query string: the library reads `operation_name` there, where the standard says `operationName`.

use async_graphql::{Extensions, Request, Variables};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

/// The parameters of GraphQL over HTTP. What else is sent is not looked at.
#[derive(Debug)]
pub(super) struct Asked {
    query: String,
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<Extensions>,
}

impl Asked {
    /// Reads a query string; variables and extensions are JSON within. `None`: it is no GraphQL request, or says
    /// something twice.
    pub(super) fn in_query_string(text: &str) -> Option<Self> {
        let [mut query, mut operation_name, mut variables, mut extensions] = [const { None }; 4];
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let place = match &*name {
                "query" => &mut query,
                "operationName" => &mut operation_name,
                "variables" => &mut variables,
                "extensions" => &mut extensions,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self {
            query: query?,
            // A form sends what was left blank as empty text.
            operation_name: operation_name.filter(|name| !name.is_empty()),
            variables: json(variables).ok()?,
            extensions: json(extensions).ok()?,
        })
    }
}

/// JSON where there is some.
fn json<T: DeserializeOwned>(text: Option<String>) -> serde_json::Result<Option<T>> {
    text.filter(|text| !text.is_empty()).map_or(Ok(None), |text| serde_json::from_str(&text))
}

impl From<Asked> for Request {
    fn from(asked: Asked) -> Self {
        let mut request = Self::new(asked.query).variables(asked.variables.unwrap_or_default());
        request.operation_name = asked.operation_name;
        request.extensions = asked.extensions.unwrap_or_default();
        request
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, Value};

    use super::*;

    #[test]
    fn a_query_string_holds_what_a_body_does() {
        let asked =
            Asked::in_query_string("query=%7B+a+%7D&operationName=B&variables=%7B%22c%22%3A1%7D&extensions=&more=1");
        let request = Request::from(asked.expect("a request"));
        assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("{ a }", Some("B")));
        assert_eq!(request.variables.get(&Name::new("c")), Some(&Value::from(1)));
        let bare = Request::from(Asked::in_query_string("query=x&operationName=&variables=null").expect("a request"));
        assert!(bare.operation_name.is_none() && bare.variables.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_no_request() {
        for text in ["", "qeury=x", "query=x&query=y", "query=x&variables=%7B", "query=x&variables=1", "query"] {
            let read = Asked::in_query_string(text);
            // A name alone has the empty text as its value, which is a query that cannot be parsed.
            assert!(read.is_none_or(|asked| asked.query.is_empty()), "{text}");
        }
    }
}
