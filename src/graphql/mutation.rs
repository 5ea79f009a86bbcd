//! The root of all mutations: what users do with recommendations and hits.
//!
//! One file per noun has inputs, payloads and [`action::Action`]s. `action` performs these, `audit` records them,
//! `text` checks what users wrote, and `user_error` has the expected refusals.

mod acknowledgement;
mod action;
mod audit;
mod cluster_toggles;
mod rating;
mod text;
mod user_error;
mod vote;

use async_graphql::{Context, Object, Result};

#[cfg(test)]
pub(super) use self::user_error::MAX_USER_ERRORS;
use self::{
    acknowledgement::{
        AcknowledgeRecommendationInput, AcknowledgeRecommendationPayload, DeleteAcknowledgementInput,
        DeleteAcknowledgementPayload,
    },
    cluster_toggles::{
        ClusterTogglesPayload, DisableRecommendationOnClustersInput, EnableRecommendationOnClustersInput,
    },
    rating::{RateRecommendationInput, RateRecommendationPayload},
    vote::{VoteOnRuleHitInput, VoteOnRuleHitPayload},
};
pub(super) use self::{action::ActionQueue, audit::start_counter, text::MaxCharacters};
pub use self::{
    audit::{UserAction, UserActionOutcome},
    user_error::UserErrorCode,
};
use super::in_order::InOrder;

/// The root of all mutations.
pub(super) struct Mutation;

/// What users of an organization change. The mutations of a request are performed one after another, and each returns
/// what it and those before it changed. An expected refusal is in `userErrors`, and nothing was changed. After an error
/// that is in `errors`, the rest of the request is not performed, and `data` is null, although the mutations before it
/// remain in effect.
#[Object]
impl Mutation {
    /// Acknowledges a recommendation: its hits on the organization's clusters are hidden by default, now and in the future.
    /// If the organization acknowledged it before, the justification changes.
    async fn acknowledge_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to acknowledge.")] input: AcknowledgeRecommendationInput,
    ) -> Result<InOrder<AcknowledgeRecommendationPayload>> {
        acknowledgement::acknowledge(ctx, input).await.map(InOrder)
    }

    /// Deletes the acknowledgement of a recommendation: its hits are shown again.
    async fn delete_acknowledgement(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which acknowledgement to delete.")] input: DeleteAcknowledgementInput,
    ) -> Result<InOrder<DeleteAcknowledgementPayload>> {
        acknowledgement::delete(ctx, input).await.map(InOrder)
    }

    /// Disables a recommendation on clusters of the organization: its hits on these are hidden by default, now and in the
    /// future.
    async fn disable_recommendation_on_clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to disable the recommendation.")] input: DisableRecommendationOnClustersInput,
    ) -> Result<InOrder<ClusterTogglesPayload>> {
        cluster_toggles::disable(ctx, input).await.map(InOrder)
    }

    /// Enables a recommendation on clusters where it was disabled: its hits on these are shown again.
    async fn enable_recommendation_on_clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to enable the recommendation.")] input: EnableRecommendationOnClustersInput,
    ) -> Result<InOrder<ClusterTogglesPayload>> {
        cluster_toggles::enable(ctx, input).await.map(InOrder)
    }

    /// Votes on the hit of a recommendation on a cluster of the organization. Each user has one vote per hit, which only
    /// they see.
    async fn vote_on_rule_hit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to vote on, and how.")] input: VoteOnRuleHitInput,
    ) -> Result<InOrder<VoteOnRuleHitPayload>> {
        vote::vote(ctx, input).await.map(InOrder)
    }

    /// Rates a recommendation for the organization.
    async fn rate_recommendation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to rate the recommendation.")] input: RateRecommendationInput,
    ) -> Result<InOrder<RateRecommendationPayload>> {
        rating::rate(ctx, input).await.map(InOrder)
    }
}
