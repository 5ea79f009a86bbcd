//! A batch: some messages of one partition, parsed as they come.

use rdkafka::Message;

use crate::{
    config,
    domain::{Digest, Report, Timestamp},
    message::{Limits, OcpResult, Oddities, Rejected},
    store::RejectedMessage,
};

/// Messages of one partition without a gap: everything after the batch before it, up to and with `last_offset`.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In offset order.
    pub(super) reports: Vec<Report>,
    /// Where each of `reports` came from.
    pub(super) origins: Vec<Origin>,
    pub(super) rejected: Vec<RejectedMessage>,
    pub(super) counts: Counts,
    /// The offset of the last message, whatever became of it; `None` while there is none.
    pub(super) last_offset: Option<i64>,
}

/// Where a message came from, so that it can still be named when the store refuses what it says.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    offset: i64,
    timestamp: Option<i64>,
    key: Option<Vec<u8>>,
    value_bytes: usize,
    value_digest: Digest,
}

/// What was in a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) empty: usize,
    pub(super) unknown_versions: u64,
    pub(super) from_the_future: u64,
    pub(super) repeated_hits: u64,
    pub(super) ignored_infos: u64,
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
    pub(super) fn push(&mut self, message: &impl Message, arrived_at: Timestamp, bounds: &Bounds) {
        let value = message.payload();
        self.counts.messages += 1;
        self.counts.bytes += value.map_or(0, <[u8]>::len);
        self.last_offset = Some(message.offset());
        match OcpResult::parse(value, arrived_at, &bounds.limits) {
            Ok(OcpResult::Report(parsed)) => {
                self.counts.note(parsed.oddities);
                self.reports.push(parsed.report);
                self.origins.push(Origin::of(message));
            }
            Ok(OcpResult::Empty) => self.counts.empty += 1,
            Err(reason) => self.rejected.push(Origin::of(message).rejected(message, reason)),
        }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.counts.messages >= bounds.messages || self.counts.bytes >= bounds.bytes
    }
}

impl Origin {
    fn of(message: &impl Message) -> Self {
        let value = message.payload().unwrap_or_default();
        Self {
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value_bytes: value.len(),
            value_digest: Digest::of(value),
        }
    }

    fn rejected(self, message: &impl Message, why: Rejected) -> RejectedMessage {
        self.refused(message.topic(), message.partition(), why)
    }

    /// The record of a message at this origin that cannot be ingested.
    pub(super) fn refused(self, topic: &str, partition: i32, why: Rejected) -> RejectedMessage {
        RejectedMessage {
            topic: topic.to_owned(),
            partition,
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key,
            value_bytes: self.value_bytes,
            value_digest: self.value_digest,
            reason: why.reason.as_str(),
            detail: why.detail,
        }
    }
}

impl Counts {
    fn note(&mut self, oddities: Oddities) {
        self.unknown_versions += u64::from(oddities.unknown_version);
        self.from_the_future += u64::from(oddities.from_the_future);
        self.repeated_hits += u64::from(oddities.repeated_hits);
        self.ignored_infos += u64::from(oddities.ignored_infos);
    }

    /// How many things were odd without being wrong.
    pub(super) fn oddities(self) -> u64 {
        self.unknown_versions + self.from_the_future + self.repeated_hits + self.ignored_infos
    }
}
