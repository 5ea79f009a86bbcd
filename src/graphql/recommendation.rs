//! `Recommendation`.

use std::collections::HashSet;

use async_graphql::{Context, Object, Result};

use super::{
    context::ContextExt as _, in_order::InOrder, node_id::NodeId, recommendation_content::RecommendationContent,
};
use crate::{
    domain::{OrgId, Selector},
    identity::Readable,
};

/// A recommendation, as one organization sees it.
#[derive(Clone)]
pub(super) struct Recommendation {
    /// `None` if no organization is in scope.
    organization: Option<OrgId>,
    selector: Selector,
}

impl Recommendation {
    /// A recommendation that is known to the viewer.
    pub(super) fn of(organization: Option<OrgId>, selector: Selector) -> Self {
        Self { organization, selector }
    }

    /// What identifies the node.
    pub(super) fn key(&self) -> (Option<OrgId>, Selector) {
        (self.organization, self.selector.clone())
    }

    /// Returns those of the recommendations that are known to the viewer in the organization with which they are
    /// requested: their content is visible, or they hit a cluster that the viewer may see, or did. Takes at most one
    /// statement, and none if all have content.
    pub(super) async fn find(
        ctx: &Context<'_>,
        requested: impl IntoIterator<Item = (Option<OrgId>, Selector)>,
    ) -> Result<Vec<Self>> {
        let (viewer, content) = (ctx.viewer()?, ctx.content()?);
        let readable = viewer.scope().readable();
        let is_visible = |(of, selector): &(Option<OrgId>, Selector)| {
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
        Ok(visible.into_iter().filter(|(_, of)| is_known(of)).map(|(of, selector)| Self::of(of, selector)).collect())
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
}
