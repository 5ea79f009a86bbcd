//! `rateRecommendation`.

use async_graphql::{Context, InputObject, Result, SimpleObject};

use super::{
    action::{Acting, Action, Refused, perform},
    audit::UserAction,
    user_error::{MAX_USER_ERRORS, UserError, UserErrorCode, user_errors},
};
use crate::{
    domain::{OrgId, Selector},
    graphql::{
        in_order::{InOrder, ListInOrder},
        list_size::list_size,
        recommendation::Recommendation,
    },
};

/// How to rate a recommendation.
#[derive(InputObject)]
pub(super) struct RateRecommendationInput {
    /// The recommendation, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// -1, 0 or 1. It replaces the earlier rating of the organization.
    rating: i32,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// The result of a rating.
#[derive(SimpleObject)]
pub(super) struct RateRecommendationPayload {
    /// The recommendation as it is now. Null if the action was refused.
    recommendation: Option<InOrder<Recommendation>>,
    /// The rating as it is now. Null if the action was refused.
    rating: Option<i8>,
    /// Why the action was refused, at most 5 reasons. Empty if it was performed.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    user_errors: ListInOrder<InOrder<UserError>>,
    /// The text of the input.
    client_mutation_id: Option<String>,
}

/// Rates a recommendation for the user's organization.
struct Rate {
    selector: String,
    rating: i32,
}

/// A rating that was stored.
struct Rated {
    organization: OrgId,
    selector: Selector,
    rating: i8,
}

impl Action for Rate {
    type Done = Rated;

    fn kind(&self) -> UserAction {
        UserAction::Rate
    }

    fn selector(&self) -> &str {
        &self.selector
    }

    async fn perform(self, acting: &mut Acting) -> Result<Rated, Refused> {
        let rating = i8::try_from(self.rating).ok().filter(|rating| (-1..=1).contains(rating));
        let rating = rating
            .ok_or_else(|| UserError::of(UserErrorCode::OutOfRange, &["rating"], "the rating must be -1, 0 or 1"))?;
        let selector = acting.recommendation(&self.selector).await?;
        acting.store.rate(&acting.actor, &selector, rating).await?;
        Ok(Rated { organization: acting.organization(), selector, rating })
    }
}

pub(super) async fn rate(ctx: &Context<'_>, input: RateRecommendationInput) -> Result<RateRecommendationPayload> {
    let RateRecommendationInput { selector, rating, client_mutation_id } = input;
    let (rated, errors) = perform(ctx, Rate { selector, rating }).await?;
    let rating = rated.as_ref().map(|rated| rated.rating);
    let recommendation = rated.map(|rated| Recommendation::of_organization(rated.organization, rated.selector));
    Ok(RateRecommendationPayload {
        recommendation: recommendation.map(InOrder),
        rating,
        user_errors: user_errors(errors),
        client_mutation_id,
    })
}
