//! Cursors: opaque to clients; inside, the list, its order and direction, and a position.
//!
//! A cursor is valid for its list, order and direction only, but for every parent and filter, so that one `after` serves
//! all parents. Clients store cursors: their form changes only with the version in front.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use super::{Order, Paged, Position, SortKind, SortValue};
use crate::store::page::Direction;

/// The longest cursor that is read: the list and three times 255 characters, in JSON, where a character has up to six
/// bytes, and base64.
const MAX_BYTES: usize = 8192;
/// The version of the form.
const VERSION: &str = "2";

impl<L: Paged> Order<L> {
    /// The cursor of an item.
    pub fn cursor(&self, item: &L) -> String {
        self.write_cursor(&self.position(item))
    }

    /// The position that a cursor holds; `None` unless it is a cursor of this list in this order and direction. There is
    /// one cursor of a position: another spelling of it is refused.
    pub fn read_cursor(&self, cursor: &str) -> Option<Position> {
        if cursor.len() > MAX_BYTES {
            return None;
        }
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let values: Vec<Value> = serde_json::from_str(text.strip_prefix(&self.prefix())?).ok()?;
        let (value, key) = match values.as_slice() {
            [key] if self.is_by_key() => (None, key),
            [Value::Null, key] if !self.is_by_key() => (None, key),
            [value, key] if !self.is_by_key() => (Some(sort_value(value, self.by.kind)?), key),
            _ => return None,
        };
        let position = Position { value, key: sort_value(key, L::KEY.kind)? };
        (self.write_cursor(&position) == cursor).then_some(position)
    }

    fn write_cursor(&self, Position { value, key }: &Position) -> String {
        let value = (!self.is_by_key()).then(|| value.as_ref().map_or(Value::Null, json));
        let values = value.into_iter().chain([json(key)]).collect();
        URL_SAFE_NO_PAD.encode(format!("{}{}", self.prefix(), Value::Array(values)))
    }

    fn prefix(&self) -> String {
        let direction = match self.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        format!("{VERSION}:{}:{}:{direction}:", L::NAME, self.by.name)
    }
}

fn json(value: &SortValue) -> Value {
    match value {
        SortValue::Uuid(uuid) => uuid.to_string().into(),
        SortValue::Integer(number) => (*number).into(),
        SortValue::Time(time) => time.to_string().into(),
        SortValue::Text(text) => text.as_str().into(),
    }
}

fn sort_value(value: &Value, kind: SortKind) -> Option<SortValue> {
    match kind {
        SortKind::Uuid => Uuid::parse_str(value.as_str()?).ok().map(SortValue::Uuid),
        SortKind::Integer => value.as_i64().map(SortValue::Integer),
        SortKind::Time => value.as_str()?.parse().ok().map(SortValue::Time),
        // PostgreSQL accepts no text with a NUL.
        SortKind::Text => {
            value.as_str().filter(|text| !text.contains('\0')).map(|text| SortValue::Text(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::VersionKey,
        store::{Cluster, ShownCounts},
    };

    fn by_version(direction: Direction) -> Order<Cluster> {
        Order::new(&Cluster::BY_VERSION, direction)
    }

    fn cluster(version: Option<&str>) -> Cluster {
        Cluster {
            id: "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c".parse().expect("a UUID"),
            organization: "1".parse().expect("an organization"),
            version: None,
            version_key: version.map(VersionKey::from_text),
            last_checked: "2026-01-02T03:04:05.000006Z".parse().expect("a time"),
            report: None,
            hit_count: 0,
            details_bytes: 0,
            hides: false,
            display_name: None,
            is_managed: false,
            status: None,
            shown: ShownCounts::default(),
            sort_name: "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c".to_owned(),
        }
    }

    #[test]
    fn cursors_keep_their_form() {
        let decoded =
            |cursor: String| String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).expect("base64")).expect("text");
        let asc = Direction::Ascending;
        let id = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";
        let unknown = cluster(None);
        assert_eq!(decoded(by_version(asc).cursor(&unknown)), format!(r#"2:clusters:version:asc:[null,"{id}"]"#));
        let known = cluster(Some("k"));
        assert_eq!(decoded(by_version(asc).cursor(&known)), format!(r#"2:clusters:version:asc:["k","{id}"]"#));
        let by_time = Order::new(&Cluster::BY_LAST_CHECKED, Direction::Descending);
        let expected = format!(r#"2:clusters:lastChecked:desc:["2026-01-02T03:04:05.000006Z","{id}"]"#);
        assert_eq!(decoded(by_time.cursor(&known)), expected);
        assert_eq!(decoded(Cluster::DEFAULT_ORDER.cursor(&known)), format!(r#"2:clusters:uuid:asc:["{id}"]"#));
    }

    #[test]
    fn a_cursor_of_another_list_order_or_direction_is_refused() {
        let cursor = by_version(Direction::Ascending).cursor(&cluster(Some("k")));
        assert!(by_version(Direction::Ascending).read_cursor(&cursor).is_some());
        assert_eq!(by_version(Direction::Descending).read_cursor(&cursor), None);
        assert_eq!(Cluster::DEFAULT_ORDER.read_cursor(&cursor), None);
        assert_eq!(crate::store::RuleHit::DEFAULT_ORDER.read_cursor(&cursor), None);
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(format!("2:clusters:version:asc:{text}"));
        for values in
            ["", "[]", "[1]", r#"["k"]"#, r#"["k", "x"]"#, r#"["k\u0000", "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c"]"#]
        {
            assert_eq!(by_version(Direction::Ascending).read_cursor(&encoded(values)), None, "{values}");
        }
    }

    proptest! {
        #[test]
        fn every_position_is_read_back(version in proptest::option::of("[^\0]{0,50}")) {
            let item = cluster(version.as_deref());
            for order in [by_version(Direction::Ascending), by_version(Direction::Descending), Cluster::DEFAULT_ORDER] {
                prop_assert_eq!(order.read_cursor(&order.cursor(&item)), Some(order.position(&item)));
            }
        }

        #[test]
        fn any_other_text_is_refused_without_a_panic(text: String) {
            prop_assert_eq!(Cluster::DEFAULT_ORDER.read_cursor(&text), None);
        }
    }
}
