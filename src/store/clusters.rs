//! Reading clusters, each with its current report's head: they are one row.

use std::collections::HashMap;

use ::entity::cluster::{Column as Field, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    prelude::{DateTimeUtc, Uuid},
};

use super::{
    columns::Column,
    error::Error,
    page::{Slice, one_more_than},
    pools::Store,
    statement,
};
use crate::{
    domain::{ClusterId, OrgId, Timestamp},
    identity::Scope,
};

/// A cluster as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its UUID.
    pub id: ClusterId,
    /// Who owns it.
    pub organization: OrgId,
    /// The version that was told last; `None` until one was.
    pub version: Option<String>,
    /// When the rules of its newest result ran.
    pub last_checked: Timestamp,
    /// Its current report; `None` until one is stored.
    pub report: Option<ReportHead>,
}

/// A report without its hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportHead {
    /// When the rules ran.
    pub last_checked: Timestamp,
    /// When the data were collected on the cluster, where it says so.
    pub gathered_at: Option<Timestamp>,
    /// When it was written, by our clock.
    pub stored_at: Timestamp,
    /// The upload it answers, where it says so.
    pub request_id: Option<String>,
}

/// Which clusters of an organization's list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClusterPage {
    /// How many at most.
    pub first: usize,
    /// Only those behind this one.
    pub after: Option<ClusterId>,
    /// Is the whole list's length wanted?
    pub total: bool,
}

/// A row of `clusters_of_organizations`: one of a parent's clusters, or the parent alone.
#[derive(FromQueryResult)]
struct ChildRow {
    parent: i64,
    total: i64,
    id: Option<Uuid>,
    org_id: Option<i64>,
    version: Option<String>,
    last_checked_at: Option<DateTimeUtc>,
    report_checked_at: Option<DateTimeUtc>,
    gathered_at: Option<DateTimeUtc>,
    stored_at: Option<DateTimeUtc>,
    request_id: Option<String>,
}

impl Store {
    /// The clusters among `ids` that are known within the scope, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clusters(&self, scope: Scope, ids: &[ClusterId]) -> Result<HashMap<ClusterId, Cluster>, Error> {
        let mut query = Entity::find().filter(Field::Id.is_in(ids.iter().map(|id| id.uuid())));
        if let Some(own) = scope.organization() {
            query = query.filter(Field::OrgId.eq(own.as_i64()));
        }
        let rows = query.all(&self.reader).await.map_err(Error::during("reading clusters"))?;
        rows.into_iter().map(|row| Cluster::try_from(row).map(|cluster| (cluster.id, cluster))).collect()
    }

    /// The same page of each organization's clusters, by UUID, in one statement. Every organization is answered for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clusters_of_organizations(
        &self,
        scope: Scope,
        organizations: &[OrgId],
        page: ClusterPage,
    ) -> Result<HashMap<OrgId, Slice<Cluster>>, Error> {
        let parents = vec![Column::BigInt(organizations.iter().map(|organization| organization.as_i64()).collect())];
        let scalars = [
            scope.organization().map(OrgId::as_i64).into(),
            page.after.map(ClusterId::uuid).into(),
            one_more_than(page.first).into(),
            page.total.into(),
        ];
        let statement = statement::CLUSTERS_OF_ORGANIZATIONS.bind(self.backend(), parents, scalars);
        let during = "reading the clusters of organizations";
        let rows = self.reader.query_all_raw(statement).await.map_err(Error::during(during))?;

        let mut slices: HashMap<_, _> = organizations.iter().map(|id| (*id, Slice::empty(page.total))).collect();
        for row in rows {
            let row = ChildRow::from_query_result(&row, "").map_err(Error::during(during))?;
            let Some(slice) = OrgId::try_from(row.parent).ok().and_then(|parent| slices.get_mut(&parent)) else {
                return Err(Error::Corrupt { what: "an organization's number" });
            };
            slice.total = page.total.then(|| row.total.unsigned_abs());
            if let Some(cluster) = row.into_cluster()? {
                slice.push_up_to(page.first, cluster);
            }
        }
        Ok(slices)
    }
}

impl ChildRow {
    fn into_cluster(self) -> Result<Option<Cluster>, Error> {
        let (Some(id), Some(org_id), Some(last_checked_at)) = (self.id, self.org_id, self.last_checked_at) else {
            return Ok(None);
        };
        Cluster::try_from(Model {
            id,
            org_id,
            last_checked_at,
            version: self.version,
            report_checked_at: self.report_checked_at,
            gathered_at: self.gathered_at,
            stored_at: self.stored_at,
            request_id: self.request_id,
            hits_digest: None,
        })
        .map(Some)
    }
}

impl TryFrom<Model> for Cluster {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let report = match (row.report_checked_at, row.stored_at) {
            (Some(last_checked), Some(stored_at)) => Some(ReportHead {
                last_checked: last_checked.into(),
                gathered_at: row.gathered_at.map(Timestamp::from),
                stored_at: stored_at.into(),
                request_id: row.request_id,
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id.into(),
            organization: OrgId::try_from(row.org_id)
                .map_err(|_| Error::Corrupt { what: "a cluster's organization" })?,
            version: row.version,
            last_checked: row.last_checked_at.into(),
            report,
        })
    }
}
