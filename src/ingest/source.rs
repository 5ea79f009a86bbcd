//! The topics that are read, each with the kind of its messages, and their partitions.

use crate::{config, message::Kind};

/// The topics that the consumer subscribes to.
#[derive(Clone, Debug)]
pub(super) struct Sources(Vec<Source>);

/// A topic, and the kind of its messages.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) topic: String,
    pub(super) kind: Kind,
}

impl Sources {
    /// The configured topics.
    pub(super) fn new(kafka: &config::Kafka) -> Self {
        let ocp = Some(Source { topic: kafka.ocp_topic.clone(), kind: Kind::Ocp });
        let workloads = kafka.workload_topic.clone().map(|topic| Source { topic, kind: Kind::Workload });
        Self([ocp, workloads].into_iter().flatten().collect())
    }

    /// The topics with their kinds.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// The names of the topics.
    pub(super) fn topics(&self) -> Vec<&str> {
        self.iter().map(|source| source.topic.as_str()).collect()
    }

    /// The kind of a topic's messages; `None` if the topic is not read.
    pub(super) fn kind(&self, topic: &str) -> Option<Kind> {
        self.iter().find(|source| source.topic == topic).map(|source| source.kind)
    }
}

/// An assigned partition, as logs, metrics and health identify it.
#[derive(Clone, Debug)]
pub(super) struct SourcePartition {
    /// The kind of its messages, which is a label of metrics.
    pub(super) kind: Kind,
    pub(super) topic: String,
    pub(super) number: i32,
    /// `topic/partition`, for logs and health.
    pub(super) name: String,
}

impl SourcePartition {
    pub(super) fn new(kind: Kind, topic: &str, number: i32) -> Self {
        Self { kind, topic: topic.to_owned(), number, name: format!("{topic}/{number}") }
    }
}
