//! `voteOnRuleHit`.

use async_graphql::{Context, InputObject, Object, Result};

use super::{
    action::{Acting, Action, Refused, perform},
    audit::UserAction,
    text::Text,
    user_error::{MAX_USER_ERRORS, UserError, UserErrorCode, user_errors},
};
use crate::{
    domain::{ClusterId, Selector},
    graphql::{
        cluster::Cluster,
        context::ContextExt as _,
        in_order::{InOrder, ListInOrder},
        list_size::list_size,
        rule_hit::RuleHit,
        scalars::Uuid,
        vote::{Vote, VoteValue},
    },
    store,
};

/// What to vote on, and how.
#[derive(InputObject)]
pub(super) struct VoteOnRuleHitInput {
    /// The UUID of the cluster that is hit.
    cluster_uuid: Uuid,
    /// The recommendation that hits it, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// The vote. It replaces an earlier one of the same user.
    vote: VoteValue,
    /// A message to those who maintain the recommendation. At most 255 characters unless configured otherwise. It replaces
    /// an earlier text; null and an empty text remove it.
    message: Option<String>,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// The result of a vote.
pub(super) struct VoteOnRuleHitPayload {
    voted: Option<Voted>,
    errors: Vec<UserError>,
    client_mutation_id: Option<String>,
}

/// The result of a vote.
#[Object]
impl VoteOnRuleHitPayload {
    /// The hit as it is now. Null if the action was refused, or if loading failed, with an entry in `errors`.
    async fn rule_hit(&self, ctx: &Context<'_>) -> Result<Option<InOrder<RuleHit>>> {
        let Some(Voted { cluster, selector, .. }) = &self.voted else { return Ok(None) };
        let found = Cluster::find(ctx.loaders()?, [*cluster]).await?;
        let Some(cluster) = found.get(cluster) else { return Ok(None) };
        Ok(cluster.hit(ctx, selector.clone()).await?.map(InOrder))
    }

    /// The vote as it is now. Null if the action was refused.
    async fn vote(&self) -> Option<InOrder<Vote>> {
        self.voted.as_ref().map(|voted| InOrder(Vote(voted.vote.clone())))
    }

    /// Why the action was refused, at most 5 reasons. Empty if it was performed.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    async fn user_errors(&self) -> ListInOrder<InOrder<UserError>> {
        user_errors(self.errors.clone())
    }

    /// The text of the input.
    async fn client_mutation_id(&self) -> Option<&str> {
        self.client_mutation_id.as_deref()
    }
}

/// Votes on a hit of a cluster of the user's organization.
struct CastVote {
    cluster: ClusterId,
    selector: String,
    value: VoteValue,
    message: Text,
}

/// A vote that was cast.
struct Voted {
    cluster: ClusterId,
    selector: Selector,
    vote: store::Vote,
}

impl Action for CastVote {
    type Done = Voted;

    fn kind(&self) -> UserAction {
        UserAction::Vote
    }

    fn selector(&self) -> &str {
        &self.selector
    }

    fn clusters(&self) -> usize {
        1
    }

    async fn perform(self, acting: &mut Acting) -> Result<Voted, Refused> {
        let Self { cluster, selector, value, message } = self;
        let message = message.at_most(acting.max_characters)?;
        let selector = acting.recommendation(&selector).await?;
        let vote = acting.store.vote(&acting.actor, cluster, &selector, value.into(), message).await?;
        let vote = vote.ok_or_else(|| {
            let message = "the recommendation does not hit a cluster of your organization with this UUID";
            UserError::of(UserErrorCode::NotFound, &["clusterUuid"], message)
        })?;
        Ok(Voted { cluster, selector, vote })
    }
}

pub(super) async fn vote(ctx: &Context<'_>, input: VoteOnRuleHitInput) -> Result<VoteOnRuleHitPayload> {
    let VoteOnRuleHitInput { cluster_uuid: Uuid(cluster), selector, vote, message, client_mutation_id } = input;
    let message = Text::new("message", message.as_deref())?;
    let (voted, errors) = perform(ctx, CastVote { cluster, selector, value: vote, message }).await?;
    Ok(VoteOnRuleHitPayload { voted, errors, client_mutation_id })
}
