//! Deserializes values that are written as text. Errors name what is expected and do not repeat the value, which may be
//! a secret.

use std::{fmt::Display, net::SocketAddr, str::FromStr, time::Duration};

use humantime_serde::re::humantime::parse_duration;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer},
};
use strum::VariantNames;
use toml::Value;

use crate::domain::OrgId;

/// Deserializes a socket address.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse(deserializer, socket_address)
}

/// Deserializes a socket address. The empty text is `None`.
pub(super) fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    parse(deserializer, |text| if text.is_empty() { Ok(None) } else { socket_address(text).map(Some) })
}

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080")
}

/// Deserializes the number of an organization. The empty text is `None`.
pub(super) fn optional_organization<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OrgId>, D::Error> {
    let invalid = "must be the number of an organization, from 1 to 4294967295 without leading zeros, or empty";
    parse(deserializer, |text| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| invalid) })
}

/// Deserializes a list of texts, each of which is parsed. The error is one of the whole list.
pub(super) fn list_of<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// Deserializes a duration, as in `10s`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(deserializer, |text| parse_duration(text).map_err(|_| "must be a duration, as in 50ms, 10s or 2min"))
}

/// Deserializes a variant of an enum by its name.
pub(super) fn one_of<'de, D: Deserializer<'de>, T: FromStr + VariantNames>(deserializer: D) -> Result<T, D::Error> {
    parse(deserializer, variant)
}

/// Deserializes a variant of an enum by its name. The empty text is `None`.
pub(super) fn optional_one_of<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr + VariantNames,
{
    parse(deserializer, |text| if text.is_empty() { Ok(None) } else { variant(text).map(Some) })
}

/// Deserializes a text. The empty text is `None`, because TOML has no null and every key has a default.
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
}

/// Deserializes a list of organizations, each a number or its text: environment variables are lists of texts.
pub(super) fn organizations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OrgId>, D::Error> {
    let organization = |value: &Value| match value {
        Value::Integer(number) => OrgId::try_from(*number).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let organizations: Option<_> = Vec::deserialize(deserializer)?.iter().map(organization).collect();
    organizations.ok_or_else(|| D::Error::custom(ORGANIZATIONS))
}

const ORGANIZATIONS: &str =
    "must be a list of organizations, each a whole number from 1 to 4294967295 without leading zeros, as in [11789772]";

fn parse<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn variant<T: FromStr + VariantNames>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("must be one of {}", T::VARIANTS.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::NamedTempFile;

    use super::super::{Config, Error};
    use super::*;

    fn internal_organizations(toml: &str, variable: Option<&str>) -> Result<Vec<i64>, Error> {
        let file = NamedTempFile::new().expect("a file");
        fs::write(file.path(), toml).expect("a written file");
        let name = "INSIGHTS_RESULTS_AGGREGATOR__CONTENT__INTERNAL_ORGANIZATIONS";
        let environment = variable.map(|value| (name.to_owned(), value.to_owned())).into_iter().collect();
        let config = Config::load(Some(file.path()), &environment)?.config;
        Ok(config.content.internal_organizations.into_iter().map(OrgId::as_i64).collect())
    }

    #[test]
    fn organizations_are_numbers_or_their_texts() {
        let toml = "[content]\ninternal_organizations = [1, \"11789772\", 4294967295]";
        assert_eq!(internal_organizations(toml, None).expect("a valid list"), [1, 11_789_772, u32::MAX.into()]);
        assert_eq!(internal_organizations(toml, Some("2, 4294967295,")).expect("a valid list"), [2, u32::MAX.into()]);
        assert_eq!(internal_organizations("", None).expect("the default"), [0_i64; 0]);
    }

    #[test]
    fn an_invalid_organization_is_an_error_with_key_origin_and_remedy() {
        for bad in ["x", "0", "01", "+1", "4294967296", "1.0", "1 2"] {
            let error = internal_organizations("", Some(bad)).expect_err(bad).to_string();
            let variable = "from environment variable INSIGHTS_RESULTS_AGGREGATOR__CONTENT__INTERNAL_ORGANIZATIONS";
            let expected = format!("`content.internal_organizations` ({variable}) {ORGANIZATIONS}; the default is []");
            assert!(error.contains(&expected), "{error}");
        }
        for bad in ["0", "-1", "4294967296", "1.5", "[1]", "true", "\"x\""] {
            let toml = format!("[content]\ninternal_organizations = [{bad}]");
            let error = internal_organizations(&toml, None).expect_err(bad).to_string();
            assert!(error.contains("`content.internal_organizations` (from file "), "{error}");
            assert!(error.contains(ORGANIZATIONS), "{error}");
        }
    }
}
