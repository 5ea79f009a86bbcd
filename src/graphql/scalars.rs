//! Scalars of our own, where the library's say things in another way than we promise.

use async_graphql::{InputValueError, InputValueResult, Name, Scalar, ScalarType, Value, indexmap::IndexMap};

use crate::domain::{Details, Timestamp};

/// A time.
#[derive(Clone, Copy, Debug)]
pub(super) struct DateTime(pub(super) Timestamp);

/// A time in UTC as RFC 3339, always with six digits of fraction and Z: `2026-01-02T03:04:05.000006Z`.
#[Scalar(specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map(Self).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// JSON text that is handed on as it is.
#[derive(Clone, Debug)]
pub(super) struct RawJson(pub(super) Details);

/// Any JSON value, byte for byte as the message brought it.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for RawJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(Details::from_checked(serde_json::to_string(&value)?)))
    }

    fn to_value(&self) -> Value {
        // What `RawValue` serialises to, and what serde_json writes as it stands: the text is neither parsed nor
        // copied more than once.
        let mut raw = IndexMap::new();
        raw.insert(Name::new("$serde_json::private::RawValue"), Value::String(self.0.as_str().to_owned()));
        Value::Object(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_out_byte_for_byte() {
        let text = r#"{"b":1.0,"a":[1e2,"\u0000é\u00e9"],"b":12345678901234567890}"#;
        let value = RawJson(Details::from_checked(text)).to_value();
        assert_eq!(serde_json::to_string(&value).expect("JSON"), text);
    }
}
