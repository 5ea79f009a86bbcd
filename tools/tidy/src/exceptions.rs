//! The list of exceptions: places that may break a rule, each with a reason.

use serde::Deserialize;

use crate::violation::Violation;

/// All exceptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Exceptions from one rule in one file, in the order of the list.
    #[serde(default, rename = "exception")]
    pub list: Vec<Exception>,
    /// Exceptions from the rule `words`, in the order of the list.
    #[serde(default)]
    pub words: Vec<WordException>,
}

/// A file that may break a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The file, relative to the project's folder.
    pub path: String,
    /// The rule's name.
    pub rule: String,
    /// Why the file may break it.
    pub reason: String,
}

/// A file that may use a rejected word.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordException {
    /// The file, relative to the project's folder.
    pub path: String,
    /// The word as violations print it.
    pub word: String,
    /// How often the file uses it.
    pub count: usize,
    /// Why it may.
    pub reason: String,
}

impl Exceptions {
    /// Reads the list.
    ///
    /// # Errors
    /// When it is not valid TOML, or has unknown or missing keys.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Returns the violations without an exception, and a line for each exception that is not needed or too large.
    pub fn apply(&self, violations: &[Violation]) -> (Vec<Violation>, Vec<String>) {
        let matched = |covers: &dyn Fn(&Violation) -> bool| violations.iter().filter(|found| covers(found)).count();
        let mut unneeded = Vec::new();
        for exception in &self.list {
            if matched(&|violation| exception.covers(violation)) == 0 {
                unneeded.push(format!("{}: [{}] remove the exception", exception.path, exception.rule));
            }
        }
        let mut exceeded = Vec::new();
        for exception in &self.words {
            let (count, allowed) = (matched(&|violation| exception.covers(violation)), exception.count);
            if count > allowed {
                exceeded.push(exception);
            } else if count < allowed || count == 0 {
                let WordException { path, word, .. } = exception;
                unneeded.push(format!("{path}: `{word}` is allowed {allowed} times and used {count} times"));
            }
        }
        let is_covered = |violation: &Violation| {
            self.list.iter().any(|exception| exception.covers(violation))
                || self.words.iter().any(|exception| exception.covers(violation) && !exceeded.contains(&exception))
        };
        let open = violations.iter().filter(|violation| !is_covered(violation)).cloned().collect();
        (open, unneeded)
    }
}

impl Exception {
    fn covers(&self, violation: &Violation) -> bool {
        self.path == violation.path && self.rule == violation.rule
    }
}

impl WordException {
    fn covers(&self, violation: &Violation) -> bool {
        self.path == violation.path && violation.word.as_ref() == Some(&self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(rule: &'static str, path: &str, word: Option<&str>) -> Violation {
        Violation { rule, path: path.to_owned(), line: 1, message: String::new(), word: word.map(str::to_owned) }
    }

    #[test]
    fn an_exception_covers_its_rule_in_its_file_only() {
        let exception = |path: &str| format!("[[exception]]\npath = '{path}'\nrule = 'sleep'\nreason = 'waits'\n");
        let exceptions = Exceptions::read(&(exception("tests/a.rs") + &exception("tests/b.rs"))).expect("a list");
        let found = ["tests/a.rs", "tests/c.rs"].map(|path| violation("sleep", path, None));
        let violations = [&found[..], &[violation("head", "tests/a.rs", None)]].concat();
        let (open, unneeded) = exceptions.apply(&violations);
        assert_eq!(open, violations[1..]);
        assert_eq!(unneeded, ["tests/b.rs: [sleep] remove the exception"]);
    }

    #[test]
    fn a_word_exception_covers_exactly_its_count() {
        let apply = |count, used| {
            let list = format!("[[words]]\npath = 'a.md'\nword = 'stands'\ncount = {count}\nreason = 'a quotation'\n");
            let violations = vec![violation("words", "a.md", Some("stands")); used];
            let (open, unneeded) = Exceptions::read(&list).expect("a list").apply(&violations);
            (open.len(), unneeded.len())
        };
        assert_eq!(apply(2, 2), (0, 0));
        assert_eq!(apply(2, 3), (3, 0));
        assert_eq!(apply(2, 1), (0, 1));
        assert_eq!(apply(0, 0), (0, 1));
    }

    #[test]
    fn a_word_exception_covers_its_word_in_its_file_only() {
        let list = "[[words]]\npath = 'a.md'\nword = 'stands'\ncount = 1\nreason = 'a quotation'\n";
        let of_other = [violation("words", "a.md", Some("fate")), violation("words", "b.md", Some("stands"))];
        let violations = [&[violation("words", "a.md", Some("stands"))], &of_other[..]].concat();
        assert_eq!(Exceptions::read(list).expect("a list").apply(&violations), (of_other.to_vec(), Vec::new()));
    }

    #[test]
    fn an_exception_without_a_reason_is_rejected() {
        assert!(Exceptions::read("[[exception]]\npath = 'a'\nrule = 'b'").is_err());
        assert!(Exceptions::read("[[words]]\npath = 'a'\nword = 'b'\ncount = 1").is_err());
    }
}
