//! Answers, and how they are written.
//!
//! async-graphql collects fields as they are resolved, so that those that wait for the database come last; GraphQL wants
//! the order in which they are selected, and whoever reads an answer does too. So an answer is written by the order of
//! the query. And by hand: most of a large answer is template data, whose text is copied as it is, where `serde_json` would
//! read it again from end to end. docs/performance.md says what that gave.

use async_graphql::{Response, ServerError, Value};
use serde::Serialize;

use super::{field_order::FieldOrder, operation::is_request_error};

/// What came of a request.
pub struct Answer {
    pub(super) response: Response,
    pub(super) order: FieldOrder,
}

impl Answer {
    /// One that says why the request was not executed.
    pub(super) fn refused(error: ServerError) -> Self {
        Self { response: Response::from_errors(vec![error]), order: FieldOrder::default() }
    }

    /// What went wrong, in words for the client.
    pub fn errors(&self) -> &[ServerError] {
        &self.response.errors
    }

    /// Is it a refusal of the whole request: nothing of it was executed, or nothing came of it?
    pub fn is_request_error(&self) -> bool {
        is_request_error(&self.response)
    }

    /// The answer on the wire: `data` is absent where nothing was executed, and null only where null is the result.
    pub fn to_json(&self) -> Vec<u8> {
        let Response { data, errors, extensions, .. } = &self.response;
        let mut json = vec![b'{'];
        if !self.is_request_error() {
            json.extend_from_slice(b"\"data\":");
            write(data, &self.order, &mut json);
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
}

fn write_member(name: &str, value: &impl Serialize, json: &mut Vec<u8>) {
    if json.len() > 1 {
        json.push(b',');
    }
    json.extend_from_slice(format!("\"{name}\":").as_bytes());
    write_by_serde(value, json);
}

/// Writes what a field gave, what is below it in its order.
fn write(value: &Value, order: &FieldOrder, json: &mut Vec<u8>) {
    match value {
        Value::Null => json.extend_from_slice(b"null"),
        Value::List(items) => {
            write_all(items, [b'[', b']'], json, |item, json| write(item, order, json));
        }
        Value::Object(members) => {
            write_all(order.of_members(members), [b'{', b'}'], json, |(key, member, below), json| {
                // A name needs no escapes.
                json.push(b'"');
                json.extend_from_slice(key.as_bytes());
                json.extend_from_slice(b"\":");
                write(member, below, json);
            });
        }
        // As `scalars::RawJson` has it.
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
        // Nothing that a response holds can fail: texts, numbers, lists and objects with texts for keys.
        json.truncate(before);
        json.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    fn written(query: &str, data: Value) -> String {
        let order = FieldOrder::of(&parse_query(query).expect("a query"), None);
        let json = Answer { response: Response::new(data), order }.to_json();
        String::from_utf8(json).expect("text")
    }

    #[test]
    fn fields_stand_as_they_are_selected() {
        let query = "{ b a: c { ...Rest x } a: c { w } d } fragment Rest on T { z ... { y } }";
        let given = value!({ "d": 1, "a": [{ "w": 1, "x": 2, "y": 3, "z": 4 }, null], "b": 5 });
        let expected = r#"{"data":{"b":5,"a":[{"z":4,"y":3,"x":2,"w":1},null],"d":1}}"#;
        assert_eq!(written(query, given), expected);
    }

    #[test]
    fn scalars_keep_their_own_order_and_raw_text_stays_as_it_is() {
        let expected = r#"{"data":{"b":null,"a":{"y":"\"\u0000","x":2.5}}}"#;
        assert_eq!(written("{ b a }", value!({ "a": { "y": "\"\u{0}", "x": 2.5 }, "b": null })), expected);
        let raw = Value::Object([(async_graphql::Name::new("a"), Value::Binary(r#"{"k": 1.0}"#.into()))].into());
        assert_eq!(written("{ a }", raw), r#"{"data":{"a":{"k": 1.0}}}"#);
    }

    #[test]
    fn a_refusal_has_no_data_and_a_failure_below_has_both() {
        let refused = Answer::refused(ServerError::new("no", None)).to_json();
        assert_eq!(String::from_utf8_lossy(&refused), r#"{"errors":[{"message":"no"}]}"#);
        let mut failed = Response::new(value!({ "a": null }));
        let mut error = ServerError::new("failed", None);
        error.path = vec![async_graphql::PathSegment::Field("a".to_owned())];
        failed.errors.push(error);
        let order = FieldOrder::default();
        let json = Answer { response: failed.extension("cost", value!(1)), order }.to_json();
        let expected = r#"{"data":{"a":null},"errors":[{"message":"failed","path":["a"]}],"extensions":{"cost":1}}"#;
        assert_eq!(String::from_utf8_lossy(&json), expected);
    }
}
