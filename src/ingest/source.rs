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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_topic_has_the_kind_of_its_key_and_no_workloads_are_read_without_one() {
        let mut kafka = Config::load(None, &BTreeMap::new()).expect("the defaults load").config.kafka;
        assert_eq!(Sources::new(&kafka).topics(), ["ccx.ocp.results"]);
        kafka.workload_topic = Some("ccx.dvo.results".to_owned());
        let sources = Sources::new(&kafka);
        assert_eq!(sources.topics(), ["ccx.ocp.results", "ccx.dvo.results"]);
        let kinds = ["ccx.ocp.results", "ccx.dvo.results", "elsewhere"].map(|topic| sources.kind(topic));
        assert_eq!(kinds, [Some(Kind::Ocp), Some(Kind::Workload), None]);
        assert_eq!(SourcePartition::new(Kind::Workload, "t", 3).name, "t/3");
    }
}
