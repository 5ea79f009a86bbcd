//! `Viewer`.

use async_graphql::Object;

use super::organization::Organization;
use crate::identity;

/// Who asks.
pub(super) struct Viewer(pub(super) identity::Viewer);

/// Who asks, and what they may see.
#[Object]
impl Viewer {
    /// The viewer's organization; null for one who belongs to none, as everybody does where no identity is asked for.
    async fn organization(&self) -> Option<Organization> {
        self.0.organization().map(Organization::alone)
    }

    /// May the viewer see every organization?
    async fn is_administrator(&self) -> bool {
        self.0.is_administrator()
    }
}
