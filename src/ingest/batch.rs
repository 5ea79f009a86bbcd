//! A batch of parsed messages of one partition.

use rdkafka::{Message, message::OwnedMessage};

use super::dead_letters::RejectedMessage;
use crate::{
    config,
    domain::Report,
    message::{Deviations, Limits, OcpResult, Rejection},
};

/// Consecutive messages of one partition: all that follow the previous batch, up to and including `last_offset`.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In offset order.
    pub(super) reports: Vec<Report>,
    /// The message of each of `reports`, for the dead letter if the database rejects it.
    pub(super) messages: Vec<OwnedMessage>,
    pub(super) rejections: Vec<RejectedMessage>,
    pub(super) counts: Counts,
    /// The offset of the last message, whatever its outcome; `None` for an empty batch.
    pub(super) last_offset: Option<i64>,
}

/// Counts of a batch's messages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) empty: usize,
    pub(super) deviations: Deviations,
}

/// When a batch is full, and the limits of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) wait: std::time::Duration,
    pub(super) limits: Limits,
}

impl From<&config::Ingest> for Bounds {
    fn from(ingest: &config::Ingest) -> Self {
        Self {
            messages: ingest.batch_messages,
            bytes: ingest.batch_bytes,
            wait: ingest.batch_wait,
            limits: Limits { message_bytes: ingest.max_message_bytes },
        }
    }
}

impl Batch {
    /// Adds a message: its report, or the reason why it is rejected. `owned` copies the message.
    pub(super) fn add(
        &mut self,
        message: &impl Message,
        owned: impl FnOnce() -> OwnedMessage,
        parsed: Result<OcpResult, Rejection>,
    ) {
        self.counts.messages += 1;
        self.counts.bytes += message.payload().map_or(0, <[u8]>::len);
        self.last_offset = Some(message.offset());
        match parsed {
            Ok(OcpResult::Report(parsed)) => {
                self.counts.deviations += parsed.deviations;
                self.reports.push(parsed.report);
                self.messages.push(owned());
            }
            Ok(OcpResult::Empty) => self.counts.empty += 1,
            Err(rejection) => self.rejections.push(RejectedMessage { message: owned(), rejection }),
        }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.counts.messages >= bounds.messages || self.counts.bytes >= bounds.bytes
    }
}
