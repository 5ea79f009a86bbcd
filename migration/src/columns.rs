//! Columns whose type depends on the database.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// A text column that orders by bytes on both databases, as Rust's `String` and the cursors do.
///
/// SQLite's default collation (BINARY) does so by itself.
pub(crate) fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
