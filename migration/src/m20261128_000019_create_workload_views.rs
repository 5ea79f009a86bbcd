//! The views that lists of namespaces, their recommendations and objects, and of requests read.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// SQL that differs between the databases.
struct Dialect(DatabaseBackend);

impl Dialect {
    fn is_sqlite(&self) -> bool {
        self.0 == DatabaseBackend::Sqlite
    }

    /// The bytes of some columns as hex digits, one after the other: first a UUID, then digests. The key of a list's
    /// parent is one text.
    fn hex(&self, uuid: &str, digests: &[&str]) -> String {
        let parts = if self.is_sqlite() {
            std::iter::once(uuid).chain(digests.iter().copied()).map(|column| format!("lower(hex({column}))")).collect()
        } else {
            let digests = digests.iter().map(|column| format!("encode({column}, 'hex')"));
            std::iter::once(format!("encode(uuid_send({uuid}), 'hex')")).chain(digests).collect::<Vec<_>>()
        };
        parts.join(" || ")
    }

    /// A text that is ordered by its bytes, as are SQLite's.
    fn by_bytes(&self, text: &str) -> String {
        if self.is_sqlite() { format!("({text})") } else { format!("({text}) COLLATE \"C\"") }
    }

    /// Joins the cluster of a row, named `c`, if its owner is that of the row.
    fn owned_cluster(&self, row: &str) -> String {
        if self.is_sqlite() {
            format!("JOIN cluster AS c ON c.id = {row}.cluster_id AND c.org_id = {row}.org_id")
        } else {
            // Without the limit, PostgreSQL may read all clusters and hash them.
            format!(
                "CROSS JOIN LATERAL (
                     SELECT workload_checked_at, sort_name
                     FROM cluster
                     WHERE id = {row}.cluster_id AND org_id = {row}.org_id
                     LIMIT 1) AS c"
            )
        }
    }

    /// A character that is before all others of a text, so that a text with several parts is ordered by each of them.
    fn separator(&self) -> &'static str {
        if self.is_sqlite() { "char(1)" } else { "chr(1)" }
    }

    /// Namespaces with what lists have of their clusters. `namespace_order` orders those of an organization.
    fn listed_namespace(&self) -> String {
        let place = self.by_bytes(&format!("{} || ' ' || n.uid", self.hex("n.cluster_id", &[])));
        let cluster = self.owned_cluster("n");
        format!(
            "CREATE VIEW listed_namespace AS
             SELECT n.cluster_id, n.namespace_key, n.org_id, n.uid, n.name, n.reported_at,
                 coalesce(c.workload_checked_at, n.reported_at) AS last_checked_at, c.sort_name AS cluster_name,
                 {place} AS namespace_order
             FROM workload_namespace AS n
             {cluster}"
        )
    }

    /// The recommendations with an object in a namespace. As EXISTS, PostgreSQL may read all objects and hash them.
    fn listed_workload_recommendation(&self) -> String {
        let namespace = self.by_bytes(&self.hex("n.cluster_id", &["n.namespace_key"]));
        format!(
            "CREATE VIEW listed_workload_recommendation AS
             SELECT n.cluster_id, n.namespace_key, n.org_id, h.recommendation_id, r.selector, {namespace} AS namespace
             FROM workload_namespace AS n
             JOIN workload_hit AS h ON h.cluster_id = n.cluster_id AND h.org_id = n.org_id
             JOIN recommendation AS r ON r.id = h.recommendation_id
             WHERE (
                 SELECT o.org_id
                 FROM workload_object AS o
                 WHERE o.cluster_id = n.cluster_id AND o.namespace_key = n.namespace_key
                     AND o.recommendation_id = h.recommendation_id AND o.org_id = n.org_id
                 LIMIT 1) IS NOT NULL"
        )
    }

    /// Objects, each with the recommendation of a namespace that lists it. `object_order` orders those by kind and
    /// name; the key at its end makes it unique.
    fn listed_workload_object(&self) -> String {
        let listed_by = self.hex("cluster_id", &["namespace_key"]);
        let listed_by = self.by_bytes(&format!("{listed_by} || ' ' || recommendation_id"));
        let key = if self.is_sqlite() { "lower(hex(object_key))" } else { "encode(object_key, 'hex')" };
        let separator = self.separator();
        let place = self.by_bytes(&format!("kind || {separator} || name || {separator} || {key}"));
        format!(
            "CREATE VIEW listed_workload_object AS
             SELECT cluster_id, namespace_key, recommendation_id, org_id, kind, name, uid, {listed_by} AS listed_by,
                 {place} AS object_order
             FROM workload_object"
        )
    }

    /// Requests of the clusters that the organization owns.
    fn listed_gathering_request(&self) -> String {
        let cluster = self.owned_cluster("q");
        format!(
            "CREATE VIEW listed_gathering_request AS
             SELECT q.cluster_id, q.org_id, q.request_key, q.request_id, q.received_at, q.processed_at, q.selectors
             FROM gathering_request AS q
             {cluster}"
        )
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect(manager.get_database_backend());
        for view in [
            dialect.listed_namespace(),
            dialect.listed_workload_recommendation(),
            dialect.listed_workload_object(),
            dialect.listed_gathering_request(),
        ] {
            manager.get_connection().execute_unprepared(&view).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for view in
            ["listed_gathering_request", "listed_workload_object", "listed_workload_recommendation", "listed_namespace"]
        {
            manager.get_connection().execute_unprepared(&format!("DROP VIEW {view}")).await?;
        }
        Ok(())
    }
}
