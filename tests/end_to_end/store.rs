//! Tests of the store on PostgreSQL and SQLite: batches of reports, and what is read back.

mod batches;
mod concurrent_actions;
mod concurrent_batches;
mod consumer_errors;
mod entities;
mod errors;
mod facts;
mod history;
mod imported_clusters;
mod kept_values;
mod known_recommendations;
mod migrations;
mod moves;
mod owned_cluster;
mod pages;
mod plans;
mod random_pages;
mod reading;
mod reading_hits;
mod requests;
mod scope;
mod stale_reports;
mod visibility;
mod workloads;
