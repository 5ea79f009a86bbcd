//! Selectors of recommendations.

use std::{fmt, str::FromStr, sync::Arc};

/// The selector of a recommendation: the rule's FQDN and the error key, written `rule_fqdn|ERROR_KEY`.
///
/// The first bar separates the two: a rule's FQDN (a Python module's name) never contains one, an error key may.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    text: Arc<str>,
}

/// A text that is not a valid selector: it has no bar, or an empty rule or error key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a selector is written rule_fqdn|ERROR_KEY, with neither side empty")]
pub struct InvalidSelector;

/// The suffix of a rule's FQDN where it is written as a component, as in messages.
const COMPONENT_SUFFIX: &str = ".report";
/// That of a rule about workloads.
const WORKLOAD_COMPONENT_SUFFIX: &str = ".recommendation";

/// Returns the FQDN of a component's rule: without the suffix `.report`, which is removed once and may be missing.
pub fn rule_of_component(component: &str) -> &str {
    component.strip_suffix(COMPONENT_SUFFIX).unwrap_or(component)
}

/// Returns the FQDN of the rule about workloads that a component belongs to: without the suffix `.recommendation`, which
/// is removed once and may be missing.
pub fn rule_of_workload_component(component: &str) -> &str {
    component.strip_suffix(WORKLOAD_COMPONENT_SUFFIX).unwrap_or(component)
}

impl Selector {
    /// Joins a rule's FQDN (without the suffix `.report`) and an error key.
    ///
    /// # Errors
    /// When either is empty or the FQDN contains a bar.
    pub fn new(rule_fqdn: &str, error_key: &str) -> Result<Self, InvalidSelector> {
        if rule_fqdn.is_empty() || error_key.is_empty() || rule_fqdn.contains('|') {
            return Err(InvalidSelector);
        }
        Ok(Self { text: format!("{rule_fqdn}|{error_key}").into() })
    }

    /// Returns the selector whose rule is the rule of this one's component, the same one if it has no suffix.
    ///
    /// # Errors
    /// When the rule consists of the suffix only.
    pub fn without_component_suffix(&self) -> Result<Self, InvalidSelector> {
        Self::new(rule_of_component(self.rule_fqdn()), self.error_key())
    }

    /// The text `rule_fqdn|ERROR_KEY`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The FQDN of the rule: a Python module's name.
    pub fn rule_fqdn(&self) -> &str {
        self.parts().0
    }

    /// The error key. Several rules may have the same key.
    pub fn error_key(&self) -> &str {
        self.parts().1
    }

    /// Whether the rule is internal: the second part of its module is `internal` or `ocs`.
    pub fn is_internal(&self) -> bool {
        matches!(self.rule_fqdn().split('.').nth(1), Some("internal" | "ocs"))
    }

    fn parts(&self) -> (&str, &str) {
        self.text.split_once('|').unwrap_or((&self.text, ""))
    }
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rule_fqdn, error_key) = text.split_once('|').ok_or(InvalidSelector)?;
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
    fn the_first_bar_separates_rule_and_key() {
        let selector: Selector = "tutorial_rule|A|B".parse().expect("two parts");
        assert_eq!((selector.rule_fqdn(), selector.error_key()), ("tutorial_rule", "A|B"));
        assert_eq!(Selector::new("a|b", "C"), Err(InvalidSelector));
        for bad in ["", "|", "a|", "|A", "a"] {
            assert_eq!(bad.parse::<Selector>(), Err(InvalidSelector), "{bad:?}");
        }
    }

    #[test]
    fn the_suffix_of_a_component_is_removed_once() {
        for (text, expected) in [
            ("a.b.report|K", Ok("a.b|K")),
            ("a.b|K.report", Ok("a.b|K.report")),
            ("a.report.report|K", Ok("a.report|K")),
            ("report|K", Ok("report|K")),
            (".report|K", Err(InvalidSelector)),
        ] {
            let selector: Selector = text.parse().expect(text);
            assert_eq!(selector.without_component_suffix(), expected.map(|text| text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn the_second_part_of_the_module_makes_a_rule_internal() {
        for (rule, internal) in [
            ("ccx_rules_ocp.internal.rules.a", true),
            ("ccx_rules_ocp.ocs.b", true),
            ("a.internal", true),
            ("ccx_rules_ocp.external.rules.internal", false),
            ("internal.rules.a", false),
            ("a.internals.b", false),
            ("a.Internal.b", false),
            ("tutorial_rule", false),
        ] {
            assert_eq!(Selector::new(rule, "K.internal").expect(rule).is_internal(), internal, "{rule}");
        }
    }
}
