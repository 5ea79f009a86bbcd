//! What is wrong with files of content.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Most characters of a reason. Messages of the YAML parser repeat parts of the file.
const MAX_REASON: usize = 500;

/// A part of the content that is invalid. Unless its reason says otherwise, the part is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder, relative to the content's folder; the file of the groups as configured.
    pub file: PathBuf,
    /// The line, from 1, if it is known.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, its `config.yaml` or the file of the groups is missing or cannot be parsed.
    #[error("{0}")]
    Unreadable(Problem),
    /// The files changed while they were read, at each of several attempts.
    #[error("{} changed while it was read", .0.display())]
    Changing(PathBuf),
}

impl Problem {
    pub(super) fn new(file: &Path, line: Option<u64>, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    /// Writes `file:line: reason` on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_on_one_line(f, self.file.to_string_lossy().chars())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        write_on_one_line(f, self.reason.chars().take(MAX_REASON))
    }
}

fn write_on_one_line(f: &mut fmt::Formatter<'_>, mut text: impl Iterator<Item = char>) -> fmt::Result {
    text.try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_of_bounded_length() {
        let problem = Problem::new(Path::new("a\nb/plugin.yaml"), Some(3), format!("one\r\n{}", "x".repeat(9_999)));
        let line = problem.to_string();
        assert!(line.starts_with("a\\nb/plugin.yaml:3: one\\r\\nx"), "{line}");
        assert!(line.len() < 600 && !line.contains('\n'), "{line}");
        assert_eq!(Problem::new(Path::new("a"), None, "b").to_string(), "a: b");
    }
}
