//! What the configuration grants: administrators, and the organizations that see internal recommendations.

use std::{collections::HashSet, sync::Arc};

use super::{header::Identity, viewer::Viewer};
use crate::domain::OrgId;

/// Makes viewers of identities.
#[derive(Clone, Debug, Default)]
pub struct ViewerPolicy {
    administrators: HashSet<String>,
    internal_organizations: HashSet<OrgId>,
}

impl ViewerPolicy {
    /// A policy with the subjects of administrators, who read all organizations, and with the organizations whose
    /// members see internal recommendations. One does not imply the other.
    pub fn new(
        administrators: impl IntoIterator<Item = String>,
        internal_organizations: impl IntoIterator<Item = OrgId>,
    ) -> Self {
        Self {
            administrators: administrators.into_iter().collect(),
            internal_organizations: internal_organizations.into_iter().collect(),
        }
    }

    /// The viewer of a request with this identity.
    pub fn viewer(&self, identity: Identity) -> Viewer {
        let Identity { organization, user, is_organization_administrator } = identity;
        let is_administrator = user.as_ref().is_some_and(|user| self.administrators.contains(&user.subject));
        let member = Viewer {
            user: user.map(Arc::new),
            is_organization_administrator,
            sees_internal: self.internal_organizations.contains(&organization),
            ..Viewer::member_of(organization)
        };
        if is_administrator { member.reading_all() } else { member }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Readable, User, UserKind};
    use super::*;

    const ADMINISTRATOR: &str = "1234";

    fn organization(number: i64) -> OrgId {
        number.try_into().expect("an organization")
    }

    fn identity(number: i64, subject: Option<(&str, UserKind)>) -> Identity {
        let user = subject.map(|(subject, kind)| User { subject: subject.to_owned(), kind, name: None });
        Identity { organization: organization(number), user, is_organization_administrator: true }
    }

    fn viewer(number: i64, subject: Option<(&str, UserKind)>) -> Viewer {
        ViewerPolicy::new([ADMINISTRATOR.to_owned()], [organization(7)]).viewer(identity(number, subject))
    }

    #[test]
    fn only_listed_users_and_clients_read_all_organizations() {
        for kind in [UserKind::User, UserKind::ServiceAccount] {
            let administrator = viewer(1, Some((ADMINISTRATOR, kind)));
            assert!(administrator.is_administrator());
            assert_eq!(administrator.scope().readable(), Readable::All);
            assert_eq!(administrator.organization(), Some(organization(1)));
        }
        for subject in [None, Some(("12345", UserKind::User)), Some(("0", UserKind::ServiceAccount))] {
            let member = viewer(1, subject);
            assert!(!member.is_administrator(), "an administrator of an organization is not one of the service");
            assert_eq!(member.scope().readable(), Readable::Organization(organization(1)));
        }
    }

    #[test]
    fn internal_recommendations_are_visible_by_organization_to_administrators_too() {
        for (number, sees_internal) in [(1, false), (7, true)] {
            for subject in [None, Some((ADMINISTRATOR, UserKind::User))] {
                let viewer = viewer(number, subject);
                assert_eq!(
                    (viewer.sees_internal(), viewer.scope().includes_internal()),
                    (sees_internal, sees_internal)
                );
            }
        }
    }

    #[test]
    fn a_viewer_keeps_what_the_identity_says() {
        let viewer = viewer(1, Some(("5", UserKind::User)));
        assert_eq!(viewer.user().map(|user| (user.subject.as_str(), user.kind)), Some(("5", UserKind::User)));
        assert!(viewer.is_organization_administrator());
        assert_eq!(self::viewer(1, None).user(), None);
    }
}
