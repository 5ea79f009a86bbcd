//! Generated reports of many clusters over all partitions, some of them bad, and which of them are stored.

use std::collections::{BTreeMap, BTreeSet};

use ::entity::{cluster, consumer_error};
use chrono::{DateTime, TimeDelta, Utc};
use generator::{DEFAULT_SEED, Fleet, FleetSize, GeneratedMessage};
use insights_results_aggregator::domain::{ClusterId, Timestamp};
use sea_orm::{DatabaseConnection, EntityTrait};
use uuid::Uuid;

use crate::harness::{Database, Running, Tables, Topic, tables};

/// One in this many messages is truncated.
const TRUNCATED_EVERY: usize = 20;

/// A message before it is sent.
pub(crate) struct Outgoing {
    partition: i32,
    value: Vec<u8>,
    /// `None` for a bad message.
    report: Option<(ClusterId, Timestamp)>,
}

/// A message that was delivered.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    report: Option<(ClusterId, Timestamp)>,
}

/// Generates reports of this many clusters, each cluster's on one partition. Each round has one report per cluster and
/// is two hours after the round before.
pub(crate) fn traffic(topic: &Topic, clusters: u32, rounds: i32) -> Vec<Outgoing> {
    let mut fleet = Fleet::new(DEFAULT_SEED, FleetSize { organizations: 10, clusters }).expect("a fleet");
    let first_round: DateTime<Utc> = "2024-05-02T08:00:00Z".parse().expect("a time");
    let mut outgoing = Vec::new();
    for round in 0..rounds {
        let at = first_round + TimeDelta::hours(2) * round;
        outgoing.extend(fleet.round(at).map(|message| outgoing_of(message, topic.partitions)));
    }
    for bad in outgoing.iter_mut().step_by(TRUNCATED_EVERY) {
        bad.value.truncate(bad.value.len() / 2);
        bad.report = None;
    }
    outgoing
}

fn outgoing_of(message: GeneratedMessage, partitions: i32) -> Outgoing {
    let last_byte = message.cluster.as_bytes()[15];
    Outgoing {
        partition: i32::from(last_byte) % partitions,
        report: Some((message.cluster.into(), message.last_checked.into())),
        value: message.value,
    }
}

/// Sends messages in this order.
pub(crate) async fn send(topic: &Topic, outgoing: &[Outgoing]) -> Vec<Sent> {
    let values = outgoing.iter().map(|message| (message.partition, message.value.as_slice()));
    let offsets = topic.send_all(values).await.into_iter();
    let sent = |(message, offset): (&Outgoing, i64)| {
        let Outgoing { partition, report, .. } = *message;
        Sent { partition, offset, report }
    };
    outgoing.iter().zip(offsets).map(sent).collect()
}

/// The stored rows that show whether a message was processed.
pub(crate) struct Stored {
    newest: BTreeMap<Uuid, DateTime<Utc>>,
    rejected: BTreeSet<(i32, i64)>,
}

impl Stored {
    pub(crate) async fn read(connection: &DatabaseConnection) -> Self {
        let clusters = cluster::Entity::find().all(connection).await.expect("read the clusters");
        let rejected = consumer_error::Entity::find().all(connection).await.expect("read the rejected messages");
        Self {
            newest: clusters.into_iter().filter_map(|row| Some((row.id, row.report_checked_at?))).collect(),
            rejected: rejected.into_iter().map(|row| (row.partition, row.topic_offset)).collect(),
        }
    }

    /// Whether the message is stored, or recorded as a bad one.
    pub(crate) fn has(&self, message: &Sent) -> bool {
        match message.report {
            Some((cluster, checked)) => self.newest.get(&cluster.uuid()).is_some_and(|newest| *newest >= checked.utc()),
            None => self.rejected.contains(&(message.partition, message.offset)),
        }
    }

    pub(crate) fn has_any(&self, messages: &[Sent]) -> bool {
        messages.iter().any(|message| self.has(message))
    }

    /// The number of stored rows, which grows with every batch of first reports.
    pub(crate) fn rows(&self) -> usize {
        self.newest.len() + self.rejected.len()
    }
}

/// Ingests the topic again, without faults, into another database, and returns its tables.
pub(crate) async fn tables_without_faults(database: &Database, topic: &Topic) -> Tables {
    let topic = topic.with_another_group();
    let running = Running::all(database, &topic).await;
    topic.until_all_committed().await;
    running.stop().await.expect("a clean end");
    tables(&database.connect().await).await
}
