//! A recommendation of an organization, or of all, as one text: the key of parents of lists.

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement};

use crate::domain::{OrgId, Selector};

/// How many characters of the text are the organization's number; the selector follows.
const ORGANIZATION_DIGITS: i32 = 10;

/// The text. No organization has the number of all, 0; no selector is empty, which is that of all.
pub(super) fn text(organization: Option<OrgId>, selector: Option<&Selector>) -> String {
    let organization = organization.map_or(0, OrgId::as_i64);
    format!("{organization:010}{}", selector.map(Selector::as_str).unwrap_or_default())
}

/// The organization in a text.
pub(super) fn organization_of(text: &Expr) -> Expr {
    let digits = Func::cust("substr").arg(text.clone()).arg(1).arg(ORGANIZATION_DIGITS);
    Expr::from(digits).cast_as("bigint")
}

/// The id of the recommendation in a text.
pub(super) fn id_of(text: &Expr) -> SelectStatement {
    let selector = Func::cust("substr").arg(text.clone()).arg(ORGANIZATION_DIGITS + 1);
    Query::select().column("id").from("recommendation").and_where(Expr::col("selector").eq(selector)).to_owned()
}
