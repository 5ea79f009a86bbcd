//! Cursors: opaque to clients; inside, the list, its order and direction, and the key that was reached.
//!
//! A cursor belongs to its list, order and direction, and is refused elsewhere; not to a parent or a filter, so that one
//! `after` serves all parents. Clients keep cursors: their form changes only with the version in front.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Longest cursor that is looked at: a list's name, a UUID and twice 255 four-byte characters, in base64.
const LONGEST: usize = 4096;

/// A cursor of a list (`clusters:uuid:asc`) that has reached a key.
pub(super) fn encode(list: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{list}:{key}"))
}

/// The key that a cursor of this list has reached; `None` for whatever is no such cursor.
pub(super) fn decode(list: &str, cursor: &str) -> Option<String> {
    if cursor.len() > LONGEST {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // No key of ours holds a NUL, and PostgreSQL takes no text with one.
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
    fn a_cursor_keeps_its_form() {
        assert_eq!(encode("numbers:value:asc", "7"), "MTpudW1iZXJzOnZhbHVlOmFzYzo3");
    }

    #[test]
    fn a_cursor_of_another_list_order_or_direction_is_none() {
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
