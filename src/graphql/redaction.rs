//! What async-graphql says of a request, without the values that it repeats: they may be long, or nobody else's business.
//! Names of fields, arguments, variables and types stay, since without them nobody knows what to mend.

use std::borrow::Cow;

use super::scalars::written_as;

/// Longest message, in characters.
const LONGEST: usize = 300;
/// Longest name that is repeated.
const LONGEST_NAME: usize = 64;

/// Is this about a value that the client sent? async-graphql finds some of those only while it answers.
pub(super) fn is_about_input(message: &str) -> bool {
    ["Failed to parse \"", "Expected input type \"", "Invalid value for argument ", "Variable "]
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

/// The message as a client may read it.
pub(super) fn without_values(message: &str) -> String {
    // The request's `operationName` may be any text.
    if message.starts_with("Unknown operation named ") {
        return "the query has no operation of the name in operationName".to_owned();
    }
    let message = without_enum_value(message);
    let message = without_unknown_field(&message);
    let message = message.split_once("\", found ").map_or(message.clone(), |(kept, _)| format!("{kept}\"").into());
    cut(&with_form(&message))
}

/// `.. expected type "T"`, and how a T is written where the name alone does not tell.
fn with_form(message: &str) -> Cow<'_, str> {
    let expected = message.strip_suffix('"').and_then(|message| message.rsplit_once("expected type \""));
    match expected.and_then(|(_, scalar)| written_as(scalar)) {
        Some(form) => format!("{message}: write it as {form}").into(),
        None => message.into(),
    }
}

/// A message of bearable length.
fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST) {
        Some(_) => message.chars().take(LONGEST - 1).chain(['…']).collect(),
        None => message.to_owned(),
    }
}

/// `.. enumeration type "T" does not contain the value "V"`
fn without_enum_value(message: &str) -> Cow<'_, str> {
    match message.split_once(" does not contain the value ") {
        Some((kept, _)) => format!("{kept} has no such value").into(),
        None => message.into(),
    }
}

/// `.. unknown field "F" of type "T"`: F is a key of a variable, which may be any text.
fn without_unknown_field(message: &str) -> Cow<'_, str> {
    let parts = message.split_once("unknown field \"").and_then(|(before, rest)| {
        let (field, owner) = rest.rsplit_once("\" of type \"")?;
        Some((before, field, owner))
    });
    match parts {
        Some((before, field, owner)) if !is_name(field) => format!("{before}unknown field of type \"{owner}").into(),
        _ => message.into(),
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_repeated_and_names_are() {
        for (said, told) in [
            (
                r#"Invalid value for argument "orderBy.field", enumeration type "ClusterOrderField" does not contain the value "s3cr3t""#,
                r#"Invalid value for argument "orderBy.field", enumeration type "ClusterOrderField" has no such value"#,
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
            (r#"Unknown operation named "s3cr3t""#, "the query has no operation of the name in operationName"),
            (r#"Unknown field "nam" on type "Query"."#, r#"Unknown field "nam" on type "Query"."#),
        ] {
            assert_eq!(without_values(said), told);
        }
    }

    #[test]
    fn a_message_is_cut_at_its_300th_character() {
        assert_eq!(without_values(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(without_values(&"é".repeat(301)), "é".repeat(299) + "…");
    }
}
