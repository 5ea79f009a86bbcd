//! `Service`.

use std::sync::LazyLock;

use async_graphql::Object;

use super::schema;
use crate::{domain::Digest, store};

/// Made once: to print the schema is to build it.
static SCHEMA_VERSION: LazyLock<String> = LazyLock::new(|| format!("{:?}", Digest::of(schema::sdl().as_bytes())));

/// The service itself.
pub(super) struct Service;

/// The service that answers.
#[Object]
impl Service {
    /// The program's version, with the commit it was built from.
    async fn version(&self) -> &str {
        crate::VERSION
    }

    /// A digest of this schema: another schema, another digest.
    async fn schema_version(&self) -> &str {
        &SCHEMA_VERSION
    }

    /// The newest step of the database's schema that the program works with.
    async fn database_version(&self) -> String {
        store::newest_migration()
    }
}
