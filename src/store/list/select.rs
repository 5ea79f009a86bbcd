//! The parts that all statements of lists share.
//!
//! A row is a parent with one item, or a parent alone: the columns `parent`, `total` and `has_item`, then the list's own.

use sea_orm::{
    Condition, DbBackend,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, Query, SelectStatement},
};

use super::{Filter as _, List, ListRequest, by_index, order::Side, sorted};
use crate::{
    identity::{Readable, Scope},
    store::columns::Column,
};

/// The alias of the list's table, by which conditions and orders name its columns.
pub(super) const ITEM: &str = "i";

/// A column of an item.
pub(in crate::store) fn item(column: &'static str) -> Expr {
    Expr::col((ITEM, column))
}

/// What a statement is built from.
pub(super) struct Select<'a, L: List> {
    pub(super) scope: Scope,
    pub(super) backend: DbBackend,
    pub(super) request: &'a ListRequest<L>,
}

impl<L: List> Select<'_, L> {
    /// The statement for a page of each of these parents, or of the whole list.
    pub(super) fn statement(&self, parents: Option<Column>) -> SelectStatement {
        if L::IS_INDEXED { by_index::statement(self, parents) } else { sorted::statement(self, parents) }
    }

    /// The items that the request's filter and the scope allow, whatever their position.
    pub(super) fn items(&self, of_parents: Option<Expr>) -> SelectStatement {
        let mut items = Query::select();
        items
            .from_as(L::TABLE, ITEM)
            .cond_where(within::<L>(self.scope))
            .cond_where(L::always())
            .cond_where(self.request.filter.condition(self.backend));
        if let Some(of_parents) = of_parents {
            items.and_where(of_parents);
        }
        items
    }

    /// The number of items.
    pub(super) fn count(&self, of_parents: Option<Expr>) -> SelectStatement {
        self.items(of_parents).expr(Func::count(Expr::col(Asterisk))).to_owned()
    }

    /// The condition that an item is between the page's positions.
    pub(super) fn between_positions(&self) -> Condition {
        let ListRequest { order, page, .. } = self.request;
        Condition::all()
            .add_option(page.after.as_ref().map(|after| order.beyond(after, Side::After)))
            .add_option(page.before.as_ref().map(|before| order.beyond(before, Side::Before)))
    }

    /// Selects the list's columns from `alias`, and null instead of the large ones that are not requested.
    pub(super) fn select_columns(&self, statement: &mut SelectStatement, alias: &'static str) {
        for &column in L::COLUMNS {
            if self.is_read(column) {
                statement.column((alias, column));
            } else {
                statement.expr_as(Expr::cust("NULL"), column);
            }
        }
    }

    /// Is the column read? The order's columns are read in any case.
    pub(super) fn is_read(&self, column: &'static str) -> bool {
        self.request.large.is_some() || !L::LARGE.contains(&column)
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

/// The statement for all items that meet a condition, each with another column in front.
pub(super) fn find<L: List>(scope: Scope, column: &'static str, condition: Expr) -> SelectStatement {
    let mut items = Query::select();
    items
        .column((ITEM, column))
        .columns(L::COLUMNS.iter().map(|column| (ITEM, *column)))
        .from_as(L::TABLE, ITEM)
        .and_where(condition)
        .cond_where(within::<L>(scope));
    items
}
