//! The arguments of lists of clusters: `ClusterFilter` and `ClusterOrder`.

use std::collections::BTreeSet;

use async_graphql::{Enum, InputObject, InputType as _, Result, Value};

use super::{
    connection::MAX_KEYS,
    error::bad_user_input,
    risks::TotalRisk,
    scalars::{Duration, Uuid},
};
use crate::{
    domain::{self, Selector, Timestamp, VersionKey},
    store::{self, List as _},
};

/// The longest text that is searched for.
const LONGEST_TEXT: usize = 100;
/// The most characters of a version, a rule's name or an error key: longer ones are not stored.
const MAX_NAME: usize = 255;
/// The most characters of a selector whose rule is written as a component.
const MAX_SELECTOR: usize = 2 * MAX_NAME + 1;
/// The latest time.
const LATEST: &str = "9999-12-31T23:59:59Z";

/// Conditions on the clusters of a list. A cluster must meet all conditions that are given.
#[derive(InputObject)]
pub(super) struct ClusterFilter {
    /// The name for display or the UUID contains this text, ignoring case. At most 100 characters.
    text: Option<String>,
    /// The UUID is one of these. At most 100.
    uuids: Option<Vec<Uuid>>,
    /// The version is in this range. A cluster without a version is in no range.
    version: Option<VersionRange>,
    /// The version is exactly one of these. At most 100.
    versions: Option<Vec<String>>,
    /// Whether a recommendation hits the cluster. Only hits that the viewer sees by default count, here and in the next two.
    has_hits: Option<bool>,
    /// At least one of these recommendations hits the cluster. Selectors, as `ruleFqdn|errorKey`; the rule may have the
    /// suffix `.report`. At most 100.
    hit_by: Option<Vec<String>>,
    /// A recommendation of one of these risks hits the cluster.
    total_risk: Option<Vec<TotalRisk>>,
    /// Rules last ran on data of the cluster no longer ago than this.
    seen_within: Option<Duration>,
    /// Whether the cluster is managed by the vendor.
    managed: Option<bool>,
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
    /// The name for display, in lower case.
    Name,
    /// The number of hits, as in `hitCount`.
    Hits,
    /// The number of hits of critical risk.
    Critical,
    /// The number of hits of important risk.
    Important,
    /// The number of hits of moderate risk.
    Moderate,
    /// The number of hits of low risk.
    Low,
    /// The number of hits of critical risk, then of important risk, then of moderate risk, then of low risk.
    TotalRisk,
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
        let text = searched_text(self.text)?;
        check_texts("filter.versions", self.versions.as_deref().unwrap_or_default(), MAX_NAME)?;
        check_texts("filter.hitBy", self.hit_by.as_deref().unwrap_or_default(), MAX_SELECTOR)?;
        let VersionRange { from, before } = self.version.unwrap_or(VersionRange { from: None, before: None });
        let hit_by = at_most("filter.hitBy", self.hit_by)?;
        Ok(store::ClusterFilter {
            text,
            ids: at_most("filter.uuids", self.uuids)?.map(|uuids| uuids.into_iter().map(|Uuid(id)| id).collect()),
            version_from: bound("filter.version.from", from.as_deref())?,
            version_before: bound("filter.version.before", before.as_deref())?,
            versions: at_most("filter.versions", self.versions)?,
            has_hits: self.has_hits,
            total_risk: self.total_risk.map(risks),
            managed: self.managed,
            hit_by: hit_by.as_deref().map(|texts| selectors("filter.hitBy", texts)).transpose()?,
            seen_since: self.seen_within.and_then(|within| within.before(now)),
        })
    }
}

/// The text that a filter searches for. An empty one is not searched for.
pub(super) fn searched_text(text: Option<String>) -> Result<Option<String>> {
    let text = text.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        return Err(bad_user_input("filter.text", &format!("has more than {LONGEST_TEXT} characters")));
    }
    without_nul("filter.text", text.as_deref().unwrap_or_default())?;
    Ok(text)
}

/// Risks as the store takes them, each once: a client may repeat them.
pub(super) fn risks(risks: Vec<TotalRisk>) -> Vec<domain::TotalRisk> {
    let risks: BTreeSet<domain::TotalRisk> = risks.into_iter().map(Into::into).collect();
    risks.into_iter().collect()
}

/// Refuses more values than a list of keys may have.
pub(super) fn at_most<T>(argument: &str, values: Option<Vec<T>>) -> Result<Option<Vec<T>>> {
    match values {
        Some(values) if values.len() > MAX_KEYS => {
            Err(bad_user_input(argument, &format!("has {} values; at most {MAX_KEYS} are taken", values.len())))
        }
        values => Ok(values),
    }
}

/// PostgreSQL takes no text with a NUL in it.
fn without_nul(argument: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(bad_user_input(argument, "holds a NUL character, which nothing has"));
    }
    Ok(())
}

/// Refuses a text with a NUL, and one with more characters than any stored text of its kind has.
fn check_texts(argument: &str, texts: &[String], most: usize) -> Result<()> {
    for (index, text) in texts.iter().enumerate() {
        let item = format!("{argument}[{index}]");
        without_nul(&item, text)?;
        let characters = text.chars().count();
        if characters > most {
            return Err(bad_user_input(&item, &format!("has {characters} characters; at most {most} are taken")));
        }
    }
    Ok(())
}

/// The recommendations that selectors name. A rule may be written as in messages, with the suffix of a component. Both
/// spellings are looked for, because the rule of a stored selector may itself end like that.
fn selectors(argument: &str, texts: &[String]) -> Result<Vec<Selector>> {
    let mut named = BTreeSet::new();
    for (index, text) in texts.iter().enumerate() {
        let spellings = text.parse::<Selector>().and_then(|given| Ok([given.without_component_suffix()?, given]));
        named.extend(spellings.map_err(|_| {
            bad_user_input(&format!("{argument}[{index}]"), "is not a selector, written ruleFqdn|errorKey")
        })?);
    }
    Ok(named.into_iter().collect())
}

fn bound(argument: &str, version: Option<&str>) -> Result<Option<VersionKey>> {
    let Some(version) = version else { return Ok(None) };
    let key = VersionKey::of_bound(version).filter(|_| version.chars().count() <= MAX_NAME);
    key.map(Some).ok_or_else(|| bad_user_input(argument, "is not a version, such as 4.16.3, 4.16 or 4.16.0-rc.1"))
}

/// How often a list of clusters with these arguments reads all clusters of an organization. 0 where an argument is
/// invalid, because the request is then refused.
pub(super) fn scans(filter: Option<Value>, order_by: Option<Value>, total: bool) -> usize {
    let filter = Option::<ClusterFilter>::parse(filter).ok().flatten();
    let order = Option::<ClusterOrder>::parse(order_by).ok().flatten();
    // A duration is before all times only if it is longer than all times, whatever the present one is.
    let Ok(now) = LATEST.parse() else { return 0 };
    let Ok(filter) = filter.map(|filter| filter.check(now)).transpose() else { return 0 };
    let order = order.map_or(store::Cluster::DEFAULT_ORDER, store::Order::from);
    store::Cluster::scans(&filter.unwrap_or_default(), order, total)
}

impl From<ClusterOrder> for store::Order<store::Cluster> {
    fn from(order: ClusterOrder) -> Self {
        let by = match order.field {
            ClusterOrderField::Uuid => &store::Cluster::BY_UUID,
            ClusterOrderField::LastChecked => &store::Cluster::BY_LAST_CHECKED,
            ClusterOrderField::Version => &store::Cluster::BY_VERSION,
            ClusterOrderField::Name => &store::Cluster::BY_NAME,
            ClusterOrderField::Hits => &store::Cluster::BY_HITS,
            ClusterOrderField::Critical => &store::Cluster::BY_CRITICAL,
            ClusterOrderField::Important => &store::Cluster::BY_IMPORTANT,
            ClusterOrderField::Moderate => &store::Cluster::BY_MODERATE,
            ClusterOrderField::Low => &store::Cluster::BY_LOW,
            ClusterOrderField::TotalRisk => &store::Cluster::BY_TOTAL_RISK,
        };
        Self::new(by, order.direction.into())
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
