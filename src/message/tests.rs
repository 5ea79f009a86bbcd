//! Good and bad messages and their outcomes: one boundary per file, one case per line.

mod envelope;
mod properties;
mod report;
mod silence;
mod value;
mod workload;

use super::{Content, Deviations, Kind, Limits, Parsed, Rejection, RuleResult};
use crate::domain::{Report, Timestamp};

/// Members of an object: names and raw JSON, since a JSON library would not write most of these cases.
type Members<'a> = &'a [(&'a str, &'a str)];

/// `base` with the members in `changes` replaced or added; an empty text removes a member.
fn object(base: Members<'_>, changes: Members<'_>) -> String {
    let change_of = |name: &str| changes.iter().find(|change| change.0 == name);
    let kept = base.iter().map(|member| change_of(member.0).unwrap_or(member));
    let added = changes.iter().filter(|(name, _)| base.iter().all(|(known, _)| known != name));
    let members: Vec<_> = kept.chain(added).filter(|(_, json)| !json.is_empty()).collect();
    let members: Vec<_> = members.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
    format!("{{{}}}", members.join(","))
}

fn message(changes: Members<'_>) -> String {
    let base = [
        ("OrgID", "1"),
        ("AccountNumber", "2"),
        ("ClusterName", r#""7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c""#),
        ("Report", &report(&[])),
        ("LastChecked", r#""2024-05-02T08:15:59.478901889Z""#),
        ("Version", "2"),
        ("RequestId", r#""3nl2vda87ld6e3s25jlk7n2dna""#),
        ("Metadata", r#"{"gathering_time":"2024-05-02T08:10:00Z"}"#),
    ];
    object(&base, changes)
}

fn report(changes: Members<'_>) -> String {
    let info = r#"[{"info_id":"version_info|CLUSTER_VERSION_INFO","details":{"version":"4.15.11"}}]"#;
    let reports = format!("[{}]", hit(&[]));
    object(&[("fingerprints", "[]"), ("system", "{}"), ("reports", &reports), ("info", info)], changes)
}

fn hit(changes: Members<'_>) -> String {
    let component = r#""ccx_rules_ocp.external.rules.nodes_kubelet_version_check.report""#;
    let base = [("component", component), ("key", r#""NODE_KUBELET_VERSION""#), ("details", r#"{"nodes":[1]}"#)];
    object(&base, changes)
}

/// A message whose report has these members changed.
fn with_report(changes: Members<'_>) -> String {
    message(&[("Report", &report(changes))])
}

/// A message whose only hit has these members changed.
fn with_hit(changes: Members<'_>) -> String {
    with_report(&[("reports", &format!("[{}]", hit(changes)))])
}

/// A JSON string of one repeated character.
fn repeated(character: &str, times: usize) -> String {
    format!("\"{}\"", character.repeat(times))
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

fn arrived_at() -> Timestamp {
    "2024-05-02T08:16:00Z".parse().expect("time")
}

fn parse_as(kind: Kind, message: impl AsRef<[u8]>) -> Result<Content, Rejection> {
    super::parse(kind, Some(message.as_ref()), arrived_at(), &Limits::default())
}

fn parse(message: impl AsRef<[u8]>) -> Result<Content, Rejection> {
    parse_as(Kind::Ocp, message)
}

/// The outcome of a message of this kind: `ok`, `empty` or the reason.
fn outcome_as(kind: Kind, message: impl AsRef<[u8]>) -> &'static str {
    match parse_as(kind, message) {
        Ok(Content::Result(_)) => "ok",
        Ok(Content::Empty) => "empty",
        Err(rejection) => rejection.reason.as_str(),
    }
}

fn outcome(message: impl AsRef<[u8]>) -> &'static str {
    outcome_as(Kind::Ocp, message)
}

fn parsed_as(kind: Kind, message: &str) -> Parsed {
    match parse_as(kind, message).expect("a good message") {
        Content::Result(parsed) => *parsed,
        Content::Empty => panic!("an empty result"),
    }
}

fn report_of(message: &str) -> Report {
    match parsed_as(Kind::Ocp, message).result {
        RuleResult::Report(report) => report,
        RuleResult::Workloads(_) => panic!("parsed as a report"),
    }
}

fn deviations(message: &str) -> Deviations {
    parsed_as(Kind::Ocp, message).deviations
}

/// Checks the outcome for each value of a member; `build` makes a message with it.
fn check(member: &str, build: fn(Members<'_>) -> String, cases: &[(&str, &str)]) {
    check_as(Kind::Ocp, member, build, cases);
}

/// As [`check`], for messages of this kind.
fn check_as(kind: Kind, member: &str, build: fn(Members<'_>) -> String, cases: &[(&str, &str)]) {
    for (json, expected) in cases {
        assert_eq!(outcome_as(kind, build(&[(member, json)])), *expected, "{member}: {json:.80}");
    }
}
