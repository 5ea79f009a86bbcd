//! `TextFormat`.

use async_graphql::Enum;

use crate::content;

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
#[graphql(remote = "content::Format")]
pub(super) enum TextFormat {
    /// Markdown: `CommonMark`, with tables and strikethrough.
    #[default]
    Markdown,
    /// HTML without scripts, styles and images, whose links open only `http`, `https` and `mailto`.
    Html,
}
