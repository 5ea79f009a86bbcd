//! `Service`.

use async_graphql::{Context, Object, Result};

use super::{context::ContextExt as _, scalars::DateTime};
use crate::store;

/// This service.
pub(super) struct Service;

/// Versions of this service.
#[Object]
impl Service {
    /// The version of the program, with the commit that it was built from.
    async fn version(&self) -> &str {
        crate::VERSION
    }

    /// A digest of this schema, which changes whenever the schema changes.
    async fn schema_version<'a>(&self, ctx: &Context<'a>) -> Result<&'a str> {
        ctx.schema_version()
    }

    /// The newest database migration that the program includes.
    async fn database_version(&self) -> String {
        store::newest_migration()
    }

    /// A digest of the loaded rule content, which changes whenever the content changes. Null if none is loaded.
    async fn content_version(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(ctx.content()?.map(|content| format!("{:?}", content.version())))
    }

    /// When that content was loaded. Null if none is loaded.
    async fn content_loaded_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(ctx.content()?.map(|content| DateTime(content.loaded_at())))
    }
}
