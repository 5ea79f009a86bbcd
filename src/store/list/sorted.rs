//! PagesByParent whose order no index has: the children of all parents are read and sorted at once, by window functions.
//!
//! They have to be read and sorted in any case; parent by parent it took ten times as long.

use sea_orm::{
    DbBackend,
    sea_query::{Asterisk, Expr, ExprTrait as _, Func, Order, Query, SelectStatement, UnionType, WindowStatement},
};

use super::{Listing, Relation};
use crate::store::columns::Column;

/// A row a child that is in its parent's page; and one a parent with the length of its list, where the children's rows
/// cannot tell it.
pub(super) fn page(relation: &Relation, backend: DbBackend, parents: Column, listing: &Listing) -> SelectStatement {
    let is_wanted = parents.contains(Expr::col((relation.table, relation.parent)), backend);
    // From between keys nothing may come at all, and rows that are not there tell nothing.
    let told_apart = listing.total && !listing.window.is_whole();
    let told_by_children = listing.total && !told_apart;

    let mut numbered = numbered(relation, is_wanted.clone(), listing);
    let total = if told_by_children {
        let of_parent = WindowStatement::partition_by((relation.table, relation.parent));
        numbered.expr_window_as(Func::count(Expr::col(Asterisk)), of_parent, "total");
        Expr::col("total")
    } else {
        Expr::cust("NULL")
    };
    let mut page = Query::select();
    page.column("parent").expr_as(total, "total").column("place").columns(listing.columns.iter().copied());
    listing.select_left_out(&mut page);
    page.from_subquery(numbered, "numbered").and_where(Expr::col("place").lte(listing.window.limit()));
    if told_apart {
        page.union(UnionType::All, totals(relation, is_wanted, listing));
    }
    page.order_by("place", Order::Asc).to_owned()
}

/// All children between the window's keys, each with its place from the window's end inwards.
fn numbered(relation: &Relation, is_wanted: Expr, listing: &Listing) -> SelectStatement {
    let mut places = WindowStatement::partition_by((relation.table, relation.parent));
    listing.ordering.apply(&mut places, relation.table, listing.window.is_backward());
    let mut numbered = relation.children(is_wanted, listing);
    numbered
        .expr_as(Expr::col((relation.table, relation.parent)), "parent")
        .columns(listing.columns.iter().map(|column| (relation.table, *column)))
        .expr_window_as(Func::cust("row_number"), places, "place")
        .cond_where(listing.between_places(relation.table));
    numbered
}

/// The parents that have children, each with the length of its list, in the form of the page's rows.
fn totals(relation: &Relation, is_wanted: Expr, listing: &Listing) -> SelectStatement {
    let parent = (relation.table, relation.parent);
    let mut totals = relation.children(is_wanted, listing);
    totals
        .expr(Expr::col(parent))
        .expr(Func::count(Expr::col(Asterisk)))
        .expr(Expr::val(0))
        .exprs(listing.columns.iter().chain(listing.left_out).map(|_| Expr::cust("NULL")))
        .group_by_col(parent);
    totals
}
