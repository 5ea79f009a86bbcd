//! How a message is sent as a dead letter: unchanged, unless a policy of the topic refuses it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// How a dead letter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SendOptions {
    pub(super) truncation: Truncation,
    pub(super) timestamp: RecordTimestamp,
    pub(super) key: RecordKey,
}

/// What is left out of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truncation {
    /// Nothing.
    None,
    /// The value beyond this many bytes.
    ValueTo(usize),
    /// Everything but the headers that this service adds: the key and the other headers are too large as well.
    Everything,
}

/// The timestamp of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordTimestamp {
    /// The message's.
    Original,
    /// The time of sending, since a topic may reject timestamps that differ too much from its own clock.
    SendTime,
}

/// The key of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKey {
    /// The message's.
    Original,
    /// The message's origin, since a compacted topic refuses records without a key. It differs for each message, so that
    /// compaction keeps them all. A replay leaves it out.
    Origin,
}

impl SendOptions {
    /// The message is sent unchanged.
    pub(super) const UNCHANGED: Self =
        Self { truncation: Truncation::None, timestamp: RecordTimestamp::Original, key: RecordKey::Original };

    /// The options to try after an error; `None` if the error is about something else, or nothing is left to truncate.
    /// [`Truncation::Everything`] is smaller than any sensible limit of a topic.
    pub(super) fn after(self, error: &KafkaError, value_bytes: usize) -> Option<Self> {
        let KafkaError::MessageProduction(code) = error else { return None };
        match code {
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
                self.truncation.next(value_bytes).map(|truncation| Self { truncation, ..self })
            }
            Code::InvalidTimestamp if self.timestamp == RecordTimestamp::Original => {
                Some(Self { timestamp: RecordTimestamp::SendTime, ..self })
            }
            Code::InvalidRecord if self.key == RecordKey::Original => Some(Self { key: RecordKey::Origin, ..self }),
            _ => None,
        }
    }
}

impl Truncation {
    /// Halves the value. Brokers limit the compressed size, so the size that fits is found by trying.
    fn next(self, value_bytes: usize) -> Option<Self> {
        let bytes = match self {
            Self::None => value_bytes,
            Self::ValueTo(bytes) => bytes,
            Self::Everything => return None,
        };
        Some(if bytes == 0 { Self::Everything } else { Self::ValueTo(bytes / 2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: Code) -> KafkaError {
        KafkaError::MessageProduction(code)
    }

    #[test]
    fn a_value_that_is_too_large_is_halved_until_nothing_is_left() {
        let too_large = error(Code::MessageSizeTooLarge);
        let mut options = vec![SendOptions::UNCHANGED];
        while let Some(next) = options.last().expect("options").after(&too_large, 5) {
            options.push(next);
        }
        let truncations: Vec<_> = options.iter().map(|options| options.truncation).collect();
        let [two, one, zero] = [2, 1, 0].map(Truncation::ValueTo);
        assert_eq!(truncations, [Truncation::None, two, one, zero, Truncation::Everything]);
        assert!(options.iter().all(|options| options.timestamp == RecordTimestamp::Original));
    }

    #[test]
    fn a_rejected_timestamp_or_key_is_replaced_once_and_other_errors_change_nothing() {
        let options = SendOptions::UNCHANGED.after(&error(Code::InvalidTimestamp), 5).expect("other options");
        assert_eq!((options.truncation, options.timestamp), (Truncation::None, RecordTimestamp::SendTime));
        assert_eq!(options.after(&error(Code::InvalidTimestamp), 5), None);
        let options = SendOptions::UNCHANGED.after(&error(Code::InvalidRecord), 5).expect("other options");
        assert_eq!(options, SendOptions { key: RecordKey::Origin, ..SendOptions::UNCHANGED });
        assert_eq!(options.after(&error(Code::InvalidRecord), 5), None);
        for code in [Code::NotEnoughReplicas, Code::UnknownTopicOrPartition, Code::MessageTimedOut] {
            assert_eq!(SendOptions::UNCHANGED.after(&error(code), 5), None, "{code}");
        }
    }
}
