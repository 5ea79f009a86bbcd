//! The health of ingestion, for readiness.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Written by ingestion, read by readiness.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    assigned: bool,
    /// The error of the connection to the brokers, until one of them answers.
    connection_error: Option<String>,
    /// The error of the topic, until the brokers assign its partitions.
    topic_error: Option<String>,
    /// Partitions whose dead letters are not delivered, each with the reason.
    delayed_dead_letters: BTreeMap<String, String>,
}

impl Health {
    /// Why ingestion is not ready; `None` when it is: there was an assignment, even an empty one, and no error since.
    pub fn not_ready(&self) -> Option<String> {
        let state = self.state();
        let error = state.connection_error.clone().or_else(|| state.topic_error.clone());
        match error.or_else(|| state.dead_letter_error()) {
            Some(error) => Some(error),
            None if !state.assigned => Some("no partition is assigned yet".to_owned()),
            None => None,
        }
    }

    /// The group has assigned partitions to this member.
    pub(super) fn assigned(&self) {
        let mut state = self.state();
        (state.assigned, state.connection_error, state.topic_error) = (true, None, None);
    }

    /// The connection to a broker failed.
    pub(super) fn connection_failed(&self, error: String) {
        self.state().connection_error = Some(error);
    }

    /// As [`Health::connection_failed`], but keeps an earlier error, which says more. Returns whether there was none.
    pub(super) fn all_brokers_down(&self, error: &str) -> bool {
        let connection_error = &mut self.state().connection_error;
        let is_first = connection_error.is_none();
        connection_error.get_or_insert_with(|| error.to_owned());
        is_first
    }

    /// The brokers do not have the topic.
    pub(super) fn topic_missing(&self, error: String) {
        self.state().topic_error = Some(error);
    }

    /// A broker answers again.
    pub(super) fn connection_restored(&self) {
        self.state().connection_error = None;
    }

    /// A partition waits until its dead letters are delivered.
    pub(super) fn dead_letters_delayed(&self, partition: &str, error: String) {
        self.state().delayed_dead_letters.insert(partition.to_owned(), error);
    }

    /// A partition no longer waits: its dead letters are delivered, or it is revoked.
    pub(super) fn dead_letters_finished(&self, partition: &str) {
        self.state().delayed_dead_letters.remove(partition);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first partition that waits for its dead letters, why, and how many others wait.
    fn dead_letter_error(&self) -> Option<String> {
        let (partition, error) = self.delayed_dead_letters.first_key_value()?;
        let others = match self.delayed_dead_letters.len() - 1 {
            0 => String::new(),
            others => format!(", and so do {others} more"),
        };
        Some(format!("{partition} waits for its dead letters{others}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_stays_missing_when_a_broker_answers() {
        let health = Health::default();
        assert_eq!(health.not_ready().as_deref(), Some("no partition is assigned yet"));
        health.topic_missing("no such topic".to_owned());
        health.connection_failed("connection refused".to_owned());
        assert_eq!(health.not_ready().as_deref(), Some("connection refused"));
        health.connection_restored();
        assert_eq!(health.not_ready().as_deref(), Some("no such topic"));
        health.assigned();
        assert_eq!(health.not_ready(), None);
    }

    #[test]
    fn a_partition_that_waits_for_its_dead_letters_is_reported_until_they_are_delivered() {
        let health = Health::default();
        health.dead_letters_delayed("t/1", "no such topic".to_owned());
        health.assigned();
        assert_eq!(health.not_ready().as_deref(), Some("t/1 waits for its dead letters: no such topic"));
        health.dead_letters_delayed("t/0", "no such topic".to_owned());
        let error = "t/0 waits for its dead letters, and so do 1 more: no such topic";
        assert_eq!(health.not_ready().as_deref(), Some(error));
        health.dead_letters_finished("t/0");
        assert!(health.not_ready().is_some());
        health.dead_letters_finished("t/1");
        assert_eq!(health.not_ready(), None);
    }

    #[test]
    fn a_general_error_does_not_replace_a_specific_one() {
        let health = Health::default();
        assert!(health.all_brokers_down("1/1 brokers are down"));
        health.connection_failed("wrong password".to_owned());
        assert!(!health.all_brokers_down("1/1 brokers are down"));
        assert_eq!(health.not_ready().as_deref(), Some("wrong password"));
    }
}
