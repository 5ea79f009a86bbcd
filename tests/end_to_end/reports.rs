//! Reports that are written directly into the store, for tests that do not concern ingestion.

use generator::{DEFAULT_SEED, Fleet, FleetSize};
use insights_results_aggregator::{
    domain::{ClusterId, Details, OrgId, Report, RuleHit, Timestamp, WorkloadResult},
    message::{self, Content, Kind, Limits, RuleResult},
    store::{Batch, Results, Store},
};
use uuid::Uuid;

/// When the rules ran, in reports for which a test sets no time.
pub(crate) const LAST_CHECKED: &str = "2024-05-02T08:15:59.478901Z";

/// The organization with this number.
pub(crate) fn organization(number: u32) -> OrgId {
    OrgId::try_from(i64::from(number)).expect("an organization")
}

/// The cluster whose UUID is this number.
pub(crate) fn cluster(number: u128) -> ClusterId {
    Uuid::from_u128(number).into()
}

/// A time in RFC 3339.
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A report with hits, each `(selector, details)`. Empty details mean no details.
pub(crate) fn report(owner: u32, number: u128, hits: &[(&str, &str)]) -> Report {
    let hit = |(selector, details): &(&str, &str)| {
        let details = (!details.is_empty()).then(|| Details::from_checked(*details));
        RuleHit::new(selector.parse().expect("a selector"), details)
    };
    Report::new(organization(owner), cluster(number), time(LAST_CHECKED), hits.iter().map(hit).collect())
}

/// Reports of `clusters` clusters of one organization, numbered from `first`, each with `hits` hits.
pub(crate) fn reports(owner: u32, first: u128, clusters: usize, hits: usize) -> Vec<Report> {
    let selectors: Vec<_> = (0..hits).map(|number| format!("rule_{number}|KEY")).collect();
    let hits: Vec<_> = selectors.iter().map(|selector| (selector.as_str(), r#"{"type":"rule"}"#)).collect();
    (first..).take(clusters).map(|number| report(owner, number, &hits)).collect()
}

/// The first report of every cluster of the demo's fleet, in this size.
pub(crate) fn reports_of_a_fleet(size: FleetSize) -> Vec<Report> {
    let now = Timestamp::now();
    let mut fleet = Fleet::new(DEFAULT_SEED, size).expect("a fleet");
    let report = |message: &[u8]| match parse(Kind::Ocp, message, now) {
        RuleResult::Report(report) => report,
        RuleResult::Workloads(_) => panic!("parsed as a report"),
    };
    fleet.round(now.utc()).map(|message| report(&message.value)).collect()
}

/// The first workload result of every cluster of the demo's fleet, in this size.
pub(crate) fn workloads_of_a_fleet(size: FleetSize) -> Vec<WorkloadResult> {
    let now = Timestamp::now();
    let mut fleet = Fleet::new(DEFAULT_SEED, size).expect("a fleet");
    let workloads = |message: &[u8]| match parse(Kind::Workload, message, now) {
        RuleResult::Workloads(result) => result,
        RuleResult::Report(_) => panic!("parsed as a workload result"),
    };
    fleet.workload_round(now.utc()).map(|message| workloads(&message.value)).collect()
}

fn parse(kind: Kind, message: &[u8], now: Timestamp) -> RuleResult {
    match message::parse(kind, Some(message), now, &Limits::default()).expect("a result") {
        Content::Result(parsed) => parsed.result,
        Content::Empty => panic!("a result without hits is still a result"),
    }
}

/// Writes reports as one batch.
pub(crate) async fn write(store: &Store, reports: &[Report]) {
    let written = store
        .write(Batch { results: Results::Reports(reports), rejected: &[] })
        .await
        .expect("the reports are written");
    assert_eq!(written.applied, reports.len(), "no report was stale");
}
