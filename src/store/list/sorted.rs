//! Pages whose order no index has: the items of all parents are read and sorted at once, by window functions.
//!
//! They have to be read and sorted in any case; parent by parent it took ten times as long.

use sea_orm::{
    DbBackend,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, Order, Query, SelectStatement, UnionType, WindowStatement},
};

use super::{
    List, Position,
    order::Side,
    select::{ITEM, Select, null},
};
use crate::store::columns::Column;

/// Returns one row for each item in its parent's page; and one for each parent with what is requested of its whole list,
/// where the items' rows cannot hold it.
pub(super) fn statement<L: List>(
    select: &Select<'_, L>,
    table: &'static str,
    parents: Option<Column>,
) -> SelectStatement {
    let request = select.request;
    let mut items = select.items(table, None);
    if let Some(parents) = parents {
        items.and_where(parents.contains(select.parent(), select.backend));
    }
    if request.page.size == 0 {
        return lists(select, items);
    }
    // There may be no item between the page's positions, and no row to hold the total.
    let lists_apart = (request.total || request.beyond) && !request.page.is_unbounded();

    let mut numbered = numbered(select, items.clone());
    let mut page = Query::select();
    page.column("parent");
    if request.total && !lists_apart {
        numbered.expr_window_as(Func::count(Expr::col(Asterisk)), by_parent(select), "total");
        page.column("total");
    } else {
        page.expr_as(null(), "total");
    }
    page.expr_as(null(), "has_before").expr_as(null(), "has_after").expr_as(Expr::val(true), "has_item");
    select.select_columns(&mut page, |column| Expr::col(("numbered", column)));
    page.column("place").from_subquery(numbered, "numbered").and_where(Expr::col("place").lte(request.page.limit()));
    if lists_apart {
        page.union(UnionType::All, lists(select, items));
    }
    page.order_by("place", Order::Asc).to_owned()
}

/// The items between the page's positions, each with its place counted from the end that the page is taken from.
fn numbered<L: List>(select: &Select<'_, L>, mut items: SelectStatement) -> SelectStatement {
    let request = select.request;
    let mut places = by_parent(select);
    request.order.apply(&mut places, |column| select.column(ITEM, column), request.page.is_backward());
    items.expr_as(select.parent(), "parent");
    select.select_inner_columns(&mut items);
    items.expr_window_as(Func::cust("row_number"), places, "place").cond_where(select.between_positions());
    items
}

/// The parents that have items, each with what is requested of its whole list, in the form of the page's rows.
fn lists<L: List>(select: &Select<'_, L>, mut items: SelectStatement) -> SelectStatement {
    let any = if select.backend == DbBackend::Sqlite { "max" } else { "bool_or" };
    let has_items =
        |(position, side): (&Position, Side)| Func::cust(any).arg(Expr::from(select.beyond(position, side))).into();
    let (after, before) = select.positions_with_sides();
    items
        .expr(select.parent())
        .expr(if select.request.total { Func::count(Expr::col(Asterisk)).into() } else { null() })
        .expr(after.map(|after| (after, Side::UpTo)).map_or_else(null, has_items))
        .expr(before.map(|before| (before, Side::From)).map_or_else(null, has_items))
        .expr(Expr::val(false))
        .exprs(L::COLUMNS.iter().map(|_| null()))
        .expr(Expr::val(0));
    if let Some(column) = select.parent_column() {
        items.group_by_col((ITEM, column));
    }
    items
}

fn by_parent<L: List>(select: &Select<'_, L>) -> WindowStatement {
    select.parent_column().map_or_else(WindowStatement::new, |column| WindowStatement::partition_by((ITEM, column)))
}
