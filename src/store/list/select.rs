//! The parts that all statements of lists share.
//!
//! A row is a parent with one item, or a parent alone: the columns `parent`, `total`, `has_before`, `has_after` and
//! `has_item`, then the list's own.

use sea_orm::{
    Condition, DbBackend,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, JoinType, Query, SelectStatement, UnionType},
};

use super::{Filter as _, List, ListRequest, Lookup, Position, Source, by_index, order::Side, sorted};
use crate::{
    identity::{Readable, Scope},
    store::columns::Column,
};

/// The alias of [`List::LOOKUP`].
const LOOKUP: &str = "l";
/// The alias of the list's table, by which conditions and orders name its columns.
pub(in crate::store) const ITEM: &str = "i";

/// A column of an item.
pub(in crate::store) fn item(column: &'static str) -> Expr {
    Expr::col((ITEM, column))
}

/// A statement as a value.
pub(in crate::store) fn subquery(statement: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(statement.into()))
}

pub(super) fn null() -> Expr {
    Expr::cust("NULL")
}

/// A column of a row of the list's table.
fn column_of<L: List>(scope: Scope, items: &'static str, column: &'static str) -> Expr {
    L::computed(scope, column, items).unwrap_or_else(|| Expr::col((items, column)))
}

/// What a statement is built from.
pub(super) struct Select<'a, L: List> {
    pub(super) scope: Scope,
    pub(super) backend: DbBackend,
    pub(super) request: &'a ListRequest<L>,
}

impl<L: List> Select<'_, L> {
    /// The column with the key of an item's parent.
    pub(super) fn parent_column(&self) -> Option<&'static str> {
        L::parent_column(&self.request.filter)
    }

    /// The key of an item's parent.
    pub(super) fn parent(&self) -> Expr {
        self.parent_column().map_or_else(null, item)
    }

    /// The statement for a page of each of these parents, or of the whole list.
    pub(super) fn statement(&self, parents: Option<Column>) -> SelectStatement {
        match L::SOURCE {
            Source::Indexed(_) | Source::Merged(_) | Source::Joined(_) => by_index::statement(self, parents),
            Source::Sorted(table) => sorted::statement(self, table, parents),
        }
    }

    /// The items of a table that the request's filter and the scope allow, whatever their position: those of one parent,
    /// or of all.
    pub(super) fn items(&self, table: &'static str, of_parent: Option<&Expr>) -> SelectStatement {
        let mut items = Query::select();
        L::SOURCE.add_to(&mut items, table, self.backend);
        items
            .cond_where(within::<L>(self.scope))
            .cond_where(L::always(self.scope, of_parent.cloned().unwrap_or_else(|| self.parent())))
            .cond_where(self.request.filter.condition(self.scope, self.backend));
        let belongs_to = |of_parent| L::belongs_to(&self.request.filter, of_parent, &item);
        items.cond_where(Condition::all().add_option(of_parent.and_then(belongs_to)));
        items
    }

    /// The length of a parent's list, or of the whole list.
    pub(super) fn length(&self, of_parent: Option<&Expr>) -> Expr {
        let is_whole = self.request.filter == L::Filter::default();
        let kept = of_parent.filter(|_| is_whole).and_then(|of_parent| L::length(self.scope, of_parent.clone()));
        let counts = L::SOURCE
            .tables()
            .iter()
            .map(|table| self.items(table, of_parent).expr(Func::count(Expr::col(Asterisk))).to_owned());
        let lengths = kept.map_or_else(|| counts.collect(), |kept| vec![kept]);
        lengths.into_iter().map(subquery).reduce(Expr::add).unwrap_or_else(null)
    }

    /// Whether a parent's list, or the whole list, has items on one side of a position.
    pub(super) fn has_items(&self, of_parent: Option<&Expr>, position: &Position, side: Side) -> Expr {
        let beyond = self.beyond(position, side);
        let exists = L::SOURCE.tables().iter().map(|table| {
            Expr::exists(self.items(table, of_parent).expr(Expr::val(1)).cond_where(beyond.clone()).to_owned())
        });
        exists.reduce(Expr::or).unwrap_or_else(null)
    }

    /// The page's positions whose other sides are requested: `after` and `before`.
    pub(super) fn positions_with_sides(&self) -> (Option<&Position>, Option<&Position>) {
        let ListRequest { page, beyond, .. } = self.request;
        (page.after.as_ref().filter(|_| *beyond), page.before.as_ref().filter(|_| *beyond))
    }

    /// The condition that an item is between the page's positions.
    pub(super) fn between_positions(&self) -> Condition {
        let page = &self.request.page;
        Condition::all()
            .add_option(page.after.as_ref().map(|after| self.beyond(after, Side::After)))
            .add_option(page.before.as_ref().map(|before| self.beyond(before, Side::Before)))
    }

    /// The condition that an item is on one side of a position.
    pub(super) fn beyond(&self, position: &Position, side: Side) -> Condition {
        self.request.order.beyond(position, side, |column| self.column(ITEM, column))
    }

    /// A column of a row of the list's table.
    pub(super) fn column(&self, items: &'static str, column: &'static str) -> Expr {
        column_of::<L>(self.scope, items, column)
    }

    /// Selects the columns that a page needs inside the statement, of a row of the list's table.
    pub(super) fn select_inner_columns(&self, statement: &mut SelectStatement) {
        for name in self.inner_columns() {
            statement.expr_as(self.column(ITEM, name), name);
        }
    }

    /// Selects the list's columns, each as `column`, and null instead of the large ones that are not requested.
    pub(super) fn select_columns(&self, statement: &mut SelectStatement, column: impl Fn(&'static str) -> Expr) {
        for &name in L::COLUMNS {
            statement.expr_as(if self.is_read(name) { column(name) } else { null() }, name);
        }
    }

    /// Is the column read? The order's columns are read in any case.
    pub(super) fn is_read(&self, column: &'static str) -> bool {
        let is_requested = self.request.large.is_some() || !L::LARGE.contains(&column);
        is_requested && (self.request.order.by.column == column || !L::ORDER_ONLY.contains(&column))
    }

    /// The columns that a page needs inside the statement: those that are read, and those that it is ordered by.
    pub(super) fn inner_columns(&self) -> impl Iterator<Item = &'static str> {
        let order = [self.request.order.by.column, L::KEY.column];
        let also = order
            .into_iter()
            .enumerate()
            .filter(move |(place, column)| !L::COLUMNS.contains(column) && !order[..*place].contains(column));
        L::COLUMNS.iter().copied().filter(|column| self.is_read(column)).chain(also.map(|(_, column)| column))
    }
}

/// The condition that an item belongs to an organization that the scope includes.
pub(in crate::store) fn within<L: List>(scope: Scope) -> Condition {
    match scope.readable() {
        Readable::All => Condition::all(),
        Readable::Organization(own) => item(L::OWNER).eq(own.as_i64()).into(),
    }
}

/// Selects the columns of [`List::LOOKUP`] for the items whose columns are `item`.
pub(super) fn look_up<L: List>(
    statement: &mut SelectStatement,
    item: impl Fn(&'static str) -> Expr,
    backend: DbBackend,
) {
    let Some(Lookup { table, key, columns }) = L::LOOKUP else { return };
    let is_row = key.iter().map(|(column, of_item)| Expr::col((LOOKUP, *column)).eq(item(of_item)));
    let is_row = is_row.reduce(Expr::and).unwrap_or_else(null);
    if backend == DbBackend::Sqlite {
        statement.join_as(JoinType::LeftJoin, table, LOOKUP, is_row);
    } else {
        // Without the limit, PostgreSQL may read the whole table and hash it.
        let mut row = Query::select();
        row.columns(columns.iter().copied()).from_as(table, LOOKUP).and_where(is_row).limit(1);
        statement.join_lateral(JoinType::LeftJoin, row, LOOKUP, Expr::val(true));
    }
    statement.columns(columns.iter().map(|column| (LOOKUP, *column)));
}

/// The statement for all items that meet a condition, each with another column in front.
pub(super) fn find<L: List>(
    scope: Scope,
    backend: DbBackend,
    column: &'static str,
    condition: &Condition,
) -> SelectStatement {
    let read = |column: &&'static str| {
        if L::ORDER_ONLY.contains(column) { null() } else { column_of::<L>(scope, ITEM, column) }
    };
    let in_table = |table: &&'static str| {
        let mut items = Query::select();
        L::SOURCE.add_to(&mut items, table, backend);
        items
            .column((ITEM, column))
            .exprs(L::COLUMNS.iter().map(read))
            .cond_where(condition.clone())
            .cond_where(within::<L>(scope));
        look_up::<L>(&mut items, item, backend);
        items
    };
    let statements = L::SOURCE.tables().iter().map(in_table);
    statements.reduce(|mut all, items| all.union(UnionType::All, items).to_owned()).unwrap_or_default()
}
