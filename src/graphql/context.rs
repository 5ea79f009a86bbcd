//! Access to the data of a request and of the schema, for resolvers.

use std::sync::Arc;

use async_graphql::{Context, Result};

use super::{
    answer_size::AnswerSize,
    loaders::Loaders,
    mutation::{ActionQueue, MaxCharacters},
};
use crate::{content::Content, domain::Timestamp, identity::Viewer, store::Store};

/// The digest of the schema's SDL.
pub(super) struct SchemaVersion(pub(super) String);

/// Named access to the data that the executor and the schema add to a request's context.
pub(super) trait ContextExt<'a> {
    /// The caller of the request.
    fn viewer(&self) -> Result<&'a Viewer>;
    /// The time of the request. All its fields use the same time, so that "within the last day" is one condition.
    fn now(&self) -> Result<Timestamp>;
    /// The loaders, which read within the viewer's scope.
    fn loaders(&self) -> Result<&'a Loaders>;
    /// The size of the answer so far.
    fn answer_size(&self) -> Result<&'a AnswerSize>;
    /// The rule content; `None` if none is loaded. All fields of a request use the same.
    fn content(&self) -> Result<Option<&'a Content>>;
    /// The same content, to be used beyond the request.
    fn shared_content(&self) -> Result<Option<Arc<Content>>>;
    /// The store that actions write to.
    fn store(&self) -> Result<&'a Store>;
    /// Where actions wait for their turn.
    fn actions(&self) -> Result<&'a ActionQueue>;
    /// The most characters of a text that a user writes.
    fn max_characters(&self) -> Result<MaxCharacters>;
    /// The digest of the schema's SDL.
    fn schema_version(&self) -> Result<&'a str>;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn viewer(&self) -> Result<&'a Viewer> {
        self.data()
    }

    fn now(&self) -> Result<Timestamp> {
        self.data().copied()
    }

    fn loaders(&self) -> Result<&'a Loaders> {
        self.data()
    }

    fn answer_size(&self) -> Result<&'a AnswerSize> {
        self.data::<Arc<AnswerSize>>().map(AsRef::as_ref)
    }

    fn content(&self) -> Result<Option<&'a Content>> {
        self.data::<Option<Arc<Content>>>().map(Option::as_deref)
    }

    fn shared_content(&self) -> Result<Option<Arc<Content>>> {
        self.data::<Option<Arc<Content>>>().cloned()
    }

    fn store(&self) -> Result<&'a Store> {
        self.data()
    }

    fn actions(&self) -> Result<&'a ActionQueue> {
        self.data()
    }

    fn max_characters(&self) -> Result<MaxCharacters> {
        self.data().copied()
    }

    fn schema_version(&self) -> Result<&'a str> {
        self.data::<SchemaVersion>().map(|version| version.0.as_str())
    }
}
