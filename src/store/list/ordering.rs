//! Orders of lists, places in them, and what lies on one side of a place: keysets.

use sea_orm::{
    Condition, Order, Value,
    sea_query::{Expr, ExprTrait as _, NullOrdering, OrderedStatement},
};

use crate::store::page::Direction;

/// The order of a list: by a field, where there is one, and then by a key, so that it is total. Fields without a value
/// stand last in either direction.
#[derive(Clone, Copy)]
pub(in crate::store) struct Ordering {
    pub(in crate::store) field: Option<(&'static str, Direction)>,
    pub(in crate::store) key: (&'static str, Direction),
}

/// A child's place in an [`Ordering`]: its field's value (a null of its kind where it has none) and its key.
#[derive(Clone)]
pub(in crate::store) struct Position {
    pub(in crate::store) field: Option<Value>,
    pub(in crate::store) key: Value,
}

/// A side of a place in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

impl Ordering {
    pub(super) fn apply(&self, statement: &mut impl OrderedStatement, table: &'static str, backward: bool) {
        if let Some((field, direction)) = self.field {
            let nulls = if backward { NullOrdering::First } else { NullOrdering::Last };
            statement.order_by_with_nulls((table, field), order(direction, backward), nulls);
        }
        let (key, direction) = self.key;
        statement.order_by((table, key), order(direction, backward));
    }

    /// What lies on one side of a place: the keyset's predicate.
    pub(super) fn beyond(&self, table: &'static str, place: &Position, side: Side) -> Condition {
        let (key, direction) = self.key;
        let by_key = compared(table, key, &place.key, direction, side);
        let (Some((field, direction)), Some(value)) = (self.field, &place.field) else { return by_key.into() };
        let column = Expr::col((table, field));
        let unknown = column.clone().is_null();
        if is_null(value) {
            // Among those without a value, which stand behind all others.
            let among = Condition::all().add(unknown.clone()).add(by_key);
            return match side {
                Side::Behind => among,
                Side::Before => Condition::any().add(unknown.not()).add(among),
            };
        }
        let equal = Condition::all().add(column.eq(value.clone())).add(by_key);
        let beyond = Condition::any().add(compared(table, field, value, direction, side)).add(equal);
        if side == Side::Behind { beyond.add(unknown) } else { beyond }
    }
}

fn order(direction: Direction, backward: bool) -> Order {
    if (direction == Direction::Ascending) == backward { Order::Desc } else { Order::Asc }
}

fn compared(table: &'static str, column: &'static str, value: &Value, direction: Direction, side: Side) -> Expr {
    let column = Expr::col((table, column));
    if (direction == Direction::Ascending) == (side == Side::Behind) {
        column.gt(value.clone())
    } else {
        column.lt(value.clone())
    }
}

fn is_null(value: &Value) -> bool {
    value == &value.as_null()
}
