//! Values of expressions: what JavaScript has for JSON, with the origin of texts.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::number;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether it depends on the details. What a template's author wrote between quotes may be markup.
    pub(super) is_from_details: bool,
}

/// The value of an expression.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number { number: f64, is_from_details: bool },
    Text(Vec<Piece<'a>>),
    List(&'a [Json]),
    Object(&'a Map<String, Json>),
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::detail(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(vec![Piece { text: text.into(), is_from_details: true }]),
            Json::Array(list) => Self::List(list),
            Json::Object(object) => Self::Object(object),
        }
    }
}

impl<'a> Value<'a> {
    /// A number that depends on the details.
    pub(super) fn detail(number: f64) -> Self {
        Self::Number { number, is_from_details: true }
    }

    /// Whether a condition with this value is met.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number { number, .. } => *number != 0.0 && !number.is_nan(),
            Self::Text(pieces) => pieces.iter().any(|piece| !piece.text.is_empty()),
            Self::List(_) | Self::Object(_) => true,
        }
    }

    /// Bytes of a text, which comparing or copying it takes time for.
    pub(super) fn text_bytes(&self) -> usize {
        if let Self::Text(pieces) = self { pieces.iter().map(|piece| piece.text.len()).sum() } else { 0 }
    }

    /// The number that a value other than a list or an object is.
    fn to_number(&self) -> f64 {
        match self {
            Self::Undefined | Self::List(_) | Self::Object(_) => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number { number, .. } => *number,
            Self::Text(pieces) => number::of_text(&joined(pieces)),
        }
    }

    /// The text that a value other than a list or an object is.
    pub(super) fn scalar_text(&self) -> Option<String> {
        Some(match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number { number, .. } => number::to_text(*number),
            Self::Text(pieces) => joined(pieces).into_owned(),
            Self::List(_) | Self::Object(_) => return None,
        })
    }

    /// `===`. Lists and objects are identical to themselves only.
    #[expect(clippy::float_cmp, reason = "as in JavaScript")]
    pub(super) fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number { number: a, .. }, Self::Number { number: b, .. }) => a == b,
            (Self::Text(a), Self::Text(b)) => joined(a) == joined(b),
            (Self::List(a), Self::List(b)) => std::ptr::eq(*a, *b),
            (Self::Object(a), Self::Object(b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }

    /// `==` of values that are both lists or objects, or both not.
    #[expect(clippy::float_cmp, reason = "as in JavaScript")]
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        let is_absent = |value: &Self| matches!(value, Self::Undefined | Self::Null);
        match (is_absent(self), is_absent(other)) {
            (true, true) => return true,
            (true, false) | (false, true) => return false,
            (false, false) => {}
        }
        if std::mem::discriminant(self) == std::mem::discriminant(other) {
            self.is_identical(other)
        } else {
            self.to_number() == other.to_number()
        }
    }

    /// Compares values other than lists and objects; `None` if one of them is not a number and they are not both texts.
    pub(super) fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(joined(a).encode_utf16().cmp(joined(b).encode_utf16())),
            _ => self.to_number().partial_cmp(&other.to_number()),
        }
    }

    /// The sum of values that are not texts, lists or objects.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let number = self.to_number() + other.to_number();
        let is_from_details = self.is_from_details() || other.is_from_details();
        Self::Number { number, is_from_details }
    }

    /// The negative number.
    pub(super) fn negative(&self) -> Self {
        Self::Number { number: -self.to_number(), is_from_details: self.is_from_details() }
    }

    /// Only numbers that templates made themselves are not.
    fn is_from_details(&self) -> bool {
        !matches!(self, Self::Number { is_from_details: false, .. })
    }

    /// The pieces of the text of a value other than a list or an object.
    pub(super) fn into_pieces(self) -> Vec<Piece<'a>> {
        let is_from_details = self.is_from_details();
        match self {
            Self::Text(pieces) => pieces,
            value => value.scalar_text().map(|text| Piece { text: text.into(), is_from_details }).into_iter().collect(),
        }
    }
}

/// The whole text.
pub(super) fn joined<'p>(pieces: &'p [Piece<'_>]) -> Cow<'p, str> {
    match pieces {
        [piece] => Cow::Borrowed(&piece.text),
        pieces => pieces.iter().map(|piece| &*piece.text).collect(),
    }
}
