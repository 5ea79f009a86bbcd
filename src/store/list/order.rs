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

use super::Paged;
use crate::{domain::Timestamp, store::page::Direction};

/// A column that a list can be ordered by.
pub struct SortColumn<L> {
    /// The order's name in cursors.
    pub name: &'static str,
    /// The column, of the table or one that [`super::List::computed`] has.
    pub column: &'static str,
    /// The type of its values.
    pub kind: SortKind,
    /// May it be null?
    pub is_nullable: bool,
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

/// The items on one side of a position.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those before it.
    Before,
    /// Those before it, and the item at it.
    UpTo,
    /// The item at it, and those after it.
    From,
    /// Those after it.
    After,
}

impl Side {
    fn is_later(self) -> bool {
        matches!(self, Self::From | Self::After)
    }

    /// The same side with the item at the position.
    fn with_position(self) -> Self {
        if self.is_later() { Self::From } else { Self::UpTo }
    }

    /// The same side without the item at the position.
    fn without_position(self) -> Self {
        if self.is_later() { Self::After } else { Self::Before }
    }
}

impl<L: Paged> Order<L> {
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

    /// Orders a statement, in which a column is `column`.
    pub(super) fn apply(
        &self,
        statement: &mut impl OrderedStatement,
        column: impl Fn(&'static str) -> Expr,
        backward: bool,
    ) {
        let order = sql_order(self.direction, backward);
        if !self.is_by_key() && self.by.is_nullable {
            let nulls = if backward { NullOrdering::First } else { NullOrdering::Last };
            statement.order_by_expr_with_nulls(column(self.by.column), order, nulls);
        } else if !self.is_by_key() {
            // With an order of nulls, PostgreSQL would not use an index that has another one.
            statement.order_by_expr(column(self.by.column), order);
        }
        statement.order_by_expr(column(L::KEY.column), sql_order(self.key_direction(), backward));
    }

    /// The condition that an item, whose columns are `column`, is on one side of a position.
    pub(super) fn beyond(&self, position: &Position, side: Side, column: impl Fn(&'static str) -> Expr) -> Condition {
        let by_key = compared(column(L::KEY.column), &position.key, self.key_direction(), side);
        if self.is_by_key() {
            return by_key.into();
        }
        let is_null = column(self.by.column).is_null();
        let Some(value) = &position.value else {
            // Among the items without a value, which are after all others.
            let among = Condition::all().add(is_null.clone()).add(by_key);
            return if side.is_later() { among } else { Condition::any().add(is_null.not()).add(among) };
        };
        // The first condition alone bounds a range of an index.
        let compared = |side| compared(column(self.by.column), value, self.direction, side);
        let beyond = Condition::all()
            .add(compared(side.with_position()))
            .add(Condition::any().add(compared(side.without_position())).add(by_key));
        if side.is_later() && self.by.is_nullable { Condition::any().add(beyond).add(is_null) } else { beyond }
    }
}

/// The value of an item's key, which is never null.
fn key_of<L: Paged>(item: &L) -> SortValue {
    (L::KEY.value)(item).unwrap_or(SortValue::Integer(0))
}

fn directed(ordering: cmp::Ordering, direction: Direction) -> cmp::Ordering {
    if direction == Direction::Ascending { ordering } else { ordering.reverse() }
}

fn sql_order(direction: Direction, backward: bool) -> sea_query::Order {
    if (direction == Direction::Ascending) == backward { sea_query::Order::Desc } else { sea_query::Order::Asc }
}

fn compared(column: Expr, value: &SortValue, direction: Direction, side: Side) -> Expr {
    let value = Value::from(value);
    match (side, direction) {
        (Side::Before, Direction::Ascending) | (Side::After, Direction::Descending) => column.lt(value),
        (Side::UpTo, Direction::Ascending) | (Side::From, Direction::Descending) => column.lte(value),
        (Side::From, Direction::Ascending) | (Side::UpTo, Direction::Descending) => column.gte(value),
        (Side::After, Direction::Ascending) | (Side::Before, Direction::Descending) => column.gt(value),
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
