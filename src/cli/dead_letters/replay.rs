//! `dead-letters replay`: letters sent to where they came from.

use clap::Args;
use rdkafka::error::KafkaError;

use super::{
    super::{Failure, progress},
    place, read,
};
use crate::{
    config::Config,
    domain::Timestamp,
    ingest::{DeadLetter, Replayer},
    store::{MessageIdentity, Store},
};

/// Send dead letters again, to the topics and partitions that they came from, with key, headers and time as they were.
/// Those that were sent again before are left alone.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Which: partition:offset, as `list` writes them.
    #[arg(value_name = "PLACE", value_parser = place)]
    places: Vec<String>,
    /// All that were refused for this reason.
    #[arg(long, conflicts_with = "places")]
    reason: Option<String>,
    /// All that there are.
    #[arg(long, conflicts_with_all = ["places", "reason"])]
    all: bool,
    /// Also those that were sent again before.
    #[arg(long)]
    again: bool,
    /// Only tell which would be sent.
    #[arg(long)]
    dry_run: bool,
}

impl Replay {
    pub(super) async fn run(self, config: Config) -> Result<(), Failure> {
        if self.places.is_empty() && self.reason.is_none() && !self.all {
            let message =
                "nothing is selected: name places, as `dead-letters list` writes them, or give --reason or --all";
            return Err(Failure::Usage(message.to_owned()));
        }
        let letters = self.selected(&config).await?;
        let store = Store::open(&config.database).await.map_err(Failure::Database)?;
        let result = self.send(&config, &store, letters).await;
        store.close().await;
        result
    }

    /// The letters that are asked for. They are held in memory, so as many as fit there can be sent at once.
    async fn selected(&self, config: &Config) -> Result<Vec<DeadLetter>, Failure> {
        let (places, reason, all) = (self.places.clone(), self.reason.clone(), self.all);
        let letters = read(&config.kafka, Vec::new(), move |letters, letter| {
            let is_of_reason = || reason.as_deref() == Some(letter.reason());
            if all || is_of_reason() || places.contains(&letter.place()) {
                letters.push(letter);
            }
        });
        let letters = letters.await?;
        let missing = self.places.iter().find(|place| !letters.iter().any(|letter| letter.place() == **place));
        missing.map_or(Ok(letters), |place| {
            Err(Failure::Usage(format!(
                "there is no dead letter at {place}: `dead-letters list` tells which there are"
            )))
        })
    }

    async fn send(&self, config: &Config, store: &Store, letters: Vec<DeadLetter>) -> Result<(), Failure> {
        let total = letters.len();
        let to_send = if self.again { letters } else { not_sent_before(store, letters).await? };
        let left_alone = total - to_send.len();
        if self.dry_run {
            for letter in &to_send {
                println!("{} would be sent to {} ({})", letter.place(), letter.origin(), letter.reason());
            }
            println!("{} dead letters would be sent, {left_alone} were sent before", to_send.len());
            return Ok(());
        }
        let unusable = |source: KafkaError| Failure::Kafka {
            doing: "the Kafka client cannot be set up; see [kafka] in the configuration".to_owned(),
            source,
        };
        let replayer = Replayer::new(&config.kafka).map_err(unusable)?;
        let bar = progress::bar(to_send.len() as u64, "sending");
        for letter in &to_send {
            replayer.send(letter).await?;
            // Marked one by one: whatever ends this, what arrived is not sent twice. A letter that is sent and not yet
            // marked is ingested once all the same.
            let identity: Vec<_> = letter.identity().into_iter().collect();
            store.mark_replayed(&identity, Timestamp::now()).await.map_err(Failure::Database)?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        println!("{} dead letters sent, {left_alone} were sent before", to_send.len());
        Ok(())
    }
}

/// Those that were not, each message once: one that died again lies there twice.
async fn not_sent_before(store: &Store, letters: Vec<DeadLetter>) -> Result<Vec<DeadLetter>, Failure> {
    let identities: Vec<MessageIdentity> = letters.iter().filter_map(DeadLetter::identity).collect();
    let mut sent: std::collections::HashSet<_> =
        store.replayed(&identities).await.map_err(Failure::Database)?.into_keys().collect();
    Ok(letters.into_iter().filter(|letter| letter.identity().is_none_or(|identity| sent.insert(identity))).collect())
}
