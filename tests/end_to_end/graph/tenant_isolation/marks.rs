//! Marks: digits that every value of another tenant contains, so that any text shows whether it has one.
//!
//! A value that exists nowhere is the same text with another mark, the next number: no value of the tests is between them
//! in any order. Ids and cursors are read as what they encode.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// In all values of other tenants: their numbers, UUIDs, times, versions, names and recommendations without content.
pub(super) const THEIRS: &str = "734091";
/// In the values of the viewer's own organization.
pub(super) const OURS: &str = "100001";
/// In recommendations that hit only other tenants, but have content, which everyone may read.
pub(super) const PUBLISHED: &str = "734081";
/// What the marks become in values that exist nowhere. The content has these recommendations too.
const ABSENT: [(&str, &str); 2] = [(THEIRS, "734092"), (PUBLISHED, "734082")];

/// Whether a value belongs to other tenants, or concerns only them.
pub(super) fn is_theirs(text: &str) -> bool {
    let text = decoded(text);
    ABSENT.iter().any(|(mark, _)| text.contains(mark))
}

/// Whether a text is a position in a list that everyone may read. Neighbours there differ without depending on a tenant.
pub(super) fn is_public_position(text: &str) -> bool {
    let text = decoded(text);
    text.starts_with("2:") && !text.contains(THEIRS)
}

/// Whether an answer has a value that exists nowhere.
pub(super) fn has_absent(plain: &str) -> bool {
    plain.contains(ABSENT[0].1)
}

/// A value of the same form that exists nowhere.
pub(super) fn absent(text: &str) -> String {
    let replaced = |text: &str| ABSENT.iter().fold(text.to_owned(), |text, (mark, absent)| text.replace(mark, absent));
    let plain = decoded(text);
    if plain == text { replaced(text) } else { URL_SAFE_NO_PAD.encode(replaced(&plain)) }
}

/// An answer as text, with ids and cursors decoded.
pub(super) fn plain(answer: &Value) -> String {
    fn decode(value: &mut Value) {
        match value {
            Value::String(text) => *text = decoded(text),
            Value::Array(items) => items.iter_mut().for_each(decode),
            Value::Object(members) => members.values_mut().for_each(decode),
            _ => {}
        }
    }
    let mut answer = answer.clone();
    decode(&mut answer);
    answer.to_string()
}

/// A plain answer in which a value and the one that exists nowhere are the same.
pub(super) fn without_marks(plain: &str) -> String {
    ABSENT.iter().fold(plain.to_owned(), |text, (mark, absent)| text.replace(absent, mark))
}

/// All texts in an answer.
pub(super) fn texts(answer: &Value) -> Vec<String> {
    match answer {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

/// What an id or a cursor with a mark encodes; other texts unchanged.
fn decoded(text: &str) -> String {
    let has_mark =
        |text: &String| ABSENT.iter().flat_map(|(mark, absent)| [mark, absent]).any(|mark| text.contains(*mark));
    let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.filter(has_mark).unwrap_or_else(|| text.to_owned())
}

#[test]
fn a_value_that_exists_nowhere_differs_only_in_its_mark() {
    for text in [THEIRS, "4.16.734091", "a.b|KEY_734081", "2024-05-02T08:15:59.734091Z"] {
        let absent = absent(text);
        assert!(is_theirs(text) && absent != text && !is_theirs(&absent), "{text}");
        assert_eq!(without_marks(&absent), text);
    }
    let id = URL_SAFE_NO_PAD.encode("1:Recommendation:734091:a.b|KEY");
    assert_eq!(absent(&id), URL_SAFE_NO_PAD.encode("1:Recommendation:734092:a.b|KEY"));
    assert!(is_theirs(&id) && !is_theirs(&absent(&id)));
}
