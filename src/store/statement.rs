//! The hand-written statements that write sets of rows, and read them in the same transaction, with one text per database.
//!
//! All other statements are built with sea-orm. The rows of a hand-written statement are passed as arrays on PostgreSQL
//! (`unnest`) and as one JSON text on SQLite (`json_each`), see [`NamedStatement::bind`].

use std::borrow::Cow;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::columns::Column;

/// A statement's text for each database.
pub(super) struct NamedStatement {
    postgres: Cow<'static, str>,
    sqlite: Cow<'static, str>,
}

macro_rules! named {
    ($($constant:ident = $name:literal;)*) => {
        $(pub(super) const $constant: NamedStatement = NamedStatement {
            postgres: Cow::Borrowed(include_str!(concat!("sql/postgres/", $name, ".sql"))),
            sqlite: Cow::Borrowed(include_str!(concat!("sql/sqlite/", $name, ".sql"))),
        };)*
    };
}

named! {
    CLUSTERS_COUNT = "clusters_count";
    CLUSTERS_INSERT = "clusters_insert";
    CLUSTERS_LOCK = "clusters_lock";
    CLUSTERS_UPDATE = "clusters_update";
    CLUSTERS_UPDATE_WORKLOADS = "clusters_update_workloads";
    CONSUMER_ERRORS_INSERT = "consumer_errors_insert";
    GATHERING_REQUESTS_UPSERT = "gathering_requests_upsert";
    HITS_DELETE = "hits_delete";
    HITS_STORED = "hits_stored";
    HITS_UPSERT = "hits_upsert";
    HIT_HISTORY_INSERT = "hit_history_insert";
    IMPORTED_CLUSTERS_FIND = "imported_clusters_find";
    IMPORTED_CLUSTERS_UPSERT = "imported_clusters_upsert";
    ORGANIZATIONS_INSERT = "organizations_insert";
    RECOMMENDATIONS_FIND = "recommendations_find";
    RECOMMENDATIONS_INSERT = "recommendations_insert";
    RECOMMENDATIONS_UPDATE = "recommendations_update";
    WORKLOAD_NAMESPACES_DELETE = "workload_namespaces_delete";
    WORKLOAD_NAMESPACES_STORED = "workload_namespaces_stored";
    WORKLOAD_NAMESPACES_UPSERT = "workload_namespaces_upsert";
    WORKLOAD_OBJECTS_DELETE = "workload_objects_delete";
    WORKLOAD_OBJECTS_STORED = "workload_objects_stored";
    WORKLOAD_OBJECTS_UPSERT = "workload_objects_upsert";
}

impl NamedStatement {
    /// The statement for one of the tables of hits, whose name replaces `{hit}` in the text.
    pub(super) fn on(&self, table: &str) -> Self {
        let on_table = |text: &str| Cow::Owned(text.replace("{hit}", table));
        Self { postgres: on_table(&self.postgres), sqlite: on_table(&self.sqlite) }
    }

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
            DbBackend::Sqlite => (&self.sqlite, vec![Column::rows_as_json(&rows).into()]),
            _ => (&self.postgres, rows.into_iter().map(Column::into_array).collect()),
        };
        values.extend(scalars);
        Statement::from_sql_and_values(backend, text.as_ref(), values)
    }
}
