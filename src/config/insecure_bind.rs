//! Without authentication the API listens on loopback only, unless two settings allow more.

use std::net::SocketAddr;

use super::{AuthMode, Config, Http};

/// The API would listen beyond loopback without authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on {address} (http.address): with auth.mode none, everyone who can connect may read the \
     results of every organization. Use a loopback address such as 127.0.0.1:8080, or {}",
    missing(*allowed_in_configuration, *insecure_no_auth)
)]
pub struct InsecureBind {
    address: SocketAddr,
    allowed_in_configuration: bool,
    insecure_no_auth: bool,
}

impl Http {
    /// Whether only programs on this machine can connect.
    pub fn is_on_loopback(&self) -> bool {
        is_loopback(self.address)
    }
}

/// Whether only programs on this machine can connect to an address.
pub fn is_loopback(address: SocketAddr) -> bool {
    // Canonical, because ::ffff:127.0.0.1 is loopback too.
    address.ip().to_canonical().is_loopback()
}

impl Config {
    /// Checks that the API may listen on its address. `insecure_no_auth` is the command-line flag of that name.
    ///
    /// Both the configuration and the command line must allow it, because a configuration is easily copied from a
    /// developer's machine.
    ///
    /// # Errors
    /// If the address is beyond loopback, authentication is off, and one of the two settings is missing.
    pub fn check_bind(&self, insecure_no_auth: bool) -> Result<(), InsecureBind> {
        let is_authenticated = self.auth.mode != AuthMode::None;
        let allowed_in_configuration = self.http.allow_remote_without_auth;
        if is_authenticated || self.http.is_on_loopback() || (allowed_in_configuration && insecure_no_auth) {
            return Ok(());
        }
        Err(InsecureBind { address: self.http.address, allowed_in_configuration, insecure_no_auth })
    }
}

fn missing(allowed_in_configuration: bool, insecure_no_auth: bool) -> &'static str {
    match (allowed_in_configuration, insecure_no_auth) {
        (false, true) => "also set http.allow_remote_without_auth = true",
        (true, _) => "also pass --insecure-no-auth on the command line",
        (false, false) => "set http.allow_remote_without_auth = true and pass --insecure-no-auth on the command line",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn listening_on(address: &str, allowed: bool) -> Config {
        let mut config = Config::load(None, &BTreeMap::new()).expect("the defaults load").config;
        config.http.address = address.parse().expect("an address");
        config.http.allow_remote_without_auth = allowed;
        config
    }

    #[test]
    fn loopback_is_always_allowed() {
        for address in ["127.0.0.1:8080", "127.8.8.8:0", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
            assert_eq!(listening_on(address, false).check_bind(false), Ok(()), "{address}");
        }
    }

    #[test]
    fn beyond_loopback_both_settings_are_required() {
        for address in ["0.0.0.0:8080", "[::]:8080", "10.0.0.7:80", "[::ffff:10.0.0.7]:80"] {
            for (allowed, flag) in [(false, false), (false, true), (true, false)] {
                assert!(listening_on(address, allowed).check_bind(flag).is_err(), "{address} {allowed} {flag}");
            }
            assert_eq!(listening_on(address, true).check_bind(true), Ok(()), "{address}");
        }
    }

    #[test]
    fn with_authentication_every_address_is_allowed() {
        let mut config = listening_on("0.0.0.0:8080", false);
        config.auth.mode = AuthMode::IdentityHeader;
        assert_eq!(config.check_bind(false), Ok(()));
    }

    #[test]
    fn the_error_names_the_address_and_the_missing_setting() {
        let error = |allowed, flag| {
            let result = listening_on("0.0.0.0:80", allowed).check_bind(flag);
            result.expect_err("beyond loopback").to_string()
        };
        assert!(error(false, false).contains("0.0.0.0:80 (http.address)"));
        assert!(error(false, false).ends_with("= true and pass --insecure-no-auth on the command line"));
        assert!(error(true, false).ends_with(", or also pass --insecure-no-auth on the command line"));
        assert!(error(false, true).ends_with(", or also set http.allow_remote_without_auth = true"));
    }
}
