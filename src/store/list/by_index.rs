//! Pages whose order an index has: the statement reads as many items of each parent as the page has, however many there
//! are.
//!
//! By LATERAL on PostgreSQL, where window functions would read all items of every parent. SQLite has no LATERAL: there,
//! the items of one table are found by a correlated IN, and those of several by a correlated subquery that returns the
//! page as JSON.

use sea_orm::{
    Condition, DbBackend,
    sea_query::{
        Asterisk, CommonTableExpression, Expr, ExprTrait as _, Func, IntoIden as _, JoinType, Order, Query,
        SelectStatement, TableRef, UnionType,
    },
};

use super::{
    Joined, List, Source,
    order::Side,
    select::{ITEM, Select, look_up, null, subquery},
};
use crate::store::columns::Column;

/// The name of the parents, and of the items in their pages.
const PARENTS: &str = "p";
const PAGE: &str = "c";
/// The name of the rows that are joined with the items, on SQLite.
const WITH: &str = "w";
/// The names of the items of one table, and of all, where a page has items of several tables.
const PART: &str = "part";
const MERGED: &str = "merged";

/// Returns one row for each item in its parent's page, and one for a parent whose page is empty.
pub(super) fn statement<L: List>(select: &Select<'_, L>, parents: Option<Column>) -> SelectStatement {
    let request = select.request;
    let parent = Expr::col((PARENTS, "parent"));
    let of_parent = parents.is_some().then_some(&parent);
    let mut statement = Query::select();
    statement
        .with_cte(Query::with().cte(lists(select, parents)).to_owned())
        .columns([(PARENTS, "parent"), (PARENTS, "total"), (PARENTS, "has_before"), (PARENTS, "has_after")])
        .from(PARENTS);
    if request.page.size == 0 {
        return statement.expr_as(Expr::val(false), "has_item").to_owned();
    }
    let column: Box<dyn Fn(&'static str) -> Expr> = match (select.backend, L::SOURCE.tables()) {
        (DbBackend::Sqlite, [table]) => {
            let keys = page(select, table, of_parent).column((ITEM, L::KEY.column)).to_owned();
            let column = column_on_sqlite(L::SOURCE);
            let belongs_to = |parent| L::belongs_to(&request.filter, parent, &column);
            let is_in_page = Condition::all()
                .add_option(of_parent.and_then(belongs_to))
                .add(column(L::KEY.column).in_subquery(keys));
            statement.join_as(JoinType::LeftJoin, *table, PAGE, is_in_page);
            let rows = if let Source::Joined(Joined { with, on: (of_item, key), .. }) = L::SOURCE {
                let is_row = Expr::col((WITH, key)).equals((PAGE, of_item));
                statement.join_as(JoinType::LeftJoin, with, WITH, is_row);
                WITH
            } else {
                PAGE
            };
            Box::new(move |name| L::computed(select.scope, name, rows).unwrap_or_else(|| column(name)))
        }
        (DbBackend::Sqlite, _) => {
            let rows = Func::cust("json_each").arg(as_json(select, whole_page(select, of_parent)));
            statement.join(JoinType::LeftJoin, TableRef::FunctionCall(rows, PAGE.into_iden()), Expr::val(true));
            Box::new(|column| {
                let place = select.inner_columns().position(|inner| inner == column).unwrap_or_default();
                Expr::cust(format!("({PAGE}.value ->> {place})"))
            })
        }
        _ => {
            statement.join_lateral(JoinType::LeftJoin, whole_page(select, of_parent), PAGE, Expr::val(true));
            Box::new(|column| Expr::col((PAGE, column)))
        }
    };
    statement.expr_as(column(L::KEY.column).is_not_null(), "has_item").order_by_expr(parent.clone(), Order::Asc);
    select.select_columns(&mut statement, &column);
    look_up::<L>(&mut statement, &column, select.backend);
    request.order.apply(&mut statement, &column, request.page.is_backward());
    statement
}

/// A column of an item in its page, on SQLite. It does not look into a subquery that is left joined, so joined tables are
/// there one by one.
fn column_on_sqlite(source: Source) -> impl Fn(&'static str) -> Expr {
    let columns = if let Source::Joined(Joined { columns, .. }) = source { Some(columns) } else { None };
    move |name| match columns.map(|columns| columns.iter().find(|(_, listed)| *listed == name)) {
        Some(None) => Expr::col((WITH, name)),
        Some(Some((column, _))) => Expr::col((PAGE, *column)),
        None => Expr::col((PAGE, name)),
    }
}

/// The parents, each with what is requested of its whole list: determined once per parent, before its items are joined.
fn lists<L: List>(select: &Select<'_, L>, parents: Option<Column>) -> CommonTableExpression {
    let request = select.request;
    let mut statement = Query::select();
    let of_parent = parents.map(|parents| {
        let (source, parent) = parents.into_rows(select.backend);
        statement.from_function(source, PARENTS);
        parent
    });
    let of_parent = of_parent.as_ref();
    let has_items = |(position, side)| select.has_items(of_parent, position, side);
    let (after, before) = select.positions_with_sides();
    statement
        .expr_as(of_parent.cloned().unwrap_or_else(null), "parent")
        .expr_as(if request.total { select.length(of_parent) } else { null() }, "total")
        .expr_as(after.map(|after| (after, Side::UpTo)).map_or_else(null, has_items), "has_before")
        .expr_as(before.map(|before| (before, Side::From)).map_or_else(null, has_items), "has_after");
    let materialized = request.total || after.or(before).is_some();
    CommonTableExpression::new().query(statement).table_name(PARENTS).materialized(materialized).to_owned()
}

/// A parent's page.
fn whole_page<L: List>(select: &Select<'_, L>, of_parent: Option<&Expr>) -> SelectStatement {
    let in_table = |table: &&'static str| {
        let mut page = page(select, table, of_parent);
        select.select_inner_columns(&mut page);
        page
    };
    let [first, others @ ..] = L::SOURCE.tables() else { return SelectStatement::default() };
    if others.is_empty() {
        return in_table(first);
    }
    // SQLite accepts an order and a limit within a union only in a subquery.
    let all = |page, alias: &'static str| Query::select().column(Asterisk).from_subquery(page, alias).to_owned();
    let mut merged = all(in_table(first), PART);
    merged.unions(others.iter().map(|table| (UnionType::All, all(in_table(table), PART))));
    let mut page = all(merged, MERGED);
    cut(select, &mut page, |column| Expr::col((MERGED, column)));
    page
}

/// The part of a parent's page that is in one table, or more of that table.
fn page<L: List>(select: &Select<'_, L>, table: &'static str, of_parent: Option<&Expr>) -> SelectStatement {
    let mut page = select.items(table, of_parent);
    page.cond_where(select.between_positions());
    cut(select, &mut page, |column| select.column(ITEM, column));
    page
}

/// Leaves as many items as the page has, and one more.
fn cut<L: List>(select: &Select<'_, L>, items: &mut SelectStatement, column: impl Fn(&'static str) -> Expr) {
    let request = select.request;
    request.order.apply(items, column, request.page.is_backward());
    items.limit(request.page.limit());
}

/// A page as a JSON list of rows. Only for columns without bytes, which JSON does not have.
fn as_json<L: List>(select: &Select<'_, L>, page: SelectStatement) -> Expr {
    let columns = select.inner_columns().map(|column| Expr::col((MERGED, column)));
    let rows = Func::cust("json_group_array").arg(Func::cust("json_array").args(columns));
    let rows = Query::select().expr(rows).from_subquery(page, MERGED).to_owned();
    subquery(rows)
}
