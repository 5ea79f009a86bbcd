//! Finds the tags of a template.
//!
//! As in doT, a tag ends at the first `}}`, wherever that is. A `{{` with another one before its `}}` is not a tag.

use std::ops::Range;

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text without tags.
    Text(Range<usize>),
    /// Text that begins with a `{{` without its `}}`.
    Unclosed(Range<usize>),
    /// A tag.
    Tag(Tag<'a>, Range<usize>),
}

/// What a tag is, with its expressions as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// `{{=value}}`, or with escapes, `{{!value}}`.
    Value { expression: &'a str, is_escaped: bool },
    /// `{{? condition }}`.
    If(&'a str),
    /// `{{?? condition }}`.
    ElseIf(&'a str),
    /// `{{??}}`.
    Else,
    /// `{{?}}`.
    EndIf,
    /// `{{~ list :value:index }}`.
    Loop(LoopHead<'a>),
    /// `{{~ .. }}` without the name of a value.
    NamelessLoop,
    /// `{{~}}`.
    EndLoop,
    /// Any other tag.
    Unknown,
}

/// The expression and the names of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoopHead<'a> {
    pub(super) list: &'a str,
    pub(super) value: &'a str,
    pub(super) index: Option<&'a str>,
}

/// Iterates over the parts of a template. Takes time in proportion to its length.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn of(source: &'a str) -> Self {
        Self { source, position: 0 }
    }

    fn advance(&mut self, end: usize) -> Range<usize> {
        std::mem::replace(&mut self.position, end)..end
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let rest = &self.source[self.position..];
        if rest.is_empty() {
            return None;
        }
        let Some(open) = rest.find("{{") else { return Some(Part::Text(self.advance(self.source.len()))) };
        if open > 0 {
            return Some(Part::Text(self.advance(self.position + open)));
        }
        let Some(close) = rest.find("}}") else { return Some(Part::Unclosed(self.advance(self.source.len()))) };
        if let Some(last) = rest[..close].rfind("{{").filter(|last| *last > 0) {
            // The braces of `{{{=a}}` are text as well, but complete.
            let is_text = rest[..last].bytes().all(|byte| byte == b'{');
            let range = self.advance(self.position + last);
            return Some(if is_text { Part::Text(range) } else { Part::Unclosed(range) });
        }
        let tag = tag(&rest[2..close]);
        Some(Part::Tag(tag, self.advance(self.position + close + 2)))
    }
}

fn tag(inner: &str) -> Tag<'_> {
    let or = |rest: &str, empty, full| if rest.is_empty() { empty } else { full };
    let value = |expression, is_escaped| Tag::Value { expression, is_escaped };
    if let Some(rest) = inner.strip_prefix('=') {
        value(rest, false)
    } else if let Some(rest) = inner.strip_prefix('!') {
        value(rest, true)
    } else if let Some(rest) = inner.strip_prefix("??").map(str::trim) {
        or(rest, Tag::Else, Tag::ElseIf(rest))
    } else if let Some(rest) = inner.strip_prefix('?').map(str::trim) {
        or(rest, Tag::EndIf, Tag::If(rest))
    } else if let Some(rest) = inner.strip_prefix('~').map(str::trim) {
        or(rest, Tag::EndLoop, loop_head(rest).map_or(Tag::NamelessLoop, Tag::Loop))
    } else {
        Tag::Unknown
    }
}

fn loop_head(text: &str) -> Option<LoopHead<'_>> {
    let (before, last) = split_name(text)?;
    Some(match split_name(before) {
        Some((before, value)) => LoopHead { list: before, value, index: Some(last) },
        None => LoopHead { list: before, value: last, index: None },
    })
}

/// Splits `before :name`.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (before, name) = text.rsplit_once(':')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    (is_name && !name.starts_with(|c: char| c.is_ascii_digit())).then(|| (before.trim(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(source: &str) -> Vec<Tag<'_>> {
        let tag = |part| if let Part::Tag(tag, _) = part { Some(tag) } else { None };
        Parts::of(source).filter_map(tag).collect()
    }

    #[test]
    fn the_parts_of_a_template_are_its_whole_text() {
        for source in
            ["", "a", "{{", "a{{=b}}c", "{{=a {{=b}}", "{{{=a}}}", "}}{{", "{{}}", "a {{? b }} {{ c", "é{{=é}}é"]
        {
            let range = |part| match part {
                Part::Text(range) | Part::Unclosed(range) | Part::Tag(_, range) => range,
            };
            let texts: Vec<_> = Parts::of(source).map(|part| &source[range(part)]).collect();
            assert_eq!(texts.concat(), source);
        }
    }

    #[test]
    fn names_of_loops_are_split_from_the_end() {
        let head = |list, value, index| Tag::Loop(LoopHead { list, value, index });
        assert_eq!(tags("{{~ a.b :c }}{{~a:b:i}}"), [head("a.b", "c", None), head("a", "b", Some("i"))]);
        assert_eq!(
            tags("{{~ a[\"x:y\"] :b }}{{~ a ? b : c[0] :d}}{{~}}"),
            [head("a[\"x:y\"]", "b", None), head("a ? b : c[0]", "d", None), Tag::EndLoop]
        );
        assert_eq!(tags("{{~ a }}{{~ a :1 }}{{~ a : }}"), [Tag::NamelessLoop, Tag::NamelessLoop, Tag::NamelessLoop]);
    }

    #[test]
    fn an_unclosed_tag_leaves_the_next_one_intact() {
        assert_eq!(tags("{{=a {{=b}}"), [Tag::Value { expression: "b", is_escaped: false }]);
        assert_eq!(tags("{{ code }}{{# x }}{{}}"), [Tag::Unknown, Tag::Unknown, Tag::Unknown]);
        assert_eq!(tags("{{? a\n}}{{?? b }}{{??}}{{?}}"), [Tag::If("a"), Tag::ElseIf("b"), Tag::Else, Tag::EndIf]);
    }
}
