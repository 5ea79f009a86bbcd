//! From the topics to the store: partitions -> batches -> store -> offsets.
//!
//! `source` lists the topics, each with the kind of its messages. `client` configures librdkafka. `consumer` polls it on a thread of its own, and `callbacks` handles what it calls
//! back. `assignment` runs one task per assigned partition, which ends with its `partition_lease`. `partition` is that
//! task: with `intake` it fills a `batch` while `writer` writes the previous one, with retries. Messages that cannot be
//! ingested are sent to `dead_letters`. After an error of its queue `recovery` restarts a partition with
//! `fetch_control`, for one of the reasons of `stop_reason`; `start_offset` decides where, and what is lost.
//! `subscription_check` finds out whether the topics and the group can be used. An offset is stored only after its batch is
//! committed and its dead letters are delivered, so a process that is killed at any point loses and duplicates nothing.

mod assignment;
mod backoff;
mod batch;
mod callbacks;
mod client;
mod consumer;
mod dead_letters;
mod events;
mod fetch_control;
mod health;
mod intake;
mod partition;
mod partition_lease;
mod recovery;
mod source;
mod start_offset;
mod stop_reason;
mod subscription_check;
mod writer;

pub use client::client_config;
pub use consumer::{Error, Ingester};
pub use dead_letters::{
    DeadLetter, DeadLetterReader, InvalidPosition, Origin, Position, ReadError, Replayer, SendError,
};
pub use events::start_counters;
pub use health::Health;
