//! Cursors: opaque to clients; inside, the list, its order and direction, and the key that was reached.
//!
//! A cursor belongs to its list, order and direction, and is refused elsewhere; not to a parent or a filter, so that one
//! `after` serves all parents. Clients keep cursors: their form changes only with the version in front.

use std::{fmt::Display, str::FromStr};

use async_graphql::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::error::bad_user_input;

/// Longest cursor that is looked at: version and list, and a selector of twice 255 four-byte characters, in base64.
const LONGEST: usize = 4096;

/// A list in one order and direction: what a cursor belongs to.
pub(super) trait Listed {
    /// The list's name, its order and direction: `clusters:uuid:asc`.
    const LIST: &'static str;
    /// What the list is ordered by.
    type Key: Display + FromStr;
    /// This item's place in the order.
    fn key(&self) -> Self::Key;
}

/// The cursor of an item.
pub(super) fn encode<T: Listed>(item: &T) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{}:{}", T::LIST, item.key()))
}

/// The key that a cursor of this list holds.
pub(super) fn decode<T: Listed>(argument: &str, cursor: Option<&str>) -> Result<Option<T::Key>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let refused = || {
        let list = T::LIST.split(':').next().unwrap_or(T::LIST);
        bad_user_input(
            argument,
            &format!("is not a cursor of this list; use pageInfo.endCursor or a cursor of {list} in the same order"),
        )
    };
    let key = key_text(T::LIST, cursor).and_then(|text| text.parse().ok());
    key.map(Some).ok_or_else(refused)
}

fn key_text(list: &str, cursor: &str) -> Option<String> {
    if cursor.len() > LONGEST {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    Some(text.strip_prefix("1:")?.strip_prefix(list)?.strip_prefix(':')?.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Number(i64);
    impl Listed for Number {
        const LIST: &'static str = "numbers:value:asc";
        type Key = i64;
        fn key(&self) -> i64 {
            self.0
        }
    }

    struct Other;
    impl Listed for Other {
        const LIST: &'static str = "others:value:asc";
        type Key = i64;
        fn key(&self) -> i64 {
            7
        }
    }

    #[test]
    fn a_cursor_keeps_its_form() {
        assert_eq!(encode(&Number(7)), "MTpudW1iZXJzOnZhbHVlOmFzYzo3");
    }

    #[test]
    fn a_cursor_of_another_list_is_refused_and_names_the_argument() {
        let error = decode::<Number>("after", Some(&encode(&Other))).expect_err("refused");
        assert!(error.message.starts_with("after: is not a cursor of this list"), "{}", error.message);
        assert!(decode::<Number>("after", None).expect("none is the beginning").is_none());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(value: i64) {
            prop_assert_eq!(decode::<Number>("after", Some(&encode(&Number(value)))).expect("ours"), Some(value));
        }

        #[test]
        fn anything_else_is_refused_without_panic(text: String) {
            prop_assert!(decode::<Number>("after", Some(&text)).is_err());
        }
    }
}
