//! The tables of what users do about recommendations, the views that lists of them read, and the trigger that counts the
//! hits that are left.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, boolean, integer, small_integer, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
    },
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

use crate::{
    columns::text,
    m20261128_000015_keep_cluster_counts::{self as cluster_counts, Rule, drop_trigger, trigger, updates, uuid_text},
};

/// This migration, named after the file.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Hits that are acknowledged, or disabled on the cluster, are not counted. The second lock is that of the organization,
/// see `store/batch_lock.rs`.
const RULE: Rule = Rule {
    is_counted: |cluster| {
        format!(
            "
            AND NOT EXISTS (
                SELECT 1 FROM acknowledgement AS a
                WHERE a.org_id = {cluster}.org_id AND a.recommendation_id = h.recommendation_id)
            AND NOT EXISTS (
                SELECT 1 FROM cluster_toggle AS t
                WHERE t.org_id = {cluster}.org_id AND t.cluster_id = {cluster}.id
                    AND t.recommendation_id = h.recommendation_id AND t.disabled)"
        )
    },
    revision: 2,
    locks: "PERFORM pg_advisory_xact_lock_shared(307633308, (NEW.org_id % 64)::int);",
};

/// Lists have acknowledgements with their selectors.
const LISTED_ACKNOWLEDGEMENT: &str = "
    CREATE VIEW listed_acknowledgement AS
    SELECT a.org_id, a.recommendation_id, r.selector, a.justification, a.created_by, a.created_at, a.updated_by, a.updated_at
    FROM acknowledgement AS a
    JOIN recommendation AS r ON r.id = a.recommendation_id";

/// And toggles of the clusters that the organization owns. The key orders those of the same time.
fn listed_cluster_toggle(backend: DatabaseBackend) -> String {
    let uuid = uuid_text(backend, "c");
    // Without the limit, PostgreSQL may read all clusters and hash them.
    let clusters = if backend == DatabaseBackend::Sqlite {
        "JOIN cluster AS c ON c.id = t.cluster_id AND c.org_id = t.org_id"
    } else {
        "CROSS JOIN LATERAL (SELECT id FROM cluster WHERE id = t.cluster_id AND org_id = t.org_id LIMIT 1) AS c"
    };
    format!(
        "CREATE VIEW listed_cluster_toggle AS
         SELECT t.org_id, t.cluster_id, t.recommendation_id, r.selector, t.disabled, t.changed_at, t.changed_by,
             t.feedback, {uuid} || ' ' || r.selector AS toggle_key
         FROM cluster_toggle AS t
         JOIN recommendation AS r ON r.id = t.recommendation_id
         {clusters}"
    )
}

/// An organization accepts that a recommendation hits its clusters.
fn acknowledgement(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("acknowledgement")
        .col(big_integer("org_id"))
        .col(integer("recommendation_id"))
        .col(text(manager, "justification").null())
        .col(text(manager, "created_by").null())
        .col(timestamp_with_time_zone("created_at"))
        .col(text(manager, "updated_by").null())
        .col(timestamp_with_time_zone_null("updated_at"))
        .primary_key(Index::create().col("org_id").col("recommendation_id"))
        .to_owned()
}

/// An organization turned a recommendation off, or on again, for one of its clusters.
fn cluster_toggle(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("cluster_toggle")
        .col(big_integer("org_id"))
        .col(uuid("cluster_id"))
        .col(integer("recommendation_id"))
        .col(boolean("disabled"))
        .col(timestamp_with_time_zone("changed_at"))
        .col(text(manager, "changed_by").null())
        .col(text(manager, "feedback").null())
        .primary_key(Index::create().col("cluster_id").col("org_id").col("recommendation_id"))
        .to_owned()
}

/// A user's opinion of a hit.
fn vote(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("vote")
        .col(big_integer("org_id"))
        .col(uuid("cluster_id"))
        .col(integer("recommendation_id"))
        .col(text(manager, "user_id").not_null())
        .col(small_integer("value"))
        .col(text(manager, "message").null())
        .col(timestamp_with_time_zone("changed_at"))
        .primary_key(Index::create().col("cluster_id").col("org_id").col("recommendation_id").col("user_id"))
        .to_owned()
}

/// An organization's opinion of a recommendation.
fn rating(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("rating")
        .col(big_integer("org_id"))
        .col(integer("recommendation_id"))
        .col(small_integer("value"))
        .col(text(manager, "rated_by").null())
        .col(timestamp_with_time_zone("rated_at"))
        .primary_key(Index::create().col("org_id").col("recommendation_id"))
        .to_owned()
}

async fn execute(manager: &SchemaManager<'_>, statements: impl IntoIterator<Item = String>) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [acknowledgement, cluster_toggle, vote, rating] {
            manager.create_table(table(manager)).await?;
        }
        let by_recommendation = Index::create()
            .name("cluster_toggle_org_id_recommendation_id")
            .table("cluster_toggle")
            .col("org_id")
            .col("recommendation_id")
            .to_owned();
        manager.create_index(by_recommendation).await?;
        execute(manager, [LISTED_ACKNOWLEDGEMENT.to_owned(), listed_cluster_toggle(manager.get_database_backend())])
            .await?;
        drop_trigger(manager).await?;
        execute(manager, trigger(&RULE, manager.get_database_backend())).await
    }

    /// All hits are counted again.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        drop_trigger(manager).await?;
        execute(manager, ["listed_cluster_toggle", "listed_acknowledgement"].map(|view| format!("DROP VIEW {view}")))
            .await?;
        for table in ["rating", "vote", "cluster_toggle", "acknowledgement"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        execute(manager, updates(&cluster_counts::RULE, backend, "")).await?;
        execute(manager, trigger(&cluster_counts::RULE, backend)).await
    }
}
