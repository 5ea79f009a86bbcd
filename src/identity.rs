//! The viewer of a request and the data that it may read.
//!
//! Each request has one [`Viewer`]. Its [`Scope`] is a parameter of every read of the store and becomes a condition in
//! the SQL. Only this module can construct a scope, so an unscoped query does not compile.

use crate::domain::OrgId;

/// The caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    organization: Option<OrgId>,
}

impl Viewer {
    /// The viewer without authentication (`auth.mode = none`): has no organization and reads everything.
    pub fn unrestricted() -> Self {
        Self { organization: None }
    }

    /// A member of an organization, who reads only what it owns.
    pub fn member_of(organization: OrgId) -> Self {
        Self { organization: Some(organization) }
    }

    /// The organization that the viewer belongs to.
    pub fn organization(self) -> Option<OrgId> {
        self.organization
    }

    /// Whether the viewer may read the data of all organizations.
    pub fn is_administrator(self) -> bool {
        self.organization.is_none()
    }

    /// The data that the viewer may read.
    pub fn scope(self) -> Scope {
        Scope(self.organization)
    }
}

/// The readable data: everything, or what one organization owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Option<OrgId>);

impl Scope {
    /// The only organization whose data is readable; `None` for all.
    pub fn organization(self) -> Option<OrgId> {
        self.0
    }

    /// Whether the data of `organization` is readable.
    pub fn includes(self, organization: OrgId) -> bool {
        self.0.is_none_or(|own| own == organization)
    }
}
