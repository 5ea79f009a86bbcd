//! Writes values so that they are text.

use std::{borrow::Cow, fmt::Write as _};

use crate::content::template::{is_placeholder, placeholder_index};

/// Characters that are escaped anywhere in Markdown's text.
const MARKUP: [char; 16] = ['\\', '`', '*', '_', '[', ']', '<', '>', '&', '~', '|', '#', '!', '$', '@', '^'];
/// A space that is not markup.
const SPACE: &str = "&#32;";
/// Characters of a link's destination that stay, beside letters and digits.
const IN_DESTINATION: &[u8] = b"-._~/?#=+,;%";
/// Characters of a URL that stay, beside letters and digits.
const IN_URL: &[u8] = b"-._~/?#=+,;%!$&'()*:@^";

/// Replaces placeholders by written values.
pub(super) fn fill(text: &str, values: &[String], write: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find(is_placeholder) {
        let (before, after) = rest.split_at(position);
        let mut after = after.chars();
        filled.push_str(before);
        filled.push_str(&after.next().and_then(|c| value(c, values)).map(&write).unwrap_or_default());
        rest = after.as_str();
    }
    filled + rest
}

/// The value that a character represents.
pub(super) fn value(c: char, values: &[String]) -> Option<&str> {
    placeholder_index(c).and_then(|index| values.get(index)).map(String::as_str)
}

/// Replaces line breaks by spaces, so that a value cannot begin a line.
pub(super) fn on_one_line(value: &str) -> Cow<'_, str> {
    let is_control = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    if value.contains(is_control) {
        Cow::Owned(value.replace("\r\n", " ").replace(is_control, " "))
    } else {
        Cow::Borrowed(value)
    }
}

/// Text in Markdown.
pub(super) fn in_markdown(value: &str) -> String {
    let value = on_one_line(value);
    let inner = value.trim_matches(' ');
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let mut written = String::with_capacity(value.len() + 8);
    // Spaces could indent a line, or break it.
    if value.starts_with(' ') {
        written.push_str(SPACE);
    }
    for (position, c) in inner.char_indices() {
        let (before, after) = (&inner[..position], &inner[position + c.len_utf8()..]);
        if MARKUP.contains(&c)
            || (position == 0 || position == digits) && begins_line(c, after)
            || is_in_address(c, before, after)
        {
            written.push('\\');
        }
        written.push(c);
    }
    if value.ends_with(' ') && !inner.is_empty() {
        written.push_str(SPACE);
    }
    written
}

/// Whether a character, at the start of a line or after digits there, may begin a list, a rule, a heading or a table.
fn begins_line(c: char, after: &str) -> bool {
    match c {
        '=' | ':' => true,
        '-' | '+' | '.' | ')' => after.is_empty() || after.starts_with([' ', '-']),
        _ => false,
    }
}

/// Whether a character is part of an address of which some renderers make a link.
fn is_in_address(c: char, before: &str, after: &str) -> bool {
    let is_www = || before.get(before.len().saturating_sub(3)..).is_some_and(|start| start.eq_ignore_ascii_case("www"));
    c == ':' && after.starts_with("//") || c == '.' && is_www()
}

/// Text that is not markup anywhere in Markdown, whatever is beside it. Less readable than the others.
pub(super) fn as_references(value: &str) -> String {
    let mut written = String::with_capacity(value.len() * 2);
    for (position, c) in on_one_line(value).char_indices() {
        if position > 0 && (c.is_ascii_alphanumeric() || !c.is_ascii()) {
            written.push(c);
        } else {
            // Writing to a text does not fail.
            _ = write!(written, "&#{};", u32::from(c));
        }
    }
    written
}

/// Text in HTML that a template's author wrote between Markdown. A colon could end the scheme of a link.
pub(super) fn in_raw_html(value: &str) -> String {
    as_references(value).replace("&#58;", "%3A")
}

/// A part of a link's destination that does not end it and changes no scheme.
pub(super) fn in_destination(value: &str) -> String {
    percent_encode(value, IN_DESTINATION)
}

/// A whole destination, whose characters that no URL contains are encoded.
pub(super) fn in_url(destination: &str) -> String {
    percent_encode(destination, IN_URL)
}

fn percent_encode(text: &str, kept: &[u8]) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            written.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// Code in a block of code, where line breaks stay, but not at the end: a fence could follow.
pub(super) fn in_fence(code: &str) -> String {
    code.trim_end_matches(['\r', '\n']).to_owned()
}

/// Code in a table, where a bar ends the cell.
pub(super) fn in_table(code: &str) -> String {
    code.replace('|', "\\|")
}

/// The most consecutive characters of a kind.
pub(super) fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or_default()
}
