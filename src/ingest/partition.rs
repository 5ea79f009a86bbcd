//! A partition's task: fills a batch while the one before it is written, for as long as the partition is ours.

use std::{sync::Arc, time::Duration};

use rdkafka::{Message as _, consumer::base_consumer::PartitionQueue, message::BorrowedMessage};
use tokio::{sync::Notify, time::Instant};

use super::{
    batch::{Batch, Bounds},
    consumer::Context,
    events::BrokerTroubled,
    partition_lease::PartitionLease,
    writer::Writer,
};
use crate::{domain::Timestamp, fault_point::FaultPoint};

/// Look at the queue at least this often, whether or not it woke us: a queue that was split while an older one of the
/// same partition was dropped may have lost its wake-up.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Parse so many messages before others on this thread get their turn; some hundred microseconds of work.
const MESSAGES_A_TURN: usize = 16;

/// Reads a partition's messages.
pub(super) struct Reader {
    queue: PartitionQueue<Context>,
    nonempty: Arc<Notify>,
    bounds: Bounds,
    lease: PartitionLease,
    last_offset: Option<i64>,
}

impl Reader {
    pub(super) fn new(mut queue: PartitionQueue<Context>, bounds: Bounds, lease: PartitionLease) -> Self {
        let nonempty = Arc::new(Notify::new());
        let wake = nonempty.clone();
        queue.set_nonempty_callback(move || wake.notify_one());
        Self { queue, nonempty, bounds, lease, last_offset: None }
    }

    /// Fills a batch. `None` when the partition is to be given up: then the reader, and with it the queue, is gone
    /// before the batch that is being written is done.
    async fn fill(mut self) -> Option<(Self, Batch)> {
        let mut batch = Batch::default();
        let mut closes_at = None;
        while !batch.is_full(&self.bounds) {
            if self.take_waiting(&mut batch) {
                tokio::task::yield_now().await;
            } else {
                let wait_until = closes_at.unwrap_or_else(|| Instant::now() + LOOK_AGAIN);
                tokio::select! {
                    () = self.lease.revoked() => return None,
                    () = self.nonempty.notified() => {}
                    () = tokio::time::sleep_until(wait_until) => {}
                }
            }
            if self.lease.is_revoked() {
                return None;
            }
            if batch.counts.messages > 0 {
                let closes_at = *closes_at.get_or_insert_with(|| Instant::now() + self.bounds.wait);
                if Instant::now() >= closes_at {
                    break;
                }
            }
        }
        Some((self, batch))
    }

    /// Parses some of the messages that are there; false when there is none.
    fn take_waiting(&mut self, batch: &mut Batch) -> bool {
        let before = batch.counts.messages;
        let is_more = self.take_turn(batch);
        self.lease.begin(batch.counts.messages - before);
        is_more
    }

    fn take_turn(&mut self, batch: &mut Batch) -> bool {
        for taken in 0..MESSAGES_A_TURN {
            match self.queue.poll(Duration::ZERO) {
                Some(Ok(message)) => self.last_offset = take(&message, self.last_offset, batch, &self.bounds),
                Some(Err(error)) => BrokerTroubled { reason: &error.to_string() }.emit(),
                None => return taken > 0,
            }
            if batch.is_full(&self.bounds) {
                break;
            }
        }
        true
    }
}

/// Adds a message to the batch; returns the last offset that was read.
fn take(message: &BorrowedMessage<'_>, last: Option<i64>, batch: &mut Batch, bounds: &Bounds) -> Option<i64> {
    // A gap is normal (compaction, transaction markers). A step back within one assignment would be a bug, ours or
    // librdkafka's; to apply a message twice would be harmless, to move the offset back is not.
    if last.is_some_and(|last| message.offset() <= last) {
        tracing::error!(
            topic = message.topic(),
            partition = message.partition(),
            offset = message.offset(),
            "a message was delivered twice within one assignment; it is ignored"
        );
        return last;
    }
    FaultPoint::MessageTaken.pass();
    batch.push(message, Timestamp::now(), bounds);
    FaultPoint::MessageParsed.pass();
    batch.last_offset
}

/// Reads and writes until the partition is to be given up.
pub(super) async fn run(reader: Reader, writer: Writer) {
    let mut filled = reader.fill().await;
    while let Some((reader, batch)) = filled {
        let (written, next) = tokio::join!(writer.write(batch), reader.fill());
        // The next batch may be full already. To write it would move the offset past the one that was given up.
        filled = next.filter(|_| written.is_ok());
    }
}
