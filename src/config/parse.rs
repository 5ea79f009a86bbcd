//! Deserializes values that are written as text. Errors name what is expected and do not repeat the value, which may be
//! a secret.

use std::{fmt::Display, net::SocketAddr, str::FromStr, time::Duration};

use humantime_serde::re::humantime::parse_duration;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer},
};
use strum::VariantNames;

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

fn parse<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn variant<T: FromStr + VariantNames>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("must be one of {}", T::VARIANTS.join(", ")))
}
