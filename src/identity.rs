//! The viewer of a request and the data that it may read.
//!
//! Each request has one [`Viewer`]. Its [`Scope`] is a parameter of every read of the store and becomes a condition in
//! the SQL. Only this module can construct a scope, so an unscoped query does not compile.

use crate::domain::OrgId;

/// The caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer(Readable);

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
        Self(Readable::All)
    }

    /// A member of an organization, who reads only what it owns.
    pub fn member_of(organization: OrgId) -> Self {
        Self(Readable::Organization(organization))
    }

    /// The organization that the viewer belongs to; `None` where it belongs to none.
    pub fn organization(self) -> Option<OrgId> {
        match self.0 {
            Readable::All => None,
            Readable::Organization(own) => Some(own),
        }
    }

    /// Whether the viewer may read the data of all organizations.
    pub fn is_administrator(self) -> bool {
        self.0 == Readable::All
    }

    /// The data that the viewer may read.
    pub fn scope(self) -> Scope {
        Scope(self.0)
    }
}

/// The data that a viewer may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Readable);

impl Scope {
    /// What may be read. A reader matches both cases, so that a missing organization cannot mean everything.
    pub fn readable(self) -> Readable {
        self.0
    }
}
