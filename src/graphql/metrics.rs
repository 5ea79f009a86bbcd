//! Metrics of the graph: operations by name, errors by code, statements per operation.
//!
//! Clients choose the names, so only the first names that are executed have their own series.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use async_graphql::Value;
use strum::VariantArray as _;

use super::{answer::Answer, code::Code, mutation, operation::Operation};
use crate::telemetry::metrics::{GRAPHQL_ERRORS, GRAPHQL_OPERATIONS, GRAPHQL_STATEMENTS};

/// How many names have their own series: more than front-ends have pages, and few enough for one dashboard.
const MAX_NAMES: usize = 40;
/// A longer name is not that of a front-end's page.
const MAX_NAME_BYTES: usize = 64;
/// The label of an operation without a name.
const ANONYMOUS: &str = "anonymous";
/// The label of all names that do not have their own series.
const OTHER: &str = "other";

/// The names that have their own series.
#[derive(Debug, Default)]
pub(super) struct Metrics(RwLock<HashSet<String>>);

impl Metrics {
    /// Counts an operation that the guard admitted.
    pub(super) fn count_operation(&self, operation: &Operation, answer: &Answer, statements: usize) {
        // An operation that validation refuses must not take the series of one that is executed.
        let label = self.label(operation.name.as_deref(), !answer.is_request_error());
        metrics::counter!(GRAPHQL_OPERATIONS.name, "operation" => label).increment(1);
        // Far below 2^52, where every whole number is exact.
        #[allow(clippy::cast_precision_loss)]
        metrics::histogram!(GRAPHQL_STATEMENTS.name).record(statements as f64);
        count_errors(answer);
    }

    /// The label for a name. A new name becomes a series if it may and if there is room.
    fn label(&self, name: Option<&str>, may_become_series: bool) -> String {
        let Some(name) = name else { return ANONYMOUS.to_owned() };
        let is_series = self.0.read().unwrap_or_else(PoisonError::into_inner).contains(name);
        if is_series || (may_become_series && name.len() <= MAX_NAME_BYTES && self.add_series(name)) {
            name.to_owned()
        } else {
            OTHER.to_owned()
        }
    }

    /// Whether the name has a series now.
    fn add_series(&self, name: &str) -> bool {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        names.contains(name) || (names.len() < MAX_NAMES && names.insert(name.to_owned()))
    }
}

/// Exports the counters of errors and of actions with every value of their labels.
pub(super) fn start_counters() {
    mutation::start_counter();
    GRAPHQL_ERRORS.start_at_zero(Code::VARIANTS.iter().map(|code| code.as_str()));
}

/// Counts the errors of an answer by code. Codes are a closed set.
pub(super) fn count_errors(answer: &Answer) {
    for error in answer.errors() {
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
    fn the_first_names_have_a_series_and_the_rest_are_other() {
        let metrics = Metrics::default();
        let labels: HashSet<_> = (0..10_000).map(|n| metrics.label(Some(&format!("Page{n}")), true)).collect();
        assert_eq!(labels.len(), MAX_NAMES + 1);
        assert_eq!(metrics.label(Some("Page0"), true), "Page0", "a series remains");
        assert_eq!(metrics.label(Some("Page9999"), true), OTHER);
        assert_eq!(metrics.label(None, true), ANONYMOUS);
    }

    #[test]
    fn a_name_that_was_refused_or_is_long_does_not_become_a_series() {
        let metrics = Metrics::default();
        assert_eq!(metrics.label(Some("Refused"), false), OTHER);
        assert_eq!(metrics.label(Some(&"a".repeat(MAX_NAME_BYTES + 1)), true), OTHER);
        assert!(metrics.0.read().expect("no panic").is_empty());
    }
}
