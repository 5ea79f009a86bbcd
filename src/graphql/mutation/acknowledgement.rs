//! `acknowledgeRecommendation` and `deleteAcknowledgement`.

use async_graphql::{Context, InputObject, Result, SimpleObject};

use super::{
    action::{Acting, Action, NOT_ACKNOWLEDGED, Refused, perform},
    audit::UserAction,
    text::Text,
    user_error::{MAX_USER_ERRORS, UserError, UserErrorCode, user_errors},
};
use crate::{
    domain::{OrgId, Selector},
    graphql::{
        acknowledgement::Acknowledgement,
        in_order::{InOrder, ListInOrder},
        list_size::list_size,
        node_id::NodeId,
        recommendation::Recommendation,
    },
    store,
};

/// What to acknowledge.
#[derive(InputObject)]
pub(super) struct AcknowledgeRecommendationInput {
    /// The recommendation, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// Why the recommendation is acknowledged, for the members of the organization. At most 255 characters unless
    /// configured otherwise. It replaces an earlier text; null and an empty text remove it.
    justification: Option<String>,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// The result of an acknowledgement.
#[derive(SimpleObject)]
pub(super) struct AcknowledgeRecommendationPayload {
    /// The acknowledgement as it is now. Null if the action was refused.
    acknowledgement: Option<InOrder<Acknowledgement>>,
    /// The recommendation as it is now. Null if the action was refused.
    recommendation: Option<InOrder<Recommendation>>,
    /// Why the action was refused, at most 5 reasons. Empty if it was performed.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    user_errors: ListInOrder<InOrder<UserError>>,
    /// The text of the input.
    client_mutation_id: Option<String>,
}

/// Which acknowledgement to delete.
#[derive(InputObject)]
pub(super) struct DeleteAcknowledgementInput {
    /// The recommendation, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// The result of deleting an acknowledgement.
#[derive(SimpleObject)]
pub(super) struct DeleteAcknowledgementPayload {
    /// The global id of the acknowledgement that was deleted, for a client's cache. Null if the action was refused.
    #[graphql(name = "deletedAcknowledgementId")]
    deleted: Option<NodeId>,
    /// The recommendation as it is now. Null if the action was refused.
    recommendation: Option<InOrder<Recommendation>>,
    /// Why the action was refused, at most 5 reasons. Empty if it was performed.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    user_errors: ListInOrder<InOrder<UserError>>,
    /// The text of the input.
    client_mutation_id: Option<String>,
}

/// Acknowledges a recommendation for the user's organization.
struct Acknowledge {
    selector: String,
    justification: Text,
}

impl Action for Acknowledge {
    type Done = store::Acknowledgement;

    fn kind(&self) -> UserAction {
        UserAction::Acknowledge
    }

    fn selector(&self) -> &str {
        &self.selector
    }

    async fn perform(self, acting: &mut Acting) -> Result<store::Acknowledgement, Refused> {
        let justification = self.justification.at_most(acting.max_characters)?;
        let selector = acting.recommendation(&self.selector).await?;
        Ok(acting.store.acknowledge(&acting.actor, &selector, justification).await?)
    }
}

/// Deletes the acknowledgement of the user's organization.
struct DeleteAcknowledgement {
    selector: String,
}

impl Action for DeleteAcknowledgement {
    type Done = (OrgId, Selector);

    fn kind(&self) -> UserAction {
        UserAction::DeleteAcknowledgement
    }

    fn selector(&self) -> &str {
        &self.selector
    }

    async fn perform(self, acting: &mut Acting) -> Result<(OrgId, Selector), Refused> {
        let selector = acting.acknowledged(&self.selector).await?;
        // Another request may have deleted it in the meantime.
        if acting.store.delete_acknowledgement(&acting.actor, &selector).await? {
            Ok((acting.organization(), selector))
        } else {
            Err(UserError::of(UserErrorCode::NotFound, &["selector"], NOT_ACKNOWLEDGED).into())
        }
    }
}

pub(super) async fn acknowledge(
    ctx: &Context<'_>,
    input: AcknowledgeRecommendationInput,
) -> Result<AcknowledgeRecommendationPayload> {
    let AcknowledgeRecommendationInput { selector, justification, client_mutation_id } = input;
    let justification = Text::new("justification", justification.as_deref())?;
    let (acknowledgement, errors) = perform(ctx, Acknowledge { selector, justification }).await?;
    let recommendation =
        acknowledgement.as_ref().map(|row| Recommendation::of_organization(row.organization, row.selector.clone()));
    Ok(AcknowledgeRecommendationPayload {
        acknowledgement: acknowledgement.map(Acknowledgement::alone).map(InOrder),
        recommendation: recommendation.map(InOrder),
        user_errors: user_errors(errors),
        client_mutation_id,
    })
}

pub(super) async fn delete(
    ctx: &Context<'_>,
    input: DeleteAcknowledgementInput,
) -> Result<DeleteAcknowledgementPayload> {
    let DeleteAcknowledgementInput { selector, client_mutation_id } = input;
    let (deleted, errors) = perform(ctx, DeleteAcknowledgement { selector }).await?;
    let recommendation = deleted.clone().map(|(of, selector)| Recommendation::of_organization(of, selector));
    Ok(DeleteAcknowledgementPayload {
        deleted: deleted.map(|(of, selector)| NodeId::Acknowledgement(of, selector)),
        recommendation: recommendation.map(InOrder),
        user_errors: user_errors(errors),
        client_mutation_id,
    })
}
