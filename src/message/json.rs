//! Walks over text that is known to be valid JSON: objects and lists are entered in place, values are taken as text.
//!
//! serde's visitors do not fit, because they cannot inspect a value before they parse it: `"Report": 1e400` would end
//! the parsing, but it has to be a wrong type, or be ignored if another `Report` follows. Since the text is valid, the
//! walk has no errors, and it reads each byte once.

use std::borrow::Cow;

use super::{rejection::ValueRejection, scan::scan};

/// A position in a JSON text: before a value, or inside an object or a list before its next member or item.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The position before the only value of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Takes the next value.
    pub(super) fn value(&mut self) -> Value<'a> {
        self.peek();
        let start = self.at;
        let (end, not_strict) = scan(self.text, start);
        self.at = end;
        Value { text: self.text.get(start..end).unwrap_or_default(), not_strict }
    }

    /// Enters the next value if it is an object; otherwise returns false and does not move.
    pub(super) fn enter_object(&mut self) -> bool {
        self.step_over(b'{')
    }

    /// Enters the next value, which must be an object; otherwise takes it and returns the reason.
    pub(super) fn enter_required_object(&mut self) -> Result<(), ValueRejection> {
        if self.enter_object() {
            return Ok(());
        }
        let other = self.value().unless_null();
        Err(other.map_or(ValueRejection::MISSING, |_| ValueRejection::wrong_type("an object")))
    }

    /// Enters the next value if it is a list; otherwise returns false and does not move.
    pub(super) fn enter_list(&mut self) -> bool {
        self.step_over(b'[')
    }

    /// Inside an object: returns the next member's key, or leaves the object and returns `None`.
    pub(super) fn key(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            self.at += 1;
            return None;
        }
        let key = self.value();
        // A key with a lone surrogate is returned as written, with its backslash: no known key has one.
        Some(key.string().unwrap_or(Cow::Borrowed(key.text)))
    }

    /// Inside a list: returns whether another item follows; if not, leaves the list.
    pub(super) fn has_item(&mut self) -> bool {
        let more = !matches!(self.peek(), None | Some(b']'));
        self.at += usize::from(!more);
        more
    }

    /// As [`Cursor::exact_members`], but the names match in any (ASCII) case.
    pub(super) fn members<const N: usize>(&mut self, names: [&str; N]) -> Option<[Option<Value<'a>>; N]> {
        self.members_where(names, str::eq_ignore_ascii_case)
    }

    /// Takes the next object and returns its members of exactly these names: of each the last one, `None` if it is
    /// absent or null. If the next value is not an object, takes it and returns `None`.
    pub(super) fn exact_members<const N: usize>(&mut self, names: [&str; N]) -> Option<[Option<Value<'a>>; N]> {
        self.members_where(names, |key, name| key == name)
    }

    fn members_where<const N: usize>(
        &mut self,
        names: [&str; N],
        same: fn(&str, &str) -> bool,
    ) -> Option<[Option<Value<'a>>; N]> {
        if !self.enter_object() {
            self.value();
            return None;
        }
        let mut members = [None; N];
        while let Some(key) = self.key() {
            let value = self.value();
            if let Some(member) = names.iter().zip(&mut members).find_map(|(name, at)| same(&key, name).then_some(at)) {
                *member = value.unless_null();
            }
        }
        Some(members)
    }

    fn step_over(&mut self, opening: u8) -> bool {
        let found = self.peek() == Some(opening);
        self.at += usize::from(found);
        found
    }

    /// Skips spaces, commas and colons, whose positions are already checked, and returns the next byte.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let gap = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')).count();
        self.at += gap;
        rest.get(gap).copied()
    }
}

/// A value as written, without surrounding spaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    text: &'a str,
    not_strict: Option<ValueRejection>,
}

impl<'a> Value<'a> {
    /// The JSON text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The JSON text, if every strict JSON reader accepts it.
    pub(super) fn strict_text(&self) -> Result<&'a str, ValueRejection> {
        self.not_strict.map_or(Ok(self.text), Err)
    }

    /// The position before this value, to walk into it.
    pub(super) fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.text)
    }

    /// `None` for `null`, which counts as absent.
    pub(super) fn unless_null(self) -> Option<Self> {
        (self.text != "null").then_some(self)
    }

    /// Whether it is a string.
    pub(super) fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    /// Whether it is an empty list or an empty object.
    pub(super) fn is_empty_container(&self) -> bool {
        let inside = |open, close| self.text.strip_prefix(open)?.strip_suffix(close);
        inside('[', ']').or_else(|| inside('{', '}')).is_some_and(|inside| inside.trim_ascii().is_empty())
    }

    /// The decoded string; `None` if it is not a string, or has a lone surrogate, which no Rust string can contain.
    pub(super) fn string(&self) -> Option<Cow<'a, str>> {
        let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
        if inside.contains('\\') { serde_json::from_str(self.text).map(Cow::Owned).ok() } else { Some(inside.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_repeated_members_counts_and_null_is_absence() {
        let text = r#"{"a": 1, "A": [2, {"a": 3}], "b": 4, "b": null, "\u0063": "5", "\ud800": 6}"#;
        let texts = |members: [Option<Value<'static>>; 3]| members.map(|member| member.map(|value| value.text()));
        let folded = Cursor::new(text).members(["a", "b", "c"]).expect("object");
        assert_eq!(texts(folded), [Some(r#"[2, {"a": 3}]"#), None, Some(r#""5""#)]);
        let exact = Cursor::new(text).exact_members(["a", "B", "c"]).expect("object");
        assert_eq!(texts(exact), [Some("1"), None, Some(r#""5""#)]);
    }

    #[test]
    fn case_folds_in_ascii_only() {
        // The Kelvin sign and the long s fold to k and s in Unicode.
        let members = Cursor::new("{\"\u{212a}EY\": 1, \"info\u{17f}\": 2}").members(["key", "infos"]).expect("object");
        assert!(members.iter().all(Option::is_none));
    }

    #[test]
    fn a_list_is_walked_in_place() {
        let mut cursor = Cursor::new(r#"[ 1 , "]" , [ ] , { } ] "#);
        assert!(cursor.enter_list() && !cursor.clone().enter_object());
        let mut items = Vec::new();
        while cursor.has_item() {
            items.push(cursor.value());
        }
        assert_eq!(items.iter().map(Value::text).collect::<Vec<_>>(), ["1", "\"]\"", "[ ]", "{ }"]);
        assert_eq!(items.iter().map(Value::is_empty_container).collect::<Vec<_>>(), [false, false, true, true]);
    }
}
