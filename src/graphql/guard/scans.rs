//! Fields that take more work than what they return.
//!
//! A field that reads all clusters of a list is counted once, not once per parent: it reads the clusters of all its
//! parents in one statement, and each cluster at most once. A page of a history is counted for each cluster, and the
//! work of filling in a text for each hit.

use async_graphql::{
    Name, ServerError, Value as ConstValue, Variables,
    parser::types::{Field, Selection, SelectionSet},
};

use super::cost::may_show_items;
use crate::graphql::{cluster_list, impacted_cluster_list, namespace_list};

/// The cost of reading all items of a list once, in fields. A filtered list with its total reads them twice: the limit of
/// 20,000 allows nine of these. Thirty took 5.4 s of SQL over 20,000 clusters.
pub(super) const SCAN_COST: usize = 1_000;

/// The cost of a page of one cluster's history beside its items, in fields: it merges the closed hits with the cluster's
/// open ones, which it sorts. Pages of 100 clusters with 100 open hits each took 0.15 s of SQL.
pub(super) const HISTORY_COST: usize = 20;

/// The cost of a page of one cluster's namespaces, of one namespace's recommendations, or of their objects, beside its
/// items, in fields: all are read and sorted.
pub(super) const WORKLOADS_COST: usize = 20;

/// How many scans a list costs that reads the objects of all namespaces: counting the 400,000 of 40,000 namespaces took
/// 0.9 s of SQL, where the namespaces alone took 0.09 s.
const OBJECT_SCANS: usize = 5;

/// The cost of filling in a text of a hit, or writing one as HTML, in fields: up to a tenth of a millisecond.
const TEXT_COST: usize = 4;

/// The cost of a field of a type for each of its parents.
pub(super) fn cost_per_parent(parent: Option<&str>, field: &Field) -> usize {
    match (parent, field.name.node.as_str()) {
        (Some("Cluster"), "history") if may_show_items(&field.selection_set.node) => HISTORY_COST,
        (Some("Cluster"), "namespaces" | "gatheringRequests")
        | (Some("Namespace"), "recommendations")
        | (Some("WorkloadRecommendation"), "objects") => WORKLOADS_COST,
        (Some("RuleHit"), "description" | "reason" | "resolution" | "moreInfo")
        | (Some("RecommendationContent"), "summary" | "generic") => TEXT_COST,
        _ => 0,
    }
}

/// The type whose objects are small rows. A row is counted once, whatever is selected of its columns: a list of requests
/// has up to 100 for each cluster.
pub(super) const SMALL_ROW: &str = "GatheringRequest";

/// Whether a field of a type is a column of a row that is counted as a whole.
pub(super) fn is_column_of_row(parent: Option<&str>, field: &Field) -> bool {
    let is_leaf = field.selection_set.node.items.is_empty();
    parent == Some(SMALL_ROW) && is_leaf && field.name.node != "__typename"
}

/// How often a field of a type reads all items of its list. The arguments of a field that does not exist are ignored.
pub(super) fn count(parent: Option<&str>, field: &Field, variables: &Variables) -> usize {
    let argument = |name: &str| -> Option<ConstValue> {
        let value = field.get_argument(name)?.node.clone();
        let variable = |name: Name| Ok::<_, ServerError>(variables.get(&name).cloned().unwrap_or_default());
        value.into_const_with(variable).ok()
    };
    let selected = &field.selection_set.node;
    // Of the page, and of the total beside it.
    let of_list = |scans: fn(Option<ConstValue>, Option<ConstValue>, bool) -> usize| {
        let of = |total| scans(argument("filter"), argument("orderBy"), total);
        let page = of(false);
        let total = if may_select_total(selected) { of(true) - page } else { 0 };
        total + if may_show_items(selected) { page } else { 0 }
    };
    match (parent, field.name.node.as_str()) {
        (Some("Organization"), "clusters") => of_list(cluster_list::scans),
        (Some("Recommendation"), "impactedClusters") => of_list(impacted_cluster_list::scans),
        // All namespaces are read in any case, and where their number or order depends on their objects, these too.
        (Some("Organization"), "namespaces") => 1 + OBJECT_SCANS * of_list(namespace_list::scans),
        // The hits of each recommendation are counted; all acknowledgements and toggles of an organization are read. Of a
        // summary also the clusters of each version are counted, which are looked up.
        (Some("Organization" | "Query"), "recommendations")
        | (Some("Organization"), "acknowledgements" | "clusterToggles") => 1,
        (Some("Organization"), "summary") => 2,
        _ => 0,
    }
}

/// Is the total selected? A fragment may select it.
fn may_select_total(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => field.node.name.node == "totalCount",
        Selection::InlineFragment(inline) => may_select_total(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => true,
    })
}
