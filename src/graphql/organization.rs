//! `Organization`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    cluster_list::{ClusterFilter, ClusterOrder},
    connection::{Connection, Listed, PageArguments, ParentOf},
    context::ContextExt as _,
    in_order::InOrder,
    node_id::NodeId,
    shared::Shared,
    siblings::Siblings,
};
use crate::{
    domain::OrgId,
    store::{self, List as _},
};

/// An organization, with the organizations that were returned together with it.
#[derive(Clone)]
pub(super) struct Organization {
    id: OrgId,
    siblings: Arc<Siblings<store::Organization>>,
}

impl Organization {
    /// Some organizations, all siblings.
    pub(super) fn all(ids: impl IntoIterator<Item = OrgId>) -> Vec<Self> {
        let rows = ids.into_iter().map(|id| Arc::new(store::Organization { id })).collect();
        let siblings = Siblings::new(rows);
        siblings.rows.iter().map(|row| Self::among(&siblings, row.id)).collect()
    }

    /// One of several siblings.
    pub(super) fn among(siblings: &Arc<Siblings<store::Organization>>, id: OrgId) -> Self {
        Self { id, siblings: siblings.clone() }
    }

    /// The organization's number.
    pub(super) fn number(&self) -> OrgId {
        self.id
    }
}

/// A customer organization, which owns clusters.
#[Object]
impl Organization {
    /// The global id, for `Query.node`.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Organization(self.id)
    }

    /// The organization's number, as a string. The identity header contains the same value.
    async fn org_id(&self) -> String {
        self.id.to_string()
    }

    /// The clusters that the organization owns, ordered by UUID unless `orderBy` is given. Null only if loading failed,
    /// with an entry in `errors`.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Returns only clusters that meet all of these conditions.")] filter: Option<ClusterFilter>,
        #[graphql(desc = "The order of the list.")] order_by: Option<ClusterOrder>,
    ) -> Result<Option<InOrder<Connection<Cluster>>>> {
        let filter = filter.map(|filter| filter.check(ctx.now()?)).transpose()?.unwrap_or_default();
        let order = order_by.map_or(store::Cluster::DEFAULT_ORDER, store::Order::from);
        PageArguments { first, after, last, before }.load_by(ctx, self, filter, order).await
    }
}

impl Listed for Organization {
    type Row = store::Organization;
    type Parent = ();

    fn new(row: &Arc<store::Organization>, (): &(), siblings: &Arc<Siblings<store::Organization>>) -> Self {
        Self::among(siblings, row.id)
    }
}

impl ParentOf<store::Cluster> for Organization {
    fn key(&self) -> OrgId {
        self.id
    }

    fn sibling_keys(&self) -> Vec<OrgId> {
        self.siblings.rows.iter().map(|row| row.id).collect()
    }

    fn shared(&self) -> Option<&Shared> {
        Some(&self.siblings.shared)
    }
}

/// The parent of the list of organizations.
impl ParentOf<store::Organization> for () {
    fn key(&self) {}

    fn sibling_keys(&self) -> Vec<()> {
        vec![()]
    }

    fn shared(&self) -> Option<&Shared> {
        None
    }
}
