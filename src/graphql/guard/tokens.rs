//! The text before it is parsed: how many tokens it has, and how deeply its brackets are nested.
//!
//! The parser works on every token and recurses at every bracket, so both are bounded first. Text that is no GraphQL
//! passes as long as it is small; the parser says what is wrong with it.

use async_graphql::Pos;

use super::{RequestError, limit::Limit};
use crate::config::Limits;

/// Refuses a text with too many tokens or with brackets nested too deeply.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), RequestError> {
    let (mut count, mut nesting) = (0_usize, Nesting::default());
    for token in (Tokens { text, rest: text }) {
        count += 1;
        Limit::QueryTokens.check(count, limits)?;
        nesting.follow(token?, limits)?;
    }
    Ok(())
}

/// The brackets that are open. Values stand in parentheses and selections do not, so the two are told apart without
/// knowing more of the grammar. Text whose brackets do not fit together is counted somehow: the parser stops there.
#[derive(Default)]
struct Nesting {
    selections: usize,
    /// Lists and objects in each parenthesis that is open.
    values: Vec<usize>,
}

impl Nesting {
    fn follow(&mut self, token: &str, limits: &Limits) -> Result<(), RequestError> {
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
        // Room for an inline fragment around the fields of each level; the fields themselves are counted later.
        let depth = limits.query_depth;
        if self.selections <= depth.saturating_mul(2) { Ok(()) } else { Err(RequestError::TooNested { depth }) }
    }
}

/// The tokens of a text, or where one does not end. A single character that begins no token counts as one.
///
/// The parser splits some words further (`truetrue` is two values to it), so it may work on more tokens than are
/// counted here, though never on more than there are bytes. It finds no bracket that is not found here.
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
            _ if is_of_name(first) => Some(self.rest.find(|c| !is_of_name(c)).unwrap_or(self.rest.len())),
            _ => Some(first.len_utf8()),
        };
        let Some((token, rest)) = length.map(|length| self.rest.split_at(length)) else {
            return Some(Err(self.endless_string()));
        };
        self.rest = rest;
        Some(Ok(token))
    }
}

impl Tokens<'_> {
    /// An error at once rather than the parser's later: it would try `"""[[` again as an empty string and what follows,
    /// and so find brackets that are within a string here.
    fn endless_string(&self) -> RequestError {
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

/// The text from the next token on: past space, commas and comments.
fn without_ignored(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', ',', '\u{feff}', '\r', '\n']);
        let Some(comment) = text.strip_prefix('#') else { return text };
        text = comment.trim_start_matches(|c| !matches!(c, '\r' | '\n'));
    }
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// The length of the number at the start of a text. Its sign and what it goes on with are not judged.
fn number_length(text: &str) -> usize {
    let mut previous = '-';
    let ends = |c: char| {
        let is_sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
        previous = c;
        !(is_sign || c == '.' || is_of_name(c))
    };
    text[1..].find(ends).map_or(text.len(), |end| end + 1)
}

/// The length of the string at the start of a text with its quotes, if it ends.
fn string_length(text: &str) -> Option<usize> {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block_length(block).map(|length| length + 6);
    }
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(index + 1),
            b'\n' | b'\r' => return None,
            // What is escaped is no end, whatever it is: it may be half a character, but then no quote.
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

/// How far it is to the three quotes that end a block string: those with no backslash before them.
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
