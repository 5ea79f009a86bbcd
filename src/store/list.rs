//! A page of children for each of many parents, in one statement.
//!
//! Lists have filters, orders and two directions, too many to write each down as a text of its own: these statements are
//! built. What is hard about them, a limit for each parent, stands here once, in two forms: `by_index` and `sorted`.

mod by_index;
mod ordering;
mod sorted;

use std::{collections::HashMap, hash::Hash};

use sea_orm::{
    Condition, ConnectionTrait as _, DbBackend, FromQueryResult, Statement,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};

use self::ordering::Side;
pub(super) use self::ordering::{Ordering, Position};
use super::{
    columns::Column,
    error::Error,
    page::{Page, PageRequest, PagesByParent},
    pools::Store,
};

/// A table or view whose rows are somebody's children.
pub(super) struct Relation {
    pub(super) table: &'static str,
    /// The column that holds the parent's key.
    pub(super) parent: &'static str,
    pub(super) access: Access,
}

/// How a page of one parent's children is come by.
pub(super) enum Access {
    /// An index has them in the list's order, or nearly so. These columns identify a child among its parent's.
    ByIndex(&'static [&'static str]),
    /// All of a parent's have to be sorted.
    Sorted,
}

/// What is asked for, of every parent the same.
pub(super) struct Listing {
    pub(super) columns: &'static [&'static str],
    /// Columns that are not wanted this time: null in their place.
    pub(super) left_out: &'static [&'static str],
    pub(super) condition: Condition,
    pub(super) ordering: Ordering,
    pub(super) window: PageRequest<Position>,
    /// Is the whole list's length wanted?
    pub(super) total: bool,
}
/// What a page's rows hold: a parent with one child, or the parent alone.
pub(super) trait ChildRow: FromQueryResult {
    type Parent: Copy + Eq + Hash;
    type Child;

    /// The parents' keys, as the statement takes them.
    fn keys(parents: &[Self::Parent]) -> Column;
    fn parent(&self) -> Self::Parent;
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
    ) -> Result<HashMap<R::Parent, Page<R::Child>>, Error> {
        let statement = relation.page(self.backend(), R::keys(parents), listing);
        let rows = self.reader.query_all_raw(statement).await.map_err(Error::during(during))?;
        let mut pages = PagesByParent::new(parents, listing.total);
        for row in rows {
            let row = R::from_query_result(&row, "").map_err(Error::during(during))?;
            pages.add(row.parent(), row.total(), row.into_child()?);
        }
        Ok(pages.cut(&listing.window))
    }
}

impl Relation {
    /// The statement. Its rows are parents with one child each, or alone: columns `parent` and `total`, and those of the
    /// listing, from the window's end inwards.
    fn page(&self, backend: DbBackend, parents: Column, listing: &Listing) -> Statement {
        let statement = match self.access {
            Access::ByIndex(key) => by_index::page(self, key, backend, parents, listing),
            Access::Sorted => sorted::page(self, backend, parents, listing),
        };
        backend.build(&statement)
    }

    /// Those of the children of these parents that the listing's condition lets through, whatever their place.
    fn children(&self, of_parents: Expr, listing: &Listing) -> SelectStatement {
        let mut children = Query::select();
        children.from(self.table).and_where(of_parents).cond_where(listing.condition.clone());
        children
    }

    /// Those of one parent.
    fn children_of(&self, parent: Expr, listing: &Listing) -> SelectStatement {
        self.children(Expr::col((self.table, self.parent)).eq(parent), listing)
    }
}

impl Listing {
    fn select_left_out(&self, statement: &mut SelectStatement) {
        for column in self.left_out {
            statement.expr_as(Expr::cust("NULL"), *column);
        }
    }

    /// The condition that a child lies between the places that the window names.
    fn between_places(&self, table: &'static str) -> Condition {
        let beyond =
            |place: &Option<Position>, side| place.as_ref().map(|place| self.ordering.beyond(table, place, side));
        Condition::all()
            .add_option(beyond(&self.window.after, Side::Behind))
            .add_option(beyond(&self.window.before, Side::Before))
    }
}
