//! What goes beside a dead letter: its own headers, and one set of ours.
//!
//! The set names where the message stood at first, why it was refused last, and how often. Half of its names are those of
//! Kafka Connect, which tools know; a message may have come with such headers of somebody else's, which stay. Ours are
//! the last of each name, and are there only where `ira.attempts` is. So a letter that is sent again and dies again has
//! one set still, and is as long as before.

use std::fmt;

use bytes::Bytes;
use rdkafka::{
    Message,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};
use sha2::{Digest as _, Sha256};

use crate::{domain::Timestamp, message::Rejected};

const TOPIC: &str = "__connect.errors.topic";
const PARTITION: &str = "__connect.errors.partition";
const OFFSET: &str = "__connect.errors.offset";
const STAGE: &str = "__connect.errors.stage";
const CLASS: &str = "__connect.errors.exception.class.name";
const DETAIL: &str = "__connect.errors.exception.message";
const REASON: &str = "ira.reason";
const TIMESTAMP: &str = "ira.timestamp";
const FAILED_AT: &str = "ira.failed_at";
const VERSION: &str = "ira.service.version";
const ATTEMPTS: &str = "ira.attempts";
const TRUNCATED: &str = "ira.truncated";
const LENGTH: &str = "ira.length";
const SHA256: &str = "ira.sha256";

const OURS: [&str; 14] = [
    TOPIC, PARTITION, OFFSET, STAGE, CLASS, DETAIL, REASON, TIMESTAMP, FAILED_AT, VERSION, ATTEMPTS, TRUNCATED, LENGTH,
    SHA256,
];

/// What Connect's tools show as the place and the kind of the failure.
const THE_STAGE: &str = "VALUE_CONVERTER";
const THE_CLASS: &str = "insights_results_aggregator.BadMessage";

/// Where a message stood at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in milliseconds, as Kafka gave it; `None` where it had none.
    pub timestamp: Option<i64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

/// What our set says of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) origin: Origin,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) failed_at: String,
    pub(super) is_truncated: bool,
}

impl Told {
    /// Reads the set; `None` where there is none, or none that we wrote.
    pub(super) fn of(message: &OwnedMessage) -> Option<Self> {
        let text = |name| last(message, name).and_then(|value| std::str::from_utf8(value).ok()).map(ToOwned::to_owned);
        let origin = Origin {
            topic: text(TOPIC)?,
            partition: text(PARTITION)?.parse().ok()?,
            offset: text(OFFSET)?.parse().ok()?,
            timestamp: text(TIMESTAMP)?.parse().ok().filter(|timestamp| *timestamp >= 0),
        };
        Some(Self {
            origin,
            attempts: text(ATTEMPTS)?.parse().ok()?,
            reason: text(REASON)?,
            detail: text(DETAIL)?,
            failed_at: text(FAILED_AT)?,
            is_truncated: text(TRUNCATED).is_some(),
        })
    }
}

/// Where a message that is refused now stood at first, and how often it was refused, this time included.
pub(super) fn origin_and_attempts(message: &OwnedMessage) -> (Origin, u32) {
    match Told::of(message) {
        Some(told) => (told.origin, told.attempts.saturating_add(1)),
        None => {
            let (topic, timestamp) = (message.topic().to_owned(), message.timestamp().to_millis());
            (Origin { topic, partition: message.partition(), offset: message.offset(), timestamp }, 1)
        }
    }
}

/// The headers of the dead letter of a message, of whose value so much is sent.
pub(super) fn beside(message: &OwnedMessage, why: &Rejected, sent: Option<&[u8]>, at: Timestamp) -> OwnedHeaders {
    let (origin, attempts) = origin_and_attempts(message);
    let version = crate::VERSION;
    let mut ours = vec![
        (TOPIC, origin.topic),
        (PARTITION, origin.partition.to_string()),
        (OFFSET, origin.offset.to_string()),
        (STAGE, THE_STAGE.to_owned()),
        (CLASS, THE_CLASS.to_owned()),
        (DETAIL, why.detail.clone()),
        (REASON, why.reason.as_str().to_owned()),
        (TIMESTAMP, origin.timestamp.unwrap_or(-1).to_string()),
        (FAILED_AT, at.to_string()),
        (VERSION, version.to_owned()),
        (ATTEMPTS, attempts.to_string()),
    ];
    let value = message.payload().unwrap_or_default();
    if sent.is_some_and(|sent| sent.len() < value.len()) {
        let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(value)));
        ours.extend([(TRUNCATED, "true".to_owned()), (LENGTH, value.len().to_string()), (SHA256, digest)]);
    }
    ours.iter().fold(foreign(message), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The headers that are not ours, in their order, those without a value too.
fn foreign(message: &OwnedMessage) -> OwnedHeaders {
    let Some(headers) = message.headers() else { return OwnedHeaders::new() };
    let has_ours = Told::of(message).is_some();
    let is_ours = |index: usize, key: &str| has_ours && OURS.contains(&key) && last_place(message, key) == Some(index);
    let kept = headers.iter().enumerate().filter(|(index, header)| !is_ours(*index, header.key));
    kept.fold(OwnedHeaders::new(), |kept, (_, header)| kept.insert(header))
}

fn last<'a>(message: &'a OwnedMessage, name: &str) -> Option<&'a [u8]> {
    message.headers()?.get(last_place(message, name)?).value
}

fn last_place(message: &OwnedMessage, name: &str) -> Option<usize> {
    let headers = message.headers()?;
    (0..headers.count()).rev().find(|index| headers.get(*index).key == name)
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

    fn dies(message: &OwnedMessage, detail: &str) -> OwnedHeaders {
        let why = Rejected { reason: Reason::NotJson, detail: detail.to_owned() };
        beside(message, &why, message.payload(), "2026-01-02T03:04:05Z".parse().expect("a time"))
    }

    #[test]
    fn a_message_that_dies_again_and_again_keeps_its_first_origin_and_one_set() {
        let foreign = OwnedHeaders::new()
            .insert(Header { key: TOPIC, value: Some("somebody else's") })
            .insert(Header { key: "null", value: None::<&str> })
            .insert(Header { key: "twice", value: Some("1") })
            .insert(Header { key: "twice", value: Some("2") });
        let mut headers = dies(&message(41, Some(foreign)), "first");
        let after_one = texts(&headers);
        for round in 2..=30 {
            let again = message(100 + i64::from(round), Some(headers));
            assert_eq!(origin_and_attempts(&again).0.to_string(), "t/3@41");
            headers = dies(&again, "again");
            let now = texts(&headers);
            assert_eq!(now.len(), after_one.len());
            assert_eq!(now[..4], after_one[..4], "what was there stays, in its order");
            let told = Told::of(&message(0, Some(headers.clone()))).expect("our set");
            assert_eq!((told.attempts, told.detail.as_str(), told.origin.offset), (round, "again", 41));
            assert_eq!(told.origin.timestamp, Some(7));
        }
    }

    #[test]
    fn headers_of_somebody_else_are_no_set_of_ours() {
        let foreign = [TOPIC, PARTITION, OFFSET, STAGE, CLASS, DETAIL]
            .iter()
            .fold(OwnedHeaders::new(), |all, key| all.insert(Header { key, value: Some("1") }));
        let message = message(5, Some(foreign));
        assert_eq!(origin_and_attempts(&message).0.to_string(), "t/3@5");
        assert_eq!(texts(&dies(&message, "x")).iter().filter(|(key, _)| key == TOPIC).count(), 2);
    }

    #[test]
    fn what_is_cut_tells_what_it_was() {
        let why = Rejected { reason: Reason::TooLarge, detail: "x".to_owned() };
        let headers = beside(&message(1, None), &why, Some(b"val"), Timestamp::now());
        let told = texts(&headers);
        let has = |key: &str, value: &str| told.contains(&(key.to_owned(), Some(value.to_owned())));
        assert!(has(TRUNCATED, "true") && has(LENGTH, "5"), "{told:?}");
        assert!(has(SHA256, "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619"), "{told:?}");
    }
}
