//! Finds where a JSON value ends and, on the way, what a strict reader would refuse in it.
//!
//! The grammar is settled before; here nothing is an error, and a text that is no JSON still comes to an end.

/// How deep a hit's details may be nested: `{}` is 1. A whole answer adds about 12 levels and must stay under 127,
/// where common JSON readers stop.
const MAX_DEPTH: usize = 64;

/// Decimal numbers shorter than this are within the range of a double, which ends near 1.8e308.
const SURELY_FINITE_DIGITS: usize = 308;

/// What grammar allows and strict readers refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// More than [`MAX_DEPTH`] levels.
    TooDeep,
    /// Half of a surrogate pair, in a string or in a key.
    LoneSurrogate,
    /// A number beyond the range of a double.
    HugeNumber,
}

/// Where the value that begins at `start` ends, and the first flaw in it.
pub(super) fn scan(text: &str, start: usize) -> (usize, Option<Flaw>) {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: start, flaw: None };
    scanner.value();
    (scanner.at.min(text.len()), scanner.flaw)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    flaw: Option<Flaw>,
}

impl Scanner<'_> {
    /// Passes one value with all that is in it; a loop rather than recursion, since depth is the sender's choice.
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
                        self.note(Flaw::TooDeep);
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
            Some(0xd800..=0xdfff) => self.note(Flaw::LoneSurrogate),
            _ => {}
        }
    }

    /// The UTF-16 unit of an escape `\uXXXX` that stands here.
    fn code_unit(&self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) {
        let token = self.token(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let doubtful = token.len() > SURELY_FINITE_DIGITS || token.contains(['e', 'E']);
        if doubtful && !token.parse().is_ok_and(f64::is_finite) {
            self.note(Flaw::HugeNumber);
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

    fn note(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> Option<Flaw> {
        let (end, flaw) = scan(text, 0);
        assert_eq!(end, text.len(), "{text}");
        flaw
    }

    #[test]
    fn a_value_ends_where_it_ends() {
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
    fn halves_of_surrogate_pairs_are_seen() {
        for good in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\ud7ff\ue000""#, r#"{"\uD83D\uDE00":"\u0000"}"#] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in [
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ude00\ud83d""#,
            r#""\ud83d\ud83d\ude00""#,
            r#""\ud83dx\ude00""#,
            r#"{"\ud800":1}"#,
        ] {
            assert_eq!(flaw(bad), Some(Flaw::LoneSurrogate), "{bad}");
        }
    }

    #[test]
    fn numbers_end_where_doubles_end() {
        let (longest, too_long) = ("9".repeat(308), "9".repeat(310));
        for good in ["9007199254740993", "-0", "1e308", "1E-400", "0e999999", "1.7976931348623157e308", &longest] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in ["1e400", "-1e309", "1e131071", "[0.1e310]", &too_long] {
            assert_eq!(flaw(bad), Some(Flaw::HugeNumber), "{bad}");
        }
    }

    #[test]
    fn depth_is_counted_from_the_first_bracket() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(flaw(&nested(64)), None);
        assert_eq!(flaw(&nested(65)), Some(Flaw::TooDeep));
    }

    #[test]
    fn what_is_no_json_comes_to_an_end() {
        for text in ["", "\"", "\"\\", "\"\\u12", "{", "é", "]", "-", "\"\\é", "nul"] {
            assert!(scan(text, 0).0 <= text.len(), "{text}");
        }
    }
}
