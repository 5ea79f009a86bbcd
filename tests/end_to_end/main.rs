//! What the service promises, shown with real parts: PostgreSQL, SQLite and Apache Kafka.
//!
//! `make test` starts the parts and runs this. Each test has a database and a topic of its own. A part that is missing
//! is a failure with an instruction, never a skip.

mod command_line;
mod examples;
mod graph;
mod graphiql;
mod harness;
mod http_edge;
mod reports;
mod store;
