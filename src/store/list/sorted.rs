//! Pages whose order no index has: the items of all parents are read and sorted at once, by window functions.
//!
//! They have to be read and sorted in any case; parent by parent it took ten times as long.

use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait as _, Func, Order, Query, SelectStatement, UnionType, WindowStatement,
};

use super::{
    List,
    select::{ITEM, Select, item},
};
use crate::store::columns::Column;

/// Returns one row for each item in its parent's page; and one for each parent with the length of its list, where the
/// items' rows cannot hold it.
pub(super) fn statement<L: List>(select: &Select<'_, L>, parents: Option<Column>) -> SelectStatement {
    let request = select.request;
    let of_parents = L::PARENT.zip(parents).map(|(column, parents)| parents.contains(item(column), select.backend));
    // There may be no item between the page's positions, and no row to hold the total.
    let totals_apart = request.total && !request.page.is_unbounded();

    let mut numbered = numbered(select, of_parents.clone());
    let mut page = Query::select();
    page.column("parent");
    if request.total && !totals_apart {
        numbered.expr_window_as(Func::count(Expr::col(Asterisk)), by_parent::<L>(), "total");
        page.column("total");
    } else {
        page.expr_as(Expr::cust("NULL"), "total");
    }
    page.expr_as(Expr::val(true), "has_item");
    select.select_columns(&mut page, "numbered");
    page.column("place").from_subquery(numbered, "numbered").and_where(Expr::col("place").lte(request.page.limit()));
    if totals_apart {
        page.union(UnionType::All, totals(select, of_parents));
    }
    page.order_by("place", Order::Asc).to_owned()
}

/// The items between the page's positions, each with its place counted from the end that the page is taken from.
fn numbered<L: List>(select: &Select<'_, L>, of_parents: Option<Expr>) -> SelectStatement {
    let request = select.request;
    let mut places = by_parent::<L>();
    request.order.apply(&mut places, ITEM, request.page.is_backward());
    let mut numbered = select.items(of_parents);
    numbered
        .expr_as(parent::<L>(), "parent")
        .columns(select.inner_columns().map(|column| (ITEM, column)))
        .expr_window_as(Func::cust("row_number"), places, "place")
        .cond_where(select.between_positions());
    numbered
}

/// The parents that have items, each with the length of its list, in the form of the page's rows.
fn totals<L: List>(select: &Select<'_, L>, of_parents: Option<Expr>) -> SelectStatement {
    let mut totals = select.items(of_parents);
    totals
        .expr(parent::<L>())
        .expr(Func::count(Expr::col(Asterisk)))
        .expr(Expr::val(false))
        .exprs(L::COLUMNS.iter().map(|_| Expr::cust("NULL")))
        .expr(Expr::val(0));
    if let Some(column) = L::PARENT {
        totals.group_by_col((ITEM, column));
    }
    totals
}

fn parent<L: List>() -> Expr {
    L::PARENT.map_or_else(|| Expr::cust("NULL"), item)
}

fn by_parent<L: List>() -> WindowStatement {
    L::PARENT.map_or_else(WindowStatement::new, |column| WindowStatement::partition_by((ITEM, column)))
}
