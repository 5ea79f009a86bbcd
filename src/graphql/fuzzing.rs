//! What must hold for any text in the place of a cursor or a node id: for `fuzz/`, and for the properties tried in tests.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{cursor, node_id::NodeId};

/// A list's name, of the form that they have.
const LIST: &str = "clusters:uuid:asc";

/// Reads bytes as a cursor.
///
/// # Panics
/// When a cursor was read that is written in another way: of one place there is one cursor.
pub fn read_cursor(bytes: &[u8]) {
    for text in texts(bytes) {
        if let Some(key) = cursor::decode(LIST, &text) {
            assert_eq!(cursor::encode(LIST, &key), text);
        }
    }
}

/// Reads bytes as a node id.
///
/// # Panics
/// When an id was read that is written in another way: clients compare ids as texts.
pub fn read_node_id(bytes: &[u8]) {
    for text in texts(bytes) {
        if let Ok(id) = text.parse::<NodeId>() {
            assert_eq!(id.to_string(), text);
        }
    }
}

/// What bytes are as a text; and in base64, as real cursors and ids are, so that what is inside is tried too.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> {
    let plain = String::from_utf8(bytes.to_vec()).ok();
    plain.into_iter().chain([URL_SAFE_NO_PAD.encode(bytes)])
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// How cursors and ids begin, and how they do not.
    const HEADS: [&str; 8] = [
        "1:clusters:uuid:asc:",
        "1:Organization:",
        "1:Cluster:",
        "1:Report:",
        "1:RuleHit:",
        "1:Node:",
        "2:Report:",
        ":",
    ];
    /// What may follow, right or nearly so.
    const KEYS: [&str; 10] = [
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
        fn any_bytes_are_a_cursor_or_none_and_an_id_or_none(
            head in select(&HEADS[..]),
            key in select(&KEYS[..]),
            bytes in vec(any::<u8>(), 0..100),
            text: String,
        ) {
            let whole = format!("{head}{key}").into_bytes();
            let spoilt = [&whole, bytes.as_slice()].concat();
            for bytes in [whole, spoilt, bytes, text.into_bytes()] {
                read_cursor(&bytes);
                read_node_id(&bytes);
            }
        }

        #[test]
        fn an_id_with_one_letter_changed_is_another_or_none(at in 0_usize..64, letter in "[A-Za-z0-9_=+/ -]") {
            let cluster = "MTpDbHVzdGVyOjdmNmUyYzFhLTRiMWQtNGMwZS05YTU1LTBkMWYyZTNhNGI1Yw";
            let at = at % cluster.len();
            read_node_id(format!("{}{letter}{}", &cluster[..at], &cluster[at + 1..]).as_bytes());
        }
    }
}
