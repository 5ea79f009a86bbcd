//! Who asks, and what they may see.
//!
//! A [`Viewer`] is made once a request; from it comes the [`Scope`] that every read of the store takes and that ends
//! up in its SQL. A scope cannot be made anywhere else, so an unscoped query does not compile.

use crate::domain::OrgId;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    organization: Option<OrgId>,
}

impl Viewer {
    /// Whoever asks in mode none: of no organization, sees everything.
    pub fn unrestricted() -> Self {
        Self { organization: None }
    }

    /// A member of an organization, who sees what it owns and nothing else.
    pub fn member_of(organization: OrgId) -> Self {
        Self { organization: Some(organization) }
    }

    /// The organization that the viewer belongs to.
    pub fn organization(self) -> Option<OrgId> {
        self.organization
    }

    /// May everything be seen, whoever owns it?
    pub fn is_administrator(self) -> bool {
        self.organization.is_none()
    }

    /// What the viewer may see.
    pub fn scope(self) -> Scope {
        Scope(self.organization)
    }
}

/// What may be seen: everything, or what one organization owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Option<OrgId>);

impl Scope {
    /// The one organization whose data may be seen; `None` when all may.
    pub fn organization(self) -> Option<OrgId> {
        self.0
    }

    /// May what `organization` owns be seen?
    pub fn includes(self, organization: OrgId) -> bool {
        self.0.is_none_or(|own| own == organization)
    }
}
