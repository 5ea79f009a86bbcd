//! Finds out what placeholders are part of.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Parser, Tag, TagEnd};

use super::{OPTIONS, links};
use crate::content::template::is_placeholder;

/// What a placeholder is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Text of a paragraph or the like.
    Text,
    /// A code span.
    Code { is_in_table: bool },
    /// A block of code, whose lines begin at the start of a line of the text.
    FencedCode,
    /// A block of code that is indented or inside another block.
    IndentedCode,
    /// The destination or title of a link or an image.
    Destination,
    /// HTML that the template contains.
    RawHtml,
}

/// A text's placeholders, and the parts of its Markdown around them.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Positions of placeholders, ascending, each with its place.
    pub(super) placeholders: Vec<(usize, Place)>,
    /// Code spans with placeholders.
    pub(super) code_spans: Vec<Range<usize>>,
    /// Fenced blocks of code with placeholders.
    pub(super) fences: Vec<Range<usize>>,
    /// Links whose destination depends on a placeholder so that they open nothing: the whole, and the text in it.
    pub(super) dead_links: Vec<DeadLink>,
    /// The kinds of the parts, in their order: what values must not change.
    pub(super) structure: Vec<u8>,
}

/// A link that opens nothing.
#[derive(Debug)]
pub(super) struct DeadLink {
    pub(super) link: Range<usize>,
    pub(super) text: Range<usize>,
    pub(super) destination: String,
}

/// Parses a text.
pub(super) fn find(text: &str, values: &[String]) -> Places {
    let positions = text.char_indices().filter(|(_, c)| is_placeholder(*c));
    let mut places =
        Places { placeholders: positions.map(|(position, _)| (position, Place::Text)).collect(), ..Places::default() };
    let parser = Parser::new_ext(text, OPTIONS);
    let definitions: Vec<_> =
        parser.reference_definitions().iter().map(|(_, definition)| definition.span.clone()).collect();
    for definition in definitions {
        places.mark(&definition, Place::Destination);
    }
    let (mut tables, mut open_links, mut is_in_autolink) = (0_usize, Vec::new(), false);
    for (event, range) in parser.into_offset_iter() {
        if let Some(DeadLink { link, text, .. }) = open_links.last_mut().and_then(Option::as_mut)
            && *link != range
        {
            *text = text.start.min(range.start)..text.end.max(range.end);
        }
        places.structure.extend(kind(&event));
        match event {
            Event::Text(_) => {
                let is_in_code = |place: Place| matches!(place, Place::FencedCode | Place::IndentedCode);
                places.mark_unless(&range, Place::Text, |place| is_in_autolink || is_in_code(place));
            }
            Event::Code(_) if places.mark(&range, Place::Code { is_in_table: tables > 0 }) => {
                places.code_spans.push(range);
            }
            Event::Html(_) | Event::InlineHtml(_) => _ = places.mark(&range, Place::RawHtml),
            Event::Start(Tag::Table(_)) => tables += 1,
            Event::End(TagEnd::Table) => tables -= 1,
            Event::Start(Tag::CodeBlock(kind)) => {
                let is_at_start = range.start == 0 || text[..range.start].ends_with('\n');
                let is_fenced = matches!(kind, CodeBlockKind::Fenced(_));
                let place = if is_fenced && is_at_start { Place::FencedCode } else { Place::IndentedCode };
                if places.mark(&range, place) && is_fenced {
                    places.fences.push(range);
                }
            }
            Event::Start(Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. }) => {
                // The outermost link marks those inside it.
                if open_links.is_empty() {
                    places.mark(&range, Place::Destination);
                }
                is_in_autolink = matches!(link_type, LinkType::Autolink | LinkType::Email);
                let is_dead = dest_url.contains(is_placeholder)
                    && !is_in_autolink
                    && links::destination(&dest_url, values).is_none();
                places.structure.extend((!is_dead).then_some(7));
                open_links.push(is_dead.then(|| DeadLink {
                    text: range.end..range.start,
                    link: range,
                    destination: dest_url.into_string(),
                }));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                is_in_autolink = false;
                let dead = open_links.pop().flatten();
                places.structure.extend(dead.is_none().then_some(8));
                places.dead_links.extend(dead);
            }
            _ => {}
        }
    }
    places
}

impl Places {
    fn mark(&mut self, range: &Range<usize>, place: Place) -> bool {
        self.mark_unless(range, place, |_| false)
    }

    /// Marks the placeholders in a range. Returns whether there are any.
    fn mark_unless(&mut self, range: &Range<usize>, place: Place, is_kept: impl Fn(Place) -> bool) -> bool {
        let start = self.placeholders.partition_point(|(position, _)| *position < range.start);
        let inside = self.placeholders[start..].iter_mut().take_while(|(position, _)| *position < range.end);
        let mut is_any = false;
        for (_, marked) in inside {
            is_any = true;
            if !is_kept(*marked) {
                *marked = place;
            }
        }
        is_any
    }
}

/// The kind of a part. Texts have no kind: values change where they are split. The kinds of links depend on whether they
/// open something.
fn kind(event: &Event<'_>) -> Option<u8> {
    Some(match event {
        Event::Start(Tag::Link { .. } | Tag::Image { .. }) | Event::End(TagEnd::Link | TagEnd::Image) => return None,
        Event::Start(tag) => start_kind(tag),
        Event::End(_) => 1,
        Event::Code(_) => 2,
        Event::Html(_) | Event::InlineHtml(_) => 3,
        Event::SoftBreak => 4,
        Event::HardBreak => 5,
        Event::Rule => 6,
        _ => return None,
    })
}

fn start_kind(tag: &Tag<'_>) -> u8 {
    match tag {
        Tag::Paragraph => 10,
        Tag::Heading { .. } => 11,
        Tag::BlockQuote(_) => 12,
        Tag::CodeBlock(_) => 13,
        Tag::List(None) => 14,
        Tag::List(Some(_)) => 15,
        Tag::Item => 16,
        Tag::Table(_) => 17,
        Tag::TableHead => 18,
        Tag::TableRow => 19,
        Tag::TableCell => 20,
        Tag::Emphasis => 21,
        Tag::Strong => 22,
        Tag::Strikethrough => 23,
        _ => 24,
    }
}
