//! What goes beside a dead letter: its own headers, and one set of ours.
//!
//! The set names where the message stood at first, why it was refused last, and how often. Half of its names are those of
//! Kafka Connect, which tools know; a message may have come with such headers of somebody else's, which stay. Ours are
//! the last headers of a letter, all of them, in one order; anything else is somebody else's. So a letter that is sent
//! again and dies again has one set still, and is as long as before.

use std::{fmt, panic::AssertUnwindSafe};

use bytes::Bytes;
use rdkafka::{
    Message,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};
use sha2::{Digest as _, Sha256};

use super::form::Extent;
use crate::{
    domain::{Digest, Timestamp},
    message::Rejection,
    store::MessageIdentity,
};

/// The names of our set, in their order. The last three are there only where the letter was cut.
const SET: [&str; 14] = [
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
/// How many of them a letter has that is whole.
const OF_A_WHOLE_LETTER: usize = SET.len() - 3;

/// What Connect's tools show as the place and the kind of the failure.
const STAGE: &str = "VALUE_CONVERTER";
const CLASS: &str = "insights_results_aggregator.BadMessage";

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

impl Origin {
    fn of(message: &OwnedMessage) -> Self {
        let (topic, timestamp) = (message.topic().to_owned(), message.timestamp().to_millis());
        Self { topic, partition: message.partition(), offset: message.offset(), timestamp }
    }

    /// What the message that stood there with this value is known by.
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

/// What our set says of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) origin: Origin,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) failed_at: String,
    /// The length of the value as it was, where the letter was cut.
    pub(super) cut_from: Option<usize>,
    /// How many headers come before the set.
    foreign: usize,
}

impl Told {
    /// Reads the set; `None` where there is none, or none that we wrote.
    pub(super) fn of(message: &OwnedMessage) -> Option<Self> {
        let headers = message.headers()?;
        let (foreign, names) = [OF_A_WHOLE_LETTER, SET.len()].into_iter().find_map(|names| {
            let foreign = headers.count().checked_sub(names)?;
            // The last one first: it is the only one that is looked at in most messages.
            let is_set = (0..names).rev().all(|at| readable(headers, foreign + at).is_some_and(|h| h.key == SET[at]));
            is_set.then_some((foreign, names))
        })?;
        let text = |name| {
            let at = SET[..names].iter().position(|known| *known == name)?;
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
            cut_from: if names == SET.len() { Some(text("ira.length")?.parse().ok()?) } else { None },
            foreign,
        })
    }

    /// The set of a message that was sent again. A letter goes back to the topic that it came from; a set that names
    /// another topic is somebody else's, and must not decide where an operator's replay sends the message one day.
    fn of_one_sent_again(message: &OwnedMessage) -> Option<Self> {
        Self::of(message).filter(|told| told.origin.topic == message.topic())
    }
}

/// Where a message that is refused now stood at first, and how often it was refused, this time included.
pub(super) fn origin_and_attempts(message: &OwnedMessage) -> (Origin, u32) {
    match Told::of_one_sent_again(message) {
        Some(told) => (told.origin, told.attempts.saturating_add(1)),
        None => (Origin::of(message), 1),
    }
}

/// The headers of the dead letter of a message, of which so much is sent.
pub(super) fn beside(message: &OwnedMessage, why: &Rejection, sent: Extent, at: Timestamp) -> OwnedHeaders {
    let (origin, attempts) = origin_and_attempts(message);
    let mut values = vec![
        origin.topic,
        origin.partition.to_string(),
        origin.offset.to_string(),
        STAGE.to_owned(),
        CLASS.to_owned(),
        why.detail.clone(),
        why.reason.as_str().to_owned(),
        origin.timestamp.unwrap_or(-1).to_string(),
        at.to_string(),
        crate::VERSION.to_owned(),
        attempts.to_string(),
    ];
    let (headers, cut) = match sent {
        Extent::Whole => (foreign(message), None),
        Extent::Beginning(_) => (foreign(message), Some("value")),
        Extent::Nothing => (OwnedHeaders::new(), Some("key, headers and value")),
    };
    if let Some(cut) = cut {
        let value = message.payload().unwrap_or_default();
        let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(value)));
        values.extend([cut.to_owned(), value.len().to_string(), digest]);
    }
    SET.iter().zip(&values).fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The headers that are not ours, in their order, those without a value too.
fn foreign(message: &OwnedMessage) -> OwnedHeaders {
    let Some(headers) = message.headers() else { return OwnedHeaders::new() };
    match Told::of_one_sent_again(message) {
        // By librdkafka, so that those which cannot be read are copied too.
        None => headers.clone(),
        Some(told) => {
            (0..told.foreign).filter_map(|at| readable(headers, at)).fold(OwnedHeaders::new(), OwnedHeaders::insert)
        }
    }
}

/// A header, unless its name is not UTF-8. rdkafka panics over such a name, and whoever may write the topic could stop
/// ingestion by it.
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

    fn dies(message: &OwnedMessage, detail: &str) -> OwnedHeaders {
        let why = Rejection { reason: Reason::NotJson, detail: detail.to_owned() };
        beside(message, &why, Extent::Whole, "2026-01-02T03:04:05Z".parse().expect("a time"))
    }

    #[test]
    fn a_message_that_dies_again_and_again_keeps_its_first_origin_and_one_set() {
        let foreign = OwnedHeaders::new()
            .insert(Header { key: SET[0], value: Some("somebody else's") })
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
            assert_eq!(
                bytes(&now) - round.to_string().len(),
                bytes(&after_one) - 1,
                "as long as before, but for the count"
            );
            assert_eq!(now[..4], after_one[..4], "what was there stays, in its order");
            let told = Told::of(&message(0, Some(headers.clone()))).expect("our set");
            assert_eq!((told.attempts, told.detail.as_str(), told.origin.offset), (round, "again", 41));
            assert_eq!(told.origin.timestamp, Some(7));
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_no_set_of_ours() {
        let set = |topic: &str, names: &[&str]| {
            let value = |name: &str| if name == SET[0] { topic.to_owned() } else { "1".to_owned() };
            let add = |all: OwnedHeaders, name: &&str| all.insert(Header { key: name, value: Some(&value(name)) });
            names.iter().fold(OwnedHeaders::new(), add)
        };
        let ours = &SET[..OF_A_WHOLE_LETTER];
        let told = |headers| origin_and_attempts(&message(5, Some(headers)));
        assert_eq!(told(set("t", ours)).0.to_string(), "t/1@1", "as we write it");
        for (case, headers) in [
            ("Connect's names alone", set("t", &SET[..6])),
            ("another topic", set("elsewhere", ours)),
            ("not at the end", set("t", ours).insert(Header { key: "later", value: Some("") })),
            ("one is missing", set("t", &ours[1..])),
        ] {
            assert_eq!(told(headers.clone()), (Origin::of(&message(5, None)), 1), "{case}");
            let after = texts(&dies(&message(5, Some(headers.clone())), "x"));
            assert_eq!(after[..headers.count()], texts(&headers)[..], "{case}: it stays");
            assert_eq!(after.len(), headers.count() + ours.len(), "{case}");
        }
    }

    #[test]
    fn what_is_cut_tells_what_it_was() {
        let why = Rejection { reason: Reason::TooLarge, detail: "x".to_owned() };
        let foreign = || Some(OwnedHeaders::new().insert(Header { key: "a", value: Some("b") }));
        for (sent, cut, kept) in [(Extent::Beginning(3), "value", 1), (Extent::Nothing, "key, headers and value", 0)] {
            let headers = beside(&message(1, foreign()), &why, sent, Timestamp::now());
            let told = texts(&headers);
            let has = |key: &str, value: &str| told.contains(&(key.to_owned(), Some(value.to_owned())));
            assert!(has("ira.truncated", cut) && has("ira.length", "5"), "{told:?}");
            assert!(has("ira.sha256", "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619"), "{told:?}");
            assert_eq!(told.len(), kept + SET.len());
            assert_eq!(Told::of(&message(1, Some(headers))).expect("our set").cut_from, Some(5));
        }
    }
}
