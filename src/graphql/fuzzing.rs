//! Invariants of cursors and node ids for any input, for the targets in `fuzz/` and for property tests.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{node_id::NodeId, recommendation_row::RecommendationRow};
use crate::store::{Cluster, Direction, HistoryEvent, ImpactedCluster, Order, Organization, Paged, RuleHit};

/// Decodes bytes as a cursor of each list.
///
/// # Panics
/// If a cursor is valid for several lists or orders.
pub fn read_cursor(bytes: &[u8]) {
    for text in texts(bytes) {
        let by_version = [Direction::Ascending, Direction::Descending].map(|way| Order::new(&Cluster::BY_VERSION, way));
        let valid = [
            Organization::DEFAULT_ORDER.read_cursor(&text).is_some(),
            Cluster::DEFAULT_ORDER.read_cursor(&text).is_some(),
            by_version[0].read_cursor(&text).is_some(),
            by_version[1].read_cursor(&text).is_some(),
            RuleHit::DEFAULT_ORDER.read_cursor(&text).is_some(),
            HistoryEvent::DEFAULT_ORDER.read_cursor(&text).is_some(),
            RecommendationRow::DEFAULT_ORDER.read_cursor(&text).is_some(),
            ImpactedCluster::DEFAULT_ORDER.read_cursor(&text).is_some(),
        ];
        assert!(valid.into_iter().filter(|is_valid| *is_valid).count() <= 1, "{text}");
    }
}

/// Decodes bytes as a node id.
///
/// # Panics
/// If an id is decoded that is encoded differently: clients compare ids as texts.
pub fn read_node_id(bytes: &[u8]) {
    for text in texts(bytes) {
        if let Ok(id) = text.parse::<NodeId>() {
            assert_eq!(id.to_string(), text);
        }
    }
}

/// The bytes as a text; and in base64, so that they are also tried as the decoded content of a cursor or an id.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> {
    let plain = String::from_utf8(bytes.to_vec()).ok();
    plain.into_iter().chain([URL_SAFE_NO_PAD.encode(bytes)])
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Valid and invalid prefixes of decoded cursors and ids.
    const PREFIXES: [&str; 10] = [
        "2:clusters:version:asc:",
        "2:recommendations:totalRisk:desc:",
        "2:impactedClusters:uuid:asc:",
        "1:Organization:",
        "1:Cluster:",
        "1:Report:",
        "1:RuleHit:",
        "1:Node:",
        "2:Report:",
        ":",
    ];
    /// Valid and nearly valid keys.
    const KEYS: [&str; 11] = [
        "[null,\"7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c\"]",
        "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c",
        "7F6E2C1A-4b1d-4c0e-9a55-0d1f2e3a4b5c",
        "7f6e2c1a4b1d4c0e9a550d1f2e3a4b5c",
        "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c:a.b|KEY",
        "42",
        "042",
        "+4",
        "4294967296",
        "|",
        "\0",
    ];

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(
            prefix in select(&PREFIXES[..]),
            key in select(&KEYS[..]),
            bytes in vec(any::<u8>(), 0..100),
            text: String,
        ) {
            let whole = format!("{prefix}{key}").into_bytes();
            let with_suffix = [&whole, bytes.as_slice()].concat();
            for bytes in [whole, with_suffix, bytes, text.into_bytes()] {
                read_cursor(&bytes);
                read_node_id(&bytes);
            }
        }

        #[test]
        fn an_id_with_one_character_changed_is_decoded_or_refused(at in 0_usize..64, character in "[A-Za-z0-9_=+/ -]") {
            let cluster = "MTpDbHVzdGVyOjdmNmUyYzFhLTRiMWQtNGMwZS05YTU1LTBkMWYyZTNhNGI1Yw";
            let at = at % cluster.len();
            read_node_id(format!("{}{character}{}", &cluster[..at], &cluster[at + 1..]).as_bytes());
        }
    }
}
