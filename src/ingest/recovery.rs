//! Stops a partition after an error of its queue, and restarts it at the next unread offset until it is read again.
//!
//! After a wrong checksum librdkafka 2.12.1 continues at an arbitrary position (`rd_kafka_buf_skip_to` in
//! `rdkafka_msgset_reader.c`), and it reports some errors only once. Therefore every error stops the partition: what
//! follows in its queue is dropped, and it is fetched again from the next unread offset. The error counts until a message
//! is received or the statistics show that the end is reached.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::Consumer as _,
    error::{KafkaError, KafkaResult},
};
use tokio::task::spawn_blocking;

use super::{
    callbacks::{KafkaConsumer, TopicPartition},
    events::{DataLost, PartitionReadAgain, PartitionStopped},
    fetch_control::FetchControl,
    health::Health,
    partition_lease::{PartitionLease, Revoked},
    source::SourcePartition,
    start_offset::{Extent, Start},
    stop_reason::StopReason,
};

/// Pause before a damaged batch is read again: only an operator can repair it, and each attempt reads up to 1 MiB.
const DAMAGED_PAUSE: Duration = Duration::from_secs(30);
/// Pause before the first further attempt after another error. It doubles with each attempt ..
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// .. up to this.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Longest time for which statistics may be outdated.
const STATISTICS_AGE: Duration = Duration::from_secs(3);
/// Longest wait for each answer about offsets.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a partition again after errors.
pub(super) struct Recovery {
    partition: Arc<SourcePartition>,
    consumer: Weak<KafkaConsumer>,
    control: FetchControl,
    health: Arc<Health>,
    lease: PartitionLease,
    /// The last error, until the partition is read again.
    stop: Option<Stop>,
    /// Whether `stop` is reported to health.
    is_reported: bool,
    /// Whether the partition has to be restarted.
    is_stopped: bool,
    /// When it was restarted.
    restarted_at: Instant,
}

/// Why a partition is stopped.
#[derive(Debug)]
struct Stop {
    reason: StopReason,
    /// The error of its queue, if it is one.
    error: Option<KafkaError>,
    /// The number of attempts to read it again.
    tries: u32,
}

impl Recovery {
    /// A partition without an error.
    pub(super) fn new(
        partition: Arc<SourcePartition>,
        consumer: Weak<KafkaConsumer>,
        control: FetchControl,
        health: Arc<Health>,
        lease: PartitionLease,
    ) -> Self {
        let restarted_at = Instant::now();
        let (is_reported, is_stopped) = (false, false);
        Self { partition, consumer, control, health, lease, stop: None, is_reported, is_stopped, restarted_at }
    }

    /// Whether the partition has to be restarted before it is read.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// An error in the partition's queue: nothing that follows may be used. `next` is the next unread offset.
    pub(super) fn failed(&mut self, error: KafkaError, next: Option<i64>) {
        let reason = StopReason::of(&error);
        self.is_stopped = true;
        let tries = self.stop.as_ref().map_or(0, |stop| stop.tries);
        let text = text(&error, reason, next);
        self.stop = Some(Stop { reason, error: Some(error), tries });
        // An offset that does not exist is an error only if none can be found that does. Each group begins with it.
        if reason != StopReason::Position || tries > 0 {
            self.report(reason, &text);
        }
    }

    /// The message at this offset waits, because the clock cannot be trusted.
    pub(super) fn waits_for_clock(&mut self, offset: i64, why: &str) {
        let text = format!("waits at offset {offset}, because the message there is from the future and {why}");
        self.report(StopReason::Clock, &text);
    }

    /// A message was received, or the end was reached.
    pub(super) fn succeeded(&mut self) {
        let Some(stop) = self.stop.take() else { return };
        if std::mem::take(&mut self.is_reported) {
            self.lease.set_readable(true);
            self.health.started(&self.partition.name);
            PartitionReadAgain { partition: &self.partition, reason: stop.reason }.emit();
        }
    }

    /// The queue is empty. If the partition is read to its end, there is no error any more.
    pub(super) fn succeeded_at_end(&mut self) {
        // Statistics from before the restart show the end that was reached then, and are taken first.
        if self.stop.is_some() && self.lease.take_at_end() && self.restarted_at.elapsed() >= STATISTICS_AGE {
            self.succeeded();
        }
    }

    /// Stops fetching, waits until it is time for the next attempt, and determines where to read.
    pub(super) async fn next_start(&mut self, mut next: Option<i64>) -> Result<Start, Revoked> {
        // Fails only if the partition is not assigned any more, which the lease reports too.
        let _ = self.lease.unless_revoked(self.control.pause(), Duration::ZERO).await?;
        loop {
            let Some(stop) = &mut self.stop else { return Ok(Start::at(next)) };
            let (reason, pause) = (stop.reason, pause(stop.reason, stop.tries));
            stop.tries += 1;
            if reason != StopReason::Position {
                next = self.name_offset(next).await?;
                self.lease.pause(pause).await?;
                return Ok(Start::at(next));
            }
            self.lease.pause(pause).await?;
            match self.lease.unless_revoked(self.extent(), Duration::ZERO).await? {
                Ok(extent) => return Ok(Start::within(extent, next)),
                Err(error) => self.report(reason, &format!("stopped, because its offsets cannot be read: {error}")),
            }
        }
    }

    /// If no message was read in this assignment, looks up the next offset and reports the error again with it.
    async fn name_offset(&mut self, next: Option<i64>) -> Result<Option<i64>, Revoked> {
        if next.is_some() {
            return Ok(next);
        }
        let Ok(extent) = self.lease.unless_revoked(self.extent(), Duration::ZERO).await? else { return Ok(None) };
        let next = Some(extent.committed.unwrap_or(extent.first));
        if let Some(Stop { reason, error: Some(error), .. }) = &self.stop {
            self.report(*reason, &text(error, *reason, next));
        }
        Ok(next)
    }

    /// Fetches again, and commits `finished` as the next offset: a restart forgets offsets that are not committed yet.
    /// Returns whether the partition is read now, or must be restarted again.
    pub(super) async fn restart(&mut self, start: Start, finished: Option<i64>) -> Result<bool, Revoked> {
        let restart = self.control.restart(start.offset, start.loss.map(|loss| loss.to).or(finished));
        match self.lease.unless_revoked(restart, Duration::ZERO).await? {
            Some(Ok(())) => {
                self.is_stopped = false;
                self.restarted_at = Instant::now();
                if let Some(loss) = start.loss {
                    DataLost { partition: &self.partition, loss }.emit();
                }
            }
            Some(Err(error)) => {
                self.report(StopReason::Other, &format!("stopped, because it cannot be restarted: {error}"));
            }
            None => {}
        }
        Ok(!self.is_stopped)
    }

    fn report(&mut self, reason: StopReason, text: &str) {
        let (error, tries) = self.stop.take().map_or((None, 0), |stop| (stop.error, stop.tries));
        self.stop = Some(Stop { reason, error, tries });
        let is_first = !std::mem::replace(&mut self.is_reported, true);
        // What waits for the clock is counted.
        self.lease.set_readable(reason == StopReason::Clock);
        self.health.stopped(&self.partition.name, text.to_owned());
        PartitionStopped { partition: &self.partition, reason, text, is_first }.emit();
    }

    /// What the brokers have of the partition. Waits on a thread for blocking work.
    async fn extent(&self) -> KafkaResult<Extent> {
        let (consumer, partition) = (self.consumer.clone(), self.control.partition.clone());
        let read = spawn_blocking(move || consumer.upgrade().map(|consumer| read_extent(&consumer, &partition)));
        read.await.ok().flatten().unwrap_or(Err(KafkaError::Canceled))
    }
}

fn pause(reason: StopReason, tries: u32) -> Duration {
    match reason {
        StopReason::Damaged => DAMAGED_PAUSE,
        StopReason::Position if tries == 0 => Duration::ZERO,
        _ => FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries)).min(MAX_PAUSE),
    }
}

fn read_extent(consumer: &KafkaConsumer, (topic, partition): &TopicPartition) -> KafkaResult<Extent> {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, *partition);
    let committed = consumer.committed_offsets(list, OFFSETS_TIMEOUT)?;
    let committed = match committed.find_partition(topic, *partition) {
        Some(element) => {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None }
        }
        None => None,
    };
    let (first, end) = consumer.fetch_watermarks(topic, *partition, OFFSETS_TIMEOUT)?;
    Ok(Extent { committed, first, end })
}

/// Describes an error for operators.
fn text(error: &KafkaError, reason: StopReason, next: Option<i64>) -> String {
    let code = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string());
    let at = next.map_or_else(|| "at its committed offset".to_owned(), |next| format!("at offset {next}"));
    match reason {
        StopReason::Damaged => format!("stopped {at}, because the batch there is damaged: {code}"),
        StopReason::NotAuthorized => format!("stopped {at}, because the brokers refuse to let it be read: {code}"),
        StopReason::Position => format!("stopped {at}, which the brokers do not return: {code}"),
        StopReason::Clock | StopReason::Other => format!("stopped {at}: {code}"),
    }
}
