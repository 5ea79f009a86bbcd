//! What is recorded of each action: a line of the log and a count. Neither has a text that a user wrote.

use strum::{IntoStaticStr, VariantArray};

use super::user_error::UserErrorCode;
use crate::{domain::Selector, identity::Viewer, telemetry::metrics::USER_ACTIONS};

/// The most characters of the id of a user that are logged. A longer one may not act.
const MAX_USER: usize = 255;

/// An action of a user: the label `action` of the metric, and the field of the log.
#[derive(Clone, Copy, Debug, IntoStaticStr, PartialEq, Eq, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum UserAction {
    /// A recommendation is acknowledged.
    Acknowledge,
    /// An acknowledgement is deleted.
    DeleteAcknowledgement,
    /// A recommendation is disabled on clusters.
    Disable,
    /// A recommendation is enabled on clusters.
    Enable,
    /// A hit is voted on.
    Vote,
    /// A recommendation is rated.
    Rate,
}

/// The outcome of an action: the label `outcome` of the metric, and the field of the log.
#[derive(Clone, Copy, Debug, IntoStaticStr, PartialEq, Eq, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum UserActionOutcome {
    /// It was performed.
    Done,
    /// It was performed on some of the clusters. The others were refused.
    PartlyDone,
    /// Refused: the recommendation, the clusters or the acknowledgement are not known to the organization.
    NotFound,
    /// Refused: a text is too long.
    TooLong,
    /// Refused: a number is not allowed, or there is no cluster.
    OutOfRange,
    /// Refused: there are too many clusters.
    TooMany,
    /// Refused: the identity has no user or no organization.
    Forbidden,
    /// Refused: another action changed the data in the meantime.
    Conflict,
    /// The database failed, or did not answer in time.
    Failed,
}

impl UserAction {
    /// The name of the action in the log and in the metric.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl UserActionOutcome {
    /// The name of the outcome in the log and in the metric.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<UserErrorCode> for UserActionOutcome {
    fn from(code: UserErrorCode) -> Self {
        match code {
            UserErrorCode::NotFound => Self::NotFound,
            UserErrorCode::TooLong => Self::TooLong,
            UserErrorCode::OutOfRange => Self::OutOfRange,
            UserErrorCode::TooMany => Self::TooMany,
            UserErrorCode::Forbidden => Self::Forbidden,
            UserErrorCode::Conflict => Self::Conflict,
        }
    }
}

/// What is known of an action before its outcome.
#[derive(Debug)]
pub(super) struct Audit {
    action: UserAction,
    organization: String,
    user: String,
    clusters: usize,
}

impl Audit {
    /// The action of a viewer on a number of clusters.
    pub(super) fn new(action: UserAction, viewer: &Viewer, clusters: usize) -> Self {
        let organization = viewer.organization().map(|organization| organization.to_string()).unwrap_or_default();
        let user = viewer.user().map(|user| user.subject.chars().take(MAX_USER).collect()).unwrap_or_default();
        Self { action, organization, user, clusters }
    }

    /// Logs and counts the action. The selector is absent if it is invalid, because it may then be any text.
    pub(super) fn record(&self, selector: Option<&Selector>, outcome: UserActionOutcome) {
        let Self { action, organization, user, clusters } = self;
        let (action, outcome) = (action.as_str(), outcome.as_str());
        let selector = selector.map(Selector::as_str).unwrap_or_default();
        tracing::info!(target: "audit", organization, user, action, selector, clusters, outcome, "a user acted");
        metrics::counter!(USER_ACTIONS.name, "action" => action, "outcome" => outcome).increment(1);
    }
}

/// Exports the counter of actions with every action and outcome.
pub(in crate::graphql) fn start_counter() {
    let outcomes = || UserActionOutcome::VARIANTS.iter().map(|outcome| outcome.as_str());
    USER_ACTIONS.start_pairs_at_zero(UserAction::VARIANTS.iter().map(|action| action.as_str()), outcomes);
}
