//! The size of an answer while it is resolved, so that one that grows too large is stopped.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::Value;

/// The bytes around a value: quotes, a colon and a comma.
const PUNCTUATION: usize = 4;
/// An upper bound of the bytes of a number, a boolean or null.
const SCALAR: usize = 24;

/// The number of objects that are resolved between two pauses: about a millisecond. A page of 100 clusters with five hits
/// each is resolved without one: with tokio's budget of 128, whose pauses let 32 requests alternate, pages lost two fifths
/// of their rate.
const OBJECTS_PER_PAUSE: usize = 1_024;

/// The bytes of the values that were resolved so far, approximately as they are serialized, and the number of objects.
#[derive(Debug)]
pub(super) struct AnswerSize {
    bytes: AtomicUsize,
    objects: AtomicUsize,
    limit: usize,
}

impl AnswerSize {
    /// An empty answer that may have up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), objects: AtomicUsize::new(0), limit }
    }

    /// The largest number of bytes.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Adds a field. Of an object and of a list of objects, the fields are added by themselves.
    pub(super) fn add(&self, key: &str, value: &Value) {
        self.bytes.fetch_add(key.len() + PUNCTUATION + bytes_of(value), Ordering::Relaxed);
    }

    /// Adds an object. Returns whether to pause before it is resolved.
    pub(super) fn add_object(&self) -> bool {
        self.objects.fetch_add(1, Ordering::Relaxed) % OBJECTS_PER_PAUSE == OBJECTS_PER_PAUSE - 1
    }

    /// Whether the answer is too large. Then nothing more is resolved.
    pub(super) fn is_exceeded(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.limit
    }
}

fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + PUNCTUATION,
        Value::Enum(name) => name.len() + PUNCTUATION,
        Value::Binary(raw) => raw.len(),
        Value::List(items) => items.iter().map(|item| bytes_of(item) + 1).sum(),
        Value::Null | Value::Number(_) | Value::Boolean(_) => SCALAR,
        Value::Object(_) => PUNCTUATION,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    #[test]
    fn a_pause_is_due_after_many_objects() {
        let size = AnswerSize::new(100);
        let pauses = (0..3 * OBJECTS_PER_PAUSE).filter(|_| size.add_object()).count();
        assert_eq!(pauses, 3);
    }

    #[test]
    fn an_answer_is_too_large_once_its_values_are() {
        let size = AnswerSize::new(100);
        size.add("selector", &value!("a".repeat(40)));
        assert!(!size.is_exceeded());
        size.add("details", &Value::Binary(vec![b'1'; 60].into()));
        assert!(size.is_exceeded());
    }
}
