//! A place that a rule forbids.

use std::fmt;

/// A place that a rule forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The rule's name, as exceptions say it.
    pub rule: &'static str,
    /// The file, from the project's folder on.
    pub path: String,
    /// The line, counted from one; 1 where the whole file is meant.
    pub line: usize,
    /// What is wrong there, and the mend.
    pub told: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, path, line, told } = self;
        write!(f, "{path}:{line}: {told} [{rule}]")
    }
}
