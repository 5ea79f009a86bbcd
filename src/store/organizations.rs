//! Reading organizations.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::DbErr;

use super::{
    columns::Column,
    error::Error,
    list::{List, ListRequest, Order, Row, SortColumn, SortKind, SortValue, Source, item},
    page::{Direction, Page},
    pools::Store,
};
use crate::{
    domain::OrgId,
    identity::{Readable, Scope},
};

/// An organization that owns a cluster, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its number.
    pub id: OrgId,
}

impl Organization {
    /// By number.
    pub const BY_NUMBER: SortColumn<Self> = SortColumn {
        name: "number",
        column: "id",
        kind: SortKind::Integer,
        is_nullable: false,
        value: |organization| Some(SortValue::Integer(organization.id.as_i64())),
    };
}

impl List for Organization {
    type Parent = ();
    type Filter = ();

    const NAME: &'static str = "organizations";
    const SOURCE: Source = Source::Indexed("organization");
    const OWNER: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &["id"];
    const KEY: SortColumn<Self> = Self::BY_NUMBER;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_NUMBER, Direction::Ascending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self { id: row.next()? })
    }

    /// Reads nothing for a viewer who sees one organization: it is the viewer's own, which exists even if no report of
    /// it was ever stored.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[()],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<(), Page<Self>>, Error> {
        match scope.readable() {
            Readable::All => store.pages(scope, parents, request).await,
            Readable::Organization(own) => Ok(HashMap::from([((), Page::of_whole(vec![Self { id: own }], request))])),
        }
    }
}

/// How long an organization that was found is not looked for again. None is ever removed while the service runs.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);
/// How many organizations are remembered. Beyond it all are forgotten: each costs a statement again.
const MAX_REMEMBERED: usize = 100_000;

/// Organizations that were found in the database, each with the time.
#[derive(Debug, Default)]
pub(super) struct KnownOrganizations(Mutex<HashMap<OrgId, Instant>>);

impl KnownOrganizations {
    fn contains(&self, organization: OrgId) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&organization).is_some_and(|found_at| found_at.elapsed() < REMEMBERED_FOR)
    }

    fn remember(&self, organizations: impl IntoIterator<Item = OrgId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        let now = Instant::now();
        known.extend(organizations.into_iter().map(|organization| (organization, now)));
    }
}

impl Store {
    /// Returns those of `organizations` that exist within the scope: the viewer's own, and those that a report was ever
    /// accepted of. Costs a statement only for those that were not found within the last minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_organizations(&self, scope: Scope, organizations: &[OrgId]) -> Result<HashSet<OrgId>, Error> {
        let is_own = |organization: OrgId| scope.own_organization() == Some(organization);
        if let Readable::Organization(_) = scope.readable() {
            return Ok(organizations.iter().copied().filter(|organization| is_own(*organization)).collect());
        }
        let is_known = |organization| is_own(organization) || self.known_organizations.contains(organization);
        let (mut found, unknown): (HashSet<_>, HashSet<_>) =
            organizations.iter().copied().partition(|organization| is_known(*organization));
        if !unknown.is_empty() {
            let ids = Column::BigInt(unknown.into_iter().map(OrgId::as_i64).collect());
            let rows =
                self.find::<Organization, i64>(scope, "id", ids.contains(item("id"), self.backend()).into()).await?;
            let new = || rows.iter().map(|(_, organization)| organization.id);
            self.known_organizations.remember(new());
            found.extend(new());
        }
        Ok(found)
    }
}
