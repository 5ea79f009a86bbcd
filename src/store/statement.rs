//! The hand-written statements that write sets of rows, and read them in the same transaction, with one text per database.
//!
//! All other statements are built with sea-orm. The rows of a hand-written statement are passed as arrays on PostgreSQL
//! (`unnest`) and as one JSON text on SQLite (`json_each`), see [`NamedStatement::bind`].

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::columns::Column;

/// A statement's text for each database.
pub(super) struct NamedStatement {
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! named {
    ($($constant:ident = $name:literal;)*) => {
        $(pub(super) const $constant: NamedStatement = NamedStatement {
            postgres: include_str!(concat!("sql/postgres/", $name, ".sql")),
            sqlite: include_str!(concat!("sql/sqlite/", $name, ".sql")),
        };)*
    };
}

named! {
    CLUSTERS_COUNT = "clusters_count";
    CLUSTERS_INSERT = "clusters_insert";
    CLUSTERS_LOCK = "clusters_lock";
    CLUSTERS_UPDATE = "clusters_update";
    CONSUMER_ERRORS_INSERT = "consumer_errors_insert";
    IMPORTED_CLUSTERS_FIND = "imported_clusters_find";
    IMPORTED_CLUSTERS_UPSERT = "imported_clusters_upsert";
    ORGANIZATIONS_INSERT = "organizations_insert";
    RECOMMENDATIONS_FIND = "recommendations_find";
    RECOMMENDATIONS_INSERT = "recommendations_insert";
    RECOMMENDATIONS_UPDATE = "recommendations_update";
    RULE_HITS_DELETE = "rule_hits_delete";
    RULE_HITS_STORED = "rule_hits_stored";
    RULE_HITS_UPSERT = "rule_hits_upsert";
    RULE_HIT_HISTORY_INSERT = "rule_hit_history_insert";
}

impl NamedStatement {
    /// Executes the statement.
    pub(super) async fn execute(
        &self,
        transaction: &DatabaseTransaction,
        rows: Vec<Column>,
        scalars: impl IntoIterator<Item = Value>,
    ) -> Result<(), DbErr> {
        let statement = self.bind(transaction.get_database_backend(), rows, scalars);
        transaction.execute_raw(statement).await.map(drop)
    }

    /// Returns the rows that the statement finds.
    pub(super) async fn find<R: FromQueryResult>(
        &self,
        transaction: &DatabaseTransaction,
        rows: Vec<Column>,
    ) -> Result<Vec<R>, DbErr> {
        let statement = self.bind(transaction.get_database_backend(), rows, []);
        transaction.query_all_raw(statement).await?.iter().map(|row| R::from_query_result(row, "")).collect()
    }

    /// Returns the statement for `backend` with its parameters: the columns of the rows, then the scalars, in the order
    /// of the text.
    pub(super) fn bind(
        &self,
        backend: DbBackend,
        rows: Vec<Column>,
        scalars: impl IntoIterator<Item = Value>,
    ) -> Statement {
        let (text, mut values) = match backend {
            DbBackend::Sqlite => (self.sqlite, vec![Column::rows_as_json(&rows).into()]),
            _ => (self.postgres, rows.into_iter().map(Column::into_array).collect()),
        };
        values.extend(scalars);
        Statement::from_sql_and_values(backend, text, values)
    }
}
