//! From a topic to the store: partitions -> batches -> store -> offsets.
//!
//! `client` says how librdkafka is set up; `consumer` drives it on a thread of its own; `assignment` gives each
//! partition that is ours a task, for its `lease`; `partition` is that task: it fills a `batch` while the previous one is
//! written by `writer`, which repeats it for as long as it takes. What cannot be ingested goes to `dead_letters`. An
//! offset is stored only after its batch is committed and its dead letters have arrived, so a process that is killed at
//! any point loses and doubles nothing.

mod assignment;
mod backoff;
mod batch;
mod client;
mod consumer;
mod dead_letters;
mod events;
mod health;
mod partition;
mod partition_lease;
mod writer;

pub use client::client_config;
pub use consumer::{Error, Ingester};
pub use dead_letters::{
    DeadLetter, DeadLetterReader, InvalidPosition, Origin, Position, ReadError, Replayer, SendError,
};
pub use health::Health;
