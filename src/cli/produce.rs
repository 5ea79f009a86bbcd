//! `produce`: sends generated messages of one kind, or the content of files, to a topic.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use generator::{DEFAULT_SEED, Fleet, FleetSize, GeneratedMessage};

use super::{Error, producer::Producer, progress};
use crate::{config::Config, domain::Timestamp, ingest};

/// Time between two uploads of a cluster, and so between two rounds.
const BETWEEN_ROUNDS: Duration = Duration::from_hours(2);

/// Send messages to a topic: the content of files, generated reports, or with --workloads generated workload results.
///
/// Files are sent in the given order, one message per file. Generated messages are determined by the seed and the
/// numbers of organizations and clusters. Each round has one message of every cluster. Rounds are two hours apart, and
/// the messages of the last round have the current time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  insights-results-aggregator produce --organizations 5 --clusters 50\n  \
    insights-results-aggregator produce --organizations 5 --clusters 50 --workloads --topic ccx.dvo.results\n  \
    insights-results-aggregator produce --brokers kafka:9092 --topic ccx.ocp.results report.json")]
pub(super) struct Produce {
    /// Files to send, one message each. Without files, messages are generated.
    files: Vec<PathBuf>,
    /// Bootstrap servers, as `host:port` [default: `kafka.brokers` of the configuration].
    #[arg(long, value_delimiter = ',')]
    brokers: Vec<String>,
    /// Topic to send to [default: `kafka.ocp_topic` of the configuration, with --workloads `kafka.workload_topic`].
    #[arg(long)]
    topic: Option<String>,
    /// Send workload results instead of reports. The same seed and size give results of the same clusters.
    #[arg(long)]
    workloads: bool,
    /// Most messages per second. Without it, messages are sent as fast as the brokers accept them.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Seed of the generated messages.
    #[arg(long, default_value_t = DEFAULT_SEED, conflicts_with = "files")]
    seed: u64,
    /// Number of organizations.
    #[arg(long, default_value_t = 20, conflicts_with = "files")]
    organizations: u32,
    /// Number of clusters of all organizations together, at least one per organization.
    #[arg(long, default_value_t = 1000, conflicts_with = "files")]
    clusters: u32,
    /// Number of messages per cluster.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "files")]
    rounds: u32,
}

impl Produce {
    pub(super) fn run(self, config: &Config) -> Result<(), Error> {
        let mut kafka = config.kafka.clone();
        if !self.brokers.is_empty() {
            kafka.brokers.clone_from(&self.brokers);
        }
        let configured = if self.workloads { kafka.workload_topic.as_deref() } else { Some(kafka.ocp_topic.as_str()) };
        let topic = self.topic.as_deref().or(configured).ok_or_else(|| {
            Error::Usage("no topic for workload results: set kafka.workload_topic, or pass --topic".to_owned())
        })?;
        let producer = Producer::new(ingest::client_config(&kafka), topic)?;
        let rate_limit = RateLimit::new(self.rate);
        let sent = if self.files.is_empty() {
            self.generated(&producer, rate_limit)?
        } else {
            from_files(&self.files, &producer, rate_limit)?
        };
        producer.finish()?;
        println!("{sent} messages delivered to the topic {topic}");
        Ok(())
    }

    fn generated(&self, producer: &Producer, mut rate_limit: RateLimit) -> Result<u64, Error> {
        let mut fleet =
            Fleet::new(self.seed, FleetSize { organizations: self.organizations, clusters: self.clusters })?;
        let total = u64::from(self.rounds) * u64::from(self.clusters);
        let bar = progress::bar(total, "producing");
        let now = Timestamp::now().utc();
        for rounds_left in (0..self.rounds).rev() {
            let at = now - BETWEEN_ROUNDS * rounds_left;
            let messages: Box<dyn Iterator<Item = GeneratedMessage>> =
                if self.workloads { Box::new(fleet.workload_round(at)) } else { Box::new(fleet.round(at)) };
            for message in messages {
                rate_limit.wait();
                producer.send(&message.key(), &message.value)?;
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        Ok(total)
    }
}

fn from_files(files: &[PathBuf], producer: &Producer, mut rate_limit: RateLimit) -> Result<u64, Error> {
    let bar = progress::bar(files.len() as u64, "producing");
    for file in files {
        let unreadable = |source| Error::Io { context: format!("cannot read {}", file.display()), source };
        let value = std::fs::read(file).map_err(unreadable)?;
        rate_limit.wait();
        producer.send(key(file).as_ref(), &value)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(files.len() as u64)
}

/// Returns the message's key. Ingestion ignores it; the file's name helps to find the message in the topic.
fn key(file: &Path) -> std::borrow::Cow<'_, str> {
    file.file_name().unwrap_or_default().to_string_lossy()
}

/// Limits the rate: message n is sent no earlier than n intervals after the first.
struct RateLimit {
    interval: Option<Duration>,
    /// When the next message may be sent. `None` before the first one.
    next: Option<Instant>,
}

impl RateLimit {
    fn new(rate: Option<u32>) -> Self {
        Self { interval: rate.map(|rate| Duration::from_secs(1) / rate), next: None }
    }

    fn wait(&mut self) {
        let Some(interval) = self.interval else { return };
        let next = self.next.get_or_insert_with(Instant::now);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        *next += interval;
    }
}
