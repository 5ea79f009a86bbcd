//! The viewer of a request and the data that it may read.
//!
//! Each request has one [`Viewer`]. Its [`Scope`] is a parameter of every read of the store and becomes a condition in
//! the SQL. Only this module can construct a scope, so an unscoped query does not compile.

use std::net::IpAddr;

use crate::domain::OrgId;

/// The caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    readable: Readable,
    sees_internal: bool,
    /// The address of the connection, if it is known.
    address: Option<IpAddr>,
}

/// Whom a read is attributed to, so that each has a fair share of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// The members of an organization.
    Organization(OrgId),
    /// The viewers without an organization at this address.
    Address(IpAddr),
    /// All others, and the service itself.
    Other,
}

/// What may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readable {
    /// The data of all organizations.
    All,
    /// The data of one organization.
    Organization(OrgId),
}

impl Viewer {
    /// The viewer without authentication (`auth.mode = none`): has no organization and reads everything. Only that mode
    /// and tests construct it.
    pub fn unrestricted() -> Self {
        Self { readable: Readable::All, sees_internal: true, address: None }
    }

    /// A member of an organization, who reads only what it owns.
    pub fn member_of(organization: OrgId) -> Self {
        Self { readable: Readable::Organization(organization), sees_internal: false, address: None }
    }

    /// The same viewer, who also sees internal recommendations.
    #[must_use]
    pub fn seeing_internal(self) -> Self {
        Self { sees_internal: true, ..self }
    }

    /// The same viewer, with the address of its connection.
    #[must_use]
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The organization that the viewer belongs to; `None` where it belongs to none.
    pub fn organization(self) -> Option<OrgId> {
        match self.readable {
            Readable::All => None,
            Readable::Organization(own) => Some(own),
        }
    }

    /// Whether the viewer may read the data of all organizations.
    pub fn is_administrator(self) -> bool {
        self.readable == Readable::All
    }

    /// The data that the viewer may read.
    pub fn scope(self) -> Scope {
        let by_address = self.address.map_or(Client::Other, |address| Client::Address(address.to_canonical()));
        let client = self.organization().map_or(by_address, Client::Organization);
        Scope { readable: self.readable, includes_internal: self.sees_internal, client }
    }
}

/// The data that a viewer may read, and whom its reads are attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    readable: Readable,
    includes_internal: bool,
    client: Client,
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

    /// Whom reads within the scope are attributed to.
    pub fn client(self) -> Client {
        self.client
    }
}
