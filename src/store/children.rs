//! A page of children for each of many parents, in one statement.
//!
//! Lists have filters, orders and two directions, too many to write each down as a text of its own: these statements are
//! built. What is hard about them, a limit for each parent, stands here once for both databases: LATERAL on PostgreSQL,
//! where window functions would read all children of every parent, and a correlated IN on SQLite, which has no LATERAL.

use std::{collections::HashMap, hash::Hash};

use sea_orm::{
    Condition, ConnectionTrait as _, DbBackend, FromQueryResult, Order, Statement, Value,
    sea_query::{Expr, ExprTrait as _, Func, FunctionCall, JoinType, NullOrdering, Query, SelectStatement},
};

use super::{
    columns::Column,
    error::Error,
    page::{Direction, Pages, Slice, Window},
    pools::Store,
};

/// A table or view whose rows are somebody's children.
pub(super) struct Relation {
    pub(super) table: &'static str,
    /// The column that holds the parent's key.
    pub(super) parent: &'static str,
    /// The columns that identify a child among its parent's.
    pub(super) key: &'static [&'static str],
}

/// The order of a list: by a field, where there is one, and then by a key, so that it is total. Fields without a value
/// stand last in either direction.
#[derive(Clone, Copy)]
pub(super) struct Ordering {
    pub(super) field: Option<(&'static str, Direction)>,
    pub(super) key: (&'static str, Direction),
}

/// A child's place in an [`Ordering`]: its field's value (a null of its kind where it has none) and its key.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) field: Option<Value>,
    pub(super) key: Value,
}

/// What is asked for, of every parent the same.
pub(super) struct Listing {
    pub(super) columns: &'static [&'static str],
    /// Columns that are not wanted this time: null in their place.
    pub(super) left_out: &'static [&'static str],
    pub(super) condition: Condition,
    pub(super) ordering: Ordering,
    pub(super) window: Window<Place>,
    /// Is the whole list's length wanted?
    pub(super) total: bool,
}

/// What a page's rows hold: a parent with one child, or the parent alone.
pub(super) trait ChildRow: FromQueryResult {
    type Parent: Copy + Eq + Hash;
    type Child;

    /// The parents' keys, as the statement takes them.
    fn keys(parents: &[Self::Parent]) -> Column;
    fn parent(&self) -> Result<Self::Parent, Error>;
    /// The length of the parent's whole list, where it was asked for.
    fn total(&self) -> Option<i64>;
    fn into_child(self) -> Result<Option<Self::Child>, Error>;
}

impl Store {
    /// Reads the same page of each parent's children, in one statement. Every parent is answered for.
    pub(super) async fn children<R: ChildRow>(
        &self,
        during: &'static str,
        relation: &Relation,
        parents: &[R::Parent],
        listing: &Listing,
    ) -> Result<HashMap<R::Parent, Slice<R::Child>>, Error> {
        let statement = relation.page(self.backend(), R::keys(parents), listing);
        let rows = self.reader.query_all_raw(statement).await.map_err(Error::during(during))?;
        let mut pages = Pages::new(parents, listing.total);
        for row in rows {
            let row = R::from_query_result(&row, "").map_err(Error::during(during))?;
            pages.add(row.parent()?, row.total(), row.into_child()?);
        }
        Ok(pages.cut(&listing.window))
    }
}

impl Relation {
    /// The statement. Its rows are parents with one child each, or alone where the page is empty: columns `parent` and
    /// `total`, and those of the listing, from the window's end inwards.
    fn page(&self, backend: DbBackend, parents: Column, listing: &Listing) -> Statement {
        let statement = match backend {
            DbBackend::Sqlite => self.page_on_sqlite(parents, listing),
            _ => self.page_on_postgres(parents, listing),
        };
        backend.build(&statement)
    }

    fn page_on_postgres(&self, parents: Column, listing: &Listing) -> SelectStatement {
        let (parent, array) = (Expr::col(("p", "p")), parents.array_type());
        let source = Func::cust("unnest").arg(Expr::val(parents.into_array()).cast_as(array));
        let mut statement = outer(source, parent.clone(), listing);
        let mut page = self.page_of(parent.clone(), listing);
        page.columns(listing.columns.iter().map(|column| (self.table, *column)));
        statement.join_lateral(JoinType::LeftJoin, page, "c", Expr::val(true));
        if listing.total {
            let count = self.count_of(parent, listing);
            statement.join_lateral(JoinType::LeftJoin, count, "t", Expr::val(true)).column(("t", "total"));
        } else {
            statement.expr_as(Expr::cust("NULL"), "total");
        }
        statement
    }

    fn page_on_sqlite(&self, parents: Column, listing: &Listing) -> SelectStatement {
        let parent = parents.in_json_row();
        let source = Func::cust("json_each").arg(Column::rows_as_json(&[parents]));
        let mut statement = outer(source, parent.clone(), listing);
        let mut page = self.page_of(parent.clone(), listing);
        page.columns(self.key.iter().map(|column| (self.table, *column)));
        let key = Expr::tuple(self.key.iter().map(|column| Expr::col(("c", *column))));
        let is_in_page = Expr::col(("c", self.parent)).eq(parent.clone()).and(key.in_subquery(page));
        statement.join_as(JoinType::LeftJoin, self.table, "c", is_in_page);
        if listing.total {
            statement.expr_as(Expr::SubQuery(None, Box::new(self.count_of(parent, listing).into())), "total");
        } else {
            statement.expr_as(Expr::cust("NULL"), "total");
        }
        statement
    }

    /// The page of one parent, its columns yet to be named.
    fn page_of(&self, parent: Expr, listing: &Listing) -> SelectStatement {
        let Listing { ordering, window, .. } = listing;
        let mut page = self.children_of(parent, listing);
        if let Some(place) = &window.after {
            page.cond_where(ordering.beyond(self.table, place, Side::Behind));
        }
        if let Some(place) = &window.before {
            page.cond_where(ordering.beyond(self.table, place, Side::Before));
        }
        ordering.apply(&mut page, self.table, window.is_backward());
        page.limit(window.limit());
        page
    }

    fn count_of(&self, parent: Expr, listing: &Listing) -> SelectStatement {
        let mut count = self.children_of(parent, listing);
        count.expr_as(Func::count(Expr::val(1)), "total");
        count
    }

    fn children_of(&self, parent: Expr, listing: &Listing) -> SelectStatement {
        let mut children = Query::select();
        children
            .from(self.table)
            .and_where(Expr::col((self.table, self.parent)).eq(parent))
            .cond_where(listing.condition.clone());
        children
    }
}

/// The parents, each with its child's columns.
fn outer(source: FunctionCall, parent: Expr, listing: &Listing) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .from_function(source, "p")
        .expr_as(parent.clone(), "parent")
        .columns(listing.columns.iter().map(|column| ("c", *column)))
        .order_by_expr(parent, Order::Asc);
    for column in listing.left_out {
        statement.expr_as(Expr::cust("NULL"), *column);
    }
    listing.ordering.apply(&mut statement, "c", listing.window.is_backward());
    statement
}

/// A side of a place in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Behind,
}

impl Ordering {
    fn apply(&self, statement: &mut SelectStatement, table: &'static str, backward: bool) {
        if let Some((field, direction)) = self.field {
            let nulls = if backward { NullOrdering::First } else { NullOrdering::Last };
            statement.order_by_with_nulls((table, field), order(direction, backward), nulls);
        }
        let (key, direction) = self.key;
        statement.order_by((table, key), order(direction, backward));
    }

    /// What lies on one side of a place: the keyset's predicate.
    fn beyond(&self, table: &'static str, place: &Place, side: Side) -> Condition {
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
