//! Versions as text that sorts in the order of versions.

use std::fmt::{self, Write as _};

use semver::Version;

/// A version, or the beginning of one, as text whose byte order is the precedence of semantic versioning 2.0.0.
///
/// A number is written as the count of its digits and the digits, so that `9` sorts before `10`. A release has a `~`
/// after its three numbers, which sorts after the `-` of its pre-releases. Each identifier of a pre-release ends with a
/// space, which sorts before any other character; numeric identifiers begin with `0`, others with `1`. Build metadata
/// has no precedence and is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionKey(String);

impl VersionKey {
    /// The key of a version; `None` for an invalid one, which counts as unknown.
    pub fn of(version: &str) -> Option<Self> {
        let version = Version::parse(version).ok()?;
        let mut key = numbers(&[version.major, version.minor, version.patch]);
        if version.pre.is_empty() {
            key.push('~');
        } else {
            key.push('-');
            for identifier in version.pre.split('.') {
                push_identifier(&mut key, identifier);
            }
        }
        Some(Self(key))
    }

    /// The key of a bound: a version, or one without patch (`4.16`) or minor (`4`), which sorts before all versions
    /// that begin with it, including pre-releases.
    pub fn of_bound(bound: &str) -> Option<Self> {
        let parts: Option<Vec<u64>> = bound.split('.').map(number).collect();
        match parts.as_deref() {
            Some(parts @ ([_] | [_, _])) => Some(Self(numbers(parts))),
            _ => Self::of(bound),
        }
    }

    /// A key from the database or from a cursor.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number as semantic versioning writes it: digits only, no leading zero.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn numbers(numbers: &[u64]) -> String {
    let mut key = String::with_capacity(16);
    for number in numbers {
        push_digits(&mut key, &number.to_string());
    }
    key
}

/// Appends the count of digits and the digits. Three digits suffice for the count, since a version has at most 255
/// characters.
fn push_digits(key: &mut String, digits: &str) {
    let _ = write!(key, "{:03}{digits}", digits.len()); // writing to a String cannot fail
}

fn push_identifier(key: &mut String, identifier: &str) {
    if identifier.bytes().all(|byte| byte.is_ascii_digit()) {
        key.push('0');
        push_digits(key, identifier);
    } else {
        key.push('1');
        key.push_str(identifier);
    }
    key.push(' ');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(version: &str) -> VersionKey {
        VersionKey::of(version).unwrap_or_else(|| panic!("{version} is a version"))
    }

    #[test]
    fn keys_sort_as_versions_and_not_as_text() {
        let ascending = [
            "4.3.0-0.ci-2020-01-06-150524",
            "4.9.10",
            "4.10.0-ec.1",
            "4.10.0-rc.2",
            "4.10.0-rc.10",
            "4.10.0-rc.10.a",
            "4.10.0",
            "4.10.2",
            "4.17.0-0.nightly-2024-11-04-180328",
            "5.0.0",
            "10.0.0",
        ];
        assert!(ascending.map(key).is_sorted(), "{:?}", ascending.map(key));
        assert_eq!(key("4.1.2+build"), key("4.1.2"));
    }

    #[test]
    fn a_bound_without_patch_sorts_before_its_pre_releases() {
        let bound = |text| VersionKey::of_bound(text).expect("a bound");
        assert!(key("4.15.99") < bound("4.16") && bound("4.16") < key("4.16.0-0.a") && bound("4") < key("4.0.0-0"));
        assert!(key("4.16.0-rc.1") < bound("4.16.0") && bound("4.16.0") == key("4.16.0"));
    }

    #[test]
    fn an_invalid_version_has_no_key() {
        for text in ["", "4", "4.16", "v4.16.0", "4.16.0.1", "04.1.1", "latest", "4.16.0-", "4.16.0-01"] {
            assert_eq!(VersionKey::of(text), None, "{text}");
        }
        for text in ["", "x", "4.", ".4", "04", "4.016", "+4", "4.16.x"] {
            assert_eq!(VersionKey::of_bound(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn keys_sort_in_the_order_of_semantic_versioning(
            a in "[0-2]\\.(9|10)\\.0(-(0|9|10|a|B|a-|-|a1)(\\.(0|9|10|a|b)){0,2})?",
            b in "[0-2]\\.(9|10)\\.0(-(0|9|10|a|B|a-|-|a1)(\\.(0|9|10|a|b)){0,2})?",
        ) {
            let version = |text| Version::parse(text).expect("a version");
            prop_assert_eq!(key(&a).cmp(&key(&b)), version(&a).cmp_precedence(&version(&b)), "{} {}", a, b);
        }
    }
}
