//! A batch of parsed messages of one partition.

use std::ops::Range;

use rdkafka::{Message, message::OwnedMessage};

use super::dead_letters::RejectedMessage;
use crate::{
    config,
    domain::{Report, WorkloadResult},
    message::{Content, Deviations, Kind, Limits, Rejection, RuleResult},
    store,
};

/// Consecutive messages of one partition: all that follow the previous batch, up to and including `last_offset`.
#[derive(Debug)]
pub(super) struct Batch {
    /// In offset order.
    pub(super) results: Results,
    /// The message of each of `results`, for the dead letter if the database rejects it.
    pub(super) messages: Vec<OwnedMessage>,
    pub(super) rejections: Vec<RejectedMessage>,
    pub(super) counts: Counts,
    /// The offset of the last message, whatever its outcome; `None` for an empty batch.
    pub(super) last_offset: Option<i64>,
}

/// Results of one kind: all messages of a partition have that of their topic.
#[derive(Debug)]
pub(super) enum Results {
    Reports(Vec<Report>),
    Workloads(Vec<WorkloadResult>),
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

impl Results {
    fn none_of(kind: Kind) -> Self {
        match kind {
            Kind::Ocp => Self::Reports(vec![]),
            Kind::Workload => Self::Workloads(vec![]),
        }
    }

    fn push(&mut self, result: RuleResult) {
        match (self, result) {
            (Self::Reports(reports), RuleResult::Report(report)) => reports.push(report),
            (Self::Workloads(results), RuleResult::Workloads(result)) => results.push(result),
            (Self::Reports(_), RuleResult::Workloads(_)) | (Self::Workloads(_), RuleResult::Report(_)) => {
                unreachable!("the messages of a partition are parsed as one kind")
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Reports(reports) => reports.len(),
            Self::Workloads(results) => results.len(),
        }
    }

    /// Some of the results, for the store.
    pub(super) fn slice(&self, range: Range<usize>) -> store::Results<'_> {
        match self {
            Self::Reports(reports) => store::Results::Reports(&reports[range]),
            Self::Workloads(results) => store::Results::Workloads(&results[range]),
        }
    }
}

impl Batch {
    /// A batch for messages of this kind.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            results: Results::none_of(kind),
            messages: vec![],
            rejections: vec![],
            counts: Counts::default(),
            last_offset: None,
        }
    }

    /// Adds a message: its result, or the reason why it is rejected. `owned` copies the message.
    pub(super) fn add(
        &mut self,
        message: &impl Message,
        owned: impl FnOnce() -> OwnedMessage,
        parsed: Result<Content, Rejection>,
    ) {
        self.counts.messages += 1;
        self.counts.bytes += message.payload().map_or(0, <[u8]>::len);
        self.last_offset = Some(message.offset());
        match parsed {
            Ok(Content::Result(parsed)) => {
                self.counts.deviations += parsed.deviations;
                self.results.push(parsed.result);
                self.messages.push(owned());
            }
            Ok(Content::Empty) => self.counts.empty += 1,
            Err(rejection) => self.rejections.push(RejectedMessage { message: owned(), rejection }),
        }
    }

    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.counts.messages >= bounds.messages || self.counts.bytes >= bounds.bytes
    }
}
