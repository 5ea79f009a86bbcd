//! How ingestion is doing, as readiness tells it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Shared by the ingester, which knows, and by readiness, which asks.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    assigned: bool,
    /// Between us and the brokers; over once one of them answers.
    connection: Option<String>,
    /// With what the brokers have for us; over once they assign it.
    topic: Option<String>,
    /// Partitions whose dead letters do not arrive, each with the reason.
    dead_letters: BTreeMap<String, String>,
}

impl Health {
    /// Why ingestion is not ready; `None` when it is: an assignment was seen, even an empty one, and no trouble since.
    pub fn not_ready(&self) -> Option<String> {
        let state = self.state();
        let waiting = || state.waiting();
        match state.connection.clone().or_else(|| state.topic.clone()).or_else(waiting) {
            Some(trouble) => Some(trouble),
            None if !state.assigned => Some("no partition is assigned yet".to_owned()),
            None => None,
        }
    }

    /// The group has told us which partitions are ours.
    pub(super) fn assigned(&self) {
        let mut state = self.state();
        (state.assigned, state.connection, state.topic) = (true, None, None);
    }

    /// Something stands between us and the brokers.
    pub(super) fn troubled(&self, trouble: String) {
        self.state().connection = Some(trouble);
    }

    /// As [`Health::troubled`], but not in the place of what was told before; was it news?
    pub(super) fn troubled_vaguely(&self, trouble: &str) -> bool {
        let connection = &mut self.state().connection;
        let is_news = connection.is_none();
        connection.get_or_insert_with(|| trouble.to_owned());
        is_news
    }

    /// The brokers do not have what we ask them for.
    pub(super) fn topic_troubled(&self, trouble: String) {
        self.state().topic = Some(trouble);
    }

    /// A broker answers again.
    pub(super) fn untroubled(&self) {
        self.state().connection = None;
    }

    /// A partition waits until its dead letters arrive.
    pub(super) fn dead_letters_wait(&self, partition: &str, trouble: String) {
        self.state().dead_letters.insert(partition.to_owned(), trouble);
    }

    /// A partition waits no more, for they arrived or it is given up.
    pub(super) fn dead_letters_go_on(&self, partition: &str) {
        self.state().dead_letters.remove(partition);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One of the partitions that wait for their dead letters, why, and how many there are besides.
    fn waiting(&self) -> Option<String> {
        let (partition, why) = self.dead_letters.first_key_value()?;
        let others = match self.dead_letters.len() - 1 {
            0 => String::new(),
            others => format!(", and so do {others} more"),
        };
        Some(format!("{partition} waits for its dead letters{others}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_answers_does_not_make_a_topic_exist() {
        let health = Health::default();
        assert_eq!(health.not_ready().as_deref(), Some("no partition is assigned yet"));
        health.topic_troubled("no such topic".to_owned());
        health.troubled("connection refused".to_owned());
        assert_eq!(health.not_ready().as_deref(), Some("connection refused"));
        health.untroubled();
        assert_eq!(health.not_ready().as_deref(), Some("no such topic"));
        health.assigned();
        assert_eq!(health.not_ready(), None);
    }

    #[test]
    fn a_partition_that_waits_for_its_dead_letters_is_told_until_it_goes_on() {
        let health = Health::default();
        health.dead_letters_wait("t/1", "no such topic".to_owned());
        health.assigned();
        assert_eq!(health.not_ready().as_deref(), Some("t/1 waits for its dead letters: no such topic"));
        health.dead_letters_wait("t/0", "no such topic".to_owned());
        let told = "t/0 waits for its dead letters, and so do 1 more: no such topic";
        assert_eq!(health.not_ready().as_deref(), Some(told));
        health.dead_letters_go_on("t/0");
        assert!(health.not_ready().is_some());
        health.dead_letters_go_on("t/1");
        assert_eq!(health.not_ready(), None);
    }

    #[test]
    fn what_tells_less_does_not_take_the_place_of_what_tells_more() {
        let health = Health::default();
        assert!(health.troubled_vaguely("1/1 brokers are down"));
        health.troubled("wrong password".to_owned());
        assert!(!health.troubled_vaguely("1/1 brokers are down"));
        assert_eq!(health.not_ready().as_deref(), Some("wrong password"));
    }
}
