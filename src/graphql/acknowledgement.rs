//! `Acknowledgement`.

use std::sync::Arc;

use async_graphql::Object;

use super::{
    connection::{Listed, ParentOf},
    in_order::InOrder,
    node_id::NodeId,
    organization::Organization,
    recommendation::Recommendation,
    scalars::DateTime,
    shared::Shared,
    siblings::Siblings,
};
use crate::{domain::OrgId, store};

/// An acknowledgement, with those that were read together with it.
#[derive(Clone)]
pub(super) struct Acknowledgement {
    row: Arc<store::Acknowledgement>,
    siblings: Arc<Siblings<store::Acknowledgement>>,
}

impl Acknowledgement {
    /// An acknowledgement without siblings.
    pub(super) fn alone(row: store::Acknowledgement) -> Self {
        let row = Arc::new(row);
        Self { siblings: Siblings::new(vec![row.clone()]), row }
    }

    /// An acknowledgement that was read together with others.
    pub(super) fn among((row, siblings): (Arc<store::Acknowledgement>, Arc<Siblings<store::Acknowledgement>>)) -> Self {
        Self { row, siblings }
    }
}

/// An organization knows of a recommendation and hides its hits by default.
#[Object]
impl Acknowledgement {
    /// The global id, for `Query.node`. It identifies the acknowledgement of this recommendation by this organization.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Acknowledgement(self.row.organization, self.row.selector.clone())
    }

    /// The recommendation, as the organization sees it.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        let key = |row: &store::Acknowledgement| (row.organization, row.selector.clone());
        InOrder(Recommendation::referred_to(&self.siblings, key(&self.row), key))
    }

    /// Why the recommendation was acknowledged, as text. Null if no reason was given.
    async fn justification(&self) -> Option<&str> {
        self.row.justification.as_deref()
    }

    /// The id of the user who acknowledged the recommendation first. Null if it is not known.
    async fn created_by(&self) -> Option<&str> {
        self.row.created_by.as_deref()
    }

    /// When the recommendation was acknowledged first.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }

    /// The id of the user who acknowledged it last. Null if it was acknowledged once, or if the user is not known.
    async fn updated_by(&self) -> Option<&str> {
        self.row.updated_by.as_deref()
    }

    /// When the recommendation was acknowledged last. Null if it was acknowledged once.
    async fn updated_at(&self) -> Option<DateTime> {
        self.row.updated_at.map(DateTime)
    }
}

impl Listed for Acknowledgement {
    type Row = store::Acknowledgement;
    type Parent = Organization;

    fn new(
        row: &Arc<store::Acknowledgement>,
        _: &Organization,
        siblings: &Arc<Siblings<store::Acknowledgement>>,
    ) -> Self {
        Self { row: row.clone(), siblings: siblings.clone() }
    }
}

impl ParentOf<store::Acknowledgement> for Organization {
    fn key(&self) -> OrgId {
        self.number()
    }

    fn sibling_keys(&self) -> Vec<OrgId> {
        self.sibling_numbers().collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(self.shared())
    }
}
