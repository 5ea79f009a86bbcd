//! Orders of lists, positions in them, and what lies on one side of a position.

use std::{
    cmp,
    fmt::{self, Debug},
    hash::{Hash, Hasher},
};

use sea_orm::{
    Condition, Value,
    sea_query::{self, Expr, ExprTrait as _, NullOrdering, OrderedStatement},
};
use uuid::Uuid;

use super::{List, item};
use crate::{domain::Timestamp, store::page::Direction};

/// A column that a list can be ordered by.
pub struct SortColumn<L> {
    /// The order's name in cursors.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// The type of its values.
    pub kind: SortKind,
    /// The column's value in an item; `None` for null.
    pub value: fn(&L) -> Option<SortValue>,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKind {
    /// A UUID.
    Uuid,
    /// A number.
    Integer,
    /// A time.
    Time,
    /// A text, ordered by its bytes.
    Text,
}

/// A value of a column that a list can be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SortValue {
    /// Of [`SortKind::Uuid`].
    Uuid(Uuid),
    /// Of [`SortKind::Integer`].
    Integer(i64),
    /// Of [`SortKind::Time`].
    Time(Timestamp),
    /// Of [`SortKind::Text`].
    Text(String),
}

/// An order of a list: by a column, then by the list's key. Items without a value are last in either direction.
pub struct Order<L: 'static> {
    /// The column.
    pub by: &'static SortColumn<L>,
    /// The direction.
    pub direction: Direction,
}

/// A position in an order: the values that an item there has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// Of the order's column; `None` for null, and where the order is by the key alone.
    pub value: Option<SortValue>,
    /// Of the list's key.
    pub key: SortValue,
}

/// A side of a position.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl<L: List> Order<L> {
    /// The order by a column.
    pub const fn new(by: &'static SortColumn<L>, direction: Direction) -> Self {
        Self { by, direction }
    }

    /// Is the order by the list's key alone?
    pub(super) fn is_by_key(&self) -> bool {
        self.by.column == L::KEY.column
    }

    /// The direction of the list's key.
    fn key_direction(&self) -> Direction {
        if self.is_by_key() { self.direction } else { Direction::Ascending }
    }

    /// The position of an item.
    pub fn position(&self, item: &L) -> Position {
        let value = if self.is_by_key() { None } else { (self.by.value)(item) };
        Position { value, key: key_of(item) }
    }

    /// Compares two positions in this order.
    pub(in crate::store) fn compare(&self, a: &Position, b: &Position) -> cmp::Ordering {
        let by_key = directed(a.key.cmp(&b.key), self.key_direction());
        let by_value = match (&a.value, &b.value) {
            (Some(value), Some(other)) => directed(value.cmp(other), self.direction),
            (Some(_), None) => cmp::Ordering::Less,
            (None, Some(_)) => cmp::Ordering::Greater,
            (None, None) => cmp::Ordering::Equal,
        };
        by_value.then(by_key)
    }

    /// Orders a statement whose columns are those of `alias`.
    pub(super) fn apply(&self, statement: &mut impl OrderedStatement, alias: &'static str, backward: bool) {
        if !self.is_by_key() {
            let nulls = if backward { NullOrdering::First } else { NullOrdering::Last };
            statement.order_by_with_nulls((alias, self.by.column), sql_order(self.direction, backward), nulls);
        }
        statement.order_by((alias, L::KEY.column), sql_order(self.key_direction(), backward));
    }

    /// The condition that an item is on one side of a position.
    pub(super) fn beyond(&self, position: &Position, side: Side) -> Condition {
        let by_key = compared(L::KEY.column, &position.key, self.key_direction(), side);
        if self.is_by_key() {
            return by_key.into();
        }
        let column = item(self.by.column);
        let is_null = column.clone().is_null();
        let Some(value) = &position.value else {
            // Among the items without a value, which are after all others.
            let among = Condition::all().add(is_null.clone()).add(by_key);
            return match side {
                Side::After => among,
                Side::Before => Condition::any().add(is_null.not()).add(among),
            };
        };
        let equal = Condition::all().add(column.eq(Value::from(value))).add(by_key);
        let beyond = Condition::any().add(compared(self.by.column, value, self.direction, side)).add(equal);
        if side == Side::After { beyond.add(is_null) } else { beyond }
    }
}

/// The value of an item's key, which is never null.
fn key_of<L: List>(item: &L) -> SortValue {
    (L::KEY.value)(item).unwrap_or(SortValue::Integer(0))
}

fn directed(ordering: cmp::Ordering, direction: Direction) -> cmp::Ordering {
    if direction == Direction::Ascending { ordering } else { ordering.reverse() }
}

fn sql_order(direction: Direction, backward: bool) -> sea_query::Order {
    if (direction == Direction::Ascending) == backward { sea_query::Order::Desc } else { sea_query::Order::Asc }
}

fn compared(column: &'static str, value: &SortValue, direction: Direction, side: Side) -> Expr {
    if (direction == Direction::Ascending) == (side == Side::After) {
        item(column).gt(Value::from(value))
    } else {
        item(column).lt(Value::from(value))
    }
}

impl From<&SortValue> for Value {
    fn from(value: &SortValue) -> Self {
        match value {
            SortValue::Uuid(uuid) => (*uuid).into(),
            SortValue::Integer(number) => (*number).into(),
            SortValue::Time(time) => time.utc().into(),
            SortValue::Text(text) => text.as_str().into(),
        }
    }
}

// Derived implementations would require the same of `L`. Columns are equal if their names are.

impl<L> Clone for Order<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Order<L> {}

impl<L> Debug for Order<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.by.name, self.direction)
    }
}

impl<L> PartialEq for Order<L> {
    fn eq(&self, other: &Self) -> bool {
        (self.by.name, self.direction) == (other.by.name, other.direction)
    }
}

impl<L> Eq for Order<L> {}

impl<L> Hash for Order<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.by.name, self.direction).hash(state);
    }
}
