//! A batch: some messages of one partition, parsed as they come.

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, OwnedMessage},
};

use super::dead_letters::RejectedMessage;
use crate::{
    config,
    domain::{Report, Timestamp},
    message::{Limits, OcpResult, Oddities},
};

/// Messages of one partition without a gap: everything after the batch before it, up to and with `last_offset`.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In offset order.
    pub(super) reports: Vec<Report>,
    /// The message of each of `reports`, should the store refuse what it says.
    pub(super) messages: Vec<OwnedMessage>,
    pub(super) rejections: Vec<RejectedMessage>,
    pub(super) counts: Counts,
    /// The offset of the last message, whatever became of it; `None` while there is none.
    pub(super) last_offset: Option<i64>,
}

/// What was in a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) empty: usize,
    pub(super) odd: Oddities,
}

/// When a batch is closed, and what a message may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) wait: std::time::Duration,
    limits: Limits,
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
    /// Parses a message and takes what it says, or why it says nothing.
    pub(super) fn push(&mut self, message: &BorrowedMessage<'_>, arrived_at: Timestamp, bounds: &Bounds) {
        let value = message.payload();
        self.counts.messages += 1;
        self.counts.bytes += value.map_or(0, <[u8]>::len);
        self.last_offset = Some(message.offset());
        match OcpResult::parse(value, arrived_at, &bounds.limits) {
            Ok(OcpResult::Report(parsed)) => {
                self.counts.odd += parsed.oddities;
                self.reports.push(parsed.report);
                self.messages.push(message.detach());
            }
            Ok(OcpResult::Empty) => self.counts.empty += 1,
            Err(why) => self.rejections.push(RejectedMessage { message: message.detach(), why }),
        }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.counts.messages >= bounds.messages || self.counts.bytes >= bounds.bytes
    }
}
