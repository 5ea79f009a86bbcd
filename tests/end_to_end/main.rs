//! End-to-end tests of the service with a real PostgreSQL, SQLite and Apache Kafka.
//!
//! `make test` starts the services and runs these tests. Each test has its own database and topic. A missing service
//! fails the tests with an instruction; no test is skipped.

mod bad_messages;
mod clusters_import;
mod command_line;
mod content;
mod content_files;
mod damaged_batches;
mod dead_letters;
mod demo;
mod documented_errors;
mod documented_queries;
mod exactness;
mod examples;
mod failover;
#[cfg(feature = "fault-points")]
mod fault_points;
mod faults;
mod fresh_metrics;
mod freshness;
mod graph;
mod graphiql;
mod harness;
mod http_edge;
mod identity;
mod ingest_metrics;
mod lost_messages;
mod members;
mod messages;
mod migrate;
mod model;
mod newest_report_counts;
mod normalising_client;
mod odd_messages;
mod outages;
mod poolers;
mod produce;
mod production_mode;
mod readiness;
mod replicas;
mod reports;
mod roles;
mod secrets;
mod shutdown;
mod store;
mod traffic;
mod two_topics;
mod typed_client;
mod unsuitable_databases;
mod withdrawn_rights;
mod workloads;
mod wrong_clocks;
