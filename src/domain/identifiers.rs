//! Identifiers of organizations and clusters.

use std::{fmt, num::NonZeroU32, str::FromStr};

use uuid::Uuid;

/// An organization: a customer, numbered from 1 to 4,294,967,295.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(NonZeroU32);

/// A number or text that is not a valid organization ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an organization is a whole number from 1 to 4294967295, without leading zeros")]
pub struct InvalidOrgId;

impl OrgId {
    /// The value of the database column: a bigint, since 4,294,967,295 does not fit an int.
    pub fn as_i64(self) -> i64 {
        i64::from(self.0.get())
    }
}

impl TryFrom<i64> for OrgId {
    type Error = InvalidOrgId;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        u32::try_from(number).ok().and_then(NonZeroU32::new).map(Self).ok_or(InvalidOrgId)
    }
}

impl FromStr for OrgId {
    type Err = InvalidOrgId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // No sign and no leading zero, so that each organization has only one text, which can be used as a key.
        if !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('0') {
            return Err(InvalidOrgId);
        }
        text.parse().map(Self).map_err(|_| InvalidOrgId)
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A cluster, identified by its UUID regardless of its owner. Displayed in canonical lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(Uuid);

impl ClusterId {
    /// The UUID, for the database and the graph.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for ClusterId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for ClusterId {
    type Err = uuid::Error;

    /// Accepts the four notations in use: hyphenated, in braces, `urn:uuid:..` and 32 hex digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_has_one_notation() {
        for good in ["1", "4294967295", "11789772"] {
            assert_eq!(good.parse::<OrgId>().map(|org| org.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "0", "01", "+1", "-1", "4294967296", "1.0", " 1", "x"] {
            assert_eq!(bad.parse::<OrgId>(), Err(InvalidOrgId), "{bad:?}");
        }
    }

    #[test]
    fn a_cluster_is_the_same_in_all_four_notations() {
        let canonical = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";
        for notation in [
            "7F6E2C1A-4B1D-4C0E-9A55-0D1F2E3A4B5C",
            "{7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c}",
            "urn:uuid:7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c",
            "7f6e2c1a4b1d4c0e9a550d1f2e3a4b5c",
        ] {
            let cluster: ClusterId = notation.parse().expect(notation);
            assert_eq!(cluster.to_string(), canonical);
        }
    }
}
