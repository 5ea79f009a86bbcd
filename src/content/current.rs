//! The newest content.

use std::sync::{Arc, PoisonError, RwLock};

use super::Content;

/// The newest content, shared by all clones of this handle. A request reads it once, so that its answer has one version.
#[derive(Clone, Debug, Default)]
pub struct CurrentContent(Arc<RwLock<Option<Arc<Content>>>>);

impl CurrentContent {
    /// The newest content; `None` until some is loaded.
    pub fn get(&self) -> Option<Arc<Content>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the content.
    pub fn set(&self, content: Arc<Content>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(content);
    }
}
