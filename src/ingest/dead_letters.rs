//! Dead letters: a message that cannot be ingested goes to a topic of its own, as it came, with the reason beside it.
//!
//! It is delivered after its row in `consumer_error` is committed and before its offset is: a process that is killed in
//! between sends it once more, and none is lost. `retry` has `delivery` send letters until they have arrived, `form`
//! says how much of a message is sent, `headers` what goes beside it; `topic` makes the topic where it is missing, `reader`
//! reads it back, and `replay` sends letters to where they came from.

mod delivery;
mod form;
mod headers;
mod reader;
mod replay;
mod retry;
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

/// Beside a message that is as large as it may be there has to be room for its headers.
const ROOM_FOR_HEADERS: usize = 64 * 1024;

/// A message that cannot be ingested, as it came.
#[derive(Debug)]
pub(super) struct RejectedMessage {
    pub(super) message: OwnedMessage,
    pub(super) why: Rejection,
}

impl RejectedMessage {
    /// What is recorded of it. One that was sent again is the message that it was at first.
    pub(super) fn record(&self) -> ConsumerError {
        let Self { message, why } = self;
        let value = message.payload().unwrap_or_default();
        let (origin, attempt) = headers::origin_and_attempts(message);
        ConsumerError {
            refusal: Attempt { message: origin.identity(value), attempt },
            key: message.key().map(<[u8]>::to_vec),
            value_bytes: value.len(),
            reason: why.reason.as_str(),
            detail: why.detail.clone(),
        }
    }
}
