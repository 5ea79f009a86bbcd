//! What resolvers may ask for, by name.

use async_graphql::{Context, Result};

use super::loaders::Loaders;
use crate::{domain::Timestamp, identity::Viewer};

/// Named access to what the executor put beside the request.
pub(super) trait ContextExt {
    /// Who asks.
    fn viewer(&self) -> Result<Viewer>;
    /// The request's own time: one for all of its fields, so that "within the last day" is one condition.
    fn now(&self) -> Result<Timestamp>;
    /// The way to the data, within the viewer's scope.
    fn loaders(&self) -> Result<&Loaders>;
}

impl ContextExt for Context<'_> {
    fn viewer(&self) -> Result<Viewer> {
        self.data().copied()
    }

    fn now(&self) -> Result<Timestamp> {
        self.data().copied()
    }

    fn loaders(&self) -> Result<&Loaders> {
        self.data()
    }
}
