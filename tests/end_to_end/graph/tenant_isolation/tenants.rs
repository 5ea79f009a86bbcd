//! The data of the viewer's organization and of others.
//!
//! Each world has the same data of the viewer's organization, and the same content. Only one has other tenants.

use ::entity::{
    acknowledgement, cluster, cluster_toggle, gathering_request, imported_cluster, recommendation, rule_hit, vote,
    workload_hit, workload_namespace, workload_object,
};
use insights_results_aggregator::{
    content::CurrentContent,
    domain::{Details, ListedObject, OrgId, Report, Selector, WorkloadHit, WorkloadResult},
    identity::{Identity, User, UserKind, Viewer, ViewerPolicy},
    store::{Actor, Store, VoteValue},
};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, IntoActiveModel, QueryFilter as _, sea_query::Expr,
};
use uuid::Uuid;

use super::marks::{OURS, THEIRS};
use crate::{
    content_files::{ContentFolder, FOR_MANAGED},
    harness::Database,
    reports::{organization, report, time, write},
    workloads::write_workloads,
};

/// An organization, whose values have a mark.
#[derive(Clone, Copy)]
pub(super) struct Tenant {
    number: u32,
    mark: &'static str,
}

/// The viewer's organization.
pub(super) const OUR_ORGANIZATION: Tenant = Tenant { number: 7, mark: OURS };
/// The organization whose values are used.
pub(super) const THEIR_ORGANIZATION: Tenant = Tenant { number: 1_734_091, mark: THEIRS };
/// Those before and after it in the order of numbers.
const NEIGHBOURS: [Tenant; 2] = [Tenant { number: 734_091, mark: THEIRS }, Tenant { number: 2_734_091, mark: THEIRS }];

/// The subject of an administrator.
const ADMINISTRATOR: &str = "administrator";

/// Recommendations that hit everyone, and one of them not on managed clusters.
const SHARED: &str = "common.rules.a|SHARED";
const NOT_FOR_MANAGED: &str = "common.rules.b|NOT_FOR_MANAGED";
/// Hits the first cluster of each organization, and each acknowledged it. The first one in the order of selectors.
const ACKNOWLEDGED: &str = "common.rules.0|ACKNOWLEDGED";
/// Recommendations that hit only our organization.
const OUR_HIT: &str = "common.rules.c|OURS";
const OUR_CLOSED_HIT: &str = "common.rules.d|OURS_CLOSED";
/// Recommendations without content that hit only others.
const THEIR_HIT: &str = "theirs.rules.a_734091|KEY_734091";
const THEIR_CLOSED_HIT: &str = "theirs.rules.b_734091|KEY_734091";
const THEIR_INTERNAL_HIT: &str = "theirs.internal.a_734091|KEY_734091";
/// Recommendations with content that hit only others.
const PUBLISHED_HIT: &str = "published.rules.a_734081|KEY_734081";
const PUBLISHED_INTERNAL_HIT: &str = "published.internal.a_734081|KEY_734081";
/// Recommendations with content that hit no cluster.
const PUBLISHED_WITHOUT_HITS: [&str; 2] =
    ["published.rules.a_734082|KEY_734082", "published.internal.a_734082|KEY_734082"];

/// Categories of a published recommendation with hits, and of one without.
const CATEGORIES: [&str; 2] = ["category_734081", "category_734082"];

/// The numbers of clusters. Those that move change only their owner, and keep the mark of the last one.
const MANAGED: u32 = 3;
const MOVED_TO_US: (u32, Tenant) = (8, OUR_ORGANIZATION);
const MOVED_TO_THEM: (u32, Tenant) = (9, THEIR_ORGANIZATION);

/// The content that everyone may read.
pub(super) fn content() -> ContentFolder {
    let [published, internal] = PUBLISHED_WITHOUT_HITS;
    let for_all: &[&str] = &[FOR_MANAGED, "security"];
    let [of_hit, of_none] = CATEGORIES.map(|category| [FOR_MANAGED, "security", category]);
    let folder = ContentFolder::with(&[
        (ACKNOWLEDGED, for_all),
        (SHARED, for_all),
        (NOT_FOR_MANAGED, &[]),
        (OUR_CLOSED_HIT, for_all),
        (PUBLISHED_HIT, &of_hit),
        (PUBLISHED_INTERNAL_HIT, for_all),
        (published, &of_none),
        (internal, for_all),
    ]);
    for category in CATEGORIES {
        folder.add_category(category);
    }
    folder
}

impl Tenant {
    pub(super) fn id(self) -> OrgId {
        organization(self.number)
    }

    /// A user of the organization.
    pub(super) fn member(self) -> Viewer {
        ViewerPolicy::default().viewer(self.identity(&format!("user-{}", self.mark)))
    }

    /// A user of the organization who is an administrator of the service.
    pub(super) fn administrator(self) -> Viewer {
        ViewerPolicy::new([ADMINISTRATOR.to_owned()], [self.id()]).viewer(self.identity(ADMINISTRATOR))
    }

    fn identity(self, subject: &str) -> Identity {
        let user =
            User { subject: subject.to_owned(), kind: UserKind::User, name: Some(format!("Name {}", self.mark)) };
        Identity { organization: self.id(), user: Some(user), is_organization_administrator: true }
    }

    fn cluster(self, number: u32) -> Uuid {
        format!("c0000000-0000-4000-8000-{number:06}{}", self.mark).parse().expect("a UUID")
    }

    /// A cluster with hits.
    pub(super) fn first_cluster(self) -> Uuid {
        self.cluster(1)
    }

    /// A recommendation that hits that cluster, and is not acknowledged.
    pub(super) fn hit(self) -> &'static str {
        if self.mark == OURS { OUR_HIT } else { THEIR_HIT }
    }

    fn actor(self) -> Actor {
        Actor { organization: self.id(), user: format!("user-{}", self.mark) }
    }

    fn time(self, day: u32) -> String {
        format!("2024-05-{day:02}T08:15:59.{}Z", self.mark)
    }

    /// A report of a cluster with hits, each with details.
    fn report(self, cluster: Uuid, day: u32, selectors: &[&str]) -> Report {
        let details = format!(r#"{{"type": "rule", "owner": "{}", "list": [{day}]}}"#, self.mark);
        let hits: Vec<_> = selectors.iter().map(|selector| (*selector, details.as_str())).collect();
        let mut report = report(self.number, cluster.as_u128(), &hits);
        report.last_checked = time(&self.time(day));
        report.gathered_at = Some(report.last_checked);
        report.request_id = Some(format!("request-{day}-{}", self.mark));
        report.version = Some(format!("4.{}.{}", 10 + day, self.mark));
        report
    }

    /// A workload result of a cluster. Each recommendation applies to an object in a namespace of all tenants, and to one
    /// in a namespace of its own.
    fn workloads(self, cluster: Uuid, day: u32, selectors: &[&str]) -> WorkloadResult {
        let hit = |(number, selector): (usize, &&str)| {
            let object = |namespace: String| ListedObject {
                namespace: format!("Namespace {namespace} {}", self.mark),
                namespace_uid: format!("uid-{namespace}-{}", self.mark),
                kind: format!("Kind {}", self.mark),
                name: format!("Object {namespace} {}", self.mark),
                uid: format!("uid-{number}-{}", self.mark),
            };
            WorkloadHit {
                selector: selector.parse().expect("a selector"),
                details: Some(Details::from_checked(format!(r#"{{"owner": "{}"}}"#, self.mark))),
                objects: vec![object("a".to_owned()), object(format!("b{number}"))],
            }
        };
        let hits = selectors.iter().enumerate().map(hit).collect();
        WorkloadResult::new(self.id(), cluster.into(), time(&self.time(day)), hits)
    }

    fn imported(self, cluster: Uuid, managed: bool) -> imported_cluster::Model {
        imported_cluster::Model {
            org_id: self.number.into(),
            cluster_id: cluster,
            display_name: Some(format!("Name {}", self.mark)),
            sort_name: Some(format!("name {}", self.mark).to_lowercase()),
            managed,
            status: Some(format!("Status {}", self.mark)),
        }
    }
}

/// A database with our organization.
pub(super) struct World {
    pub(super) store: Store,
    connection: DatabaseConnection,
    has_others: bool,
}

impl World {
    /// The data before any cluster moves.
    pub(super) async fn before_moves(database: &Database, has_others: bool) -> Self {
        let world = Self { store: database.store().await, connection: database.connect().await, has_others };
        let (ours, theirs, [first, last]) = (OUR_ORGANIZATION, THEIR_ORGANIZATION, NEIGHBOURS);
        let (moved_to_us, moved_to_them) = (moved(MOVED_TO_US), moved(MOVED_TO_THEM));
        world
            .report(vec![
                ours.report(ours.cluster(1), 1, &[ACKNOWLEDGED, SHARED, OUR_CLOSED_HIT]),
                ours.report(ours.cluster(2), 1, &[]),
                ours.report(ours.cluster(MANAGED), 1, &[SHARED, NOT_FOR_MANAGED]),
            ])
            .await;
        world.report(vec![ours.report(ours.cluster(1), 2, &[ACKNOWLEDGED, SHARED, OUR_HIT])]).await;
        if has_others {
            let all = [SHARED, THEIR_HIT, THEIR_CLOSED_HIT, THEIR_INTERNAL_HIT, PUBLISHED_HIT, PUBLISHED_INTERNAL_HIT];
            world
                .report(vec![
                    theirs.report(theirs.cluster(1), 3, &[&[ACKNOWLEDGED], all.as_slice()].concat()),
                    theirs.report(theirs.cluster(2), 3, &[]),
                    theirs.report(theirs.cluster(4), 3, &[SHARED]),
                    theirs.report(moved_to_us, 3, &all),
                    ours.report(moved_to_them, 3, &[SHARED, OUR_HIT]),
                    first.report(first.cluster(5), 3, &all),
                    last.report(last.cluster(6), 3, &all),
                ])
                .await;
            let open = [ACKNOWLEDGED, SHARED, THEIR_HIT, THEIR_INTERNAL_HIT, PUBLISHED_HIT];
            world.report(vec![theirs.report(theirs.cluster(1), 4, &open)]).await;
        }
        let everywhere = [ACKNOWLEDGED, SHARED, NOT_FOR_MANAGED];
        let mut results = vec![
            ours.workloads(ours.cluster(1), 2, &[everywhere.as_slice(), &[OUR_HIT]].concat()),
            ours.workloads(ours.cluster(MANAGED), 2, &everywhere),
        ];
        if has_others {
            let all = [SHARED, THEIR_HIT, THEIR_INTERNAL_HIT, PUBLISHED_HIT, PUBLISHED_INTERNAL_HIT];
            results.extend([
                theirs.workloads(theirs.cluster(1), 4, &all),
                theirs.workloads(moved_to_us, 4, &all),
                ours.workloads(moved_to_them, 4, &[SHARED, OUR_HIT]),
                first.workloads(first.cluster(5), 4, &all),
            ]);
        }
        write_workloads(&world.store, &results).await;
        world
            .import(vec![
                ours.imported(ours.cluster(1), false),
                ours.imported(ours.cluster(MANAGED), true),
                ours.imported(moved_to_them, true),
                theirs.imported(theirs.cluster(1), false),
                theirs.imported(theirs.cluster(2), true),
                theirs.imported(moved_to_us, true),
                first.imported(first.cluster(5), false),
            ])
            .await;
        world.act(ours, OUR_CLOSED_HIT).await;
        if has_others {
            world.act(theirs, THEIR_CLOSED_HIT).await;
        }
        world.mark_storing().await;
        world
    }

    /// Performs each action for an organization. No open hit is hidden but that of the acknowledged recommendation.
    async fn act(&self, of: Tenant, ended: &str) {
        let (actor, cluster) = (of.actor(), of.first_cluster().into());
        let [acknowledged, ended]: [Selector; 2] = [ACKNOWLEDGED, ended].map(|text| text.parse().expect("a selector"));
        let text = |kind: &str| Some(format!("{kind} {}", of.mark));
        for selector in [&acknowledged, &ended] {
            for _ in 0..2 {
                self.store.acknowledge(&actor, selector, text("Reason")).await.expect("an acknowledgement");
            }
            self.store.rate(&actor, selector, 1).await.expect("a rating");
        }
        let clusters = [cluster, of.cluster(2).into()];
        for (selector, disabled) in [(&acknowledged, true), (&acknowledged, false), (&ended, true)] {
            let toggled = self.store.toggle(&actor, selector, &clusters, disabled, text("Reason")).await;
            assert_eq!(toggled.expect("toggles").len(), clusters.len());
        }
        let vote = self.store.vote(&actor, cluster, &acknowledged, VoteValue::Up, text("Message")).await;
        assert!(vote.expect("a vote").is_some());
    }

    /// Moves a cluster to our organization, and one of ours to others.
    pub(super) async fn move_clusters(&self) {
        let (ours, theirs) = (OUR_ORGANIZATION, THEIR_ORGANIZATION);
        let (moved_to_us, moved_to_them) = (moved(MOVED_TO_US), moved(MOVED_TO_THEM));
        let without_values = |mut report: Report| {
            (report.version, report.request_id, report.gathered_at) = (None, None, None);
            report
        };
        self.report(vec![without_values(ours.report(moved_to_us, 5, &[SHARED, NOT_FOR_MANAGED]))]).await;
        if self.has_others {
            self.report(vec![without_values(theirs.report(moved_to_them, 5, &[SHARED, THEIR_HIT]))]).await;
            self.add_hit_of_others(moved_to_us).await;
            self.add_workloads_of_others(moved_to_us).await;
        }
        self.mark_storing().await;
    }

    /// Stores the content's facts.
    pub(super) async fn save_facts(&self, content: &CurrentContent) {
        let content = content.get().expect("content");
        self.store.save_recommendation_facts(content.version(), &content.facts()).await.expect("facts");
    }

    async fn report(&self, reports: Vec<Report>) {
        write(&self.store, &reports).await;
    }

    async fn import(&self, values: Vec<imported_cluster::Model>) {
        let kept = values.into_iter().filter(|row| self.has_others || row.org_id == i64::from(OUR_ORGANIZATION.number));
        let rows = kept.map(IntoActiveModel::into_active_model);
        imported_cluster::Entity::insert_many(rows).exec(&self.connection).await.expect("imported values");
    }

    /// Adds an open hit under another owner to a cluster of ours: what a statement sees that reads the hits of a cluster
    /// which has moved to another organization since an earlier statement read the cluster.
    async fn add_hit_of_others(&self, cluster: Uuid) {
        let is_theirs = recommendation::Column::Selector.eq(THEIR_HIT);
        let found = recommendation::Entity::find().filter(is_theirs).one(&self.connection).await.expect("a read");
        let like = rule_hit::Column::OrgId.eq(i64::from(THEIR_ORGANIZATION.number));
        let hit = rule_hit::Entity::find().filter(like).one(&self.connection).await.expect("a read");
        let hit = rule_hit::Model {
            cluster_id: cluster,
            recommendation_id: found.expect("a row").id,
            ..hit.expect("a hit of theirs")
        };
        rule_hit::Entity::insert(hit.into_active_model()).exec(&self.connection).await.expect("a hit is written");
    }

    /// The same for workloads: a namespace with an object to which a recommendation applies.
    async fn add_workloads_of_others(&self, cluster: Uuid) {
        let (connection, number) = (&self.connection, i64::from(THEIR_ORGANIZATION.number));
        let is_theirs = workload_object::Column::OrgId.eq(number);
        let object = workload_object::Entity::find().filter(is_theirs).one(connection).await.expect("a read");
        let object = object.expect("an object of theirs");
        let is_its = workload_namespace::Column::NamespaceKey.eq(object.namespace_key.clone());
        let namespace = workload_namespace::Entity::find().filter(is_its).one(connection).await.expect("a read");
        let is_its = workload_hit::Column::RecommendationId.eq(object.recommendation_id);
        let hit = workload_hit::Entity::find().filter(is_its).one(connection).await.expect("a read");
        let namespace =
            workload_namespace::Model { cluster_id: cluster, org_id: number, ..namespace.expect("its namespace") };
        let hit = workload_hit::Model { cluster_id: cluster, org_id: number, ..hit.expect("its recommendation") };
        let object = workload_object::Model { cluster_id: cluster, ..object };
        workload_namespace::Entity::insert(namespace.into_active_model()).exec(connection).await.expect("written");
        workload_hit::Entity::insert(hit.into_active_model()).exec(connection).await.expect("written");
        workload_object::Entity::insert(object.into_active_model()).exec(connection).await.expect("written");
    }

    /// Replaces the times at which reports were stored and users acted, which are those of a clock.
    async fn mark_storing(&self) {
        for tenant in [OUR_ORGANIZATION, THEIR_ORGANIZATION, NEIGHBOURS[0], NEIGHBOURS[1]] {
            let (number, at) = (i64::from(tenant.number), Expr::val(time(&tenant.time(6)).utc()));
            acknowledgement::Entity::update_many()
                .col_expr(acknowledgement::Column::CreatedAt, at.clone())
                .col_expr(acknowledgement::Column::UpdatedAt, at.clone())
                .filter(acknowledgement::Column::OrgId.eq(number))
                .exec(&self.connection)
                .await
                .expect("times are replaced");
            cluster_toggle::Entity::update_many()
                .col_expr(cluster_toggle::Column::ChangedAt, at.clone())
                .filter(cluster_toggle::Column::OrgId.eq(number))
                .exec(&self.connection)
                .await
                .expect("times are replaced");
            vote::Entity::update_many()
                .col_expr(vote::Column::ChangedAt, at)
                .filter(vote::Column::OrgId.eq(number))
                .exec(&self.connection)
                .await
                .expect("times are replaced");
            gathering_request::Entity::update_many()
                .col_expr(gathering_request::Column::ProcessedAt, Expr::val(time(&tenant.time(6)).utc()))
                .filter(gathering_request::Column::OrgId.eq(number))
                .exec(&self.connection)
                .await
                .expect("times are replaced");
            cluster::Entity::update_many()
                .col_expr(cluster::Column::StoredAt, Expr::val(time(&tenant.time(6)).utc()))
                .filter(cluster::Column::OrgId.eq(i64::from(tenant.number)))
                .exec(&self.connection)
                .await
                .expect("times are replaced");
        }
    }
}

/// The UUID of a cluster that moves.
fn moved((number, last_owner): (u32, Tenant)) -> Uuid {
    last_owner.cluster(number)
}
