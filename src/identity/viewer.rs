//! The viewer of a request.

use std::{net::IpAddr, sync::Arc};

use super::{
    header::{Identity, User},
    scope::{Client, Readable, Scope},
};
use crate::domain::OrgId;

/// The sender of a request, with what they may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub(super) readable: Readable,
    pub(super) organization: Option<OrgId>,
    pub(super) user: Option<Arc<User>>,
    pub(super) is_organization_administrator: bool,
    pub(super) sees_internal: bool,
    /// The address of the connection, of viewers without authentication. Behind a gateway it is the gateway's.
    pub(super) address: Option<IpAddr>,
}

impl Viewer {
    /// The viewer without authentication (`auth.mode = none`): reads everything. Only that mode and tests construct it.
    pub fn unrestricted() -> Self {
        Self {
            readable: Readable::All,
            organization: None,
            user: None,
            is_organization_administrator: false,
            sees_internal: true,
            address: None,
        }
    }

    /// A member of an organization, who reads only what it owns, and no internal recommendations.
    pub fn member_of(organization: OrgId) -> Self {
        Self {
            readable: Readable::Organization(organization),
            organization: Some(organization),
            sees_internal: false,
            ..Self::unrestricted()
        }
    }

    /// The same viewer, who also sees internal recommendations.
    #[must_use]
    pub fn seeing_internal(self) -> Self {
        Self { sees_internal: true, ..self }
    }

    /// The same viewer, who reads the data of all organizations.
    #[must_use]
    pub(super) fn reading_all(self) -> Self {
        Self { readable: Readable::All, ..self }
    }

    /// The viewer without authentication, with the organization and the user of an identity. Reads everything.
    #[must_use]
    pub fn unrestricted_as(identity: Identity) -> Self {
        let Identity { organization, user, is_organization_administrator } = identity;
        Self {
            organization: Some(organization),
            user: user.map(Arc::new),
            is_organization_administrator,
            ..Self::unrestricted()
        }
    }

    /// The same viewer, with the address of its connection.
    #[must_use]
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The organization that the viewer belongs to; `None` only without authentication.
    pub fn organization(&self) -> Option<OrgId> {
        self.organization
    }

    /// The user or service account; `None` if the identity names neither, or without authentication.
    pub fn user(&self) -> Option<&Arc<User>> {
        self.user.as_ref()
    }

    /// Whether the viewer administers their organization.
    pub fn is_organization_administrator(&self) -> bool {
        self.is_organization_administrator
    }

    /// Whether the viewer may read the data of all organizations.
    pub fn is_administrator(&self) -> bool {
        self.readable == Readable::All
    }

    /// Whether the viewer sees internal recommendations.
    pub fn sees_internal(&self) -> bool {
        self.sees_internal
    }

    /// The data that the viewer may read.
    pub fn scope(&self) -> Scope {
        let by_organization = self.organization.map_or(Client::Other, Client::Organization);
        let client = self.address.map_or(by_organization, |address| Client::Address(address.to_canonical()));
        Scope {
            readable: self.readable,
            includes_internal: self.sees_internal,
            own_organization: self.organization,
            client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> OrgId {
        "7".parse().expect("an organization")
    }

    #[test]
    fn a_member_reads_only_its_organization() {
        let member = Viewer::member_of(organization());
        let scope = member.scope();
        assert_eq!(scope.readable(), Readable::Organization(organization()));
        assert_eq!((scope.own_organization(), scope.includes_internal()), (Some(organization()), false));
        assert_eq!(scope.client(), Client::Organization(organization()));
        assert!(!member.is_administrator());
    }

    #[test]
    fn without_authentication_everything_is_readable_with_an_organization_too() {
        let identity = Identity { organization: organization(), user: None, is_organization_administrator: false };
        for viewer in [Viewer::unrestricted(), Viewer::unrestricted_as(identity)] {
            let address = Some(IpAddr::from([127, 0, 0, 2]));
            let scope = viewer.clone().at(address).scope();
            assert_eq!((scope.readable(), scope.includes_internal()), (Readable::All, true));
            assert_eq!(scope.own_organization(), viewer.organization());
            assert_eq!(address.map(Client::Address), Some(scope.client()), "each address has its own share");
        }
    }
}
