//! The migrations of the schema, one file each, the same for PostgreSQL and SQLite.

use sea_orm_migration::prelude::*;

mod columns;
mod m20261125_000001_create_organization;
mod m20261125_000002_create_cluster;
mod m20261125_000003_create_recommendation;
mod m20261125_000004_create_rule_hit;
mod m20261125_000005_create_rule_hit_history;
mod m20261125_000006_create_consumer_error;
mod m20261125_000007_create_list_views;
mod m20261125_000008_index_hits_by_recommendation;
mod m20261125_000009_track_replays;
mod m20261128_000010_count_hits;
mod m20261128_000011_page_history;
mod m20261128_000012_add_recommendation_facts;
mod m20261128_000013_create_imported_cluster;
mod m20261128_000014_index_history_by_recommendation;
mod m20261128_000015_keep_cluster_counts;
mod m20261128_000016_order_hits_by_facts;
mod m20261128_000017_create_user_actions;
mod m20261128_000018_create_workloads;
mod m20261128_000019_create_workload_views;

/// All migrations in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261125_000001_create_organization::Migration),
            Box::new(m20261125_000002_create_cluster::Migration),
            Box::new(m20261125_000003_create_recommendation::Migration),
            Box::new(m20261125_000004_create_rule_hit::Migration),
            Box::new(m20261125_000005_create_rule_hit_history::Migration),
            Box::new(m20261125_000006_create_consumer_error::Migration),
            Box::new(m20261125_000007_create_list_views::Migration),
            Box::new(m20261125_000008_index_hits_by_recommendation::Migration),
            Box::new(m20261125_000009_track_replays::Migration),
            Box::new(m20261128_000010_count_hits::Migration),
            Box::new(m20261128_000011_page_history::Migration),
            Box::new(m20261128_000012_add_recommendation_facts::Migration),
            Box::new(m20261128_000013_create_imported_cluster::Migration),
            Box::new(m20261128_000014_index_history_by_recommendation::Migration),
            Box::new(m20261128_000015_keep_cluster_counts::Migration),
            Box::new(m20261128_000016_order_hits_by_facts::Migration),
            Box::new(m20261128_000017_create_user_actions::Migration),
            Box::new(m20261128_000018_create_workloads::Migration),
            Box::new(m20261128_000019_create_workload_views::Migration),
        ]
    }
}
