//! `disableRecommendationOnClusters` and `enableRecommendationOnClusters`.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, InputObject, Result, SimpleObject};

use super::{
    action::{Acting, Action, Refused, perform},
    audit::{UserAction, UserActionOutcome},
    text::Text,
    user_error::{MAX_USER_ERRORS, UserError, UserErrorCode, user_errors},
};
use crate::{
    domain::{ClusterId, OrgId, Selector},
    graphql::{
        cluster_toggle::ClusterToggle,
        connection::MAX_KEYS,
        in_order::{InOrder, ListInOrder},
        list_size::list_size,
        recommendation::Recommendation,
        scalars::Uuid,
        siblings::Siblings,
    },
    store,
};

/// Where to disable a recommendation.
#[derive(InputObject)]
pub(super) struct DisableRecommendationOnClustersInput {
    /// The recommendation, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// The UUIDs of the clusters, 1 to 100.
    cluster_uuids: Vec<Uuid>,
    /// Why the recommendation is disabled, for the members of the organization. At most 255 characters unless configured
    /// otherwise. It replaces an earlier text; null and an empty text remove it.
    feedback: Option<String>,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// Where to enable a recommendation that was disabled.
#[derive(InputObject)]
pub(super) struct EnableRecommendationOnClustersInput {
    /// The recommendation, as `ruleFqdn|errorKey`; the rule may have the suffix `.report`.
    selector: String,
    /// The UUIDs of the clusters, 1 to 100.
    cluster_uuids: Vec<Uuid>,
    /// Why the recommendation is enabled, for the members of the organization. At most 255 characters unless configured
    /// otherwise. It replaces an earlier text; null and an empty text remove it.
    feedback: Option<String>,
    /// Any text. The payload has the same.
    client_mutation_id: Option<String>,
}

/// The result of disabling or enabling a recommendation on clusters.
#[derive(SimpleObject)]
pub(super) struct ClusterTogglesPayload {
    /// One result per UUID of the input, in the same order. Empty if the whole action was refused.
    results: ListInOrder<InOrder<ClusterToggleResult>>,
    /// The recommendation as it is now. Null if the whole action was refused.
    recommendation: Option<InOrder<Recommendation>>,
    /// Why the whole action was refused, at most 5 reasons. Empty if it was not: `results` then has the clusters that
    /// were refused.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    user_errors: ListInOrder<InOrder<UserError>>,
    /// The text of the input.
    client_mutation_id: Option<String>,
}

/// The result for one cluster. That a cluster was refused does not stop the others.
#[derive(SimpleObject)]
pub(super) struct ClusterToggleResult {
    /// The UUID of the input.
    uuid: Uuid,
    /// What applies to the cluster now. Null if it was refused.
    toggle: Option<InOrder<ClusterToggle>>,
    /// Why the cluster was refused, at most 5 reasons. Empty if it was not.
    #[graphql(directive = list_size::apply(MAX_USER_ERRORS))]
    user_errors: ListInOrder<InOrder<UserError>>,
}

/// Disables or enables a recommendation on clusters of the user's organization.
struct Toggle {
    selector: String,
    clusters: Vec<ClusterId>,
    disabled: bool,
    feedback: Text,
}

/// The toggles of the clusters that were not refused.
struct Toggled {
    organization: OrgId,
    selector: Selector,
    toggles: HashMap<ClusterId, store::ClusterToggle>,
    /// The number of clusters that were requested, each counted once.
    requested: usize,
}

impl Action for Toggle {
    type Done = Toggled;

    fn kind(&self) -> UserAction {
        if self.disabled { UserAction::Disable } else { UserAction::Enable }
    }

    fn selector(&self) -> &str {
        &self.selector
    }

    fn clusters(&self) -> usize {
        self.clusters.len()
    }

    async fn perform(self, acting: &mut Acting) -> Result<Toggled, Refused> {
        let Self { selector, clusters, disabled, feedback } = self;
        let (feedback, number) = (feedback.at_most(acting.max_characters), check_number(clusters.len()));
        let feedback = match (feedback, number) {
            (Ok(feedback), Ok(())) => feedback,
            (feedback, number) => {
                return Err(Refused::Expected(feedback.err().into_iter().chain(number.err()).collect()));
            }
        };
        let selector = acting.recommendation(&selector).await?;
        let clusters: HashSet<_> = clusters.into_iter().collect();
        let clusters: Vec<_> = clusters.into_iter().collect();
        let toggles = acting.store.toggle(&acting.actor, &selector, &clusters, disabled, feedback).await?;
        Ok(Toggled { organization: acting.organization(), selector, toggles, requested: clusters.len() })
    }

    fn outcome(done: &Toggled) -> UserActionOutcome {
        match done.toggles.len() {
            0 => UserActionOutcome::NotFound,
            some if some < done.requested => UserActionOutcome::PartlyDone,
            _ => UserActionOutcome::Done,
        }
    }
}

fn check_number(clusters: usize) -> Result<(), UserError> {
    let of = |code, message: String| Err(UserError::of(code, &["clusterUuids"], message));
    match clusters {
        0 => of(UserErrorCode::OutOfRange, "has no cluster; at least 1 is required".to_owned()),
        1..=MAX_KEYS => Ok(()),
        _ => of(UserErrorCode::TooMany, format!("has {clusters} clusters; at most {MAX_KEYS} are taken")),
    }
}

pub(super) async fn disable(
    ctx: &Context<'_>,
    input: DisableRecommendationOnClustersInput,
) -> Result<ClusterTogglesPayload> {
    let DisableRecommendationOnClustersInput { selector, cluster_uuids, feedback, client_mutation_id } = input;
    toggle(ctx, true, selector, cluster_uuids, feedback, client_mutation_id).await
}

pub(super) async fn enable(
    ctx: &Context<'_>,
    input: EnableRecommendationOnClustersInput,
) -> Result<ClusterTogglesPayload> {
    let EnableRecommendationOnClustersInput { selector, cluster_uuids, feedback, client_mutation_id } = input;
    toggle(ctx, false, selector, cluster_uuids, feedback, client_mutation_id).await
}

async fn toggle(
    ctx: &Context<'_>,
    disabled: bool,
    selector: String,
    uuids: Vec<Uuid>,
    feedback: Option<String>,
    client_mutation_id: Option<String>,
) -> Result<ClusterTogglesPayload> {
    let feedback = Text::new("feedback", feedback.as_deref())?;
    let clusters = uuids.iter().map(|Uuid(cluster)| *cluster).collect();
    let (toggled, errors) = perform(ctx, Toggle { selector, clusters, disabled, feedback }).await?;
    let (recommendation, results) = match toggled {
        Some(Toggled { organization, selector, toggles, .. }) => {
            (Some(Recommendation::of_organization(organization, selector)), results(&uuids, toggles))
        }
        None => (None, ListInOrder(Vec::new())),
    };
    Ok(ClusterTogglesPayload {
        results,
        recommendation: recommendation.map(InOrder),
        user_errors: user_errors(errors),
        client_mutation_id,
    })
}

/// The result of each UUID of the input. A UUID that is repeated has equal results.
fn results(
    uuids: &[Uuid],
    toggles: HashMap<ClusterId, store::ClusterToggle>,
) -> ListInOrder<InOrder<ClusterToggleResult>> {
    let rows: HashMap<_, _> = toggles.into_iter().map(|(cluster, row)| (cluster, Arc::new(row))).collect();
    let siblings = Siblings::new(rows.values().cloned().collect());
    let result = |(place, Uuid(cluster)): (usize, &Uuid)| {
        let toggle = rows.get(cluster).map(|row| InOrder(ClusterToggle::among((row.clone(), siblings.clone()))));
        let errors = if toggle.is_some() { Vec::new() } else { vec![not_owned(place)] };
        InOrder(ClusterToggleResult { uuid: Uuid(*cluster), toggle, user_errors: user_errors(errors) })
    };
    ListInOrder(uuids.iter().enumerate().map(result).collect())
}

fn not_owned(place: usize) -> UserError {
    let message = "your organization does not have a cluster with this UUID";
    UserError::of(UserErrorCode::NotFound, &["clusterUuids", &place.to_string()], message)
}
