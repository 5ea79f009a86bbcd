//! A partition's task: fills a batch while the previous one is being written, until the partition is revoked.
//!
//! A batch is written at once when no other batch is being written and no message is queued. An idle service therefore
//! stores a message as soon as it arrives, and under load the next batch fills while one is written.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    batch::Batch,
    callbacks::MessageQueue,
    intake::Intake,
    partition_lease::{PartitionLease, Revoked},
    writer::Writer,
};
/// Poll the queue at least this often, even without a wake-up: the wake-up may be lost when a queue is split while an
/// older queue of the same partition is dropped.
const QUEUE_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Parse up to this many messages before yielding to other tasks on this thread: some hundred microseconds of work.
const MESSAGES_PER_YIELD: usize = 16;

/// Reads a partition's messages.
pub(super) struct Reader {
    queue: MessageQueue,
    nonempty: Arc<Notify>,
    lease: PartitionLease,
    intake: Intake,
}

impl Reader {
    pub(super) fn new(mut queue: MessageQueue, intake: Intake) -> Self {
        let nonempty = Arc::new(Notify::new());
        let wake = nonempty.clone();
        queue.set_nonempty_callback(move || wake.notify_one());
        Self { queue, nonempty, lease: intake.lease.clone(), intake }
    }

    /// Fills a batch until it is full or `batch_wait` is over, or until `writer_free` is cancelled and no message is
    /// queued, or until an error stops the partition. Returns `None` when the partition is revoked. The reader and its
    /// queue are then dropped before the batch that is being written is finished.
    async fn fill(mut self, writer_free: &CancellationToken) -> Option<(Self, Batch)> {
        while self.intake.recovery.is_stopped() {
            self.restart(writer_free).await.ok()?;
        }
        let mut batch = Batch::new(self.intake.kind);
        self.intake.take_held(&mut batch).await.ok()?;
        let mut closes_at = None;
        while !batch.is_full(&self.intake.bounds) {
            let read_any = self.read_available(&mut batch);
            let is_empty = batch.counts.messages == 0;
            if self.intake.is_interrupted() {
                break;
            } else if read_any {
                tokio::task::yield_now().await;
            } else if !is_empty && writer_free.is_cancelled() {
                break;
            } else {
                let wait_until = closes_at.unwrap_or_else(|| Instant::now() + QUEUE_POLL_INTERVAL);
                tokio::select! {
                    () = self.lease.revoked() => return None,
                    () = self.nonempty.notified() => {}
                    () = writer_free.cancelled(), if !is_empty => {}
                    () = tokio::time::sleep_until(wait_until) => {}
                }
            }
            if self.lease.is_revoked() {
                return None;
            }
            if !is_empty {
                let closes_at = *closes_at.get_or_insert_with(|| Instant::now() + self.intake.bounds.wait);
                if Instant::now() >= closes_at {
                    break;
                }
            }
        }
        Some((self, batch))
    }

    /// Reads again from the next unread offset, when it is time for it and everything before that is written.
    async fn restart(&mut self, writer_free: &CancellationToken) -> Result<(), Revoked> {
        let start = self.intake.recovery.next_start(self.intake.next_offset).await?;
        self.lease.unless_revoked(writer_free.cancelled(), Duration::ZERO).await?;
        // Of errors, librdkafka does not drop all that are older than the restart.
        while self.queue.poll(Duration::ZERO).is_some() {}
        if self.intake.recovery.restart(start, self.intake.next_offset).await? {
            self.intake.next_offset = start.next();
        }
        Ok(())
    }

    /// Takes some of the queued messages; returns false if the queue was empty.
    fn read_available(&mut self, batch: &mut Batch) -> bool {
        for polled in 0..MESSAGES_PER_YIELD {
            match self.queue.poll(Duration::ZERO) {
                Some(Ok(message)) => self.intake.take(&message, batch),
                Some(Err(error)) => self.intake.recovery.failed(error, self.intake.next_offset),
                None => {
                    self.intake.recovery.succeeded_at_end();
                    return polled > 0;
                }
            }
            if self.intake.is_interrupted() || batch.is_full(&self.intake.bounds) {
                break;
            }
        }
        true
    }
}

/// Reads and writes until the partition is revoked.
pub(super) async fn run(reader: Reader, writer: Writer) {
    let writer_free = CancellationToken::new();
    writer_free.cancel();
    let mut filled = reader.fill(&writer_free).await;
    while let Some((reader, batch)) = filled {
        let writer_free = CancellationToken::new();
        let free_when_dropped = writer_free.clone().drop_guard();
        let write = async {
            let written = writer.write(batch).await;
            drop(free_when_dropped);
            written
        };
        let (written, next) = tokio::join!(write, reader.fill(&writer_free));
        // The next batch may already be full. Writing it would move the offset past the batch that was dropped.
        filled = next.filter(|_| written.is_ok());
    }
}
