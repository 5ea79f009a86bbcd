//! The query's text before it is parsed: how many tokens it has, and how deeply its brackets are nested.
//!
//! The parser works on every token and recurses at every bracket, so both are bounded first. Small text that is not valid
//! GraphQL passes; the parser reports its errors.

use async_graphql::Pos;

use super::{RequestError, limit::Limit};
use crate::config::Limits;

/// Refuses a text with too many tokens or with brackets nested too deeply.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), RequestError> {
    let (mut count, mut nesting) = (0_usize, Nesting::default());
    for token in (Tokens { text, rest: text }) {
        count += 1;
        Limit::QueryTokens.check(count, limits)?;
        nesting.count(token?, limits)?;
    }
    Ok(())
}

/// The open brackets. Values are inside parentheses and selections are not, which distinguishes the two without more of
/// the grammar. The counts for unbalanced brackets do not matter: the parser stops there.
#[derive(Default)]
struct Nesting {
    selections: usize,
    /// The open lists and objects in each open parenthesis.
    values: Vec<usize>,
}

impl Nesting {
    /// Counts a token's bracket, if it is one.
    fn count(&mut self, token: &str, limits: &Limits) -> Result<(), RequestError> {
        match token {
            "(" => self.values.push(0),
            ")" => drop(self.values.pop()),
            "{" | "[" => return self.open(limits),
            "}" | "]" => {
                let levels = self.values.last_mut().unwrap_or(&mut self.selections);
                *levels = levels.saturating_sub(1);
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, limits: &Limits) -> Result<(), RequestError> {
        if let Some(levels) = self.values.last_mut() {
            *levels += 1;
            return Limit::ArgumentDepth.check(*levels, limits);
        }
        self.selections += 1;
        // Twice, to allow an inline fragment around the fields of each level; `document` counts the fields themselves.
        let depth = limits.query_depth;
        if self.selections <= depth.saturating_mul(2) { Ok(()) } else { Err(RequestError::TooNested { depth }) }
    }
}

/// The tokens of a text, or the error of a string that does not end. A character that begins no token is a token.
///
/// The parser splits some words further (`truetrue` is two values to it), so it may work on more tokens than are
/// counted here, but never on more than there are bytes. It finds no bracket that is not found here.
struct Tokens<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<&'a str, RequestError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = without_ignored(self.rest);
        let first = self.rest.chars().next()?;
        let length = match first {
            '"' => string_length(self.rest),
            '.' if self.rest.starts_with("...") => Some(3),
            '-' | '0'..='9' => Some(number_length(self.rest)),
            _ if is_name_char(first) => Some(self.rest.find(|c| !is_name_char(c)).unwrap_or(self.rest.len())),
            _ => Some(first.len_utf8()),
        };
        let Some((token, rest)) = length.map(|length| self.rest.split_at(length)) else {
            return Some(Err(self.unterminated_string()));
        };
        self.rest = rest;
        Some(Ok(token))
    }
}

impl Tokens<'_> {
    /// The error of a string that does not end. It is not left to the parser, which would read `"""[[` again as an empty
    /// string and two brackets, which are inside a string here.
    fn unterminated_string(&self) -> RequestError {
        let before = &self.text[..self.text.len() - self.rest.len()];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        RequestError::Unreadable {
            at: Some(Pos { line, column }),
            reason: "a string that begins here does not end".into(),
        }
    }
}

/// The text after leading whitespace, commas and comments.
fn without_ignored(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', ',', '\u{feff}', '\r', '\n']);
        let Some(comment) = text.strip_prefix('#') else { return text };
        text = comment.trim_start_matches(|c| !matches!(c, '\r' | '\n'));
    }
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// The length of the number at the start of a text. Its form is not checked.
fn number_length(text: &str) -> usize {
    let mut previous = '-';
    let ends = |c: char| {
        let is_sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
        previous = c;
        !(is_sign || c == '.' || is_name_char(c))
    };
    text[1..].find(ends).map_or(text.len(), |end| end + 1)
}

/// The length of the string at the start of a text including its quotes. `None` if it does not end.
fn string_length(text: &str) -> Option<usize> {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block_length(block).map(|length| length + 6);
    }
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(index + 1),
            b'\n' | b'\r' => return None,
            // An escaped byte does not end the string. It may be the first byte of a character, but then it is not a quote.
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

/// The position of the three quotes that end a block string: the first without a backslash before them.
fn block_length(block: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let quotes = from + block[from..].find("\"\"\"")?;
        if !block[..quotes].ends_with('\\') {
            return Some(quotes);
        }
        from = quotes + 3;
    }
}
