//! Texts that users write.

use async_graphql::Result;

use super::user_error::{UserError, UserErrorCode};
use crate::graphql::error::bad_user_input;

/// The most characters of a text that a user writes, in the data of a schema.
#[derive(Clone, Copy, Debug)]
pub(in crate::graphql) struct MaxCharacters(pub(in crate::graphql) usize);

/// A text of an input, without the white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    field: &'static str,
    /// `None` if it is absent, null or empty.
    text: Option<String>,
}

impl Text {
    /// The text of a field of the input. No database keeps a NUL in a text, so that is an error of the request.
    pub(super) fn new(field: &'static str, text: Option<&str>) -> Result<Self> {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(bad_user_input(&format!("input.{field}"), "has a NUL character, which is not stored"));
        }
        let trimmed = text.map(str::trim).filter(|text| !text.is_empty());
        Ok(Self { field, text: trimmed.map(ToOwned::to_owned) })
    }

    /// The text, unless it is too long.
    pub(super) fn at_most(self, MaxCharacters(max): MaxCharacters) -> Result<Option<String>, UserError> {
        let characters = self.text.as_ref().map_or(0, |text| text.chars().count());
        if characters <= max {
            return Ok(self.text);
        }
        let message = format!("limits.text_characters allows {max} characters; this text has {characters}");
        Err(UserError::of(UserErrorCode::TooLong, &[self.field], message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::new("message", Some(text)).expect("without NUL")
    }

    #[test]
    fn a_text_is_trimmed_and_an_empty_one_is_absent() {
        let checked = |text: Text| text.at_most(MaxCharacters(3));
        assert_eq!(checked(text(" \u{a0}\n<b> \t")), Ok(Some("<b>".to_owned())));
        assert_eq!(checked(text("\u{3000} \n")), Ok(None));
        assert_eq!(checked(text("")), Ok(None));
        assert_eq!(checked(Text::new("message", None).expect("absent")), Ok(None));
    }

    #[test]
    fn characters_are_counted_instead_of_bytes() {
        assert_eq!(text(" 🦀é🦀 ").at_most(MaxCharacters(3)), Ok(Some("🦀é🦀".to_owned())));
        let message = "limits.text_characters allows 3 characters; this text has 4";
        let expected = UserError::of(UserErrorCode::TooLong, &["message"], message);
        assert_eq!(text("🦀é🦀e").at_most(MaxCharacters(3)), Err(expected));
    }

    #[test]
    fn a_nul_is_an_error_of_the_request() {
        let error = Text::new("message", Some("a\0")).expect_err("a NUL");
        assert_eq!(error.message, "input.message: has a NUL character, which is not stored");
    }
}
