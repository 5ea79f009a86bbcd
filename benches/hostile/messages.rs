//! Messages that are sent beside the load, one after another, each until it is stored.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use insights_results_aggregator::domain::Timestamp;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use uuid::Uuid;

use super::{load::Latencies, service::ServiceProcess};

/// The owner of the clusters: no other cluster is its.
const ORGANIZATION: i64 = 1_000;
/// The pause between two looks whether a message is stored.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The pause after a message.
const PAUSE: Duration = Duration::from_millis(100);
/// A message that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
const IS_STORED: &str = "SELECT 1 FROM cluster WHERE id = $1";

/// Sends messages to the service's topic.
pub(crate) struct MessageSender {
    producer: FutureProducer,
    topic: String,
}

impl MessageSender {
    pub(crate) fn new(service: &ServiceProcess) -> Self {
        let producer = ClientConfig::new().set("bootstrap.servers", &service.brokers).set("linger.ms", "0").create();
        Self { producer: producer.expect("a producer"), topic: service.topic.clone() }
    }

    /// The times from sent to stored until `stopped`.
    pub(crate) async fn repeat(&self, stopped: &AtomicBool, database: &DatabaseConnection) -> Latencies {
        let mut latencies = Latencies::default();
        while !stopped.load(Ordering::Relaxed) {
            let start = Instant::now();
            let is_stored = self.send_until_stored(database).await;
            latencies.add(start.elapsed(), is_stored);
            tokio::time::sleep(PAUSE).await;
        }
        latencies.sorted()
    }

    /// Sends a report of a new cluster. Returns whether it was stored in time.
    pub(crate) async fn send_until_stored(&self, database: &DatabaseConnection) -> bool {
        let cluster = Uuid::new_v4();
        let message = json!({
            "OrgID": ORGANIZATION,
            "ClusterName": cluster,
            "Report": { "fingerprints": [], "reports": [], "system": {} },
            "LastChecked": Timestamp::now().to_string(),
        });
        let (key, value) = (cluster.to_string(), message.to_string());
        let record = FutureRecord::to(&self.topic).key(&key).payload(&value);
        self.producer.send(record, TIMEOUT).await.expect("the message is delivered");
        let deadline = Instant::now() + TIMEOUT;
        while Instant::now() < deadline {
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, IS_STORED, [cluster.into()]);
            if database.query_one_raw(statement).await.expect("an answer").is_some() {
                return true;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        false
    }
}
