//! `RuleHit`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    acknowledgement::Acknowledgement,
    cluster::Cluster,
    cluster_toggle::ClusterToggle,
    connection::Listed,
    context::ContextExt as _,
    in_order::InOrder,
    loaders::{AcknowledgementOf, ToggleOn, VoteOf},
    node_id::NodeId,
    recommendation::Recommendation,
    related::related,
    risks::TotalRisk,
    scalars::{DateTime, RawJson},
    siblings::Siblings,
    text_format::TextFormat,
    vote::Vote,
};
use crate::{
    content::{Template, Templates, render_in_background},
    domain::{ClusterId, OrgId, Selector},
    store,
};

/// A hit of a cluster's current report.
#[derive(Clone)]
pub(super) struct RuleHit {
    row: Arc<store::RuleHit>,
    cluster: Cluster,
    siblings: Arc<Siblings<store::RuleHit>>,
}

impl RuleHit {
    /// A hit of a cluster, with the hits that were read together with it.
    pub(super) fn of(cluster: Cluster, row: &Arc<store::RuleHit>, siblings: &Arc<Siblings<store::RuleHit>>) -> Self {
        Self { row: row.clone(), cluster, siblings: siblings.clone() }
    }

    /// What identifies the hit among those of all organizations.
    fn key(&self) -> (OrgId, ClusterId, Selector) {
        (self.cluster.row.organization, self.cluster.row.id, self.row.selector.clone())
    }

    /// The keys of the hit and its siblings.
    fn sibling_keys(&self) -> Vec<(OrgId, ClusterId, Selector)> {
        let owners = self.cluster.owners_by_cluster();
        let key = |hit: &Arc<store::RuleHit>| Some((*owners.get(&hit.cluster)?, hit.cluster, hit.selector.clone()));
        self.siblings.rows.iter().filter_map(key).collect()
    }

    /// One of the recommendation's texts, filled in with the hit's details.
    async fn text(
        &self,
        ctx: &Context<'_>,
        format: Option<TextFormat>,
        template: impl FnOnce(&Templates) -> Option<&Arc<Template>>,
    ) -> Result<Option<String>> {
        let content = ctx.content()?.and_then(|content| content.recommendation(&self.row.selector));
        let Some(template) = content.and_then(|content| template(&content.templates)) else { return Ok(None) };
        Ok(Some(render_in_background(template, self.row.details.as_ref(), format.unwrap_or_default().into()).await))
    }
}

/// A recommendation that hits a cluster: the rule found the problem that the recommendation describes.
#[Object]
impl RuleHit {
    /// The global id, for `Query.node`. It identifies the current hit of this recommendation on this cluster.
    pub(super) async fn id(&self) -> NodeId {
        NodeId::RuleHit(self.cluster.row.id, self.row.selector.clone())
    }

    /// The cluster that has the problem.
    async fn cluster(&self) -> InOrder<&Cluster> {
        InOrder(&self.cluster)
    }

    /// The recommendation, as `ruleFqdn|errorKey`.
    async fn selector(&self) -> &str {
        self.row.selector.as_str()
    }

    /// The rule, as the full name of its Python module.
    async fn rule_fqdn(&self) -> &str {
        self.row.selector.rule_fqdn()
    }

    /// The problem that the rule found. Several rules may use the same key.
    async fn error_key(&self) -> &str {
        self.row.selector.error_key()
    }

    /// The values to fill into the recommendation's text, byte for byte as received. Null if none were received.
    async fn details(&self) -> Option<RawJson> {
        self.row.details.clone().map(RawJson)
    }

    /// How severe the problem is. Null if no content of the recommendation is loaded.
    async fn total_risk(&self, ctx: &Context<'_>) -> Result<Option<TotalRisk>> {
        let content = ctx.content()?.and_then(|content| content.recommendation(&self.row.selector));
        Ok(content.map(|content| content.total_risk().into()))
    }

    /// One line that describes the hit. Null if no content of the recommendation is loaded.
    async fn description(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> Result<Option<String>> {
        self.text(ctx, format, |templates| Some(&templates.description)).await
    }

    /// Why the cluster is hit. Null if no content of the recommendation is loaded.
    async fn reason(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> Result<Option<String>> {
        self.text(ctx, format, |templates| Some(&templates.reason)).await
    }

    /// How to resolve the problem. Null if there is no such text, or no content of the recommendation is loaded.
    async fn resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> Result<Option<String>> {
        self.text(ctx, format, |templates| templates.resolution.as_ref()).await
    }

    /// Further information. Null if there is no such text, or no content of the recommendation is loaded.
    async fn more_info(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the text is written.", default_with = "Some(TextFormat::Markdown)")] format: Option<
            TextFormat,
        >,
    ) -> Result<Option<String>> {
        self.text(ctx, format, |templates| templates.more_info.as_ref()).await
    }

    /// The recommendation, as the cluster's owner sees it.
    async fn recommendation(&self) -> InOrder<Recommendation> {
        InOrder(Recommendation::of_hit(&self.cluster, &self.row, &self.siblings))
    }

    /// The acknowledgement of the recommendation by the cluster's owner. Null if it is not acknowledged.
    async fn acknowledgement(&self, ctx: &Context<'_>) -> Result<Option<InOrder<Acknowledgement>>> {
        let key = (self.cluster.row.organization, self.row.selector.clone());
        let keys = || self.sibling_keys().into_iter().map(|(of, _, selector)| (of, selector)).collect();
        let found = related::<AcknowledgementOf, _>(ctx.loaders()?, &self.siblings.shared, &key, keys).await?;
        Ok(found.map(Acknowledgement::among).map(InOrder))
    }

    /// Whether the cluster's owner disabled the recommendation on this cluster, or enabled it again. Null if it was never
    /// disabled.
    async fn toggle(&self, ctx: &Context<'_>) -> Result<Option<InOrder<ClusterToggle>>> {
        let keys = || self.sibling_keys();
        let found = related::<ToggleOn, _>(ctx.loaders()?, &self.siblings.shared, &self.key(), keys).await?;
        Ok(found.map(ClusterToggle::among).map(InOrder))
    }

    /// The vote of the viewer. Null if they never voted on the hit, if they are not a member of the organization that owns
    /// the cluster, and if the identity has no user.
    async fn vote(&self, ctx: &Context<'_>) -> Result<Option<InOrder<Vote>>> {
        let viewer = ctx.viewer()?;
        let is_own = viewer.organization() == Some(self.cluster.row.organization);
        let Some(user) = viewer.user().filter(|_| is_own) else { return Ok(None) };
        let user: Arc<str> = user.subject.as_str().into();
        let key = |hit| (user.clone(), hit);
        let keys = || self.sibling_keys().into_iter().map(key).collect();
        let found = related::<VoteOf, _>(ctx.loaders()?, &self.siblings.shared, &key(self.key()), keys).await?;
        Ok(found.map(|(vote, _)| InOrder(Vote((*vote).clone()))))
    }

    /// Since when the recommendation has hit the cluster without interruption.
    async fn impacted_since(&self) -> DateTime {
        DateTime(self.row.impacted_since)
    }
}

impl Listed for RuleHit {
    type Row = store::RuleHit;
    type Parent = Cluster;
    const LARGE_FIELDS: &'static [&'static str] = &["details", "description", "reason", "resolution", "moreInfo"];

    fn new(row: &Arc<store::RuleHit>, cluster: &Cluster, siblings: &Arc<Siblings<store::RuleHit>>) -> Self {
        Self::of(cluster.clone(), row, siblings)
    }
}
