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
    /// The error of each topic, until its metadata can be read.
    topic_errors: BTreeMap<String, String>,
    /// The error of the group, until the group can be used.
    group_error: Option<String>,
    /// Why the brokers refuse commits, until one succeeds or the partitions are revoked.
    commit_error: Option<String>,
    /// Partitions that are not read, each with the reason.
    stopped_partitions: BTreeMap<String, String>,
    /// Partitions whose dead letters are not delivered, each with the reason.
    delayed_dead_letters: BTreeMap<String, String>,
}

impl Health {
    /// Why ingestion is not ready; `None` when it is: there was an assignment, even an empty one, and the cause of each
    /// error is gone.
    pub fn not_ready(&self) -> Option<String> {
        let state = self.state();
        let general = [state.connection_error.clone(), state.topic_error(), state.group_error.clone()];
        let error = general.into_iter().flatten().next();
        let partition_error = || state.stopped_error().or_else(|| state.dead_letter_error());
        match error.or_else(partition_error).or_else(|| state.commit_error.clone()) {
            Some(error) => Some(error),
            None if !state.assigned => Some("no partition is assigned yet".to_owned()),
            None => None,
        }
    }

    /// The group has assigned partitions to this member.
    pub(super) fn assigned(&self) {
        let mut state = self.state();
        (state.assigned, state.connection_error) = (true, None);
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

    /// The brokers do not have a topic, or refuse access to it; `None` when they return its metadata. Returns whether
    /// that is new.
    pub(super) fn set_topic_error(&self, topic: &str, error: Option<String>) -> bool {
        let topic_errors = &mut self.state().topic_errors;
        let is_new = topic_errors.get(topic) != error.as_ref();
        match error {
            Some(error) => drop(topic_errors.insert(topic.to_owned(), error)),
            None => drop(topic_errors.remove(topic)),
        }
        is_new
    }

    /// The group cannot be used; `None` when it can. Returns whether that is new.
    pub(super) fn set_group_error(&self, error: Option<String>) -> bool {
        replace(&mut self.state().group_error, error)
    }

    /// The brokers refuse commits; `None` when they do not. Returns whether that is new.
    pub(super) fn set_commit_error(&self, error: Option<String>) -> bool {
        replace(&mut self.state().commit_error, error)
    }

    /// A partition is not read, with the reason.
    pub(super) fn stopped(&self, partition: &str, reason: String) {
        self.state().stopped_partitions.insert(partition.to_owned(), reason);
    }

    /// A partition is read again, or revoked.
    pub(super) fn started(&self, partition: &str) {
        self.state().stopped_partitions.remove(partition);
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

fn replace(current: &mut Option<String>, error: Option<String>) -> bool {
    let is_new = *current != error;
    *current = error;
    is_new
}

impl State {
    /// The errors of all topics that have one.
    fn topic_error(&self) -> Option<String> {
        let errors: Vec<_> = self.topic_errors.values().map(String::as_str).collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    fn stopped_error(&self) -> Option<String> {
        let (partition, reason, others) = first(&self.stopped_partitions, "and")?;
        Some(format!("{partition} {reason}{others}"))
    }

    fn dead_letter_error(&self) -> Option<String> {
        let (partition, error, others) = first(&self.delayed_dead_letters, "and so do")?;
        Some(format!("{partition} waits for its dead letters{others}: {error}"))
    }
}

/// The first partition, its reason, and how many others there are.
fn first<'a>(partitions: &'a BTreeMap<String, String>, and: &str) -> Option<(&'a str, &'a str, String)> {
    let (partition, reason) = partitions.first_key_value()?;
    let others = match partitions.len() - 1 {
        0 => String::new(),
        others => format!(", {and} {others} more"),
    };
    Some((partition, reason, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stays_until_its_own_cause_is_gone() {
        let health = Health::default();
        assert_eq!(health.not_ready().as_deref(), Some("no partition is assigned yet"));
        assert!(health.set_topic_error("a", Some("no such topic".to_owned())));
        assert!(!health.set_topic_error("a", Some("no such topic".to_owned())), "known already");
        health.set_topic_error("b", Some("no such topic, either".to_owned()));
        health.set_group_error(Some("no right".to_owned()));
        health.stopped("t/1", "stopped at offset 5".to_owned());
        health.stopped("t/2", "stopped at offset 7".to_owned());
        health.connection_failed("connection refused".to_owned());
        assert_eq!(health.not_ready().as_deref(), Some("connection refused"));
        health.connection_restored();
        assert_eq!(health.not_ready().as_deref(), Some("no such topic; no such topic, either"));
        assert!(health.set_topic_error("b", None));
        health.assigned();
        assert_eq!(health.not_ready().as_deref(), Some("no such topic"));
        health.set_topic_error("a", None);
        assert_eq!(health.not_ready().as_deref(), Some("no right"));
        health.set_group_error(None);
        assert_eq!(health.not_ready().as_deref(), Some("t/1 stopped at offset 5, and 1 more"));
        health.started("t/1");
        assert_eq!(health.not_ready().as_deref(), Some("t/2 stopped at offset 7"));
        health.started("t/2");
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
