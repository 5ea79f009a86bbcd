//! The data that a viewer may read.

use std::net::IpAddr;

use crate::domain::OrgId;

/// The data that a viewer may read, and whom its reads are attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub(super) readable: Readable,
    pub(super) includes_internal: bool,
    pub(super) own_organization: Option<OrgId>,
    pub(super) client: Client,
}

/// What may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readable {
    /// The data of all organizations.
    All,
    /// The data of one organization.
    Organization(OrgId),
}

/// Whom a read is attributed to, so that each has a fair share of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// The members of an organization.
    Organization(OrgId),
    /// The viewers without authentication at this address.
    Address(IpAddr),
    /// All others, and the service itself.
    Other,
}

impl Scope {
    /// What may be read. A reader matches both cases, so that a missing organization cannot mean everything.
    pub fn readable(self) -> Readable {
        self.readable
    }

    /// Whether internal recommendations are visible.
    pub fn includes_internal(self) -> bool {
        self.includes_internal
    }

    /// The viewer's own organization, which exists even if no report of it was ever stored. It is always readable.
    pub fn own_organization(self) -> Option<OrgId> {
        self.own_organization
    }

    /// Whom reads within the scope are attributed to.
    pub fn client(self) -> Client {
        self.client
    }
}
