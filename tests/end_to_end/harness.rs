//! Test harness: databases, topics, the service in this process and as a child process, and waiting for conditions.

mod database_clock;
mod databases;
mod gateway;
mod kafka;
mod kafka_acls;
mod kafka_log;
mod kept_values;
mod locked_table;
pub(crate) mod node;
mod observed;
mod pgbouncer;
mod process;
mod proxy;
mod raw_record;
mod refusal_triggers;
mod server;
mod service;
mod tables;
mod user_actions;
mod wait;

pub(crate) use databases::{Database, each_database, postgres, postgres_with, sqlite};
pub(crate) use gateway::Gateway;
pub(crate) use kafka::{Record, Topic, TransactionEnd};
pub(crate) use kafka_acls::{On, Right};
pub(crate) use kept_values::wrong_kept_values;
pub(crate) use locked_table::LockedTable;
pub(crate) use pgbouncer::PgBouncer;
pub(crate) use process::{Process, program, serve, serve_api, serve_small_batches, set_config};
pub(crate) use proxy::Proxy;
pub(crate) use refusal_triggers::{refuse_hits_with, refuse_recommendations_of};
pub(crate) use server::Server;
pub(crate) use service::{Running, default_config};
pub(crate) use tables::{Tables, tables};
pub(crate) use user_actions::user_actions;
pub(crate) use wait::{stays, until};
