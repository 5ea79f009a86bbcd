//! Texts for users: templates filled in with the details of a hit, as Markdown or HTML.
//!
//! [`super::template`] puts a placeholder where a value from the details belongs. [`places`] finds out where each one is in
//! the parsed Markdown; [`markdown`] escapes the values for that, and [`html`] inserts them after parsing.

mod background;
mod escape;
mod html;
mod links;
mod markdown;
mod places;

use pulldown_cmark::Options;

pub use background::{render_in_background, render_plain_in_background};

use super::template::{Bounds, Filled, Template};
use crate::domain::Details;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `CommonMark` with the tables and strikethrough of GitHub.
    Markdown,
    /// HTML that needs no further checks: few elements, and only links to `http`, `https` and `mailto`.
    Html,
}

/// Fills in a template with the details of a hit. Values from the details are text, never markup.
///
/// The time is bounded: at most 100,000 steps, 256 KiB of text before escapes, 1 MiB of HTML. A longer text ends with
/// "… (cut off)". [`render_in_background`] is for tasks of the runtime, as is [`render_plain_in_background`].
pub fn render(template: &Template, details: Option<&Details>, format: Format) -> String {
    write(&filled(template, details, Bounds::MAX), format)
}

/// Writes a text without templates. As Markdown, it is as it was written.
pub fn render_plain(text: &str, format: Format) -> String {
    match format {
        Format::Markdown => text.to_owned(),
        Format::Html => html::write(text, &[]),
    }
}

/// Details that `serde_json` cannot read, such as those with half of a surrogate pair, count as null.
fn filled(template: &Template, details: Option<&Details>, bounds: Bounds) -> Filled {
    let details = details.and_then(|details| serde_json::from_str(details.as_str()).ok());
    template.fill(&details.unwrap_or_default(), bounds)
}

fn write(filled: &Filled, format: Format) -> String {
    match format {
        Format::Markdown => markdown::write(&filled.text, &filled.values),
        Format::Html => html::write(&filled.text, &filled.values),
    }
}

/// What is parsed beyond `CommonMark`.
const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);
