//! The exceptions: each a place, the rule that does not hold there, and why.

use serde::Deserialize;

use crate::breach::Breach;

/// All exceptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// In the file's order.
    #[serde(default, rename = "exception")]
    pub list: Vec<Exception>,
}

/// A file in which a rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The file, from the project's folder on.
    pub path: String,
    /// The rule's name.
    pub rule: String,
    /// Why it does not hold there.
    pub reason: String,
}

impl Exceptions {
    /// Reads the list.
    ///
    /// # Errors
    /// When it is no TOML, or not of this form.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Parts breaches into those that have no exception, and tells the exceptions that none of them needs.
    pub fn part(&self, breaches: Vec<Breach>) -> (Vec<Breach>, Vec<&Exception>) {
        let unneeded = self.list.iter().filter(|one| !breaches.iter().any(|breach| one.covers(breach))).collect();
        let is_open = |breach: &Breach| !self.list.iter().any(|one| one.covers(breach));
        (breaches.into_iter().filter(is_open).collect(), unneeded)
    }
}

impl Exception {
    fn covers(&self, breach: &Breach) -> bool {
        self.path == breach.path && self.rule == breach.rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_covers_its_rule_in_its_file_and_nothing_else() {
        let told = |path: &str| format!("[[exception]]\npath = '{path}'\nrule = 'sleep'\nreason = 'waits'\n");
        let exceptions = Exceptions::read(&(told("tests/a.rs") + &told("tests/b.rs"))).expect("a list");
        let breach = |rule, path: &str| Breach { rule, path: path.to_owned(), line: 1, told: String::new() };
        let breaches = vec![breach("sleep", "tests/a.rs"), breach("head", "tests/a.rs"), breach("sleep", "tests/c.rs")];
        let (open, unneeded) = exceptions.part(breaches.clone());
        assert_eq!(open, breaches[1..]);
        assert_eq!(unneeded, [&exceptions.list[1]]);
    }

    #[test]
    fn an_exception_without_a_reason_is_refused() {
        assert!(Exceptions::read("[[exception]]\npath = 'a'\nrule = 'b'").is_err());
    }
}
