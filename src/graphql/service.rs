//! `Service`.

use async_graphql::{Context, Object, Result};

use super::context::ContextExt as _;
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
}
