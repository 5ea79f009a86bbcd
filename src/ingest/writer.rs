//! Writes a batch with retries, halved if necessary; then delivers its dead letters and stores its offset.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use rdkafka::{consumer::Consumer as _, message::OwnedMessage};

use super::{
    backoff::Backoff,
    batch::Batch,
    callbacks::KafkaConsumer,
    dead_letters::{DeadLetters, RejectedMessage},
    events::{BatchCommitted, BatchDelayed, MessageRejected},
    partition_lease::{PartitionLease, Revoked},
    source::SourcePartition,
};
use crate::{
    fault_point::FaultPoint,
    message::{Reason, Rejection},
    store::{self, Class, ConsumerError, Store, Written},
};

/// The number of tries after which an unknown error is attributed to the data.
const UNKNOWN_ERROR_TRIES: u32 = 5;
/// At most this many consecutive messages are rejected for an error of the store. More suggest a bug in this service,
/// and a bug must not drain a topic: from then on, a batch with an unknown error is only retried.
const MAX_CONSECUTIVE_REJECTIONS: usize = 3;

/// Writes one partition's batches.
pub(super) struct Writer {
    pub(super) partition: Arc<SourcePartition>,
    pub(super) store: Store,
    pub(super) dead_letters: Arc<DeadLetters>,
    pub(super) consumer: Weak<KafkaConsumer>,
    pub(super) lease: PartitionLease,
}

/// What to do after an error of the store.
enum Next {
    Retry,
    Halve,
    Reject,
}

impl Writer {
    /// Writes a batch, delivers its dead letters and stores its offset. If the partition is revoked in the meantime,
    /// only some of this is done, and no later batch may be written.
    pub(super) async fn write(&self, batch: Batch) -> Result<(), Revoked> {
        let Some(last_offset) = batch.last_offset else { return Ok(()) };
        FaultPoint::BatchFilled.pass();
        let started = Instant::now();
        let (written, rejected_by_store) = self.write_all(&batch).await?;
        let took = started.elapsed();
        self.send_to_dead_letter_topic(&batch.rejections).await?;
        let (counts, rejected) = (batch.counts, batch.rejections.len() + rejected_by_store);
        BatchCommitted { partition: &self.partition, last_offset, counts, written, rejected, took }.emit();
        self.store_offset(last_offset);
        FaultPoint::OffsetStored.pass();
        self.lease.finish(batch.counts.messages);
        Ok(())
    }

    /// Writes the whole batch, with the records of its rejected messages. If the database rejects the data, writes
    /// halves, down to single messages. Returns the number of messages that the database rejected.
    async fn write_all(&self, batch: &Batch) -> Result<(Written, usize), Revoked> {
        let (mut written, mut rejected, mut consecutive_rejections) = (Written::default(), 0, 0);
        let mut unrecorded: Vec<_> = batch.rejections.iter().map(RejectedMessage::record).collect();
        // The pieces that are still to be written, the next one last, so that offset order is kept.
        let mut pieces: Vec<_> = std::iter::once(0..batch.results.len()).collect();
        while let Some(piece) = pieces.pop() {
            // Writing a batch in pieces may take long. After a revocation the new owner reads the rest of it again.
            if piece.len() < batch.results.len() && self.lease.is_revoked() {
                return Err(Revoked);
            }
            let records = store::Batch { results: batch.results.slice(piece.clone()), rejected: &unrecorded };
            match self.write_piece(records, consecutive_rejections).await? {
                Ok(done) => {
                    written += done;
                    unrecorded.clear();
                    consecutive_rejections = 0;
                }
                // The error may be about the records, so write these separately before a result is rejected.
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
                    self.reject(&batch.messages[piece.start], &error).await?;
                    (rejected, consecutive_rejections) = (rejected + 1, consecutive_rejections + 1);
                }
            }
        }
        Ok((written, rejected))
    }

    /// Records a message that the database rejected and sends it to the dead-letter topic, before anything that follows
    /// it is written. If it were read again after a later report of its cluster was stored, it would be stale and its
    /// dead letter would never be sent.
    async fn reject(&self, message: &OwnedMessage, error: &store::Error) -> Result<(), Revoked> {
        let rejected = RejectedMessage { message: message.clone(), rejection: store_rejection(error) };
        self.record(&[rejected.record()]).await?;
        self.send_to_dead_letter_topic(&[rejected]).await
    }

    /// Writes only the records of rejected messages. An error is always retried: the records themselves are valid.
    async fn record(&self, rejected: &[ConsumerError]) -> Result<(), Revoked> {
        let mut backoff = Backoff::default();
        while let Err(error) = self.store.write(store::Batch { results: store::Results::Reports(&[]), rejected }).await
        {
            self.pause(&error, &mut backoff).await?;
        }
        Ok(())
    }

    /// Logs rejected messages and delivers them as dead letters.
    async fn send_to_dead_letter_topic(&self, rejected: &[RejectedMessage]) -> Result<(), Revoked> {
        for rejected in rejected {
            MessageRejected { partition: &self.partition, rejected }.emit();
        }
        self.dead_letters.deliver(rejected, &self.partition, &self.lease).await?;
        FaultPoint::DeadLettersDelivered.pass();
        Ok(())
    }

    /// Retries until the piece is written, or until it must be halved or rejected.
    async fn write_piece(
        &self,
        piece: store::Batch<'_>,
        consecutive_rejections: usize,
    ) -> Result<Result<Written, store::Error>, Revoked> {
        let mut backoff = Backoff::default();
        loop {
            let error = match self.store.write(piece).await {
                Ok(written) => return Ok(Ok(written)),
                Err(error) => error,
            };
            match next(&error, piece.results.count(), backoff.tries(), consecutive_rejections) {
                Next::Halve | Next::Reject => return Ok(Err(error)),
                Next::Retry => self.pause(&error, &mut backoff).await?,
            }
        }
    }

    async fn pause(&self, error: &store::Error, backoff: &mut Backoff) -> Result<(), Revoked> {
        let pause = backoff.next_pause();
        BatchDelayed { partition: &self.partition, tries: backoff.tries(), error }.emit();
        tokio::select! {
            paused = self.lease.pause(pause) => paused,
            () = self.store.recovered() => Ok(()),
        }
    }

    fn store_offset(&self, last_offset: i64) {
        if self.lease.is_fenced() {
            return;
        }
        let Some(consumer) = self.consumer.upgrade() else { return };
        // Stores `last_offset + 1`, the next offset to read; librdkafka commits it within a second.
        if let Err(error) = consumer.store_offset(&self.partition.topic, self.partition.number, last_offset) {
            // The partition was revoked: its next owner reads the batch again and finds it stale.
            tracing::debug!(partition = self.partition.name, last_offset, %error, "the offset was not stored");
        }
    }
}

fn store_rejection(error: &store::Error) -> Rejection {
    let code = error.code().unwrap_or_else(|| "none".to_owned());
    Rejection { reason: Reason::StoreRejected, detail: format!("the database rejected it with code {code}") }
}

/// The only place that decides whether to retry, so the match covers every class.
fn next(error: &store::Error, reports: usize, tries: u32, consecutive_rejections: usize) -> Next {
    match error.class() {
        Class::StatementTimeout if reports > 1 => Next::Halve,
        Class::StatementTimeout | Class::Transient | Class::StaleStatement | Class::Setup => Next::Retry,
        Class::Unknown if tries < UNKNOWN_ERROR_TRIES || consecutive_rejections >= MAX_CONSECUTIVE_REJECTIONS => {
            Next::Retry
        }
        Class::TooLarge | Class::Data | Class::Unknown => match reports {
            // Only records of rejected messages, which are valid: there is nothing to reject.
            0 => Next::Retry,
            1 => Next::Reject,
            _ => Next::Halve,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(error: &store::Error, reports: usize, tries: u32, consecutive_rejections: usize) -> &'static str {
        match next(error, reports, tries, consecutive_rejections) {
            Next::Retry => "retry",
            Next::Halve => "halve",
            Next::Reject => "reject",
        }
    }

    #[test]
    fn only_errors_that_the_data_may_have_caused_halve_and_reject() {
        let transient = store::Error::TimedOut { during: "testing", seconds: 1 };
        let setup = store::Error::Corrupt { what: "a test" };
        for error in [transient, setup] {
            for reports in [0, 1, 500] {
                assert_eq!(decision(&error, reports, 1_000, 0), "retry", "{error}");
            }
        }
        let custom = sea_orm::DbErr::Custom("an unknown error".to_owned());
        let unknown = store::Error::Database { during: "testing", source: custom };
        assert_eq!(decision(&unknown, 500, UNKNOWN_ERROR_TRIES - 1, 0), "retry");
        assert_eq!(decision(&unknown, 500, UNKNOWN_ERROR_TRIES, 0), "halve");
        assert_eq!(decision(&unknown, 1, UNKNOWN_ERROR_TRIES, 0), "reject");
        assert_eq!(decision(&unknown, 0, UNKNOWN_ERROR_TRIES, 0), "retry");
        assert_eq!(decision(&unknown, 1, UNKNOWN_ERROR_TRIES, MAX_CONSECUTIVE_REJECTIONS - 1), "reject");
        assert_eq!(decision(&unknown, 1, UNKNOWN_ERROR_TRIES, MAX_CONSECUTIVE_REJECTIONS), "retry");
    }
}
