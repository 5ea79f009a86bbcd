//! Reading organizations.

use ::entity::organization::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{
    error::Error,
    page::{Slice, one_more_than},
    pools::Store,
};
use crate::{domain::OrgId, identity::Scope};

/// Which organizations of the list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrganizationPage {
    /// How many at most.
    pub first: usize,
    /// Only those behind this one.
    pub after: Option<OrgId>,
    /// Is the whole list's length wanted?
    pub total: bool,
}

impl Store {
    /// Is this an organization of which a report was ever accepted, and one within the scope?
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn organization_exists(&self, scope: Scope, organization: OrgId) -> Result<bool, Error> {
        let found = within(scope).filter(Column::Id.eq(organization.as_i64())).one(&self.reader).await;
        found.map(|row| row.is_some()).map_err(Error::during("reading an organization"))
    }

    /// Organizations by their numbers, in one statement, and one more for the total.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn organizations(&self, scope: Scope, page: OrganizationPage) -> Result<Slice<OrgId>, Error> {
        let mut query = within(scope).order_by_asc(Column::Id).limit(u64::try_from(one_more_than(page.first)).ok());
        if let Some(after) = page.after {
            query = query.filter(Column::Id.gt(after.as_i64()));
        }
        let rows = query.all(&self.reader).await.map_err(Error::during("reading organizations"))?;
        let mut slice = Slice::empty(page.total);
        for row in rows {
            let organization =
                OrgId::try_from(row.id).map_err(|_| Error::Corrupt { what: "an organization's number" })?;
            slice.push_up_to(page.first, organization);
        }
        if page.total {
            let total = within(scope).count(&self.reader).await.map_err(Error::during("counting organizations"))?;
            slice.total = Some(total);
        }
        Ok(slice)
    }
}

fn within(scope: Scope) -> Select<Entity> {
    match scope.organization() {
        Some(own) => Entity::find().filter(Column::Id.eq(own.as_i64())),
        None => Entity::find(),
    }
}
