//! Columns whose type depends on the database.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// A text column that is ordered by bytes on both databases, as are Rust's `String` and the cursors.
///
/// SQLite's default collation is BINARY.
pub(crate) fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
