//! The Markdown files of a rule and of its error keys.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    Problem, Template,
    template::UnknownConstruct,
    tree::{TextFile, Tree},
};

/// The texts of a rule or an error key. Blank files count as absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) generic: Option<Arc<str>>,
    pub(super) reason: Option<Arc<Template>>,
    pub(super) resolution: Option<Arc<Template>>,
    pub(super) summary: Option<Arc<str>>,
    pub(super) more_info: Option<Arc<Template>>,
}

impl Texts {
    /// Reads the texts among the files of a folder. Records constructs of templates that are not known.
    ///
    /// # Errors
    /// If one of them cannot be read. Another text instead of it would be wrong.
    pub(super) fn read(tree: &mut Tree, files: &BTreeMap<String, TextFile>) -> Result<Self, Problem> {
        let mut read = |name: &str| {
            let Some(file) = files.get(name) else { return Ok(None) };
            let text = tree.read(file)?;
            Ok(Some((file, text)).filter(|(_, text)| !text.trim().is_empty()))
        };
        let generic = read("generic.md")?;
        let summary = read("summary.md")?;
        let templates = [read("reason.md")?, read("resolution.md")?, read("more_info.md")?];
        let [reason, resolution, more_info] = templates
            .map(|read| read.map(|(file, text)| parse_template(&file.name, Some(1), text, &mut tree.problems)));
        let plain = |read: Option<(&TextFile, String)>| read.map(|(_, text)| Arc::from(text));
        Ok(Self { generic: plain(generic), reason, resolution, summary: plain(summary), more_info })
    }

    /// Each text, or else the one of `defaults`.
    pub(super) fn or(self, defaults: &Self) -> Self {
        Self {
            generic: self.generic.or_else(|| defaults.generic.clone()),
            reason: self.reason.or_else(|| defaults.reason.clone()),
            resolution: self.resolution.or_else(|| defaults.resolution.clone()),
            summary: self.summary.or_else(|| defaults.summary.clone()),
            more_info: self.more_info.or_else(|| defaults.more_info.clone()),
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

/// Parses a text that begins on a line of a file, if that is known. Records the constructs that are not known, which leave nothing out.
pub(super) fn parse_template(
    file: &Path,
    first_line: Option<u64>,
    text: String,
    problems: &mut Vec<Problem>,
) -> Arc<Template> {
    let (template, unknown) = Template::parse(text);
    let problem = |unknown: UnknownConstruct| {
        Problem::new(file, first_line.map(|first| first + unknown.line - 1), unknown.reason)
    };
    problems.extend(unknown.into_iter().map(problem));
    Arc::new(template)
}
