//! `produce`: messages onto any broker's topic, generated or from files.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use generator::{DEFAULT_SEED, Fleet, FleetSize};

use super::{Failure, producer::Producer, progress};
use crate::{config::Config, domain::Timestamp, ingest};

/// The time between two uploads of a cluster, and so between two rounds.
const BETWEEN_ROUNDS: Duration = Duration::from_hours(2);

/// Put messages on a topic: those of the named files, a message a file in the order given, or generated reports.
///
/// Generated reports are the same for the same seed: so many organizations with so many clusters in all, and in each
/// round one report of every cluster, two hours after the one before; the last round's are of now.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  insights-results-aggregator produce --organizations 5 --clusters 50\n  \
    insights-results-aggregator produce --brokers kafka:9092 --topic ccx.ocp.results report.json")]
pub(super) struct Produce {
    /// Files with a message each; without any, reports are generated.
    files: Vec<PathBuf>,
    /// The brokers to begin with, `host:port` each [default: kafka.brokers of the configuration].
    #[arg(long, value_delimiter = ',')]
    brokers: Vec<String>,
    /// The topic [default: `kafka.ocp_topic` of the configuration].
    #[arg(long)]
    topic: Option<String>,
    /// Most messages a second; without it, as fast as they are taken.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// What the generated reports follow from.
    #[arg(long, default_value_t = DEFAULT_SEED, conflicts_with = "files")]
    seed: u64,
    /// How many organizations.
    #[arg(long, default_value_t = 20, conflicts_with = "files")]
    organizations: u32,
    /// How many clusters in all, at least one for each organization.
    #[arg(long, default_value_t = 1000, conflicts_with = "files")]
    clusters: u32,
    /// How many reports of each cluster.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "files")]
    rounds: u32,
}

impl Produce {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let mut kafka = config.kafka.clone();
        if !self.brokers.is_empty() {
            kafka.brokers.clone_from(&self.brokers);
        }
        let topic = self.topic.as_deref().unwrap_or(&kafka.ocp_topic);
        let producer = Producer::new(ingest::client_config(&kafka), topic)?;
        let pace = Pace::new(self.rate);
        let sent = if self.files.is_empty() {
            self.generated(&producer, pace)?
        } else {
            from_files(&self.files, &producer, pace)?
        };
        producer.finish()?;
        println!("{sent} messages delivered to the topic {topic}");
        Ok(())
    }

    fn generated(&self, producer: &Producer, mut pace: Pace) -> Result<u64, Failure> {
        let mut fleet =
            Fleet::new(self.seed, FleetSize { organizations: self.organizations, clusters: self.clusters })?;
        let total = u64::from(self.rounds) * u64::from(self.clusters);
        let bar = progress::bar(total, "producing");
        let now = Timestamp::now().utc();
        for rounds_left in (0..self.rounds).rev() {
            let at = now - BETWEEN_ROUNDS * rounds_left;
            for message in fleet.round(at) {
                pace.wait();
                producer.send(&message.key(), &message.value)?;
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        Ok(total)
    }
}

fn from_files(files: &[PathBuf], producer: &Producer, mut pace: Pace) -> Result<u64, Failure> {
    let bar = progress::bar(files.len() as u64, "producing");
    for file in files {
        let unreadable = |source| Failure::Io { doing: format!("cannot read {}", file.display()), source };
        let value = std::fs::read(file).map_err(unreadable)?;
        pace.wait();
        producer.send(name(file).as_ref(), &value)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(files.len() as u64)
}

/// A key tells nothing that is used; the file's name helps to find a message again.
fn name(file: &Path) -> std::borrow::Cow<'_, str> {
    file.file_name().unwrap_or_default().to_string_lossy()
}

/// Holds a rate: message n is sent no earlier than n intervals after the first.
struct Pace {
    interval: Option<Duration>,
    /// When the next may be sent; `None` before the first.
    next: Option<Instant>,
}

impl Pace {
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
