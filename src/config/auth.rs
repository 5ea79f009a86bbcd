//! `[auth]`: how callers are identified, and what some of them may do.

use std::{net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;
use strum::{EnumString, VariantNames};

use super::parse;
use crate::domain::OrgId;

/// `[auth]`: authentication.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How a caller is identified.
    #[serde(deserialize_with = "parse::one_of")]
    pub mode: AuthMode,
    /// The ids of users, and client ids of service accounts, that may read the data of all organizations.
    pub administrators: Vec<String>,
    /// The peers from which the identity header is accepted. Empty: all.
    #[serde(deserialize_with = "parse::list_of")]
    pub trusted_proxies: Vec<Network>,
    /// The viewer without authentication.
    pub dev_identity: DevIdentity,
}

/// How a caller is identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum AuthMode {
    /// Not at all: everyone may read everything. For development. [`Config::check_bind`](super::Config::check_bind)
    /// restricts it to loopback.
    None,
    /// By the header `x-rh-identity`, which a gateway sets that authenticated the caller.
    IdentityHeader,
}

/// `[auth.dev_identity]`: the viewer without authentication, who reads everything whatever it is set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevIdentity {
    /// The viewer's organization.
    #[serde(deserialize_with = "parse::optional_organization")]
    pub org_id: Option<OrgId>,
    /// The viewer's user id. Only with an organization.
    #[serde(deserialize_with = "parse::optional")]
    pub user_id: Option<String>,
}

impl Auth {
    /// Whether the identity header is accepted from a peer: the address of the TCP connection, `None` if it is unknown.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        let is_listed = |peer| self.trusted_proxies.iter().any(|network| network.contains(peer));
        self.trusted_proxies.is_empty() || peer.is_some_and(is_listed)
    }
}

/// A network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is neither a network nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a list of IP addresses and networks, as in 10.0.0.7, 10.0.0.0/8 or fd00::/8")]
pub struct InvalidNetwork;

impl Network {
    /// Whether an address is in the network. An IPv4-mapped IPv6 address is the IPv4 address: a listener on `[::]`
    /// receives IPv4 connections from such addresses.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
        let network = text.parse().ok().or_else(address).ok_or(InvalidNetwork)?;
        Ok(Self(canonical(network)))
    }
}

/// A network of IPv4-mapped IPv6 addresses as the IPv4 network.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(network) => network.prefix_len().checked_sub(96).zip(network.addr().to_ipv4_mapped()),
        IpNet::V4(_) => None,
    };
    let ipv4 = mapped.and_then(|(prefix, address)| Ipv4Net::new(address, prefix).ok());
    ipv4.map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Config, Error};
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let full = |name: &str| format!("INSIGHTS_RESULTS_AGGREGATOR__AUTH__{name}");
        let environment: BTreeMap<_, _> =
            environment.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect();
        match Config::load(None, &environment) {
            Ok(loaded) => Ok(loaded.config),
            Err(Error::InvalidKeys(errors)) => Err(errors.iter().map(ToString::to_string).collect()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Checks that there is one error, with these parts: key, origin and remedy.
    fn check_refused(environment: &[(&str, &str)], parts: &[&str]) {
        let errors = load(environment).expect_err("an invalid configuration");
        assert!(errors.len() == 1 && parts.iter().all(|part| errors[0].contains(part)), "{parts:?}: {errors:#?}");
    }

    #[test]
    fn the_mode_is_one_of_two() {
        assert_eq!(load(&[("MODE", "identity-header")]).map(|config| config.auth.mode), Ok(AuthMode::IdentityHeader));
        for bad in ["", "identity_header", "Identity-Header", "basic"] {
            check_refused(&[("MODE", bad)], &["`auth.mode`", "__AUTH__MODE)", "one of none, identity-header"]);
        }
    }

    #[test]
    fn administrators_are_listed_by_ids() {
        let config = load(&[("ADMINISTRATORS", "1234, b69eaf9e-0000")]).expect("a valid configuration");
        assert_eq!(config.auth.administrators, ["1234", "b69eaf9e-0000"]);
        for bad in ["[\"\"]", "[\"1\", \" \"]", "[\" 1\"]", "[1]"] {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            std::io::Write::write_all(&mut file, format!("[auth]\nadministrators = {bad}").as_bytes())
                .expect("written");
            let error = Config::load(Some(file.path()), &BTreeMap::new()).expect_err(bad).to_string();
            for part in ["`auth.administrators` (from file ", ") must be a list of"] {
                assert!(error.contains(part), "{bad}: {error}");
            }
        }
    }

    #[test]
    fn a_listed_address_or_network_is_trusted() {
        let config = load(&[("TRUSTED_PROXIES", "10.0.0.7,192.168.1.1/16,fd00::/8,::1,::ffff:172.16.0.0/108")]);
        let auth = config.expect("a valid configuration").auth;
        for trusted in
            ["10.0.0.7", "::ffff:10.0.0.7", "192.168.200.1", "fd12::1", "::1", "172.31.0.1", "::ffff:172.16.0.1"]
        {
            assert!(auth.trusts(trusted.parse().ok()), "{trusted}");
        }
        for other in ["10.0.0.8", "::ffff:10.0.0.8", "192.169.0.1", "fe80::1", "::2", "172.32.0.1", "127.0.0.1"] {
            assert!(!auth.trusts(other.parse().ok()), "{other}");
        }
        assert!(!auth.trusts(None), "the address of the connection is unknown");
    }

    #[test]
    fn without_a_list_every_peer_is_trusted() {
        let auth = load(&[]).expect("the defaults load").auth;
        assert!(auth.trusts("10.0.0.7".parse().ok()) && auth.trusts(None));
    }

    #[test]
    fn an_invalid_network_is_refused() {
        for bad in
            ["gateway", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.256", "10.0.0.7:8080", "fd00::/129", "*", "10.0.0.7,x"]
        {
            let parts = ["`auth.trusted_proxies`", "__AUTH__TRUSTED_PROXIES)", "IP addresses and networks, as in"];
            check_refused(&[("TRUSTED_PROXIES", bad)], &parts);
        }
    }

    #[test]
    fn a_development_identity_is_for_mode_none_only() {
        let organization = ("DEV_IDENTITY__ORG_ID", "1");
        let both = [organization, ("DEV_IDENTITY__USER_ID", "dev")];
        let auth = load(&both).expect("a valid configuration").auth;
        assert_eq!(auth.dev_identity, DevIdentity { org_id: "1".parse().ok(), user_id: Some("dev".to_owned()) });
        assert!(load(&[organization]).is_ok());

        let header = ("MODE", "identity-header");
        let remedy = "leave it empty, or set auth.mode to none";
        check_refused(
            &[header, organization],
            &["`auth.dev_identity.org_id`", "__AUTH__DEV_IDENTITY__ORG_ID)", remedy],
        );
        let errors = load(&[header, both[0], both[1]]).expect_err("an invalid configuration");
        assert!(errors.len() == 2 && errors.iter().all(|error| error.contains(remedy)), "{errors:#?}");
    }

    #[test]
    fn a_development_user_needs_an_organization() {
        let user = ("DEV_IDENTITY__USER_ID", "dev");
        let parts =
            ["`auth.dev_identity.user_id`", "__AUTH__DEV_IDENTITY__USER_ID)", "set auth.dev_identity.org_id too"];
        check_refused(&[user], &parts);
        for bad in ["0", "01", "4294967296", "x"] {
            let parts = ["`auth.dev_identity.org_id`", "__AUTH__DEV_IDENTITY__ORG_ID)", "from 1 to 4294967295"];
            check_refused(&[user, ("DEV_IDENTITY__ORG_ID", bad)], &parts);
        }
    }
}
