//! Cursors: opaque to clients. A cursor encodes the list with its order and direction, and the key of an item.
//!
//! A cursor is valid only for its list, order and direction. It does not depend on a parent or a filter, so that one
//! `after` applies to all parents. Clients store cursors: their format changes only together with the version in front.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The longest cursor that is decoded. The longest that is issued has a list's name, a UUID and twice 255 four-byte
/// characters, in base64.
const MAX_BYTES: usize = 4096;

/// The cursor of the item with this key in a list (`clusters:uuid:asc`).
pub(super) fn encode(list: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{list}:{key}"))
}

/// The key in a cursor of this list. `None` if the text is not such a cursor.
pub(super) fn decode(list: &str, cursor: &str) -> Option<String> {
    if cursor.len() > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // No key contains NUL, and PostgreSQL rejects text with one.
    if text.contains('\0') {
        return None;
    }
    Some(text.strip_prefix("1:")?.strip_prefix(list)?.strip_prefix(':')?.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_format_of_cursors_is_stable() {
        assert_eq!(encode("numbers:value:asc", "7"), "MTpudW1iZXJzOnZhbHVlOmFzYzo3");
    }

    #[test]
    fn a_cursor_of_another_list_order_or_direction_is_invalid() {
        let cursor = encode("numbers:value:asc", "7");
        assert_eq!(decode("numbers:value:asc", &cursor), Some("7".to_owned()));
        for other in ["others:value:asc", "numbers:size:asc", "numbers:value:desc", "numbers:value", "numbers"] {
            assert_ne!(decode(other, &cursor), Some("7".to_owned()), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(key in "[^\0]*") {
            prop_assert_eq!(decode("list:order:asc", &encode("list:order:asc", &key)), Some(key));
        }

        #[test]
        fn anything_else_is_refused_without_panic(text: String) {
            prop_assert_eq!(decode("list:order:asc", &text), None);
        }
    }
}
