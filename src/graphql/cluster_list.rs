//! The arguments of lists of clusters: `ClusterFilter` and `ClusterOrder`.

use std::{fmt, str::FromStr};

use async_graphql::{Enum, InputObject, Result};

use super::{
    connection::MOST_KEYS,
    error::bad_user_input,
    scalars::{Duration, Uuid},
};
use crate::{
    domain::{Timestamp, VersionKey},
    store::{self, ClusterOrderValue, ClusterPosition},
};

/// The longest text that is searched for.
const LONGEST_TEXT: usize = 100;

/// Conditions on the clusters of a list. A cluster must meet all conditions that are given.
#[derive(InputObject)]
pub(super) struct ClusterFilter {
    /// The UUID contains this text, ignoring case. At most 100 characters.
    text: Option<String>,
    /// The UUID is one of these. At most 100.
    uuids: Option<Vec<Uuid>>,
    /// The version is in this range. A cluster without a version is in no range.
    version: Option<VersionRange>,
    /// The version is exactly one of these. At most 100.
    versions: Option<Vec<String>>,
    /// Whether a recommendation hits the cluster.
    has_hits: Option<bool>,
    /// At least one of these recommendations hits the cluster. Selectors, as `ruleFqdn|errorKey`. At most 100.
    hit_by: Option<Vec<String>>,
    /// Rules last ran on data of the cluster no longer ago than this.
    seen_within: Option<Duration>,
}

/// A range of versions, in the order of semantic versioning. A bound may omit patch, or minor and patch. It is then
/// lower than all versions that begin with it, including pre-releases: `before: "4.16"` excludes 4.16.0-rc.1.
#[derive(InputObject)]
pub(super) struct VersionRange {
    /// The lowest version in the range.
    from: Option<String>,
    /// The upper bound of the range, which is not in the range.
    before: Option<String>,
}

/// The order of a list of clusters. Clusters without a value in the field are last in both directions. Clusters with
/// equal values are ordered by UUID.
#[derive(Clone, Copy, InputObject)]
pub(super) struct ClusterOrder {
    /// The field to order by.
    pub(super) field: ClusterOrderField,
    /// The direction of the order.
    pub(super) direction: OrderDirection,
}

/// A field by which clusters can be ordered.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum ClusterOrderField {
    /// The UUID.
    Uuid,
    /// When rules last ran on data of the cluster.
    LastChecked,
    /// The version, in the order of semantic versioning.
    Version,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum OrderDirection {
    /// Ascending: the smallest, earliest or oldest value first.
    Asc,
    /// Descending: the largest, latest or newest value first.
    Desc,
}

impl ClusterFilter {
    /// As the store takes it. What was "within" some time is so at `now`, the request's own time.
    pub(super) fn check(self, now: Timestamp) -> Result<store::ClusterFilter> {
        let text = self.text.filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
            return Err(bad_user_input("filter.text", &format!("has more than {LONGEST_TEXT} characters")));
        }
        without_nul("filter.text", text.as_slice())?;
        without_nul("filter.versions", self.versions.as_deref().unwrap_or_default())?;
        without_nul("filter.hitBy", self.hit_by.as_deref().unwrap_or_default())?;
        let VersionRange { from, before } = self.version.unwrap_or(VersionRange { from: None, before: None });
        let hit_by = at_most("filter.hitBy", self.hit_by)?;
        Ok(store::ClusterFilter {
            text,
            ids: at_most("filter.uuids", self.uuids)?.map(|uuids| uuids.into_iter().map(|Uuid(id)| id).collect()),
            version_from: bound("filter.version.from", from.as_deref())?,
            version_before: bound("filter.version.before", before.as_deref())?,
            versions: at_most("filter.versions", self.versions)?,
            has_hits: self.has_hits,
            // What is no selector hits nothing.
            hit_by: hit_by.map(|texts| texts.iter().filter_map(|text| text.parse().ok()).collect()),
            seen_since: self.seen_within.and_then(|within| within.before(now)),
        })
    }
}

fn at_most<T>(argument: &str, values: Option<Vec<T>>) -> Result<Option<Vec<T>>> {
    match values {
        Some(values) if values.len() > MOST_KEYS => {
            Err(bad_user_input(argument, &format!("has {} values; at most {MOST_KEYS} are taken", values.len())))
        }
        values => Ok(values),
    }
}

/// PostgreSQL takes no text with a NUL in it.
fn without_nul(argument: &str, texts: &[String]) -> Result<()> {
    if texts.iter().any(|text| text.contains('\0')) {
        return Err(bad_user_input(argument, "holds a NUL character, which nothing has"));
    }
    Ok(())
}

fn bound(argument: &str, version: Option<&str>) -> Result<Option<VersionKey>> {
    let Some(version) = version else { return Ok(None) };
    let key = VersionKey::of_bound(version);
    key.map(Some).ok_or_else(|| bad_user_input(argument, "is no version, such as 4.16.3, 4.16 or 4.16.0-rc.1"))
}

impl ClusterOrder {
    /// The order where none is asked for.
    pub(super) const DEFAULT: Self = Self { field: ClusterOrderField::Uuid, direction: OrderDirection::Asc };

    /// The list in this order, as cursors name it.
    pub(super) fn list(self) -> &'static str {
        match (self.field, self.direction) {
            (ClusterOrderField::Uuid, OrderDirection::Asc) => "clusters:uuid:asc",
            (ClusterOrderField::Uuid, OrderDirection::Desc) => "clusters:uuid:desc",
            (ClusterOrderField::LastChecked, OrderDirection::Asc) => "clusters:lastChecked:asc",
            (ClusterOrderField::LastChecked, OrderDirection::Desc) => "clusters:lastChecked:desc",
            (ClusterOrderField::Version, OrderDirection::Asc) => "clusters:version:asc",
            (ClusterOrderField::Version, OrderDirection::Desc) => "clusters:version:desc",
        }
    }

    /// A cluster's place in this order.
    pub(super) fn place(self, cluster: &store::Cluster) -> Position {
        let value = match self.field {
            ClusterOrderField::Uuid => ClusterOrderValue::Uuid,
            ClusterOrderField::LastChecked => ClusterOrderValue::LastChecked(cluster.last_checked),
            ClusterOrderField::Version => ClusterOrderValue::Version(cluster.version_key.clone()),
        };
        Position(ClusterPosition { value, id: cluster.id })
    }
}

impl From<ClusterOrder> for store::ClusterOrder {
    fn from(order: ClusterOrder) -> Self {
        Self {
            field: match order.field {
                ClusterOrderField::Uuid => store::ClusterOrderField::Uuid,
                ClusterOrderField::LastChecked => store::ClusterOrderField::LastChecked,
                ClusterOrderField::Version => store::ClusterOrderField::Version,
            },
            direction: order.direction.into(),
        }
    }
}

impl From<OrderDirection> for store::Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}

/// A place in an order as a cursor holds it: the UUID, and behind it what the order's field says.
pub(super) struct Position(pub(super) ClusterPosition);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ClusterPosition { value, id }) = self;
        match value {
            ClusterOrderValue::Uuid => write!(f, "{id}"),
            ClusterOrderValue::LastChecked(at) => write!(f, "{id}@{at}"),
            ClusterOrderValue::Version(Some(key)) => write!(f, "{id}v{key}"),
            ClusterOrderValue::Version(None) => write!(f, "{id}v"),
        }
    }
}

/// A text that is no place.
#[derive(Debug)]
pub(super) struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        const UUID: usize = 36;
        let (id, value) = text.split_at_checked(UUID).ok_or(InvalidPosition)?;
        let value = match value.split_at_checked(1) {
            None => ClusterOrderValue::Uuid,
            Some(("@", at)) => ClusterOrderValue::LastChecked(at.parse().map_err(|_| InvalidPosition)?),
            Some(("v", "")) => ClusterOrderValue::Version(None),
            Some(("v", key)) => ClusterOrderValue::Version(Some(VersionKey::from_text(key))),
            Some(_) => return Err(InvalidPosition),
        };
        Ok(Self(ClusterPosition { value, id: id.parse().map_err(|_| InvalidPosition)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_form_and_come_back() {
        let id = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";
        for rest in ["", "@2026-01-02T03:04:05.000006Z", "v", "v0014002160010~", "v0014002160010-12rc 0011 "] {
            let text = format!("{id}{rest}");
            assert_eq!(text.parse::<Position>().expect("a place").to_string(), text);
        }
        for bad in ["", "7f6e2c1a", "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c@", "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5cx"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
