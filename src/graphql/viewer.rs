//! `Viewer`.

use async_graphql::Object;

use super::{in_order::InOrder, organization::Organization, user::User};
use crate::identity;

/// The caller of a request.
pub(super) struct Viewer(pub(super) identity::Viewer);

/// The caller, and what it may read.
#[Object]
impl Viewer {
    /// The viewer's organization, even if no report of it was ever stored. Null only where authentication is disabled
    /// and `auth.dev_identity.org_id` is not set.
    async fn organization(&self) -> Option<InOrder<Organization>> {
        Organization::all(self.0.organization()).pop().map(InOrder)
    }

    /// The user or service account. Null if the identity names neither, and where authentication is disabled and
    /// `auth.dev_identity.user_id` is not set.
    async fn user(&self) -> Option<InOrder<User>> {
        self.0.user().cloned().map(User).map(InOrder)
    }

    /// Whether the viewer may read all organizations.
    async fn is_administrator(&self) -> bool {
        self.0.is_administrator()
    }

    /// Whether the user administers their organization, as the identity says.
    async fn is_organization_administrator(&self) -> bool {
        self.0.is_organization_administrator()
    }

    /// Whether the viewer may see internal recommendations.
    async fn may_see_internal(&self) -> bool {
        self.0.sees_internal()
    }
}
