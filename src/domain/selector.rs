//! What is recommended: a rule and the way in which it fails.

use std::{fmt, str::FromStr, sync::Arc};

/// The selector of a recommendation: the rule's FQDN and the error key, written `rule_fqdn|ERROR_KEY`.
///
/// The first bar parts the two: no rule's FQDN holds one (it is a Python module's name), an error key may.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    text: Arc<str>,
}

/// A text without the bar that parts rule and error key, or with nothing on one side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a selector is written rule_fqdn|ERROR_KEY, with neither side empty")]
pub struct NotASelector;

impl Selector {
    /// Joins a rule's FQDN (without the suffix `.report`) and an error key.
    ///
    /// # Errors
    /// When either is empty or the FQDN holds a bar.
    pub fn new(rule_fqdn: &str, error_key: &str) -> Result<Self, NotASelector> {
        if rule_fqdn.is_empty() || error_key.is_empty() || rule_fqdn.contains('|') {
            return Err(NotASelector);
        }
        Ok(Self { text: format!("{rule_fqdn}|{error_key}").into() })
    }

    /// The whole: `rule_fqdn|ERROR_KEY`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The rule: a Python module's name.
    pub fn rule_fqdn(&self) -> &str {
        self.parts().0
    }

    /// The way in which the rule fails. The same key may occur under many rules.
    pub fn error_key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.text.split_once('|').unwrap_or((&self.text, ""))
    }
}

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rule_fqdn, error_key) = text.split_once('|').ok_or(NotASelector)?;
        Self::new(rule_fqdn, error_key)
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bar_parts_rule_and_key() {
        let selector: Selector = "tutorial_rule|A|B".parse().expect("two parts");
        assert_eq!((selector.rule_fqdn(), selector.error_key()), ("tutorial_rule", "A|B"));
        assert_eq!(Selector::new("a|b", "C"), Err(NotASelector));
        for bad in ["", "|", "a|", "|A", "a"] {
            assert_eq!(bad.parse::<Selector>(), Err(NotASelector), "{bad:?}");
        }
    }
}
