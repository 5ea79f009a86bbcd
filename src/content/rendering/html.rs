//! Writes a text as HTML.

use std::{fmt, sync::LazyLock};

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Parser, Tag, TagEnd, html};

use super::{OPTIONS, escape, links};
use crate::content::template::{CUT, is_placeholder};

/// Most bytes before the sanitizer. Four times the bound of a text: markup such as a table takes more than in Markdown.
const MAX_BYTES: usize = 1024 * 1024;
/// Most elements inside each other. Sanitizing takes time in proportion to the depth, for each element.
const MAX_DEPTH: usize = 64;

/// What the sanitizer keeps. Nothing else is made here; this is the second barrier.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(
            [
                "a",
                "blockquote",
                "br",
                "code",
                "del",
                "em",
                "h1",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "hr",
                "li",
                "ol",
                "p",
                "pre",
                "strong",
                "table",
                "tbody",
                "td",
                "th",
                "thead",
                "tr",
                "ul",
            ]
            .into(),
        )
        .tag_attributes([("a", ["href", "title"].into()), ("ol", ["start"].into())].into())
        .url_schemes(links::SCHEMES.into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"));
    builder
});

/// Writes HTML. Values are inserted after the text was parsed, and its special characters after it was sanitized: the
/// sanitizer's parser takes a second for some 10,000 character references in a text, and that squared for more.
pub(super) fn write(text: &str, values: &[String]) -> String {
    let mut written = Bounded(String::new());
    let events = Events { parser: Parser::new_ext(text, OPTIONS), values, depth: 0, links: Vec::new(), in_code: false };
    let is_cut = html::write_html_fmt(&mut written, events.flatten()).is_err();
    let mut clean = SPECIAL.iter().fold(SANITIZER.clean(&written.0).to_string(), |clean, special| {
        clean.replace(special.substitute, special.reference)
    });
    if is_cut {
        clean.push_str("<p>");
        clean.push_str(CUT);
        clean.push_str("</p>\n");
    }
    clean
}

/// A character of HTML's markup, what it is until the text is sanitized, and then.
struct Special {
    character: char,
    substitute: char,
    reference: &'static str,
}

/// The substitutes have no meaning in Unicode, and are none of the placeholders.
const SPECIAL: [Special; 3] = [
    Special { character: '&', substitute: '\u{10FFF0}', reference: "&amp;" },
    Special { character: '<', substitute: '\u{10FFF1}', reference: "&lt;" },
    Special { character: '>', substitute: '\u{10FFF2}', reference: "&gt;" },
];

/// Replaces special characters by their substitutes.
fn substitute(c: char) -> char {
    match SPECIAL.iter().find(|special| special.character == c) {
        Some(special) => special.substitute,
        None if is_placeholder(c) => char::REPLACEMENT_CHARACTER,
        None => c,
    }
}

/// A text of at most [`MAX_BYTES`]. The sanitizer closes what is open at its end.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > MAX_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// The parts of a text with their values, without images, HTML, and links that open nothing.
struct Events<'a> {
    parser: Parser<'a>,
    values: &'a [String],
    depth: usize,
    /// For each open link, the text that replaces its end if it opens nothing.
    links: Vec<Option<String>>,
    in_code: bool,
}

impl<'a> Iterator for Events<'a> {
    type Item = Option<Event<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.parser.next()?;
        Some(match event {
            Event::Text(text) if self.in_code => Some(Event::Text(self.filled(text, escape::in_fence))),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(self.inline(text))),
            Event::Code(code) => Some(Event::Code(self.inline(code))),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                self.open_link(link_type, &dest_url, title, id)
            }
            Event::End(TagEnd::Link) => match self.links.pop().flatten() {
                Some(address) if address.is_empty() => None,
                Some(address) => Some(Event::Text(self.inline(address.into()))),
                None => Some(Event::End(TagEnd::Link)),
            },
            // The text that describes the image stays.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::SoftBreak | Event::HardBreak | Event::Rule => Some(event),
            // Extensions that are not enabled.
            _ => None,
        })
    }
}

impl<'a> Events<'a> {
    fn filled(&self, text: CowStr<'a>, write: impl Fn(&str) -> String) -> CowStr<'a> {
        let is_replaced = |c| matches!(c, '&' | '<' | '>') || is_placeholder(c);
        if text.contains(is_replaced) {
            escape::fill(&text, self.values, write).chars().map(substitute).collect::<String>().into()
        } else {
            text
        }
    }

    fn inline(&self, text: CowStr<'a>) -> CowStr<'a> {
        self.filled(text, |value| escape::on_one_line(value).into_owned())
    }

    fn open_link(
        &mut self,
        link_type: LinkType,
        written: &str,
        title: CowStr<'a>,
        id: CowStr<'a>,
    ) -> Option<Event<'a>> {
        // The parser leaves out the scheme of `<a@b.c>`.
        let scheme = if link_type == LinkType::Email { "mailto:" } else { "" };
        let Some(destination) = links::destination(&format!("{scheme}{written}"), self.values) else {
            let address = links::address(written, self.values).map(|address| format!(" ({address})"));
            self.links.push(Some(address.unwrap_or_default()));
            return None;
        };
        self.links.push(None);
        let title = self.inline(title);
        Some(Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url: destination.into(), title, id }))
    }

    /// Elements below the bound are left out, their content is not.
    fn open(&mut self, tag: Tag<'a>) -> Option<Event<'a>> {
        self.depth += 1;
        self.in_code |= matches!(tag, Tag::CodeBlock(_));
        let tag = match tag {
            // It has no meaning for users.
            Tag::CodeBlock(_) => Tag::CodeBlock(CodeBlockKind::Indented),
            Tag::HtmlBlock => Tag::Paragraph,
            tag => tag,
        };
        (self.depth <= MAX_DEPTH).then_some(Event::Start(tag))
    }

    fn close(&mut self, tag: TagEnd) -> Option<Event<'a>> {
        self.in_code &= tag != TagEnd::CodeBlock;
        self.depth -= 1;
        let tag = if tag == TagEnd::HtmlBlock { TagEnd::Paragraph } else { tag };
        (self.depth < MAX_DEPTH).then_some(Event::End(tag))
    }
}
