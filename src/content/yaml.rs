//! Reads YAML with the lines of its values.

use std::path::Path;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_saphyr::{MessageFormatter as _, Options, Spanned, UserMessageFormatter};

use super::Problem;

/// Most aliases in a file: each one may repeat a text as long as the file.
const MAX_ALIASES: usize = 100;

/// Parses a file.
///
/// # Errors
/// If the text is not YAML, or not of this type.
pub(super) fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Problem> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        Problem::new(file, line, UserMessageFormatter.format_message(error.without_snippet()))
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_aliases: MAX_ALIASES },
        with_snippet: false,
    }
}

/// A text, number, date or null, as it is written.
#[derive(Debug)]
pub(super) struct Scalar {
    text: Option<String>,
    line: u64,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Option<String>>::deserialize(deserializer)?;
        Ok(Self { text: value, line: referenced.line() })
    }
}

/// Deserializes a field whose null differs from its absence.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scalar>, D::Error> {
    Scalar::deserialize(deserializer).map(Some)
}

/// A key of a map. The key `null` is a name like any other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) String);

/// The text of [`Name`] and [`Field::name_or_null`] for YAML's null.
pub(super) const NULL: &str = "null";

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_else(|| NULL.to_owned())))
    }
}

/// A field of a file, present or not.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) file: &'a Path,
    pub(super) name: &'static str,
    pub(super) scalar: Option<&'a Scalar>,
}

impl<'a> Field<'a> {
    /// The text without blanks around it, unless it is absent, null or blank.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.scalar?.text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// As [`Field::text`], with the name "null" for null.
    pub(super) fn name_or_null(&self) -> Option<&'a str> {
        self.text().or_else(|| self.scalar.is_some_and(|scalar| scalar.text.is_none()).then_some(NULL))
    }

    /// The text of a field that must not be blank.
    ///
    /// # Errors
    /// If it is absent, null or blank, or has a NUL, which the database cannot store.
    pub(super) fn required(&self) -> Result<&'a str, Problem> {
        match self.text() {
            None => Err(self.problem("is missing")),
            Some(text) if text.contains('\0') => Err(self.problem("contains a NUL")),
            Some(text) => Ok(text),
        }
    }

    /// The line of the value, from 1; `None` if it is not known.
    pub(super) fn line(&self) -> Option<u64> {
        self.scalar.map(|scalar| scalar.line).filter(|line| *line > 0)
    }

    /// A problem of this field.
    pub(super) fn problem(&self, reason: &str) -> Problem {
        Problem::new(self.file, self.line(), format!("{} {reason}", self.name))
    }
}

/// Returns the value; records the problem if there is none.
pub(super) fn or_report<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
