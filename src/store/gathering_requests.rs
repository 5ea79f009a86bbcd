//! Uploads with a request id, which are remembered for a time.

use crate::domain::Selector;

/// The text in which the selectors of a report's hits are stored.
pub(super) fn selectors_as_json<'a>(selectors: impl Iterator<Item = &'a Selector>) -> String {
    selectors.map(Selector::as_str).collect::<serde_json::Value>().to_string()
}
