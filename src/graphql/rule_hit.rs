//! `RuleHit`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::{
    cluster::Cluster,
    connection::Listed,
    context::ContextExt as _,
    in_order::InOrder,
    node_id::NodeId,
    recommendation::Recommendation,
    risks::TotalRisk,
    scalars::{DateTime, RawJson},
    siblings::Siblings,
    text_format::TextFormat,
};
use crate::{
    content::{Template, Templates, render_in_background},
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
