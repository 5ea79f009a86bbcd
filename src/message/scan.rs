//! Finds the end of a JSON value, and why a strict JSON reader would reject it.
//!
//! The text is known to be valid JSON, so there are no errors. For any other text the scan still terminates.

use super::rejection::{Reason, ValueRejection};

/// The maximum nesting of a hit's details: `{}` is 1. A response adds about 12 levels and must stay below 127, the
/// limit of common JSON readers.
const MAX_DEPTH: usize = 64;

/// Decimal numbers of up to this length are within the range of a double, whose maximum is near 1.8e308.
const ALWAYS_FINITE_DIGITS: usize = 308;

/// More than [`MAX_DEPTH`] levels.
pub(super) const TOO_DEEP: ValueRejection = ValueRejection::new(Reason::TooDeep, "at most 64 levels");
/// A number beyond the range of a double.
const HUGE_NUMBER: ValueRejection = ValueRejection::wrong_type("numbers within the range of a double");

/// Returns the end of the value that begins at `start`, and the first reason why a strict reader would reject it.
pub(super) fn scan(text: &str, start: usize) -> (usize, Option<ValueRejection>) {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: start, rejection: None };
    scanner.value();
    (scanner.at.min(text.len()), scanner.rejection)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    rejection: Option<ValueRejection>,
}

impl Scanner<'_> {
    /// Skips one value with its content. A loop instead of recursion, since the sender chooses the depth.
    fn value(&mut self) {
        let mut depth = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => self.string(),
                b'-' | b'0'..=b'9' => self.number(),
                b'a'..=b'z' => self.word(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    if depth > MAX_DEPTH {
                        self.reject(TOO_DEEP);
                    }
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(rest) = self.bytes.get(self.at..) {
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
            self.at += plain;
            if rest.get(plain) != Some(&b'\\') {
                self.at += 1;
                return;
            }
            self.escape();
        }
    }

    fn escape(&mut self) {
        let unit = self.code_unit();
        self.at += if unit.is_some() { 6 } else { 2 };
        match unit {
            Some(0xd800..=0xdbff) if matches!(self.code_unit(), Some(0xdc00..=0xdfff)) => self.at += 6,
            Some(0xd800..=0xdfff) => self.reject(ValueRejection::LONE_SURROGATE),
            _ => {}
        }
    }

    /// The UTF-16 code unit of an escape `\uXXXX` at this position.
    fn code_unit(&self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) {
        let token = self.token(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let doubtful = token.len() > ALWAYS_FINITE_DIGITS || token.contains(['e', 'E']);
        if doubtful && !token.parse().is_ok_and(f64::is_finite) {
            self.reject(HUGE_NUMBER);
        }
    }

    fn word(&mut self) {
        self.token(u8::is_ascii_lowercase);
    }

    fn token(&mut self, belongs: impl Fn(&u8) -> bool) -> &str {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| belongs(byte)).count();
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn reject(&mut self, rejection: ValueRejection) {
        self.rejection.get_or_insert(rejection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(text: &str) -> Option<ValueRejection> {
        let (end, rejection) = scan(text, 0);
        assert_eq!(end, text.len(), "{text}");
        rejection
    }

    #[test]
    fn the_end_of_a_value_is_found() {
        for (text, value) in [
            (r#""a\"b\\",1"#, r#""a\"b\\""#),
            (r#"{"a":"}"} ]"#, r#"{"a":"}"}"#),
            ("-1.5e+3,", "-1.5e+3"),
            ("null}", "null"),
            ("[[],{}] ", "[[],{}]"),
        ] {
            assert_eq!(scan(text, 0).0, value.len(), "{text}");
        }
    }

    #[test]
    fn lone_surrogates_are_found() {
        for good in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\ud7ff\ue000""#, r#"{"\uD83D\uDE00":"\u0000"}"#] {
            assert_eq!(rejection(good), None, "{good}");
        }
        for bad in [
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ude00\ud83d""#,
            r#""\ud83d\ud83d\ude00""#,
            r#""\ud83dx\ude00""#,
            r#"{"\ud800":1}"#,
        ] {
            assert_eq!(rejection(bad), Some(ValueRejection::LONE_SURROGATE), "{bad}");
        }
    }

    #[test]
    fn numbers_beyond_the_range_of_a_double_are_found() {
        let (longest, too_long) = ("9".repeat(308), "9".repeat(310));
        for good in ["9007199254740993", "-0", "1e308", "1E-400", "0e999999", "1.7976931348623157e308", &longest] {
            assert_eq!(rejection(good), None, "{good}");
        }
        for bad in ["1e400", "-1e309", "1e131071", "[0.1e310]", &too_long] {
            assert_eq!(rejection(bad), Some(HUGE_NUMBER), "{bad}");
        }
    }

    #[test]
    fn depth_is_counted_from_the_first_bracket() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(rejection(&nested(64)), None);
        assert_eq!(rejection(&nested(65)), Some(TOO_DEEP));
    }

    #[test]
    fn the_scan_of_invalid_json_terminates() {
        for text in ["", "\"", "\"\\", "\"\\u12", "{", "é", "]", "-", "\"\\é", "nul"] {
            assert!(scan(text, 0).0 <= text.len(), "{text}");
        }
    }
}
