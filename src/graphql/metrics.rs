//! What is counted of the graph: operations by name, errors by code, statements an operation.
//!
//! Names come from clients, so only the first few that were executed have a series of their own.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use async_graphql::{Response, Value};

use super::operation::{Operation, is_request_error};
use crate::telemetry::metrics::{GRAPHQL_ERRORS, GRAPHQL_OPERATIONS, GRAPHQL_STATEMENTS};

/// How many names have a series of their own: more than front-ends have pages, and still one screen of a dashboard.
const MOST_NAMES: usize = 40;
/// Longer names are nobody's on purpose.
const LONGEST_NAME: usize = 64;
/// Stands for an operation without a name.
const ANONYMOUS: &str = "anonymous";
/// Stands for all names that are not among the first.
const OTHER: &str = "other";

/// The names that have a series of their own.
#[derive(Debug, Default)]
pub(super) struct Metrics(RwLock<HashSet<String>>);

impl Metrics {
    /// Counts an operation that was let in.
    pub(super) fn ran(&self, operation: Option<&Operation>, response: &Response, statements: usize) {
        // What validation refused was no operation of ours: its name must not take the place of one that is.
        let is_known = operation.is_some() && !is_request_error(response);
        let name = self.label(operation.and_then(|operation| operation.name.as_deref()), is_known);
        metrics::counter!(GRAPHQL_OPERATIONS.name, "operation" => name).increment(1);
        // Far below 2^52, where every whole number is exact.
        #[allow(clippy::cast_precision_loss)]
        metrics::histogram!(GRAPHQL_STATEMENTS.name).record(statements as f64);
        count_errors(response);
    }

    /// The label for a name. One that is new gets a place if there is one left and it deserves it.
    fn label(&self, name: Option<&str>, deserves_a_place: bool) -> String {
        let Some(name) = name else { return ANONYMOUS.to_owned() };
        let has_place = self.0.read().unwrap_or_else(PoisonError::into_inner).contains(name);
        if has_place || (deserves_a_place && name.len() <= LONGEST_NAME && self.give_place(name)) {
            name.to_owned()
        } else {
            OTHER.to_owned()
        }
    }

    fn give_place(&self, name: &str) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.contains(name) || (known.len() < MOST_NAMES && known.insert(name.to_owned()))
    }
}

/// Counts the errors of an answer. Their codes are a closed set.
pub(super) fn count_errors(response: &Response) {
    for error in &response.errors {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        if let Some(Value::String(code)) = code {
            metrics::counter!(GRAPHQL_ERRORS.name, "code" => code.clone()).increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_are_known_and_the_rest_are_others() {
        let metrics = Metrics::default();
        let labels: HashSet<_> = (0..10_000).map(|n| metrics.label(Some(&format!("Page{n}")), true)).collect();
        assert_eq!(labels.len(), MOST_NAMES + 1);
        assert_eq!(metrics.label(Some("Page0"), true), "Page0", "one that is known stays known");
        assert_eq!(metrics.label(Some("Page9999"), true), OTHER);
        assert_eq!(metrics.label(None, true), ANONYMOUS);
    }

    #[test]
    fn a_name_takes_no_place_when_it_was_refused_or_is_long() {
        let metrics = Metrics::default();
        assert_eq!(metrics.label(Some("Refused"), false), OTHER);
        assert_eq!(metrics.label(Some(&"a".repeat(LONGEST_NAME + 1)), true), OTHER);
        assert!(metrics.0.read().expect("no panic").is_empty());
    }
}
