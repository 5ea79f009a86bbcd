//! `Recommendation`.

use std::{collections::HashSet, sync::Arc};

use async_graphql::{Context, Object, Result};

use super::{
    acknowledgement::Acknowledgement,
    cluster::Cluster,
    cluster_list::ClusterFilter,
    cluster_toggle::{ClusterToggle, TogglesOfNode},
    connection::{Connection, Listed, PageArguments, ParentOf},
    context::ContextExt as _,
    impacted_cluster::{ImpactedCluster, ImpactedClusterEdge},
    impacted_cluster_list::{ImpactStatus, ImpactedClusterOrder},
    in_order::InOrder,
    loaders::{AcknowledgementOf, Batch, RatingOf},
    node_id::NodeId,
    recommendation_content::RecommendationContent,
    recommendation_list::RecommendationsOf,
    recommendation_row::RecommendationRow,
    related::related,
    shared::Shared,
    siblings::Siblings,
};
use crate::{
    domain::{OrgId, Selector},
    identity::Readable,
    store::{self, Impact, ImpactedClusterFilter, Impacting, List as _, OfOrganization, TogglesOf},
};

/// A recommendation, as one organization sees it.
#[derive(Clone)]
pub(super) struct Recommendation {
    /// `None` if no organization is in scope.
    organization: Option<OrgId>,
    pub(super) selector: Selector,
    /// How many clusters it hits, and whether it is acknowledged, where that was read.
    impact: Option<Impact>,
    among: Among,
}

/// What a recommendation was returned together with.
#[derive(Clone)]
enum Among {
    Recommendations(Arc<Siblings<RecommendationRow>>),
    HitsOf(Cluster, Arc<Siblings<store::RuleHit>>),
    EventsOf(Cluster, Arc<Siblings<store::HistoryEvent>>),
}

/// The recommendations that sibling rows refer to, siblings themselves.
struct Referred(Arc<Siblings<RecommendationRow>>);

impl Recommendation {
    /// Recommendations that are known to the viewer, all siblings.
    fn all(known: impl IntoIterator<Item = OfOrganization>) -> Vec<Self> {
        let rows = known.into_iter().map(|(of, selector)| Arc::new(RecommendationRow::found(of, selector)));
        let siblings = Siblings::new(rows.collect());
        siblings.rows.iter().map(|row| Self::among(row, &siblings)).collect()
    }

    /// The recommendation that hits a cluster, as the cluster's owner sees it.
    pub(super) fn of_hit(cluster: &Cluster, hit: &store::RuleHit, siblings: &Arc<Siblings<store::RuleHit>>) -> Self {
        let among = Among::HitsOf(cluster.clone(), siblings.clone());
        Self::of_owner(cluster, hit.selector.clone(), among)
    }

    /// The recommendation that hits a cluster, or did, as the cluster's owner sees it.
    pub(super) fn of_event(
        cluster: &Cluster,
        event: &store::HistoryEvent,
        siblings: &Arc<Siblings<store::HistoryEvent>>,
    ) -> Self {
        let among = Among::EventsOf(cluster.clone(), siblings.clone());
        Self::of_owner(cluster, event.selector.clone(), among)
    }

    fn of_owner(cluster: &Cluster, selector: Selector, among: Among) -> Self {
        Self { organization: Some(cluster.row.organization), selector, impact: None, among }
    }

    /// The recommendation of an organization, without siblings.
    pub(super) fn of_organization(of: OrgId, selector: Selector) -> Self {
        let row = Arc::new(RecommendationRow::found(Some(of), selector));
        Self::among(&row, &Siblings::new(vec![row.clone()]))
    }

    /// The recommendation that a row refers to with `key`. Its siblings are those that the row's siblings refer to.
    pub(super) fn referred_to<R>(
        siblings: &Siblings<R>,
        (of, selector): (OrgId, Selector),
        key: impl Fn(&R) -> (OrgId, Selector),
    ) -> Self {
        let referred = siblings.shared.get(|| {
            let keys: HashSet<_> = siblings.rows.iter().map(|row| key(row)).collect();
            let rows = keys.into_iter().map(|(of, selector)| Arc::new(RecommendationRow::found(Some(of), selector)));
            Referred(Siblings::new(rows.collect()))
        });
        Self::among(&RecommendationRow::found(Some(of), selector), &referred.0)
    }

    fn among(row: &RecommendationRow, siblings: &Arc<Siblings<RecommendationRow>>) -> Self {
        let RecommendationRow { organization, impact, .. } = *row;
        Self { organization, selector: row.selector.clone(), impact, among: Among::Recommendations(siblings.clone()) }
    }

    /// What identifies the node.
    pub(super) fn key(&self) -> OfOrganization {
        (self.organization, self.selector.clone())
    }

    /// The keys of the recommendation and its siblings, apart from those of no organization.
    pub(super) fn sibling_keys_of_organizations(&self) -> Vec<(OrgId, Selector)> {
        self.sibling_keys().into_iter().filter_map(|key| Some((key.organization?, key.selector))).collect()
    }

    /// What identifies the node in its organization; `None` if no organization is in scope.
    fn key_of_organization(&self) -> Option<(OrgId, Selector)> {
        Some((self.organization?, self.selector.clone()))
    }

    /// The row of the recommendation's organization, read together with those of its siblings.
    async fn related<B, R>(&self, ctx: &Context<'_>) -> Result<Option<(Arc<R>, Arc<Siblings<R>>)>>
    where
        B: Batch<Key = (OrgId, Selector), Value = Option<Arc<R>>>,
        R: Send + Sync + 'static,
    {
        let (Some(key), Some(shared)) = (self.key_of_organization(), self.shared()) else { return Ok(None) };
        let keys = || self.sibling_keys_of_organizations();
        Ok(related::<B, R>(ctx.loaders()?, shared, &key, keys).await?)
    }

    /// Returns those of the recommendations that are known to the viewer in the organization with which they are
    /// requested: their content is visible, or they hit a cluster that the viewer may see, or did. Takes at most one
    /// statement, and none if all have content.
    pub(super) async fn find(
        ctx: &Context<'_>,
        requested: impl IntoIterator<Item = OfOrganization>,
    ) -> Result<Vec<Self>> {
        let (viewer, content) = (ctx.viewer()?, ctx.content()?);
        let readable = viewer.scope().readable();
        let is_visible = |(of, selector): &OfOrganization| {
            let may_read = match readable {
                Readable::All => true,
                Readable::Organization(own) => *of == Some(own),
            };
            may_read && (viewer.sees_internal() || !selector.is_internal())
        };
        let visible: Vec<_> = requested.into_iter().filter(is_visible).collect();
        let has_content = |of: &Selector| content.is_some_and(|content| content.recommendation(of).is_some());
        let without: HashSet<_> = visible.iter().map(|(_, of)| of.clone()).filter(|of| !has_content(of)).collect();
        let hit = ctx.loaders()?.ever_hit(without).await?;
        let is_known = |selector: &Selector| has_content(selector) || hit.contains(selector);
        Ok(Self::all(visible.into_iter().filter(|(_, of)| is_known(of))))
    }
}

/// A rule and one of the problems that it finds, with what is known about them.
#[Object]
impl Recommendation {
    /// The global id, for `Query.node`. It contains the organization, because others may see the recommendation
    /// differently.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::Recommendation(self.organization, self.selector.clone())
    }

    /// The recommendation, as `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.selector.as_str()
    }

    /// The rule, as the full name of its Python module.
    async fn rule_fqdn(&self) -> &str {
        self.selector.rule_fqdn()
    }

    /// The problem that the rule finds. Several rules may use the same key.
    async fn error_key(&self) -> &str {
        self.selector.error_key()
    }

    /// Texts and facts. Null if no content of the recommendation is loaded: its hits remain hits.
    async fn content(&self, ctx: &Context<'_>) -> Result<Option<InOrder<RecommendationContent>>> {
        let content = ctx.content()?.and_then(|content| content.recommendation(&self.selector));
        Ok(content.cloned().map(RecommendationContent).map(InOrder))
    }

    /// Whether only some organizations may see the recommendation.
    async fn internal(&self) -> bool {
        self.selector.is_internal()
    }

    /// The clusters that the recommendation hits, where the hit is shown by default, or is only hidden because the
    /// recommendation is disabled: those of the organization for which the recommendation was returned, or all that the
    /// viewer may see if there is none. Null only if loading failed, with an entry in `errors`.
    #[expect(clippy::too_many_arguments, reason = "a resolver has a parameter for each argument of its field")]
    async fn impacted_clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Returns only clusters on which the recommendation has this status.",
            default_with = "Some(ImpactStatus::Enabled)"
        )]
        status: Option<ImpactStatus>,
        #[graphql(desc = "Returns only clusters that meet all of these conditions.")] filter: Option<ClusterFilter>,
        #[graphql(desc = "The order of the list.")] order_by: Option<ImpactedClusterOrder>,
    ) -> Result<Option<InOrder<Connection<ImpactedCluster, ImpactedClusterEdge>>>> {
        let clusters = filter.map(|filter| filter.check(ctx.now()?)).transpose()?.unwrap_or_default();
        let filter = ImpactedClusterFilter::new(clusters, status.map(Into::into).unwrap_or_default());
        let order = order_by.map_or(store::ImpactedCluster::DEFAULT_ORDER, store::Order::from);
        PageArguments { first, after, last, before }.load_by(ctx, self, filter, order).await
    }

    /// The acknowledgement by the organization for which the recommendation was returned. Null if it is not acknowledged, or
    /// if no organization is in scope.
    async fn acknowledgement(&self, ctx: &Context<'_>) -> Result<Option<InOrder<Acknowledgement>>> {
        let found = self.related::<AcknowledgementOf, _>(ctx).await?;
        Ok(found.map(Acknowledgement::among).map(InOrder))
    }

    /// The rating by the organization for which the recommendation was returned: -1, 0 or 1. Null if it was never rated, or
    /// if no organization is in scope.
    async fn rating(&self, ctx: &Context<'_>) -> Result<Option<i8>> {
        Ok(self.related::<RatingOf, _>(ctx).await?.map(|(rating, _)| *rating))
    }

    /// The clusters on which the organization for which the recommendation was returned has disabled it, last changed first.
    /// Empty if no organization is in scope. Null only if loading failed, with an entry in `errors`.
    async fn cluster_toggles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Defaults to 20 unless `last` is given.")]
        first: Option<i64>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Cannot be used with `first`.")] last: Option<i64>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Option<InOrder<Connection<ClusterToggle>>>> {
        let arguments = PageArguments { first, after, last, before };
        let Some((organization, selector)) = self.key_of_organization() else { return arguments.empty() };
        let key = TogglesOf { organization, selector: Some(selector) };
        arguments.load(ctx, &TogglesOfNode::Recommendation(key, self.clone())).await
    }
}

impl Listed for Recommendation {
    type Row = RecommendationRow;
    type Parent = RecommendationsOf;

    fn new(row: &Arc<RecommendationRow>, _: &RecommendationsOf, siblings: &Arc<Siblings<RecommendationRow>>) -> Self {
        Self::among(row, siblings)
    }
}

impl ParentOf<store::ImpactedCluster> for Recommendation {
    fn key(&self) -> Impacting {
        impacting(self.organization, &self.selector, self.impact)
    }

    fn sibling_keys(&self) -> Vec<Impacting> {
        let of_row = |row: &Arc<RecommendationRow>| impacting(row.organization, &row.selector, row.impact);
        match &self.among {
            Among::Recommendations(siblings) => siblings.rows.iter().map(of_row).collect(),
            Among::HitsOf(cluster, siblings) => {
                of_owners(cluster, &siblings.rows.iter().map(|hit| &hit.selector).collect())
            }
            Among::EventsOf(cluster, siblings) => {
                of_owners(cluster, &siblings.rows.iter().map(|event| &event.selector).collect())
            }
        }
    }

    fn shared(&self) -> Option<&Shared> {
        Some(match &self.among {
            Among::Recommendations(siblings) => &siblings.shared,
            Among::HitsOf(_, siblings) => &siblings.shared,
            Among::EventsOf(_, siblings) => &siblings.shared,
        })
    }
}

/// A recommendation as the parent of its clusters. For all organizations, some of which may have acknowledged it, only
/// that it hits nothing says how many there are.
fn impacting(organization: Option<OrgId>, selector: &Selector, impact: Option<Impact>) -> Impacting {
    let count = impact.map(Impact::shown).filter(|count| organization.is_some() || *count == 0);
    Impacting { organization, selector: selector.clone(), count }
}

/// Recommendations of the owners of sibling clusters. Nearly always there is one owner.
fn of_owners(cluster: &Cluster, selectors: &HashSet<&Selector>) -> Vec<Impacting> {
    let of = |organization| selectors.iter().map(move |selector| impacting(Some(organization), selector, None));
    cluster.owners_of_siblings().into_iter().flat_map(of).collect()
}
