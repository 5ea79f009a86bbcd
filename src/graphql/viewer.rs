//! `Viewer`.

use async_graphql::Object;

use super::{in_order::InOrder, organization::Organization};
use crate::identity;

/// The caller of a request.
pub(super) struct Viewer(pub(super) identity::Viewer);

/// The caller, and what it may read.
#[Object]
impl Viewer {
    /// The viewer's organization. Null if the viewer belongs to none, which is the case for all viewers where
    /// authentication is disabled.
    async fn organization(&self) -> Option<InOrder<Organization>> {
        Organization::all(self.0.organization()).pop().map(InOrder)
    }

    /// Whether the viewer may read all organizations.
    async fn is_administrator(&self) -> bool {
        self.0.is_administrator()
    }
}
