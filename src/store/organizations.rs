//! Reading organizations.

use std::collections::HashSet;

use ::entity::organization::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{
    columns::Column as Numbers,
    error::Error,
    page::{Page, PageRequest},
    pools::Store,
};
use crate::{domain::OrgId, identity::Scope};

/// Which organizations are wanted; they come by number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrganizationListing {
    /// The page.
    pub window: PageRequest<OrgId>,
    /// Is the whole list's length wanted?
    pub total: bool,
}

impl Store {
    /// Those of `organizations` of which a report was ever accepted, and that are within the scope.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_organizations(&self, scope: Scope, organizations: &[OrgId]) -> Result<HashSet<OrgId>, Error> {
        let numbers = Numbers::BigInt(organizations.iter().map(|organization| organization.as_i64()).collect());
        let among = numbers.contains(Column::Id.into_expr(), self.backend());
        let found = within(scope).filter(among).all(&self.reader).await;
        found.map_err(Error::during("reading organizations"))?.iter().map(number).collect()
    }

    /// Organizations by their numbers, in one statement, and one more for the total.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn organizations(&self, scope: Scope, listing: &OrganizationListing) -> Result<Page<OrgId>, Error> {
        let window = &listing.window;
        let order = if window.is_backward() { Order::Desc } else { Order::Asc };
        let mut query = within(scope).order_by(Column::Id, order).limit(window.limit());
        if let Some(after) = window.after {
            query = query.filter(Column::Id.gt(after.as_i64()));
        }
        if let Some(before) = window.before {
            query = query.filter(Column::Id.lt(before.as_i64()));
        }
        let rows = query.all(&self.reader).await.map_err(Error::during("reading organizations"))?;
        let items = rows.iter().map(number).collect::<Result<_, _>>()?;
        let total = if listing.total {
            Some(within(scope).count(&self.reader).await.map_err(Error::during("counting organizations"))?)
        } else {
            None
        };
        Ok(Page { items, has_more: false, total }.cut(window))
    }
}

fn number(row: &Model) -> Result<OrgId, Error> {
    OrgId::try_from(row.id).map_err(|_| Error::Corrupt { what: "an organization's number" })
}

fn within(scope: Scope) -> Select<Entity> {
    match scope.organization() {
        Some(own) => Entity::find().filter(Column::Id.eq(own.as_i64())),
        None => Entity::find(),
    }
}
