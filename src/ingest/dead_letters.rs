//! Dead letters: a message that cannot be ingested is sent unchanged to a topic of its own, with the reason in headers.
//!
//! It is delivered after its row in `consumer_error` is committed, and before its offset is stored. A process that is
//! killed in between sends it again, and no dead letter is lost. `retry` repeats `delivery` until all dead letters of a
//! batch are delivered, `send_options` decides how much of a message is sent, and `headers` writes and reads the
//! headers. `topic` creates the topic if it is missing, `reader` reads it, and `replay` sends dead letters back to
//! their origin.

mod delivery;
mod events;
mod headers;
mod reader;
mod replay;
mod retry;
mod send_options;
mod topic;

use rdkafka::{Message as _, message::OwnedMessage};

pub(super) use self::{
    delivery::{DeadLetters, Undelivered},
    topic::DeadLetterTopic,
};
pub use self::{
    headers::Origin,
    reader::{DeadLetter, DeadLetterReader, InvalidPosition, Position, ReadError},
    replay::{Replayer, SendError},
};
use crate::{
    message::Rejection,
    store::{Attempt, ConsumerError},
};

/// Space for the headers of a dead letter, in addition to the largest message.
const HEADERS_BYTES: usize = 64 * 1024;

/// A message that cannot be ingested, as received.
#[derive(Debug)]
pub(super) struct RejectedMessage {
    pub(super) message: OwnedMessage,
    pub(super) rejection: Rejection,
}

impl RejectedMessage {
    /// Its row in `consumer_error`. A replayed message is identified by its origin, as when it was first rejected.
    pub(super) fn record(&self) -> ConsumerError {
        let Self { message, rejection } = self;
        let value = message.payload().unwrap_or_default();
        let (origin, attempts) = headers::origin_and_attempts(message);
        ConsumerError {
            attempt: Attempt { message: origin.identity(value), number: attempts },
            key: message.key().map(<[u8]>::to_vec),
            value_bytes: value.len(),
            reason: rejection.reason.as_str(),
            detail: rejection.detail.clone(),
        }
    }
}
