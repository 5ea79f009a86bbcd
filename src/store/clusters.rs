//! Reading clusters, each with its current report without the hits: they are one row.

use std::{collections::HashMap, sync::LazyLock};

use sea_orm::{DbErr, sea_query::Expr};

use super::{
    cluster_filter::ClusterFilter,
    columns::Column,
    error::Error,
    list::{List, Lookup, Order, Row, SortColumn, SortKind, SortValue, Source, item},
    page::Direction,
    pools::Store,
    rule_hits::ClusterHits,
    shown_counts::{self, ShownCounts},
};
use crate::{
    domain::{ClusterId, Digest, OrgId, Timestamp, TotalRisk, VersionKey},
    identity::Scope,
};

/// A cluster as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its UUID.
    pub id: ClusterId,
    /// Its owner.
    pub organization: OrgId,
    /// The version in the newest report that has one; `None` before there is one.
    pub version: Option<String>,
    /// That version in a form that orders as versions do; `None` where it is not a version.
    pub version_key: Option<VersionKey>,
    /// When rules last ran over its data.
    pub last_checked: Timestamp,
    /// Its current report; `None` until one is stored.
    pub report: Option<ReportHead>,
    /// The number of its open hits, visible to the viewer or not. Zero means that there are none. Otherwise it is exact
    /// unless a process that does not know the column wrote the last report.
    pub hit_count: u32,
    /// The bytes of the details of all open hits.
    pub details_bytes: u64,
    /// The name that was imported for its present owner, as are the next two.
    pub display_name: Option<String>,
    /// Whether it is managed; false where nothing was imported.
    pub is_managed: bool,
    /// The status of its subscription.
    pub status: Option<String>,
    /// The numbers of the hits that the viewer sees by default.
    pub shown: ShownCounts,
    /// Whether other hits are hidden by default, for another reason than that they are internal.
    pub hides: bool,
    /// The name in lower case; the UUID if it has none.
    pub sort_name: String,
}

/// A report without its hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportHead {
    /// When the rules ran.
    pub last_checked: Timestamp,
    /// When the data were collected on the cluster; `None` where the report does not say.
    pub gathered_at: Option<Timestamp>,
    /// When the report was stored, by our clock.
    pub stored_at: Timestamp,
    /// The id of the upload that the report belongs to; `None` where it was not tracked.
    pub request_id: Option<String>,
}

/// Implements the order by a number that follows from the counts of shown hits.
macro_rules! by_count {
    ($column:literal, $number:expr) => {
        SortColumn {
            name: $column,
            column: $column,
            kind: SortKind::Integer,
            is_nullable: false,
            value: |cluster| {
                let number: fn(ShownCounts) -> i64 = $number;
                Some(SortValue::Integer(number(cluster.shown)))
            },
        }
    };
}

impl Cluster {
    /// By UUID.
    pub const BY_UUID: SortColumn<Self> = SortColumn {
        name: "uuid",
        column: "id",
        kind: SortKind::Uuid,
        is_nullable: false,
        value: |cluster| Some(SortValue::Uuid(cluster.id.uuid())),
    };
    /// By the time when rules last ran.
    pub const BY_LAST_CHECKED: SortColumn<Self> = SortColumn {
        name: "lastChecked",
        column: "last_checked_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |cluster| Some(SortValue::Time(cluster.last_checked)),
    };
    /// By version, in the order of semantic versioning.
    pub const BY_VERSION: SortColumn<Self> = SortColumn {
        name: "version",
        column: "version_key",
        kind: SortKind::Text,
        is_nullable: true,
        value: |cluster| cluster.version_key.as_ref().map(|key| SortValue::Text(key.to_string())),
    };

    /// By name in lower case. Clusters without a name are ordered by UUID among the names.
    pub const BY_NAME: SortColumn<Self> = SortColumn {
        name: "name",
        column: "sort_name",
        kind: SortKind::Text,
        is_nullable: false,
        value: |cluster| Some(SortValue::Text(cluster.sort_name.clone())),
    };
    /// By the number of shown hits.
    pub const BY_HITS: SortColumn<Self> = by_count!("hits", |shown| shown.all().into());
    /// By the number of shown hits of critical risk.
    pub const BY_CRITICAL: SortColumn<Self> = by_count!("critical", |shown| shown.of(TotalRisk::Critical).into());
    /// By the number of shown hits of important risk.
    pub const BY_IMPORTANT: SortColumn<Self> = by_count!("important", |shown| shown.of(TotalRisk::Important).into());
    /// By the number of shown hits of moderate risk.
    pub const BY_MODERATE: SortColumn<Self> = by_count!("moderate", |shown| shown.of(TotalRisk::Moderate).into());
    /// By the number of shown hits of low risk.
    pub const BY_LOW: SortColumn<Self> = by_count!("low", |shown| shown.of(TotalRisk::Low).into());
    /// By the numbers of shown hits of critical risk, then important, then moderate, then low.
    pub const BY_TOTAL_RISK: SortColumn<Self> = by_count!("risks", ShownCounts::by_risk);

    /// The parent of the cluster's hits.
    pub fn hits(&self) -> ClusterHits {
        ClusterHits {
            cluster: self.id,
            count: self.hit_count,
            details_bytes: self.details_bytes,
            hides: self.hides,
            is_managed: self.is_managed,
        }
    }
}

impl List for Cluster {
    type Parent = OrgId;
    type Filter = ClusterFilter;

    const NAME: &'static str = "clusters";
    const SOURCE: Source = Source::Indexed("cluster");
    const PARENT: Option<&'static str> = Some("org_id");
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "org_id",
        "version",
        "version_key",
        "last_checked_at",
        "hit_count",
        "hits_digest",
        "details_bytes",
        "report_checked_at",
        "gathered_at",
        "stored_at",
        "request_id",
        "counts",
        "hides",
        "sort_name",
    ];
    const LOOKUP: Option<Lookup> = Some(Lookup {
        table: "imported_cluster",
        key: &[("org_id", "org_id"), ("cluster_id", "id")],
        columns: &["display_name", "managed", "status"],
    });
    const KEY: SortColumn<Self> = Self::BY_UUID;
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_UUID, Direction::Ascending);

    /// The counts that the viewer sees, their parts, and whether there are others.
    fn computed(scope: Scope, column: &'static str, items: &'static str) -> Option<Expr> {
        if column == "hides" {
            return Some(Expr::cust(format!("NOT {}", shown_counts::nothing_is_hidden(items))));
        }
        shown_counts::part(column, &shown_counts::within(scope, items)).map(Expr::cust)
    }

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.next()?,
            organization: row.next()?,
            version: row.next()?,
            version_key: row.next::<Option<String>>()?.map(VersionKey::from_text),
            last_checked: row.next()?,
            hit_count: hit_count(row.next()?, row.next()?),
            details_bytes: row.next::<i64>()?.unsigned_abs(),
            report: ReportHead::read(row)?,
            shown: ShownCounts::from_packed(row.next()?),
            hides: row.next()?,
            sort_name: row.next()?,
            display_name: row.next()?,
            is_managed: row.next::<Option<bool>>()?.unwrap_or(false),
            status: row.next()?,
        })
    }
}

impl ReportHead {
    fn read(row: &mut Row<'_>) -> Result<Option<Self>, DbErr> {
        let (last_checked, gathered_at, stored_at) = (row.next()?, row.next()?, row.next()?);
        let request_id = row.next()?;
        let (Some(last_checked), Some(stored_at)) = (last_checked, stored_at) else { return Ok(None) };
        Ok(Some(Self { last_checked, gathered_at, stored_at, request_id }))
    }
}

/// The number of open hits. Whether there are none follows from their digest, which every version of the service
/// writes; one that does not know the count may run beside this one during an upgrade.
fn hit_count(counted: i32, digest: Option<Digest>) -> u32 {
    static OF_NO_HITS: LazyLock<Digest> = LazyLock::new(|| Digest::of_parts([]));
    match digest {
        Some(digest) if digest != *OF_NO_HITS => counted.unsigned_abs().max(1),
        _ => 0,
    }
}

impl Store {
    /// Returns the clusters among `ids` that exist within the scope, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clusters(&self, scope: Scope, ids: &[ClusterId]) -> Result<HashMap<ClusterId, Cluster>, Error> {
        let is_one = Column::clusters(ids.iter().copied()).contains(item("id"), self.backend());
        let rows = self.find::<Cluster, ClusterId>(scope, "id", is_one.into()).await?;
        Ok(rows.into_iter().collect())
    }
}
