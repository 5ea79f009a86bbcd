//! Redaction of async-graphql's messages: removes the client's values, which may be long or confidential. The names of
//! fields, arguments, variables and types remain: without them a client cannot find the mistake.
//!
//! By the message's text, because async-graphql's errors have no kind, and length does not distinguish a value from a
//! name. `tests/end_to_end/graph/refusals.rs` sends a value wherever a message may repeat it, so that a release of
//! async-graphql with other messages fails there.

use std::borrow::Cow;

use super::scalars::expected_format;

/// The longest message, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// The longest name that is repeated.
const MAX_NAME_BYTES: usize = 64;

/// Whether the error of a field is about the client's input. Validation by async-graphql misses some of these: a value of
/// another kind for an input object, and an omitted variable inside a list or an object. The guard refuses those that are
/// known. All others are internal.
pub(super) fn is_input_error(message: &str) -> bool {
    ["Expected input type \"", "Failed to parse \"", "Variable "].iter().any(|start| message.starts_with(start))
}

/// The message for the client.
pub(super) fn without_values(message: &str) -> String {
    let message = without_unknown_field(message);
    // `Expected input type "T", found V.` and `.. enumeration type "T" does not contain the value "V"`
    let kept = message.split_once(", found ").map_or(&*message, |(kept, _)| kept);
    let kept = kept.split_inclusive(" does not contain the value").next().unwrap_or_default();
    truncate(&with_format(kept))
}

/// `.. expected type "T"`, with the format of the scalar T if its name does not show it.
fn with_format(message: &str) -> Cow<'_, str> {
    let expected = message.strip_suffix('"').and_then(|message| message.rsplit_once("expected type \""));
    match expected.and_then(|(_, scalar)| expected_format(scalar)) {
        Some(format) => format!("{message}: write it as {format}").into(),
        None => message.into(),
    }
}

fn truncate(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some(_) => message.chars().take(MAX_MESSAGE_CHARS - 1).chain(['…']).collect(),
        None => message.to_owned(),
    }
}

/// `.. unknown field "F" of type "T"`: F is a key of a variable, which may be any text.
fn without_unknown_field(message: &str) -> Cow<'_, str> {
    let parts = message.split_once("unknown field \"").and_then(|(before, rest)| {
        let (field, parent) = rest.rsplit_once("\" of type \"")?;
        Some((before, field, parent))
    });
    match parts {
        Some((before, field, parent)) if !is_name(field) => format!("{before}unknown field of type \"{parent}").into(),
        _ => message.into(),
    }
}

/// Whether a text may be repeated: a short GraphQL name.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_removed_and_names_remain() {
        for (message, redacted) in [
            (
                r#"Invalid value for argument "orderBy.field", enumeration type "ClusterOrderField" does not contain the value "s3cr3t""#,
                r#"Invalid value for argument "orderBy.field", enumeration type "ClusterOrderField" does not contain the value"#,
            ),
            (
                r#"Invalid value for argument "filter", unknown field "s3" of type "x" cr3t" of type "ClusterFilter""#,
                r#"Invalid value for argument "filter", unknown field of type "ClusterFilter""#,
            ),
            (
                r#"Invalid value for argument "filter", unknown field "name" of type "ClusterFilter""#,
                r#"Invalid value for argument "filter", unknown field "name" of type "ClusterFilter""#,
            ),
            (
                r#"Invalid value for argument "seenWithin", expected type "Duration""#,
                r#"Invalid value for argument "seenWithin", expected type "Duration": write it as P7D, PT3H or P1DT12H, without months and years"#,
            ),
            (r#"Expected input type "Int", found {a: "s3cr3t"}."#, r#"Expected input type "Int""#),
            (r#"Unknown field "nam" on type "Query"."#, r#"Unknown field "nam" on type "Query"."#),
        ] {
            assert_eq!(without_values(message), redacted);
        }
    }

    #[test]
    fn a_message_is_truncated_to_300_characters() {
        assert_eq!(without_values(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(without_values(&"é".repeat(301)), "é".repeat(299) + "…");
    }
}
