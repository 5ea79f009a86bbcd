//! What librdkafka tells of its troubles, and of what is still to be read.

use rdkafka::{
    ClientContext, Statistics,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::Context;
use crate::ingest::events::{BrokerTroubled, Lag};

impl Context {
    pub(super) fn troubled_by(&self, error: &KafkaError) {
        use RDKafkaErrorCode as Code;
        match error {
            KafkaError::MessageConsumption(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {
                let reason = format!("the topic {} does not exist", self.topic);
                BrokerTroubled { reason: &reason }.emit();
                self.health.topic_troubled(reason);
            }
            // These come with a text of their own, by the error callback.
            KafkaError::MessageConsumption(code) if is_about_the_connection(*code) => {}
            error => {
                let reason = error.to_string();
                BrokerTroubled { reason: &reason }.emit();
                self.health.troubled(reason);
            }
        }
    }

    /// What is waited for: messages that the broker has yet to send, that librdkafka holds, and that we hold. Never the
    /// topic's end minus what is committed: aborted messages and markers lie between the two for ever.
    fn tell_lag(&self, statistics: &Statistics) {
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        for partition in topic.partitions.values() {
            let place = (self.topic.clone(), partition.partition);
            if let Some(held) = self.assignment().unfinished(&place) {
                // Before the first answer of the broker both are negative.
                let ends = partition.ls_offset.max(0);
                let unsent =
                    if partition.next_offset < 0 { 0 } else { ends.saturating_sub(partition.next_offset).max(0) };
                let queued = partition.fetchq_cnt.max(0);
                let messages = held + unsent.unsigned_abs() + queued.unsigned_abs();
                Lag { partition: partition.partition, messages }.emit();
            }
        }
    }
}

pub(in crate::ingest) fn is_about_the_connection(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve | Code::Authentication | Code::SSL
    )
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // What matters of it comes as an error or a statistic, and is told once a second.
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let KafkaError::Global(code) = error else { return };
        if code == RDKafkaErrorCode::AllBrokersDown {
            // Most often it follows what each broker's trouble is, which tells more.
            if self.health.troubled_vaguely(reason) {
                BrokerTroubled { reason }.emit();
            }
        } else if is_about_the_connection(code) {
            BrokerTroubled { reason }.emit();
            self.health.troubled(reason.to_owned());
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.tell_lag(&statistics);
        let is_up = |broker: &rdkafka::statistics::Broker| broker.state == "UP" && broker.nodeid >= 0;
        if statistics.brokers.values().any(is_up) && statistics.cgrp.is_some_and(|group| group.state == "up") {
            self.health.untroubled();
        }
    }
}
