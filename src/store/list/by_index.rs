//! PagesByParent whose order an index has: so many rows are read of each parent and no more, however many there are.
//!
//! By LATERAL on PostgreSQL, where window functions would read all children of every parent, and by a correlated IN on
//! SQLite, which has no LATERAL.

use sea_orm::{
    DbBackend,
    sea_query::{Asterisk, CommonTableExpression, Expr, ExprTrait as _, Func, JoinType, Order, Query, SelectStatement},
};

use super::{Listing, Relation};
use crate::store::columns::Column;

/// A row a child that is in its parent's page, or for a parent with an empty one. `key` identifies a child among its
/// parent's.
pub(super) fn page(
    relation: &Relation,
    key: &[&'static str],
    backend: DbBackend,
    parents: Column,
    listing: &Listing,
) -> SelectStatement {
    let parent = Expr::col(("p", "parent"));
    let mut statement = Query::select();
    statement
        .with_cte(Query::with().cte(with_totals(relation, backend, parents, listing)).to_owned())
        .columns([("p", "parent"), ("p", "total")])
        .columns(listing.columns.iter().map(|column| ("c", *column)))
        .from("p")
        .order_by_expr(parent.clone(), Order::Asc);
    listing.select_left_out(&mut statement);
    listing.ordering.apply(&mut statement, "c", listing.window.is_backward());
    let mut page = page_of(relation, parent.clone(), listing);
    match backend {
        DbBackend::Sqlite => {
            page.columns(key.iter().map(|column| (relation.table, *column)));
            let key = Expr::tuple(key.iter().map(|column| Expr::col(("c", *column))));
            let is_in_page = Expr::col(("c", relation.parent)).eq(parent).and(key.in_subquery(page));
            statement.join_as(JoinType::LeftJoin, relation.table, "c", is_in_page);
        }
        _ => {
            page.columns(listing.columns.iter().map(|column| (relation.table, *column)));
            statement.join_lateral(JoinType::LeftJoin, page, "c", Expr::val(true));
        }
    }
    statement
}

/// The parents, each with the length of its list where that is wanted: once a parent, before its children come in.
fn with_totals(relation: &Relation, backend: DbBackend, parents: Column, listing: &Listing) -> CommonTableExpression {
    let (source, parent) = parents.into_rows(backend);
    let mut statement = Query::select();
    statement.from_function(source, "p").expr_as(parent.clone(), "parent");
    if listing.total {
        let mut count = relation.children_of(parent, listing);
        count.expr(Func::count(Expr::col(Asterisk)));
        statement.expr_as(Expr::SubQuery(None, Box::new(count.into())), "total");
    } else {
        statement.expr_as(Expr::cust("NULL"), "total");
    }
    CommonTableExpression::new().query(statement).table_name("p").materialized(listing.total).to_owned()
}

/// The page of one parent, its columns yet to be named.
fn page_of(relation: &Relation, parent: Expr, listing: &Listing) -> SelectStatement {
    let Listing { ordering, window, .. } = listing;
    let mut page = relation.children_of(parent, listing);
    page.cond_where(listing.between_places(relation.table));
    ordering.apply(&mut page, relation.table, window.is_backward());
    page.limit(window.limit());
    page
}
