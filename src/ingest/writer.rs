//! Writing a batch: as often as it takes, in halves where it must be; then its dead letters, and then its offset.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    message::OwnedMessage,
};

use super::{
    backoff::Backoff,
    batch::Batch,
    consumer::Context,
    dead_letters::{DeadLetters, RejectedMessage},
    events::{BatchCommitted, BatchDelayed, MessageRejected},
    partition_lease::{PartitionLease, Revoked},
};
use crate::{
    fault_point::FaultPoint,
    message::{Reason, Rejection},
    store::{self, Class, ConsumerError, Store, Written},
};

/// An error that we do not know is given so many tries before it counts as the data's fault.
const UNKNOWN_TRIES: u32 = 5;
/// So many single messages in a row may be refused by the store for reasons that we do not know. More look like a
/// fault of ours, and a fault of ours must not drain a topic.
const REFUSED_IN_A_ROW: usize = 3;
/// PostgreSQL's code for a statement that ran longer than it may.
const STATEMENT_TIMED_OUT: &str = "57014";

/// Writes one partition's batches.
pub(super) struct Writer {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// `topic/partition`, for what operators see.
    pub(super) name: String,
    pub(super) store: Store,
    pub(super) dead_letters: Arc<DeadLetters>,
    pub(super) consumer: Weak<BaseConsumer<Context>>,
    pub(super) lease: PartitionLease,
}

/// What to do after a failure.
enum Next {
    Retry,
    Halve,
    Refuse,
}

impl Writer {
    /// Writes a batch, delivers its dead letters and stores its offset; or what comes first of that, when the partition is
    /// given up meanwhile. Then no later batch may be written.
    pub(super) async fn write(&self, batch: Batch) -> Result<(), Revoked> {
        let Some(last_offset) = batch.last_offset else { return Ok(()) };
        FaultPoint::BatchFilled.pass();
        let started = Instant::now();
        let (written, refused) = self.write_all(&batch).await?;
        let took = started.elapsed();
        self.bury(&batch.rejections).await?;
        let (counts, rejected) = (batch.counts, batch.rejections.len() + refused);
        BatchCommitted { partition: &self.name, last_offset, counts, written, rejected, took }.emit();
        self.store_offset(last_offset);
        FaultPoint::OffsetStored.pass();
        self.lease.finish(batch.counts.messages);
        Ok(())
    }

    /// Whole at first, with its bad messages; what the database refuses as data, in halves down to the one message. Tells
    /// how many were refused.
    async fn write_all(&self, batch: &Batch) -> Result<(Written, usize), Revoked> {
        let (mut written, mut refused, mut refused_in_a_row) = (Written::default(), 0, 0);
        let mut unrecorded: Vec<_> = batch.rejections.iter().map(RejectedMessage::record).collect();
        // The pieces that are still to be written, the next one last, so that offset order is kept.
        let mut pieces: Vec<_> = std::iter::once(0..batch.reports.len()).collect();
        while let Some(piece) = pieces.pop() {
            // A batch in pieces may take long; the rest of it is read again where the partition goes.
            if piece.len() < batch.reports.len() && self.lease.is_revoked() {
                return Err(Revoked);
            }
            let patient = refused_in_a_row >= REFUSED_IN_A_ROW;
            let reports = &batch.reports[piece.clone()];
            match self.write_piece(store::Batch { reports, rejected: &unrecorded }, patient).await? {
                Ok(done) => {
                    written += done;
                    unrecorded.clear();
                    refused_in_a_row = 0;
                }
                // No report is to blame while something else came with it.
                Err(_) if !unrecorded.is_empty() => {
                    self.record(&unrecorded).await?;
                    unrecorded.clear();
                    pieces.push(piece);
                }
                Err(_) if piece.len() > 1 => {
                    let middle = piece.start + piece.len() / 2;
                    pieces.extend([middle..piece.end, piece.start..middle]);
                }
                Err(error) => {
                    self.refuse(&batch.messages[piece.start], &error).await?;
                    (refused, refused_in_a_row) = (refused + 1, refused_in_a_row + 1);
                }
            }
        }
        Ok((written, refused))
    }

    /// What the database refuses is recorded and buried before anything that comes after it is written: read again when a
    /// later report of its cluster is in, it would be stale, and its letter never sent.
    async fn refuse(&self, message: &OwnedMessage, error: &store::Error) -> Result<(), Revoked> {
        let rejection = RejectedMessage { message: message.clone(), why: refused(error) };
        self.record(&[rejection.record()]).await?;
        self.bury(&[rejection]).await
    }

    /// Writes records of bad messages alone. They are ours: whatever is wrong with them, it is not theirs to be refused.
    async fn record(&self, rejected: &[ConsumerError]) -> Result<(), Revoked> {
        let mut backoff = Backoff::default();
        while let Err(error) = self.store.write(store::Batch { reports: &[], rejected }).await {
            self.pause(&error, &mut backoff).await?;
        }
        Ok(())
    }

    /// Tells of bad messages and delivers them as dead letters.
    async fn bury(&self, rejections: &[RejectedMessage]) -> Result<(), Revoked> {
        for rejection in rejections {
            MessageRejected { partition: &self.name, rejection }.emit();
        }
        self.dead_letters.deliver(rejections, &self.name, &self.lease).await?;
        FaultPoint::DeadLettersDelivered.pass();
        Ok(())
    }

    /// Tries until it is written, or until it has to be cut or refused.
    async fn write_piece(
        &self,
        piece: store::Batch<'_>,
        patient: bool,
    ) -> Result<Result<Written, store::Error>, Revoked> {
        let mut backoff = Backoff::default();
        loop {
            let error = match self.store.write(piece).await {
                Ok(written) => return Ok(Ok(written)),
                Err(error) => error,
            };
            match next(&error, piece.reports.len(), backoff.tries(), patient) {
                Next::Halve | Next::Refuse => return Ok(Err(error)),
                Next::Retry => self.pause(&error, &mut backoff).await?,
            }
        }
    }

    async fn pause(&self, error: &store::Error, backoff: &mut Backoff) -> Result<(), Revoked> {
        let pause = backoff.next_pause();
        BatchDelayed { partition: &self.name, tries: backoff.tries(), error }.emit();
        self.lease.pause(pause).await
    }

    fn store_offset(&self, last_offset: i64) {
        if self.lease.is_fenced() {
            return;
        }
        let Some(consumer) = self.consumer.upgrade() else { return };
        // Stores `last_offset + 1`, the next to be read; librdkafka commits it within a second.
        if let Err(error) = consumer.store_offset(&self.topic, self.partition, last_offset) {
            // The partition is no longer ours: its next owner reads the batch again and finds it stale.
            tracing::debug!(partition = self.name, last_offset, %error, "the offset was not stored");
        }
    }
}

fn refused(error: &store::Error) -> Rejection {
    let code = error.code().unwrap_or_else(|| "none".to_owned());
    Rejection { reason: Reason::StoreRejected, detail: format!("the database refused it with code {code}") }
}

/// A match over every class: whether to repeat is decided here and nowhere else.
fn next(error: &store::Error, reports: usize, tries: u32, patient: bool) -> Next {
    match error.class() {
        Class::Transient if reports > 1 && error.code().as_deref() == Some(STATEMENT_TIMED_OUT) => Next::Halve,
        Class::Transient | Class::StaleStatement | Class::Setup => Next::Retry,
        Class::Unknown if patient || tries < UNKNOWN_TRIES => Next::Retry,
        Class::TooLarge | Class::Data | Class::Unknown => match reports {
            // Nothing but bad messages: they are records of ours, so there is nobody to refuse.
            0 => Next::Retry,
            1 => Next::Refuse,
            _ => Next::Halve,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done with an error of this class, for a batch of so many reports.
    fn done(error: &store::Error, reports: usize, tries: u32, patient: bool) -> &'static str {
        match next(error, reports, tries, patient) {
            Next::Retry => "retry",
            Next::Halve => "halve",
            Next::Refuse => "refuse",
        }
    }

    #[test]
    fn only_what_the_data_is_to_blame_for_is_cut_and_refused() {
        let moment = store::Error::TimedOut { during: "testing", seconds: 1 };
        let setup = store::Error::Corrupt { what: "a test" };
        for error in [moment, setup] {
            for reports in [0, 1, 500] {
                assert_eq!(done(&error, reports, 1_000, false), "retry", "{error}");
            }
        }
        let custom = sea_orm::DbErr::Custom("nobody knows".to_owned());
        let unknown = store::Error::Database { during: "testing", source: custom };
        assert_eq!(done(&unknown, 500, UNKNOWN_TRIES - 1, false), "retry");
        assert_eq!(done(&unknown, 500, UNKNOWN_TRIES, false), "halve");
        assert_eq!(done(&unknown, 1, UNKNOWN_TRIES, false), "refuse");
        assert_eq!(done(&unknown, 0, UNKNOWN_TRIES, false), "retry");
        // Three in a row were refused for reasons that we do not know: that looks like a fault of ours.
        assert_eq!(done(&unknown, 1, UNKNOWN_TRIES, true), "retry");
    }
}
