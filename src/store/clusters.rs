//! Reading clusters, each with its current report's head: they are one row.

use std::collections::HashMap;

use ::entity::cluster::{Column as Field, Entity, Model};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter,
    prelude::{DateTimeUtc, Uuid},
};

use super::{
    cluster_filter::ClusterFilter,
    columns::Column,
    error::Error,
    list::{Access, ChildRow, Listing, Ordering, Position, Relation},
    page::{Direction, Page, PageRequest},
    pools::Store,
};
use crate::{
    domain::{ClusterId, OrgId, Timestamp, VersionKey},
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
    /// That version's place among versions; `None` where it is no version.
    pub version_key: Option<VersionKey>,
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

/// Which clusters of an organization's list are wanted, and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterListing {
    /// Only those that this lets through.
    pub filter: ClusterFilter,
    /// The list's order.
    pub order: ClusterOrder,
    /// The page.
    pub window: PageRequest<ClusterPosition>,
    /// Is the whole list's length wanted?
    pub total: bool,
}

/// An order of clusters: by a field, and then by UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClusterOrder {
    /// By what.
    pub field: ClusterOrderField,
    /// Which way. Clusters without a value stand last in either.
    pub direction: Direction,
}

/// What clusters can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClusterOrderField {
    /// The UUID.
    Uuid,
    /// When rules last ran.
    LastChecked,
    /// The version, as versions order.
    Version,
}

/// A cluster's place in an order: the field's value, and the UUID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterPosition {
    /// What the order's field says of the cluster.
    pub value: ClusterOrderValue,
    /// The cluster.
    pub id: ClusterId,
}

/// What an order's field says of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClusterOrderValue {
    /// Ordered by UUID there is nothing else to say.
    Uuid,
    /// When rules last ran.
    LastChecked(Timestamp),
    /// The version; `None` where none is known.
    Version(Option<VersionKey>),
}

/// One of a parent's clusters, or the parent alone.
#[derive(FromQueryResult)]
struct ClusterRow {
    parent: OrgId,
    total: Option<i64>,
    id: Option<Uuid>,
    org_id: Option<i64>,
    version: Option<String>,
    version_key: Option<String>,
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
        let ids = Column::clusters(ids.iter().copied());
        let mut query = Entity::find().filter(ids.contains(Field::Id.into_expr(), self.backend()));
        if let Some(own) = scope.organization() {
            query = query.filter(Field::OrgId.eq(own.as_i64()));
        }
        let rows = query.all(&self.reader).await.map_err(Error::during("reading clusters"))?;
        rows.into_iter().map(|row| Cluster::try_from(row).map(|cluster| (cluster.id, cluster))).collect()
    }

    /// The same page of each organization's clusters, in one statement. Every organization is answered for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clusters_of_organizations(
        &self,
        scope: Scope,
        organizations: &[OrgId],
        listing: &ClusterListing,
    ) -> Result<HashMap<OrgId, Page<Cluster>>, Error> {
        let children = Listing {
            columns: COLUMNS,
            left_out: &[],
            condition: listing.filter.condition(self.backend(), scope),
            ordering: listing.order.into(),
            window: listing.window.clone().map(Position::from),
            total: listing.total,
        };
        self.children::<ClusterRow>("reading the clusters of organizations", &CLUSTERS, organizations, &children).await
    }
}

/// Clusters as an organization's children.
const CLUSTERS: Relation = Relation { table: "cluster", parent: "org_id", access: Access::ByIndex(&["id"]) };

const COLUMNS: &[&str] = &[
    "id",
    "org_id",
    "version",
    "version_key",
    "last_checked_at",
    "report_checked_at",
    "gathered_at",
    "stored_at",
    "request_id",
];

impl From<ClusterOrder> for Ordering {
    fn from(ClusterOrder { field, direction }: ClusterOrder) -> Self {
        let by_field = |field| Self { field: Some((field, direction)), key: ("id", Direction::Ascending) };
        match field {
            ClusterOrderField::Uuid => Self { field: None, key: ("id", direction) },
            ClusterOrderField::LastChecked => by_field("last_checked_at"),
            ClusterOrderField::Version => by_field("version_key"),
        }
    }
}

impl From<ClusterPosition> for Position {
    fn from(place: ClusterPosition) -> Self {
        let field = match place.value {
            ClusterOrderValue::Uuid => None,
            ClusterOrderValue::LastChecked(at) => Some(at.utc().into()),
            ClusterOrderValue::Version(key) => Some(key.map(|key| key.to_string()).into()),
        };
        Self { field, key: place.id.uuid().into() }
    }
}

impl ChildRow for ClusterRow {
    type Parent = OrgId;
    type Child = Cluster;

    fn keys(organizations: &[OrgId]) -> Column {
        Column::BigInt(organizations.iter().map(|organization| organization.as_i64()).collect())
    }

    fn parent(&self) -> OrgId {
        self.parent
    }

    fn total(&self) -> Option<i64> {
        self.total
    }

    fn into_child(self) -> Result<Option<Cluster>, Error> {
        let (Some(id), Some(org_id), Some(last_checked_at)) = (self.id, self.org_id, self.last_checked_at) else {
            return Ok(None);
        };
        Cluster::try_from(Model {
            id,
            org_id,
            last_checked_at,
            version: self.version,
            version_key: self.version_key,
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
            version_key: row.version_key.map(VersionKey::from_text),
            last_checked: row.last_checked_at.into(),
            report,
        })
    }
}
