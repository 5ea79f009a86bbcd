//! A place that breaks a rule.

use std::fmt;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name, as in the list of exceptions.
    pub rule: &'static str,
    /// The file, relative to the project's folder.
    pub path: String,
    /// The line, counted from one; 1 for the whole file.
    pub line: usize,
    /// What is wrong, and how to fix it.
    pub message: String,
    /// The rejected word, for the rule `words`.
    pub word: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, path, line, message, .. } = self;
        write!(f, "{path}:{line}: {message} [{rule}]")
    }
}
