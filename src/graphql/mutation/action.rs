//! How an action is performed: checked, executed and recorded, in a task of its own.

use std::{panic::resume_unwind, sync::Arc};

use async_graphql::{Context, Result};
use tracing::Instrument as _;

use super::{
    audit::{Audit, UserAction, UserActionOutcome},
    text::MaxCharacters,
    user_error::{UserError, UserErrorCode},
};
use crate::{
    content::Content,
    domain::{OrgId, Selector},
    fair_queue::FairQueue,
    graphql::{context::ContextExt as _, error::LoadFailed},
    identity::Viewer,
    store::{self, Actor, Store, inherit_count},
};

/// The most characters of the id of a user who acts. It is part of keys in the database.
const MAX_USER: usize = 255;
/// The most characters of a rule's name or of an error key: longer ones are not stored.
const MAX_NAME: usize = 255;
/// The actions that are performed at a time. Each has a connection of the writers' pool, which has two more than there are
/// batches.
const ACTIONS: usize = 2;
/// A recommendation that does not exist. It is looked for instead of an invalid selector, so that both take the same
/// statements.
const NONE: &str = "-|-";

/// Where actions wait for their turn, so that those of one organization do not delay those of others, and that no more are
/// performed than the database has connections for.
#[derive(Clone, Debug)]
pub(in crate::graphql) struct ActionQueue(Arc<FairQueue>);

impl ActionQueue {
    /// An empty queue.
    pub(in crate::graphql) fn new() -> Self {
        Self(FairQueue::new(ACTIONS))
    }
}

/// An action of a user, as its mutation received it.
pub(super) trait Action: Send + 'static {
    /// What the action returns once it was performed.
    type Done: Send + 'static;

    /// The kind of the action, for the log.
    fn kind(&self) -> UserAction;

    /// The selector, as the client wrote it.
    fn selector(&self) -> &str;

    /// The number of clusters that the input names.
    fn clusters(&self) -> usize {
        0
    }

    /// Performs the action, in one transaction that is last.
    fn perform(self, acting: &mut Acting) -> impl Future<Output = Result<Self::Done, Refused>> + Send;

    /// The outcome of an action that was performed.
    fn outcome(_: &Self::Done) -> UserActionOutcome {
        UserActionOutcome::Done
    }
}

/// Why an action was not performed.
#[derive(Debug)]
pub(super) enum Refused {
    /// The user can fix these. There is at least one.
    Expected(Vec<UserError>),
    /// The database failed.
    Failed(LoadFailed),
}

impl Refused {
    fn outcome(&self) -> UserActionOutcome {
        match self {
            Self::Expected(errors) => errors.first().map_or(UserActionOutcome::Failed, |error| error.code.into()),
            Self::Failed(_) => UserActionOutcome::Failed,
        }
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<UserError> for Refused {
    fn from(error: UserError) -> Self {
        Self::Expected(vec![error])
    }
}

/// A user who acts, with what the action needs.
pub(super) struct Acting {
    pub(super) actor: Actor,
    pub(super) store: Store,
    pub(super) max_characters: MaxCharacters,
    viewer: Viewer,
    content: Option<Arc<Content>>,
    /// The recommendation that the action is about, once it is known.
    selector: Option<Selector>,
}

/// Performs an action. Returns what was done, or the reasons of an expected refusal.
///
/// The task is not dropped with the request: an action that began is completed and recorded, although its client
/// disconnected or its time limit ended. Its statements are bounded by the limits of the store. One that waits for its
/// turn has not begun.
pub(super) async fn perform<A: Action>(ctx: &Context<'_>, action: A) -> Result<(Option<A::Done>, Vec<UserError>)> {
    let viewer = ctx.viewer()?;
    let given = spellings(action.selector()).pop();
    let audit = Audit::new(action.kind(), viewer, action.clusters());
    let mut acting = Acting::new(ctx)?;
    let turn = match ctx.actions()?.0.acquire(viewer.scope().client()).await {
        Ok(turn) => turn,
        Err(full) => {
            audit.record(given.as_ref(), UserActionOutcome::Failed);
            return Err(LoadFailed::from(store::Error::from(full)).into());
        }
    };
    let task = async move {
        let performed = match &mut acting {
            Ok(acting) => action.perform(acting).await,
            Err(error) => Err(error.clone().into()),
        };
        let outcome = performed.as_ref().map_or_else(Refused::outcome, A::outcome);
        audit.record(acting.ok().and_then(|acting| acting.selector).or(given).as_ref(), outcome);
        drop(turn);
        performed
    };
    let performed = match tokio::spawn(inherit_count(task).in_current_span()).await {
        Ok(performed) => performed,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The process ends.
            Err(_) => Err(Refused::Failed(LoadFailed::Dropped)),
        },
    };
    match performed {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(Refused::Expected(errors)) => Ok((None, errors)),
        Err(Refused::Failed(error)) => Err(error.into()),
    }
}

impl Acting {
    /// The user of a request, or why the viewer may not act.
    fn new(ctx: &Context<'_>) -> Result<Result<Self, UserError>> {
        let viewer = ctx.viewer()?.clone();
        let user = viewer.user().map(|user| user.subject.clone()).filter(|user| is_storable(user, MAX_USER));
        let (Some(organization), Some(user)) = (viewer.organization(), user) else {
            let message = "an action needs an organization and a user, and the request's identity does not have both; \
                           without authentication, auth.dev_identity sets them";
            return Ok(Err(UserError::of_viewer(UserErrorCode::Forbidden, message)));
        };
        Ok(Ok(Self {
            actor: Actor { organization, user },
            store: ctx.store()?.clone(),
            max_characters: ctx.max_characters()?,
            viewer,
            content: ctx.shared_content()?,
            selector: None,
        }))
    }

    /// The organization of the user.
    pub(super) fn organization(&self) -> OrgId {
        self.actor.organization
    }

    /// The recommendation that a selector names, if it is known to the user: they see its content, or it hits a cluster of
    /// their organization, or did.
    pub(super) async fn recommendation(&mut self, selector: &str) -> Result<Selector, Refused> {
        let spellings = spellings(selector);
        let is_visible = |of: &Selector| self.viewer.sees_internal() || !of.is_internal();
        let has_content =
            |of: &Selector| self.content.as_ref().is_some_and(|content| content.recommendation(of).is_some());
        let with_content = spellings.iter().find(|of| is_visible(of) && has_content(of));
        let known = match with_content {
            Some(known) => Some(known.clone()),
            None => self.hit_by(&spellings).await?,
        };
        self.named(known, "your organization does not know a recommendation with this selector")
    }

    /// The first of some recommendations that hits a cluster of the organization, or did.
    async fn hit_by(&self, spellings: &[Selector]) -> Result<Option<Selector>, Refused> {
        let keys: Vec<_> = self.keys(spellings).into_iter().map(|(of, selector)| (Some(of), selector)).collect();
        let mut known = self.store.known_recommendations(self.viewer.scope(), &keys).await?;
        Ok(keys.into_iter().find_map(|key| known.take(&key)).map(|(_, selector)| selector))
    }

    /// The acknowledged recommendation that a selector names. It may be acknowledged although it is no longer known.
    pub(super) async fn acknowledged(&mut self, selector: &str) -> Result<Selector, Refused> {
        let keys = self.keys(&spellings(selector));
        let found = self.store.acknowledgements(self.viewer.scope(), &keys).await?;
        let acknowledged = keys.into_iter().find(|key| found.contains_key(key)).map(|(_, selector)| selector);
        self.named(acknowledged, NOT_ACKNOWLEDGED)
    }

    fn keys(&self, spellings: &[Selector]) -> Vec<(OrgId, Selector)> {
        let organization = self.organization();
        let key = |selector| (organization, selector);
        let none = || NONE.parse().ok().into_iter();
        if spellings.is_empty() { none().map(key).collect() } else { spellings.iter().cloned().map(key).collect() }
    }

    fn named(&mut self, found: Option<Selector>, otherwise: &str) -> Result<Selector, Refused> {
        self.selector.clone_from(&found);
        found.ok_or_else(|| UserError::of(UserErrorCode::NotFound, &["selector"], otherwise).into())
    }
}

/// The message where there is no acknowledgement to delete.
pub(super) const NOT_ACKNOWLEDGED: &str = "your organization did not acknowledge a recommendation with this selector";

/// The selectors that a text may name, none if it is invalid: as it is written, and if the rule has the suffix of a component,
/// without it, because the rule of a stored selector may itself end like that.
fn spellings(text: &str) -> Vec<Selector> {
    let Ok(given) = text.parse::<Selector>() else { return Vec::new() };
    let without_suffix = given.without_component_suffix().ok().filter(|without| *without != given);
    let can_exist =
        |of: &Selector| [of.rule_fqdn(), of.error_key()].into_iter().all(|part| is_storable(part, MAX_NAME));
    [Some(given), without_suffix].into_iter().flatten().filter(can_exist).collect()
}

fn is_storable(text: &str, max: usize) -> bool {
    !text.contains('\0') && text.chars().count() <= max
}
