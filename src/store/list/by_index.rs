//! Pages whose order an index has: the statement reads as many items of each parent as the page has, however many there
//! are.
//!
//! By LATERAL on PostgreSQL, where window functions would read all items of every parent, and by a correlated IN on
//! SQLite, which has no LATERAL.

use sea_orm::{
    DbBackend,
    sea_query::{CommonTableExpression, Expr, ExprTrait as _, JoinType, Order, Query, SelectStatement},
};

use super::{
    List,
    select::{ITEM, Select},
};
use crate::store::columns::Column;

/// The name of the parents, and of the items in their pages.
const PARENTS: &str = "p";
const PAGE: &str = "c";

/// Returns one row for each item in its parent's page, and one for a parent whose page is empty.
pub(super) fn statement<L: List>(select: &Select<'_, L>, parents: Option<Column>) -> SelectStatement {
    let request = select.request;
    let of_parent = L::PARENT.filter(|_| parents.is_some());
    let is_of_parent = |alias| of_parent.map(|column| Expr::col((alias, column)).eq(Expr::col((PARENTS, "parent"))));
    let mut statement = Query::select();
    statement
        .with_cte(Query::with().cte(with_totals(select, parents)).to_owned())
        .columns([(PARENTS, "parent"), (PARENTS, "total")])
        .expr_as(Expr::col((PAGE, L::KEY.column)).is_not_null(), "has_item")
        .from(PARENTS)
        .order_by_expr(Expr::col((PARENTS, "parent")), Order::Asc);
    select.select_columns(&mut statement, PAGE);
    request.order.apply(&mut statement, PAGE, request.page.is_backward());

    let mut page = select.items(is_of_parent(ITEM));
    page.cond_where(select.between_positions()).limit(request.page.limit());
    request.order.apply(&mut page, ITEM, request.page.is_backward());
    match select.backend {
        DbBackend::Sqlite => {
            page.column((ITEM, L::KEY.column));
            let is_in_page = Expr::col((PAGE, L::KEY.column)).in_subquery(page);
            let is_in_page = is_of_parent(PAGE).into_iter().fold(is_in_page, |both, is_of| is_of.and(both));
            statement.join_as(JoinType::LeftJoin, L::TABLE, PAGE, is_in_page);
        }
        _ => {
            page.columns(select.inner_columns().map(|column| (ITEM, column)));
            statement.join_lateral(JoinType::LeftJoin, page, PAGE, Expr::val(true));
        }
    }
    statement
}

/// The parents, each with the length of its list where that is requested: counted once per parent, before its items are
/// joined.
fn with_totals<L: List>(select: &Select<'_, L>, parents: Option<Column>) -> CommonTableExpression {
    let mut statement = Query::select();
    let (parent, of_parent) = match parents {
        Some(parents) => {
            let (source, parent) = parents.into_rows(select.backend);
            statement.from_function(source, PARENTS);
            (parent.clone(), L::PARENT.map(|column| Expr::col((ITEM, column)).eq(parent)))
        }
        None => (Expr::cust("NULL"), None),
    };
    statement.expr_as(parent, "parent");
    if select.request.total {
        let count = select.count(of_parent);
        statement.expr_as(Expr::SubQuery(None, Box::new(count.into())), "total");
    } else {
        statement.expr_as(Expr::cust("NULL"), "total");
    }
    CommonTableExpression::new().query(statement).table_name(PARENTS).materialized(select.request.total).to_owned()
}
