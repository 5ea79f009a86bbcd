//! Why a partition is not read at present.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use strum::{IntoStaticStr, VariantArray};

/// The kind of a stop, which is a label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum StopReason {
    /// A batch has a wrong checksum, or cannot be decompressed.
    Damaged,
    /// The brokers refuse to let this service read the topic or use the group.
    NotAuthorized,
    /// The brokers do not have the next offset.
    Position,
    /// A message is dated in the future, and our clock differs from the database's.
    Clock,
    /// Another error of the brokers or of librdkafka.
    Other,
}

impl StopReason {
    /// The reason for an error of a partition's queue.
    pub(super) fn of(error: &KafkaError) -> Self {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::BadMessage | Code::BadCompression | Code::InvalidMessage) => Self::Damaged,
            Some(code) if is_refused(code) => Self::NotAuthorized,
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => Self::Position,
            _ => Self::Other,
        }
    }

    /// The value of the label.
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether the brokers refuse access.
pub(super) fn is_refused(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed | Code::ClusterAuthorizationFailed)
}
