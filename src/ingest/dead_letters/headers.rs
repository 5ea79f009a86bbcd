//! The headers of a dead letter: those of its message, followed by the set that this service adds.
//!
//! The set contains the message's origin, the last reason why it was rejected, and how often it was. Half of its names
//! are those of Kafka Connect, which tools know. A message may already have such headers of another program; they are
//! kept. Only a complete set at the end, in the fixed order, is recognised as ours. A message that is replayed and
//! rejected again therefore still has one set, and does not grow.

use std::{fmt, panic::AssertUnwindSafe};

use bytes::Bytes;
use rdkafka::{
    Message,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};
use sha2::{Digest as _, Sha256};

use super::send_options::Truncation;
use crate::{
    domain::{Digest, Timestamp},
    message::Rejection,
    store::MessageIdentity,
};

/// The names of the added headers, in order. The last three are present only in a truncated dead letter.
const ADDED: [&str; 14] = [
    "__connect.errors.topic",
    "__connect.errors.partition",
    "__connect.errors.offset",
    "__connect.errors.stage",
    "__connect.errors.exception.class.name",
    "__connect.errors.exception.message",
    "ira.reason",
    "ira.timestamp",
    "ira.failed_at",
    "ira.service.version",
    "ira.attempts",
    "ira.truncated",
    "ira.length",
    "ira.sha256",
];
/// The number of headers that are added to a dead letter that is not truncated.
const ADDED_UNTRUNCATED: usize = ADDED.len() - 3;

/// Shown by the tools of Kafka Connect as the stage and the class of the error.
const STAGE: &str = "VALUE_CONVERTER";
const CLASS: &str = "insights_results_aggregator.BadMessage";

/// The topic, partition and offset at which a message was first read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp in milliseconds; `None` if it has none.
    pub timestamp: Option<i64>,
}

impl Origin {
    fn new(message: &OwnedMessage) -> Self {
        let (topic, timestamp) = (message.topic().to_owned(), message.timestamp().to_millis());
        Self { topic, partition: message.partition(), offset: message.offset(), timestamp }
    }

    /// The identity of the message with this origin and value.
    pub(super) fn identity(self, value: &[u8]) -> MessageIdentity {
        let Self { topic, partition, offset, timestamp } = self;
        MessageIdentity { topic, partition, offset, timestamp, value_digest: Digest::of(value) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

/// The values of the added headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeadLetterHeaders {
    pub(super) origin: Origin,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) failed_at: String,
    /// The length of the original value, if the dead letter is truncated.
    pub(super) original_bytes: Option<usize>,
    /// The number of headers before the added ones.
    foreign: usize,
}

impl DeadLetterHeaders {
    /// Reads the added headers; `None` if the message does not end with a set as this service writes it.
    pub(super) fn read(message: &OwnedMessage) -> Option<Self> {
        let headers = message.headers()?;
        let (foreign, names) = [ADDED_UNTRUNCATED, ADDED.len()].into_iter().find_map(|names| {
            let foreign = headers.count().checked_sub(names)?;
            // Backwards, so that only the last header of most messages is read.
            let is_set = (0..names).rev().all(|at| readable(headers, foreign + at).is_some_and(|h| h.key == ADDED[at]));
            is_set.then_some((foreign, names))
        })?;
        let text = |name| {
            let at = ADDED[..names].iter().position(|known| *known == name)?;
            Some(std::str::from_utf8(readable(headers, foreign + at)?.value?).ok()?.to_owned())
        };
        let origin = Origin {
            topic: text("__connect.errors.topic")?,
            partition: text("__connect.errors.partition")?.parse().ok()?,
            offset: text("__connect.errors.offset")?.parse().ok()?,
            timestamp: text("ira.timestamp")?.parse().ok().filter(|timestamp| *timestamp >= 0),
        };
        Some(Self {
            origin,
            attempts: text("ira.attempts")?.parse().ok()?,
            reason: text("ira.reason")?,
            detail: text("__connect.errors.exception.message")?,
            failed_at: text("ira.failed_at")?,
            original_bytes: if names == ADDED.len() { Some(text("ira.length")?.parse().ok()?) } else { None },
            foreign,
        })
    }

    /// Reads the added headers of a replayed message. A replay sends to the topic of origin, so a set that names
    /// another topic is not ours, and must not determine where a later replay sends the message.
    fn read_replayed(message: &OwnedMessage) -> Option<Self> {
        Self::read(message).filter(|headers| headers.origin.topic == message.topic())
    }
}

/// The origin of a message that is being rejected, and the number of times it was rejected, including this one.
pub(super) fn origin_and_attempts(message: &OwnedMessage) -> (Origin, u32) {
    match DeadLetterHeaders::read_replayed(message) {
        Some(headers) => (headers.origin, headers.attempts.saturating_add(1)),
        None => (Origin::new(message), 1),
    }
}

/// The headers of the dead letter of a message.
pub(super) fn of_dead_letter(
    message: &OwnedMessage,
    rejection: &Rejection,
    truncation: Truncation,
    failed_at: Timestamp,
) -> OwnedHeaders {
    let (origin, attempts) = origin_and_attempts(message);
    let mut values = vec![
        origin.topic,
        origin.partition.to_string(),
        origin.offset.to_string(),
        STAGE.to_owned(),
        CLASS.to_owned(),
        rejection.detail.clone(),
        rejection.reason.as_str().to_owned(),
        origin.timestamp.unwrap_or(-1).to_string(),
        failed_at.to_string(),
        crate::VERSION.to_owned(),
        attempts.to_string(),
    ];
    let (headers, truncated) = match truncation {
        Truncation::None => (foreign(message), None),
        Truncation::ValueTo(_) => (foreign(message), Some("value")),
        Truncation::Everything => (OwnedHeaders::new(), Some("key, headers and value")),
    };
    if let Some(truncated) = truncated {
        let value = message.payload().unwrap_or_default();
        let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(value)));
        values.extend([truncated.to_owned(), value.len().to_string(), digest]);
    }
    ADDED.iter().zip(&values).fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The headers that are not ours, in order, including those without a value.
fn foreign(message: &OwnedMessage) -> OwnedHeaders {
    let Some(headers) = message.headers() else { return OwnedHeaders::new() };
    match DeadLetterHeaders::read_replayed(message) {
        // librdkafka also copies those that rdkafka cannot read.
        None => headers.clone(),
        Some(own) => {
            (0..own.foreign).filter_map(|at| readable(headers, at)).fold(OwnedHeaders::new(), OwnedHeaders::insert)
        }
    }
}

/// Reads a header; `None` if its name is not UTF-8. rdkafka panics on such a name, which would let anyone who can write
/// to the topic stop ingestion.
pub(super) fn readable(headers: &OwnedHeaders, at: usize) -> Option<Header<'_, &[u8]>> {
    std::panic::catch_unwind(AssertUnwindSafe(|| headers.try_get(at))).ok().flatten()
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp as Stamp;

    use super::*;
    use crate::message::Reason;

    type Texts = Vec<(String, Option<String>)>;

    fn message(offset: i64, headers: Option<OwnedHeaders>) -> OwnedMessage {
        OwnedMessage::new(Some(b"value".to_vec()), None, "t".to_owned(), Stamp::CreateTime(7), 3, offset, headers)
    }

    fn texts(headers: &OwnedHeaders) -> Texts {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(text))).collect()
    }

    fn bytes(headers: &Texts) -> usize {
        headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len)).sum()
    }

    fn rejected(message: &OwnedMessage, detail: &str) -> OwnedHeaders {
        let rejection = Rejection { reason: Reason::NotJson, detail: detail.to_owned() };
        of_dead_letter(message, &rejection, Truncation::None, "2026-01-02T03:04:05Z".parse().expect("a time"))
    }

    #[test]
    fn a_message_that_is_rejected_repeatedly_keeps_its_first_origin_and_one_set() {
        let foreign = OwnedHeaders::new()
            .insert(Header { key: ADDED[0], value: Some("another program's") })
            .insert(Header { key: "null", value: None::<&str> })
            .insert(Header { key: "twice", value: Some("1") })
            .insert(Header { key: "twice", value: Some("2") });
        let mut headers = rejected(&message(41, Some(foreign)), "first");
        let after_one = texts(&headers);
        for round in 2..=30 {
            let again = message(100 + i64::from(round), Some(headers));
            assert_eq!(origin_and_attempts(&again).0.to_string(), "t/3@41");
            headers = rejected(&again, "again");
            let now = texts(&headers);
            assert_eq!(now.len(), after_one.len());
            assert_eq!(
                bytes(&now) - round.to_string().len(),
                bytes(&after_one) - 1,
                "as long as before, except for the count"
            );
            assert_eq!(now[..4], after_one[..4], "other headers are kept in order");
            let read = DeadLetterHeaders::read(&message(0, Some(headers.clone()))).expect("our set");
            assert_eq!((read.attempts, read.detail.as_str(), read.origin.offset), (round, "again", 41));
            assert_eq!(read.origin.timestamp, Some(7));
        }
    }

    #[test]
    fn headers_of_other_programs_are_not_taken_for_ours() {
        let set = |topic: &str, names: &[&str]| {
            let value = |name: &str| if name == ADDED[0] { topic.to_owned() } else { "1".to_owned() };
            let add = |all: OwnedHeaders, name: &&str| all.insert(Header { key: name, value: Some(&value(name)) });
            names.iter().fold(OwnedHeaders::new(), add)
        };
        let ours = &ADDED[..ADDED_UNTRUNCATED];
        let read = |headers| origin_and_attempts(&message(5, Some(headers)));
        assert_eq!(read(set("t", ours)).0.to_string(), "t/1@1", "as this service writes it");
        for (case, headers) in [
            ("Connect's names alone", set("t", &ADDED[..6])),
            ("another topic", set("elsewhere", ours)),
            ("not at the end", set("t", ours).insert(Header { key: "later", value: Some("") })),
            ("one is missing", set("t", &ours[1..])),
        ] {
            assert_eq!(read(headers.clone()), (Origin::new(&message(5, None)), 1), "{case}");
            let after = texts(&rejected(&message(5, Some(headers.clone())), "x"));
            assert_eq!(after[..headers.count()], texts(&headers)[..], "{case}: they are kept");
            assert_eq!(after.len(), headers.count() + ours.len(), "{case}");
        }
    }

    #[test]
    fn a_truncated_dead_letter_has_the_length_and_digest_of_the_original() {
        let rejection = Rejection { reason: Reason::TooLarge, detail: "x".to_owned() };
        let foreign = || Some(OwnedHeaders::new().insert(Header { key: "a", value: Some("b") }));
        for (truncation, truncated, kept) in
            [(Truncation::ValueTo(3), "value", 1), (Truncation::Everything, "key, headers and value", 0)]
        {
            let headers = of_dead_letter(&message(1, foreign()), &rejection, truncation, Timestamp::now());
            let texts = texts(&headers);
            let has = |key: &str, value: &str| texts.contains(&(key.to_owned(), Some(value.to_owned())));
            assert!(has("ira.truncated", truncated) && has("ira.length", "5"), "{texts:?}");
            assert!(has("ira.sha256", "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619"), "{texts:?}");
            assert_eq!(texts.len(), kept + ADDED.len());
            assert_eq!(DeadLetterHeaders::read(&message(1, Some(headers))).expect("our set").original_bytes, Some(5));
        }
    }
}
