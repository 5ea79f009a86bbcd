//! Answers, and how they are serialized.
//!
//! Not by `serde_json` alone: most of a large answer is template data, whose text is copied as it is, where `serde_json`
//! would parse it again. docs/performance.md has the figures.

use async_graphql::{Response, ServerError, Value};
use serde::Serialize;

/// The answer to a request, serialized.
pub struct Answer {
    errors: Vec<ServerError>,
    is_request_error: bool,
    json: Vec<u8>,
}

impl Answer {
    /// The answer with what a request returned.
    pub(super) fn new(response: Response) -> Self {
        let Response { data, errors, .. } = &response;
        let is_request_error =
            *data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.is_empty());
        let json = to_json(&response, is_request_error);
        Self { errors: response.errors, is_request_error, json }
    }

    /// The answer to a request that was not executed.
    pub(super) fn request_error(error: ServerError) -> Self {
        Self::new(Response::from_errors(vec![error]))
    }

    /// The errors, with messages for the client.
    pub fn errors(&self) -> &[ServerError] {
        &self.errors
    }

    /// Whether the request failed as a whole: it was not executed, or has no result. Errors of single fields have a path.
    pub fn is_request_error(&self) -> bool {
        self.is_request_error
    }

    /// The answer as JSON: `data` is absent if nothing was executed, and null only if null is the result.
    pub fn into_json(self) -> Vec<u8> {
        self.json
    }
}

fn to_json(response: &Response, is_request_error: bool) -> Vec<u8> {
    let Response { data, errors, extensions, .. } = response;
    let mut json = vec![b'{'];
    if !is_request_error {
        json.extend_from_slice(b"\"data\":");
        write(data, &mut json);
    }
    if !errors.is_empty() {
        write_member("errors", errors, &mut json);
    }
    if !extensions.is_empty() {
        write_member("extensions", extensions, &mut json);
    }
    json.push(b'}');
    json
}

fn write_member(name: &str, value: &impl Serialize, json: &mut Vec<u8>) {
    if json.len() > 1 {
        json.push(b',');
    }
    json.extend_from_slice(format!("\"{name}\":").as_bytes());
    write_by_serde(value, json);
}

fn write(value: &Value, json: &mut Vec<u8>) {
    match value {
        Value::Null => json.extend_from_slice(b"null"),
        Value::List(items) => write_all(items, [b'[', b']'], json, write),
        Value::Object(members) => write_all(members, [b'{', b'}'], json, |(key, member), json| {
            // A GraphQL name needs no escapes.
            json.push(b'"');
            json.extend_from_slice(key.as_bytes());
            json.extend_from_slice(b"\":");
            write(member, json);
        }),
        // JSON text: only `scalars::RawJson` produces binary values.
        Value::Binary(raw) => json.extend_from_slice(raw),
        Value::Boolean(_) | Value::Number(_) | Value::String(_) | Value::Enum(_) => write_by_serde(value, json),
    }
}

fn write_all<T>(
    items: impl IntoIterator<Item = T>,
    [open, close]: [u8; 2],
    json: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    json.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(item, json);
    }
    json.push(close);
}

fn write_by_serde(value: &impl Serialize, json: &mut Vec<u8>) {
    let before = json.len();
    if serde_json::to_writer(&mut *json, value).is_err() {
        // Cannot happen: a response contains only strings, numbers, lists and objects with string keys.
        json.truncate(before);
        json.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    fn json_of(data: Value) -> String {
        String::from_utf8(Answer::new(Response::new(data)).into_json()).expect("text")
    }

    #[test]
    fn values_are_escaped_and_raw_json_is_unchanged() {
        let expected = r#"{"data":{"b":null,"a":{"y":"\"\u0000","x":2.5}}}"#;
        assert_eq!(json_of(value!({ "b": null, "a": { "y": "\"\u{0}", "x": 2.5 } })), expected);
        let raw = Value::Object([(async_graphql::Name::new("a"), Value::Binary(r#"{"k": 1.0}"#.into()))].into());
        assert_eq!(json_of(raw), r#"{"data":{"a":{"k": 1.0}}}"#);
    }

    #[test]
    fn a_request_error_has_no_data_and_a_field_error_has_data() {
        let request_error = Answer::request_error(ServerError::new("no", None)).into_json();
        assert_eq!(String::from_utf8_lossy(&request_error), r#"{"errors":[{"message":"no"}]}"#);
        let mut failed = Response::new(value!({ "a": null }));
        let mut error = ServerError::new("failed", None);
        error.path = vec![async_graphql::PathSegment::Field("a".to_owned())];
        failed.errors.push(error);
        let json = Answer::new(failed.extension("cost", value!(1))).into_json();
        let expected = r#"{"data":{"a":null},"errors":[{"message":"failed","path":["a"]}],"extensions":{"cost":1}}"#;
        assert_eq!(String::from_utf8_lossy(&json), expected);
    }
}
