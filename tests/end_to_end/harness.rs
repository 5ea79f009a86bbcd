//! What the tests stand on: databases, topics, the service in this process and as one of its own, and waiting.

mod databases;
mod held_table;
mod kafka;
pub(crate) mod node;
mod process;
mod proxy;
mod raw_record;
mod refusing;
mod server;
mod service;
mod tables;
mod wait;

pub(crate) use databases::{Database, each_database, postgres, sqlite};
pub(crate) use held_table::HeldTable;
pub(crate) use kafka::{Record, Topic, TransactionEnd};
pub(crate) use process::{Process, program, serve, serve_in_small_batches, set};
pub(crate) use proxy::Proxy;
pub(crate) use refusing::{refuse_hits_with, refuse_recommendations_of};
pub(crate) use server::Server;
pub(crate) use service::{Running, default_config};
pub(crate) use tables::{Tables, tables};
pub(crate) use wait::until;
