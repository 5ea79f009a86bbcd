//! The Markdown files of a rule and of its error keys.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Problem,
    tree::{TextFile, Tree},
};

/// The texts of a rule or an error key. Blank files count as absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) generic: Option<Arc<str>>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) resolution: Option<Arc<str>>,
    pub(super) summary: Option<Arc<str>>,
    pub(super) more_info: Option<Arc<str>>,
}

impl Texts {
    /// Reads the texts among the files of a folder.
    ///
    /// # Errors
    /// If one of them cannot be read. Another text instead of it would be wrong.
    pub(super) fn read(tree: &mut Tree, files: &BTreeMap<String, TextFile>) -> Result<Self, Problem> {
        let mut read = |name: &str| {
            let text = files.get(name).map(|file| tree.read(file)).transpose()?;
            Ok(text.filter(|text| !text.trim().is_empty()).map(Arc::from))
        };
        Ok(Self {
            generic: read("generic.md")?,
            reason: read("reason.md")?,
            resolution: read("resolution.md")?,
            summary: read("summary.md")?,
            more_info: read("more_info.md")?,
        })
    }

    /// Each text, or else the one of `defaults`.
    pub(super) fn or(self, defaults: &Self) -> Self {
        let or = |text: Option<Arc<str>>, default: &Option<Arc<str>>| text.or_else(|| default.clone());
        Self {
            generic: or(self.generic, &defaults.generic),
            reason: or(self.reason, &defaults.reason),
            resolution: or(self.resolution, &defaults.resolution),
            summary: or(self.summary, &defaults.summary),
            more_info: or(self.more_info, &defaults.more_info),
        }
    }

    /// The name of a required file that is missing.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match (&self.generic, &self.reason) {
            (None, _) => Some("generic.md"),
            (_, None) => Some("reason.md"),
            _ => None,
        }
    }
}
