//! librdkafka's callbacks: rebalances, commits, errors and statistics. All of them run on the polling thread.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rdkafka::{
    ClientContext, Offset, Statistics, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance, base_consumer::PartitionQueue},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    statistics::{Broker, Partition},
};
use tokio::sync::Notify;

use super::{
    client::is_connection_error,
    events::{KafkaErrorReported, Lag, OffsetsCommitted},
    health::Health,
    source::{Source, Sources},
    stop_reason::is_refused,
};
use crate::{config, fault_point::FaultPoint};

/// A consumer with these callbacks.
pub(super) type KafkaConsumer = BaseConsumer<Context>;
/// The queue of one of its partitions.
pub(super) type MessageQueue = PartitionQueue<Context>;
/// A topic and one of its partitions.
pub(super) type TopicPartition = (String, i32);

/// What the callbacks need of the partitions' tasks.
///
/// A trait, because the tasks depend on [`Context`], which is part of the type of their queues.
pub(super) trait RebalanceListener: Send + Sync {
    /// Starts to read these partitions. Called before librdkafka fetches any of their messages.
    fn on_assigned(&self, partitions: Vec<TopicPartition>);

    /// Stops reading these partitions. Blocks until the batches that are being written are finished, at most `timeout`.
    fn on_revoked(&self, partitions: Vec<TopicPartition>, timeout: Duration);

    /// The number of messages of a partition that were read and are not finished; `None` if it is not assigned, or cannot
    /// be read.
    fn unfinished(&self, partition: &TopicPartition) -> Option<u64>;

    /// The end of a partition is reached.
    fn on_end(&self, partition: &TopicPartition);
}

/// The state of the callbacks.
pub(super) struct Context {
    sources: Sources,
    group: String,
    revoke_timeout: Duration,
    health: Arc<Health>,
    /// Requests a check of the topics and the group at once.
    subscription_check: Arc<Notify>,
    listener: OnceLock<Arc<dyn RebalanceListener>>,
}

impl Context {
    pub(super) fn new(kafka: &config::Kafka, health: Arc<Health>, subscription_check: Arc<Notify>) -> Self {
        Self {
            sources: Sources::new(kafka),
            group: kafka.group.clone(),
            // The broker must not reassign the partitions while a batch is still being finished.
            revoke_timeout: kafka.session_timeout / 2,
            health,
            subscription_check,
            listener: OnceLock::new(),
        }
    }

    /// Sets the listener, once, before the consumer subscribes. The listener needs the consumer, and the consumer this
    /// context, so the listener is made last.
    pub(super) fn set_listener(&self, listener: Arc<dyn RebalanceListener>) {
        let _ = self.listener.set(listener);
    }

    /// Reports an error of a poll or a rebalance. It is logged when it is new; readiness reminds of it.
    pub(super) fn report(&self, error: &KafkaError) {
        use RDKafkaErrorCode as Code;
        let code = error.rdkafka_error_code();
        let (reason, is_new) = match error {
            // The error callback reports these, with a more precise text.
            KafkaError::MessageConsumption(code) if is_connection_error(*code) => return,
            // The error does not name the topic; the check does.
            KafkaError::MessageConsumption(
                Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::TopicAuthorizationFailed,
            ) => return self.subscription_check.notify_one(),
            error => {
                let is_refused = code == Some(Code::GroupAuthorizationFailed);
                let reason = if is_refused { group_refused(&self.group) } else { error.to_string() };
                (reason.clone(), self.health.set_group_error(Some(reason)))
            }
        };
        if is_new {
            KafkaErrorReported { reason: &reason }.emit();
        }
    }

    /// An error that lasts is reported with each attempt, every second: only a refusal counts, and is logged once.
    fn report_commit(&self, error: &KafkaError) {
        let reason = format!("offsets were not committed: {error}");
        if !error.rdkafka_error_code().is_some_and(is_refused) || self.health.set_commit_error(Some(reason.clone())) {
            KafkaErrorReported { reason: &reason }.emit();
        }
    }

    fn on_revoked(&self, consumer: &KafkaConsumer, partitions: &TopicPartitionList) {
        let Some(listener) = self.listener.get() else { return };
        if consumer.assignment_lost() {
            // Other members already own these partitions: no task may move an offset any more.
            listener.on_revoked(topic_partitions(partitions), Duration::ZERO);
        } else {
            listener.on_revoked(topic_partitions(partitions), self.revoke_timeout);
            commit_stored_offsets(consumer);
        }
    }

    /// Reports, per partition, the messages that the broker has yet to send, that librdkafka has queued, and that are
    /// in unfinished batches; and whether its end is reached. The end offset minus the committed one would be wrong:
    /// aborted messages and transaction markers stay between the two.
    fn report_positions(&self, statistics: &Statistics) {
        let Some(listener) = self.listener.get() else { return };
        for Source { topic, kind } in self.sources.iter() {
            let statistics = statistics.topics.get(topic);
            for partition in statistics.iter().flat_map(|topic| topic.partitions.values()) {
                let key = (topic.clone(), partition.partition);
                if partition.eof_offset >= 0 && partition.eof_offset == partition.next_offset {
                    listener.on_end(&key);
                }
                if let Some(unfinished) = listener.unfinished(&key) {
                    let messages = unfinished + unsent(partition) + partition.fetchq_cnt.max(0).unsigned_abs();
                    Lag { kind: *kind, partition: partition.partition, messages: Some(messages) }.emit();
                }
            }
        }
    }
}

/// The reason while the brokers refuse access to the group.
pub(super) fn group_refused(group: &str) -> String {
    format!("the brokers refuse access to the group {group}: grant this user Read")
}

/// The number of offsets that the broker has yet to send. Before its first response both offsets are negative.
fn unsent(partition: &Partition) -> u64 {
    let end = partition.ls_offset.max(0);
    if partition.next_offset < 0 { 0 } else { end.saturating_sub(partition.next_offset).max(0).unsigned_abs() }
}

/// Commits the stored offsets. It is not an error if there is nothing to commit.
pub(super) fn commit_stored_offsets(consumer: &KafkaConsumer) {
    match consumer.commit_consumer_state(CommitMode::Sync) {
        Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
        Err(error) => tracing::warn!(%error, "offsets were not committed; their messages will be read again"),
    }
}

fn topic_partitions(partitions: &TopicPartitionList) -> Vec<TopicPartition> {
    partitions.elements().iter().map(|element| (element.topic().to_owned(), element.partition())).collect()
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &KafkaConsumer, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                if let Some(listener) = self.listener.get() {
                    listener.on_assigned(topic_partitions(partitions));
                }
            }
            Rebalance::Revoke(partitions) => self.on_revoked(consumer, partitions),
            Rebalance::Error(error) => self.report(error),
        }
    }

    fn post_rebalance(&self, _: &KafkaConsumer, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                tracing::info!(partitions = ?topic_partitions(partitions), "partitions assigned");
                self.health.assigned();
            }
            Rebalance::Revoke(partitions) => {
                tracing::info!(partitions = ?topic_partitions(partitions), "partitions revoked");
                self.health.set_commit_error(None);
            }
            Rebalance::Error(_) => {}
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        match result {
            Ok(()) => {
                FaultPoint::OffsetCommitted.pass();
                for Source { topic, kind } in self.sources.iter() {
                    let elements = offsets.elements_for_topic(topic);
                    // The list also has partitions without a new offset.
                    if elements.iter().any(|element| matches!(element.offset(), Offset::Offset(_))) {
                        OffsetsCommitted { kind: *kind }.emit();
                    }
                }
                self.health.set_commit_error(None);
            }
            Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
            Err(error) => self.report_commit(&error),
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // The important lines are also reported as errors or statistics, and logged at most once per second.
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let KafkaError::Global(code) = error else { return };
        if code == RDKafkaErrorCode::AllBrokersDown {
            // It usually follows an error of each broker, whose text says more.
            if self.health.all_brokers_down(reason) {
                KafkaErrorReported { reason }.emit();
            }
        } else if is_connection_error(code) {
            KafkaErrorReported { reason }.emit();
            self.health.connection_failed(reason.to_owned());
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.report_positions(&statistics);
        let is_up = |broker: &Broker| broker.state == "UP" && broker.nodeid >= 0;
        if statistics.brokers.values().any(is_up) && statistics.cgrp.is_some_and(|group| group.state == "up") {
            self.health.connection_restored();
        }
    }
}
