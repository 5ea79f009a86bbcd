//! Without authentication, the API listens on loopback only, unless told otherwise twice.

use std::net::SocketAddr;

use super::{AuthMode, Config, Http};

/// Refusal to listen where strangers can connect while nobody has to say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "will not listen on {address} (http.address): with auth.mode none, everybody who can connect may read every \
     organization's results. Use a loopback address such as 127.0.0.1:8080, or say twice that you mean it: \
     {}",
    missing(*told_in_configuration, *told_on_command_line)
)]
pub struct OpenBind {
    address: SocketAddr,
    told_in_configuration: bool,
    told_on_command_line: bool,
}

impl Http {
    /// Whether programs of this machine alone can connect.
    pub fn is_on_loopback(&self) -> bool {
        // Canonical, so that ::ffff:127.0.0.1 counts as what it is.
        self.address.ip().to_canonical().is_loopback()
    }
}

impl Config {
    /// Checks that the API may listen where it should; `told_on_command_line` is the flag `--insecure-no-auth`.
    ///
    /// Two consents in two places, because one is easily copied along from somebody's laptop.
    ///
    /// # Errors
    /// When the address is beyond loopback in mode none and one of the two consents is missing.
    pub fn refuse_open_bind(&self, told_on_command_line: bool) -> Result<(), OpenBind> {
        let AuthMode::None = self.auth.mode;
        let told_in_configuration = self.http.allow_remote_without_auth;
        if self.http.is_on_loopback() || (told_in_configuration && told_on_command_line) {
            return Ok(());
        }
        Err(OpenBind { address: self.http.address, told_in_configuration, told_on_command_line })
    }
}

fn missing(told_in_configuration: bool, told_on_command_line: bool) -> &'static str {
    match (told_in_configuration, told_on_command_line) {
        (false, true) => "set http.allow_remote_without_auth = true as well",
        (true, _) => "give --insecure-no-auth on the command line as well",
        (false, false) => "set http.allow_remote_without_auth = true and give --insecure-no-auth on the command line",
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
    fn loopback_needs_no_consent() {
        for address in ["127.0.0.1:8080", "127.8.8.8:0", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
            assert_eq!(listening_on(address, false).refuse_open_bind(false), Ok(()), "{address}");
        }
    }

    #[test]
    fn beyond_loopback_both_consents_are_needed() {
        for address in ["0.0.0.0:8080", "[::]:8080", "10.0.0.7:80", "[::ffff:10.0.0.7]:80"] {
            for (allowed, told) in [(false, false), (false, true), (true, false)] {
                assert!(listening_on(address, allowed).refuse_open_bind(told).is_err(), "{address} {allowed} {told}");
            }
            assert_eq!(listening_on(address, true).refuse_open_bind(true), Ok(()), "{address}");
        }
    }

    #[test]
    fn the_refusal_names_address_and_mend() {
        let refusal = |allowed, told| {
            let refusal = listening_on("0.0.0.0:80", allowed).refuse_open_bind(told);
            refusal.expect_err("beyond loopback").to_string()
        };
        assert!(refusal(false, false).contains("0.0.0.0:80 (http.address)"));
        assert!(refusal(false, false).ends_with("= true and give --insecure-no-auth on the command line"));
        assert!(refusal(true, false).ends_with("it: give --insecure-no-auth on the command line as well"));
        assert!(refusal(false, true).ends_with("it: set http.allow_remote_without_auth = true as well"));
    }
}
