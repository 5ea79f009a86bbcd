//! Inserts values into Markdown.

use std::ops::Range;

use super::{
    escape, links,
    places::{self, Place, Places},
};

/// A part of the text that is replaced.
type Edit = (Range<usize>, String);

/// Writes Markdown whose values are text.
///
/// The result is parsed again. If a value still changes its structure, such as emphasis that ends beside a value that
/// begins with punctuation, all values are written as character references, which are never markup.
pub(super) fn write(text: &str, values: &[String]) -> String {
    if values.is_empty() {
        return text.to_owned();
    }
    let places = places::find(text, values);
    let written = apply(text, edits(text, &places, values));
    if places::find(&written, &[]).structure == places.structure {
        return written;
    }
    apply(text, references(text, &places, values))
}

fn edits(text: &str, places: &Places, values: &[String]) -> Vec<Edit> {
    let mut edits = at_dead_links(places, values, escape::in_markdown);
    for span in &places.code_spans {
        edits.extend(widen_code_span(text, span, values));
    }
    for fence in &places.fences {
        edits.extend(widen_fence(text, fence, values));
    }
    edits.extend(at_placeholders(text, places, values, |place, value| match place {
        Place::Text => escape::in_markdown(value),
        Place::Code { is_in_table: true } => escape::in_table(&escape::on_one_line(value)),
        Place::Code { is_in_table: false } | Place::IndentedCode => escape::on_one_line(value).into_owned(),
        Place::FencedCode => escape::in_fence(value),
        Place::Destination => escape::in_destination(value),
        Place::RawHtml => escape::in_raw_html(value),
    }));
    edits
}

/// Replaces links that open nothing by their text and address.
fn at_dead_links(places: &Places, values: &[String], write: impl Fn(&str) -> String) -> Vec<Edit> {
    let mut edits = Vec::new();
    for link in &places.dead_links {
        let address = links::address(&link.destination, values);
        let address = address.map(|address| format!(" ({})", write(&address))).unwrap_or_default();
        if link.text.is_empty() {
            edits.push((link.link.clone(), address));
        } else {
            edits.push((link.link.start..link.text.start, String::new()));
            edits.push((link.text.end..link.link.end, address));
        }
    }
    edits
}

/// As character references. They are not read as such in code, where they are visible.
fn references(text: &str, places: &Places, values: &[String]) -> Vec<Edit> {
    let mut edits = at_dead_links(places, values, escape::as_references);
    edits.extend(at_placeholders(text, places, values, |place, value| match place {
        Place::Destination => escape::in_destination(value),
        Place::RawHtml => escape::in_raw_html(value),
        _ => escape::as_references(value),
    }));
    edits
}

fn at_placeholders(text: &str, places: &Places, values: &[String], write: impl Fn(Place, &str) -> String) -> Vec<Edit> {
    let edit = |(position, place): &(usize, Place)| {
        let placeholder = text[*position..].chars().next()?;
        let value = escape::value(placeholder, values).unwrap_or_default();
        Some((*position..*position + placeholder.len_utf8(), write(*place, value)))
    };
    places.placeholders.iter().filter_map(edit).collect()
}

/// Makes the backticks around a code span more than any in its values.
fn widen_code_span(text: &str, span: &Range<usize>, values: &[String]) -> Vec<Edit> {
    let written = &text[span.clone()];
    let width = written.len() - written.trim_start_matches('`').len();
    let Some(content) = written.get(width..written.len().saturating_sub(width)) else { return Vec::new() };
    let content = escape::fill(content, values, |value| escape::on_one_line(value).into_owned());
    let longest = escape::longest_run(&content, '`');
    let is_padded = content.starts_with('`') || content.ends_with('`');
    let is_ambiguous = content.split(|c| c != '`').any(|run| run.len() == width);
    let more = if is_ambiguous { "`".repeat(longest + 1 - width.min(longest)) } else { String::new() };
    let pad = if is_padded { " " } else { "" };
    vec![
        (span.start + width..span.start + width, format!("{more}{pad}")),
        (span.end - width..span.end - width, format!("{pad}{more}")),
    ]
}

/// Makes a fence longer than any in the values of its block.
fn widen_fence(text: &str, block: &Range<usize>, values: &[String]) -> Vec<Edit> {
    let written = &text[block.clone()];
    let Some(mark) = written.chars().next().filter(|c| *c == '`' || *c == '~') else { return Vec::new() };
    let width = written.len() - written.trim_start_matches(mark).len();
    let longest = escape::longest_run(&escape::fill(written, values, str::to_owned)[width..], mark);
    if longest < width {
        return Vec::new();
    }
    let more = mark.to_string().repeat(longest + 1 - width);
    let mut edits = vec![(block.start..block.start, more.clone())];
    let end = written.trim_end_matches([' ', '\t', '\r', '\n']);
    let closing = end.len() - end.trim_end_matches(mark).len();
    let last_line = end.rfind('\n').map(|position| end[position + 1..].trim_start_matches([' ', '>', '\t']));
    if closing >= width && last_line.is_some_and(|line| line.len() == closing) {
        let position = block.start + end.len();
        edits.push((position..position, more));
    }
    edits
}

/// Replaces parts of a text. A part inside another one is not replaced.
fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    // What is inserted before a value is first.
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut written = String::with_capacity(text.len());
    let mut position = 0;
    for (range, replacement) in edits {
        if range.start >= position {
            written.push_str(&text[position..range.start]);
            written.push_str(&replacement);
            position = range.end;
        }
    }
    written.push_str(&text[position..]);
    written
}
