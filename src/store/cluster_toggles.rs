//! Recommendations that organizations turned off, or on again, for some of their clusters.

use std::collections::{BTreeSet, HashMap};

use ::entity::cluster_toggle::{ActiveModel, Column as Field, Entity};
use sea_orm::{
    ActiveValue::Set,
    Condition, DbBackend, DbErr, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};

use super::{
    columns::Column,
    error::Error,
    kept_values::{lock, refresh},
    list::{
        Filter, ITEM, List, ListRequest, Order, ParentKey, Row, SortColumn, SortKind, SortValue, Source, item, subquery,
    },
    page::{Direction, Page},
    pools::Store,
    recommendation_key::{self, id_of, organization_of},
    user_actions::Actor,
    visibility::not_internal,
    votes::HitKey,
};
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp},
    fault_point::FaultPoint,
    identity::Scope,
};

/// The last change of an organization for one of its clusters and a recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterToggle {
    /// The organization.
    pub organization: OrgId,
    /// The cluster.
    pub cluster: ClusterId,
    /// The recommendation.
    pub selector: Selector,
    /// Whether the recommendation was turned off, and not on again.
    pub is_disabled: bool,
    /// When.
    pub changed_at: Timestamp,
    /// The user who did.
    pub changed_by: Option<String>,
    /// Why it was turned off; `None` if no reason was given.
    pub feedback: Option<String>,
}

/// The parent of a list of toggles: an organization, or a recommendation as an organization sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TogglesOf {
    /// The organization.
    pub organization: OrgId,
    /// The recommendation; `None` for all.
    pub selector: Option<Selector>,
}

/// What restricts a list of toggles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToggleFilter {
    clusters: Option<Vec<ClusterId>>,
    /// Whether the parents are recommendations.
    of_recommendations: bool,
}

impl ToggleFilter {
    /// Only the toggles of these clusters; `None` for all.
    pub fn new(clusters: Option<Vec<ClusterId>>) -> Self {
        Self { clusters, of_recommendations: false }
    }
}

impl Filter for ToggleFilter {
    fn condition(&self, _: Scope, backend: DbBackend) -> Condition {
        let is_one = |clusters: &Vec<ClusterId>| {
            Column::clusters(clusters.iter().copied()).contains(item("cluster_id"), backend)
        };
        Condition::all().add_option(self.clusters.as_ref().map(is_one))
    }

    fn needs_scan(&self) -> bool {
        false
    }
}

impl ClusterToggle {
    /// By the time of the change.
    pub const BY_CHANGE: SortColumn<Self> = SortColumn {
        name: "changedAt",
        column: "changed_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |toggle| Some(SortValue::Time(toggle.changed_at)),
    };
}

impl List for ClusterToggle {
    type Parent = TogglesOf;
    type Filter = ToggleFilter;

    const NAME: &'static str = "clusterToggles";
    const SOURCE: Source = Source::Indexed("listed_cluster_toggle");
    const COLUMNS: &'static [&'static str] =
        &["org_id", "cluster_id", "selector", "disabled", "changed_at", "changed_by", "feedback"];
    const KEY: SortColumn<Self> = SortColumn {
        name: "toggle",
        column: "toggle_key",
        kind: SortKind::Text,
        is_nullable: false,
        value: |toggle| Some(SortValue::Text(format!("{} {}", toggle.cluster, toggle.selector))),
    };
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_CHANGE, Direction::Descending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            organization: row.next()?,
            cluster: row.next()?,
            selector: row.next()?,
            is_disabled: row.next()?,
            changed_at: row.next()?,
            changed_by: row.next()?,
            feedback: row.next()?,
        })
    }

    fn belongs_to(filter: &ToggleFilter, parent: &Expr, column: &dyn Fn(&'static str) -> Expr) -> Option<Condition> {
        let is_of_recommendation = || column("recommendation_id").eq(subquery(id_of(parent)));
        let of_recommendation = filter.of_recommendations.then(is_of_recommendation);
        Some(Condition::all().add(column("org_id").eq(organization_of(parent))).add_option(of_recommendation))
    }

    /// Only those that are off.
    fn always(scope: Scope, _: Expr) -> Condition {
        not_internal(scope, ITEM).add(item("disabled"))
    }

    /// Those of organizations and those of recommendations are found by different parts of an index, so they are
    /// statements of their own.
    async fn load(
        store: &Store,
        scope: Scope,
        parents: &[TogglesOf],
        request: &ListRequest<Self>,
    ) -> Result<HashMap<TogglesOf, Page<Self>>, Error> {
        let (of_one, of_all): (Vec<_>, Vec<_>) = parents.iter().cloned().partition(|parent| parent.selector.is_some());
        let mut pages = HashMap::with_capacity(parents.len());
        for (parents, of_recommendations) in [(of_one, true), (of_all, false)] {
            if !parents.is_empty() {
                let filter = ToggleFilter { of_recommendations, ..request.filter.clone() };
                let request = ListRequest { filter, ..request.clone() };
                pages.extend(store.pages(scope, &parents, &request).await?);
            }
        }
        Ok(pages)
    }
}

impl ParentKey for TogglesOf {
    /// As `recommendation_key` has it.
    type Id = String;

    fn id(self) -> String {
        recommendation_key::text(Some(self.organization), self.selector.as_ref())
    }

    fn column(ids: Vec<String>) -> Column {
        Column::Text(ids)
    }
}

impl Store {
    /// Turns a recommendation off for some clusters, or on again. Returns the toggles of those of the clusters that the
    /// organization owns.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn toggle(
        &self,
        actor: &Actor,
        selector: &Selector,
        clusters: &[ClusterId],
        disabled: bool,
        feedback: Option<String>,
    ) -> Result<HashMap<ClusterId, ClusterToggle>, Error> {
        let feedback = &feedback;
        self.act("turning a recommendation off or on", selector, move |transaction, recommendation_id| async move {
            let is_own = Expr::col(("cluster", "org_id")).eq(actor.organization.as_i64());
            let locked = lock(&transaction, clusters, Some(is_own)).await?;
            if locked.is_empty() {
                return Ok((HashMap::new(), transaction));
            }
            let changed_at = Timestamp::now();
            let row = |cluster: ClusterId| ActiveModel {
                org_id: Set(actor.organization.as_i64()),
                cluster_id: Set(cluster.uuid()),
                recommendation_id: Set(recommendation_id),
                disabled: Set(disabled),
                changed_at: Set(changed_at.utc()),
                changed_by: Set(Some(actor.user.clone())),
                feedback: Set(feedback.clone()),
            };
            let rows = locked.iter().map(|owned| row(owned.cluster()));
            let key = [Field::ClusterId, Field::OrgId, Field::RecommendationId];
            let replaced = [Field::Disabled, Field::ChangedAt, Field::ChangedBy, Field::Feedback];
            let replace = OnConflict::columns(key).update_columns(replaced).to_owned();
            Entity::insert_many(rows).on_conflict(replace).exec_without_returning(&transaction).await?;
            FaultPoint::ActionWritten.pass();
            refresh(&transaction, &locked).await?;
            let toggle = |cluster| ClusterToggle {
                organization: actor.organization,
                cluster,
                selector: selector.clone(),
                is_disabled: disabled,
                changed_at,
                changed_by: Some(actor.user.clone()),
                feedback: feedback.clone(),
            };
            let toggles = locked.iter().map(|owned| (owned.cluster(), toggle(owned.cluster()))).collect();
            Ok((toggles, transaction))
        })
        .await
    }

    /// Returns the toggles of those of the hits that have one, whose clusters their organizations own, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn toggles(&self, scope: Scope, keys: &[HitKey]) -> Result<HashMap<HitKey, ClusterToggle>, Error> {
        let clusters: BTreeSet<_> = keys.iter().map(|(_, cluster, _)| *cluster).collect();
        let selectors: BTreeSet<_> = keys.iter().map(|(_, _, selector)| selector.to_string()).collect();
        let selectors = Column::Text(selectors.into_iter().collect());
        let condition = not_internal(scope, ITEM)
            .add(Column::clusters(clusters).contains(item("cluster_id"), self.backend()))
            .add(selectors.contains(item("selector"), self.backend()));
        let found = self.find::<ClusterToggle, OrgId>(scope, "org_id", condition).await?;
        Ok(found.into_iter().map(|(of, found)| ((of, found.cluster, found.selector.clone()), found)).collect())
    }
}
