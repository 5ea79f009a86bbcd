//! Templates in texts: the constructs of doT.js, parsed when content is loaded and evaluated over a hit's details.
//!
//! doT makes a JavaScript function of a template. Here a template is data: [`blocks`] parses the tags that [`tags`] finds,
//! [`expression`] their expressions, and [`run`] fills it in. Nothing is evaluated as code. What is not known or cannot be
//! evaluated stays as it was written, alone.

mod blocks;
mod evaluate;
mod expression;
mod number;
mod run;
mod tags;
mod tokens;
mod value;

use std::sync::Arc;

pub(super) use run::{Bounds, CUT, Filled, is_placeholder, placeholder_index};

use blocks::Node;

/// Most blocks inside each other. Public templates have four; each level takes stack when a template is filled in.
const MAX_BLOCKS: usize = 32;
/// Most problems that are reported of a text.
const MAX_PROBLEMS: usize = 20;

/// A text with parsed templates.
#[derive(Clone, Debug)]
pub struct Template {
    source: Arc<str>,
    nodes: Vec<Node>,
}

/// A construct that is not known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownConstruct {
    /// The line in the text, from 1.
    pub(super) line: u64,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// Equal texts have equal templates.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Template {}

impl Template {
    /// Parses a text of any kind. Returns what it does not know, at most [`MAX_PROBLEMS`] constructs.
    pub(super) fn parse(source: impl Into<Arc<str>>) -> (Self, Vec<UnknownConstruct>) {
        let source = source.into();
        let (nodes, unknown) = blocks::parse(&source);
        let (mut line, mut counted) = (1, 0);
        let unknown = unknown.into_iter().map(|(position, reason)| {
            line += source[counted..position].bytes().filter(|byte| *byte == b'\n').count() as u64;
            counted = position;
            UnknownConstruct { line, reason }
        });
        let unknown = unknown.collect();
        (Self { source, nodes }, unknown)
    }

    /// The text as it was written.
    pub fn as_written(&self) -> &str {
        &self.source
    }

    /// Fills in the details of a hit.
    pub(super) fn fill(&self, details: &serde_json::Value, bounds: Bounds) -> Filled {
        run::fill(&self.source, &self.nodes, details, bounds)
    }
}
