//! Workload messages: the structure of the metrics, recommendations, objects and their limits.

use super::{Members, check_as, message, nested, object, outcome_as, parse_as, parsed_as, repeated, report};
use crate::{
    domain::{Details, WorkloadObject, WorkloadResult},
    message::{Kind, OptionalField, RuleResult},
};

pub(super) fn workload_message(changes: Members<'_>) -> String {
    let with_metrics = [("Report", ""), ("Metrics", &*metrics(&[]))];
    let changes: Vec<_> = changes.to_vec();
    let untouched = with_metrics.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    message(&changes.iter().chain(untouched).copied().collect::<Vec<_>>())
}

fn metrics(changes: Members<'_>) -> String {
    let recommendations = format!("[{}]", recommendation(&[]));
    let base = [
        ("system", "{}"),
        ("fingerprints", "[]"),
        ("version", "1"),
        ("analysis_metadata", "{}"),
        ("workload_recommendations", &*recommendations),
    ];
    object(&base, changes)
}

pub(super) fn recommendation(changes: Members<'_>) -> String {
    let base = [
        ("response_id", r#""unset_requirements|DVO_UNSET_REQUIREMENTS""#),
        ("component", r#""ccx_rules_ocp.external.dvo.unset_requirements.recommendation""#),
        ("key", r#""DVO_UNSET_REQUIREMENTS""#),
        ("details", r#"{"check_name":"unset-cpu-requirements"}"#),
        ("tags", r#"["efficiency"]"#),
        ("links", r#"{"jira":["https://example.com"],"product_documentation":[]}"#),
        ("workloads", &*format!("[{}]", workload(&[]))),
    ];
    object(&base, changes)
}

fn workload(changes: Members<'_>) -> String {
    let base = [
        ("namespace", r#""shop""#),
        ("namespace_uid", r#""5c0e""#),
        ("kind", r#""Deployment""#),
        ("name", r#""cart""#),
        ("uid", r#""9a41""#),
    ];
    object(&base, changes)
}

/// A message with these recommendations.
pub(super) fn recommendations(items: &[String]) -> String {
    workload_message(&[("Metrics", &metrics(&[("workload_recommendations", &format!("[{}]", items.join(",")))]))])
}

/// A message whose only recommendation has these members changed.
fn recommendation_changed(changes: Members<'_>) -> String {
    recommendations(&[recommendation(changes)])
}

/// A message whose only object has these members changed.
pub(super) fn object_changed(changes: Members<'_>) -> String {
    recommendation_changed(&[("workloads", &format!("[{}]", workload(changes)))])
}

fn outcome(message: impl AsRef<[u8]>) -> &'static str {
    outcome_as(Kind::Workload, message)
}

fn check(member: &str, build: fn(Members<'_>) -> String, cases: &[(&str, &str)]) {
    check_as(Kind::Workload, member, build, cases);
}

fn result_of(message: &str) -> WorkloadResult {
    match parsed_as(Kind::Workload, message).result {
        RuleResult::Workloads(result) => result,
        RuleResult::Report(_) => panic!("parsed as workloads"),
    }
}

fn rejection(message: &str) -> String {
    parse_as(Kind::Workload, message).expect_err("a bad message").to_string()
}

#[test]
fn metrics_are_an_object_and_empty_ones_are_skipped() {
    check(
        "Metrics",
        workload_message,
        &[
            ("{}", "empty"),
            ("{ }", "empty"),
            ("null", "missing_field"),
            ("", "missing_field"),
            ("[]", "wrong_type"),
            ("1e400", "wrong_type"),
            ("\"{}\"", "wrong_type"),
            (r#"{"system":{}}"#, "bad_report"),
            (r#"{"Workload_recommendations":[]}"#, "bad_report"),
        ],
    );
    // The rest of the message must be valid even if the metrics are empty.
    assert_eq!(outcome(workload_message(&[("Metrics", "{}"), ("LastChecked", "")])), "missing_field");
    assert_eq!(outcome(workload_message(&[("Metrics", r#"{"a":1},"METRICS":{}"#)])), "empty", "the last one counts");
}

#[test]
fn recommendations_are_a_list_of_objects() {
    fn build(changes: Members<'_>) -> String {
        workload_message(&[("Metrics", &metrics(changes))])
    }
    check(
        "workload_recommendations",
        build,
        &[
            ("[]", "ok"),
            ("", "bad_report"),
            ("null", "bad_report"),
            ("{}", "bad_report"),
            ("1e400", "bad_report"),
            ("[null]", "bad_report"),
            ("[[]]", "bad_report"),
            (r#"["\ud800"]"#, "bad_report"),
        ],
    );
    let none = result_of(&build(&[("workload_recommendations", "[]")]));
    assert!(none.hits().is_empty() && none.namespaces().is_empty());
    let twice = r#"7,"workload_recommendations":[]"#;
    assert_eq!(outcome(build(&[("workload_recommendations", twice)])), "ok", "the last one counts");
    for absent in ["", "null"] {
        let expected = "bad_report: Metrics.workload_recommendations: expected a list";
        assert_eq!(rejection(&build(&[("workload_recommendations", absent)])), expected, "{absent}");
    }
}

#[test]
fn a_recommendation_has_a_component_and_a_key() {
    for member in ["component", "key"] {
        check(
            member,
            recommendation_changed,
            &[
                (&repeated("😀", 255), "ok"),
                (&repeated("😀", 256), "too_long"),
                (r#""a\u0000b""#, "nul_in_text"),
                (r#""a\ud800b""#, "invalid_unicode"),
                ("7", "wrong_type"),
                (r#""""#, "missing_field"),
                ("null", "missing_field"),
                ("", "missing_field"),
            ],
        );
    }
    check("component", recommendation_changed, &[("\".recommendation\"", "missing_field"), ("\"a|b\"", "bad_report")]);
    check("key", recommendation_changed, &[("\"A|B\"", "ok")]);
    let expected = "missing_field: Metrics.workload_recommendations[1].key: expected a value";
    assert_eq!(rejection(&recommendations(&[recommendation(&[]), recommendation(&[("key", "")])])), expected);
}

#[test]
fn the_suffix_is_removed_once_and_names_match_in_any_case() {
    for (component, selector) in [
        ("a.b.recommendation", "a.b|K"),
        ("a", "a|K"),
        ("a.recommendation.recommendation", "a.recommendation|K"),
        ("a.report", "a.report|K"),
        ("a.RECOMMENDATION", "a.RECOMMENDATION|K"),
    ] {
        let item = format!(
            r#"{{"COMPONENT":"{component}","Key":"\u004b","WorkLoads":[{{"Namespace_UID":"1","NAME":"n","name":"m"}}]}}"#
        );
        let result = result_of(&recommendations(&[item]));
        assert_eq!(result.hits()[0].selector.as_str(), selector);
        let (_, _, object) = result.namespaces()[0].objects().next().expect("an object");
        assert_eq!((result.namespaces()[0].uid.as_str(), object.name.as_str()), ("1", "m"));
    }
}

#[test]
fn details_are_an_object_that_is_stored_byte_for_byte() {
    check(
        "details",
        recommendation_changed,
        &[
            ("[]", "wrong_type"),
            ("\"text\"", "wrong_type"),
            ("1e400", "wrong_type"),
            (r#"{"a":1e400}"#, "wrong_type"),
            (r#"{"a":"\ud800"}"#, "invalid_unicode"),
            (&format!(r#"{{"a":{}}}"#, nested(63)), "ok"),
            (&format!(r#"{{"a":{}}}"#, nested(64)), "too_deep"),
            (r#"7,"Details":{}"#, "ok"),
        ],
    );
    let stored = |json: &str| {
        let result = result_of(&recommendation_changed(&[("details", json)]));
        result.hits()[0].details.as_ref().map(|details| details.as_str().to_owned())
    };
    let odd = r#"{ "b" : [1 ,2], "a":"\u0000\/é" , "a": 9007199254740993 }"#;
    assert_eq!((stored(odd).as_deref(), stored("null"), stored("")), (Some(odd), None, None));
}

#[test]
fn workloads_are_a_list_of_objects() {
    check(
        "workloads",
        recommendation_changed,
        &[
            ("", "ok"),
            ("null", "ok"),
            ("[]", "ok"),
            ("{}", "bad_report"),
            ("7", "bad_report"),
            ("[null]", "bad_report"),
            ("[[]]", "bad_report"),
            (r#"{},"Workloads":[]"#, "ok"),
        ],
    );
    let without = result_of(&recommendation_changed(&[("workloads", "")]));
    assert_eq!((without.hits().len(), without.namespaces().len()), (1, 0));
    let expected = "bad_report: Metrics.workload_recommendations[0].workloads[1]: expected an object";
    let workloads = format!("[{},7]", workload(&[]));
    assert_eq!(rejection(&recommendation_changed(&[("workloads", &workloads)])), expected);
}

#[test]
fn the_fields_of_an_object_are_texts_that_may_be_absent() {
    for member in ["namespace", "namespace_uid", "kind", "name", "uid"] {
        check(
            member,
            object_changed,
            &[
                ("", "ok"),
                ("null", "ok"),
                (r#""""#, "ok"),
                (&repeated("😀", 255), "ok"),
                (&repeated("😀", 256), "too_long"),
                (r#""a\u0000b""#, "nul_in_text"),
                (r#""\udc00""#, "invalid_unicode"),
                ("7", "wrong_type"),
                ("1e400", "wrong_type"),
                ("[]", "wrong_type"),
                ("true", "wrong_type"),
            ],
        );
        let expected =
            format!("wrong_type: Metrics.workload_recommendations[0].workloads[0].{member}: expected a string");
        assert_eq!(rejection(&object_changed(&[(member, "{}")])), expected);
    }
    let result = result_of(&object_changed(&["kind", "name", "uid"].map(|member| (member, ""))));
    let (_, _, object) = result.namespaces()[0].objects().next().expect("an object");
    assert_eq!(*object, WorkloadObject { kind: String::new(), name: String::new(), uid: String::new() });
}

#[test]
fn every_field_of_an_object_is_kept() {
    let result = result_of(&workload_message(&[]));
    let [namespace] = result.namespaces() else { panic!("one namespace") };
    let (selector, _, object) = namespace.objects().next().expect("an object");
    assert_eq!((namespace.uid.as_str(), namespace.name.as_str()), ("5c0e", "shop"));
    assert_eq!((object.kind.as_str(), object.name.as_str(), object.uid.as_str()), ("Deployment", "cart", "9a41"));
    assert_eq!(selector.as_str(), "ccx_rules_ocp.external.dvo.unset_requirements|DVO_UNSET_REQUIREMENTS");
    assert_eq!(result.hits()[0].selector, *selector);
    assert_eq!(result.organization.to_string(), "1");
    assert_eq!(result.cluster.to_string(), "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c");
    assert_eq!(result.last_checked.to_string(), "2024-05-02T08:15:59.478901Z");
}

#[test]
fn a_message_has_at_most_a_thousand_recommendations_and_ten_thousand_objects() {
    let many = |count: usize| -> Vec<String> {
        (0..count).map(|n| recommendation(&[("key", &format!("\"K{n}\"")), ("workloads", "[]")])).collect()
    };
    assert_eq!(result_of(&recommendations(&many(1000))).hits().len(), 1000);
    let expected = "too_many_hits: Metrics.workload_recommendations: expected at most 1000 recommendations";
    assert_eq!(rejection(&recommendations(&many(1001))), expected);
    assert_eq!(outcome(recommendations(&vec!["{}".to_owned(); 6_000_000])), "too_many_hits");

    let with_objects = |counts: &[usize]| {
        let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        let item = |(n, count): (usize, &usize)| {
            recommendation(&[("key", &format!("\"K{n}\"")), ("workloads", &list(*count))])
        };
        recommendations(&counts.iter().enumerate().map(item).collect::<Vec<_>>())
    };
    for allowed in [&[10_000][..], &[9_999, 1], &[5_000, 0, 5_000]] {
        assert_eq!(outcome(with_objects(allowed)), "ok", "{allowed:?}");
    }
    let path = "Metrics.workload_recommendations[1].workloads";
    let expected = format!("too_many_hits: {path}: expected at most 10000 objects in the message");
    assert_eq!(rejection(&with_objects(&[5_000, 5_001])), expected);
    for beyond in [&[10_001][..], &[10_000, 1], &[6_000_000]] {
        assert_eq!(outcome(with_objects(beyond)), "too_many_hits", "{beyond:?}");
    }
}

#[test]
fn the_last_of_two_recommendations_with_one_selector_counts() {
    let again = recommendation(&[("details", r#"{"a":2}"#), ("workloads", "[]")]);
    let text = recommendations(&[recommendation(&[]), again]);
    assert_eq!(parsed_as(Kind::Workload, &text).deviations.repeated_hits, 1);
    let result = result_of(&text);
    let details = result.hits()[0].details.as_ref().map(Details::as_str);
    assert_eq!((result.hits().len(), details, result.namespaces().len()), (1, Some(r#"{"a":2}"#), 0));
}

#[test]
fn tags_and_links_that_do_not_fit_are_left_out() {
    let (tags, links) = (OptionalField::WorkloadTags, OptionalField::WorkloadLinks);
    for (member, json, left_out) in [
        ("tags", "", None),
        ("tags", "null", None),
        ("tags", "[]", None),
        ("tags", r#"["\ud800"]"#, None),
        ("tags", "{}", Some(tags)),
        ("tags", "\"a\"", Some(tags)),
        ("tags", r#"["a",7]"#, Some(tags)),
        ("links", "", None),
        ("links", "null", None),
        ("links", "{}", None),
        ("links", r#"{"a":null,"b":["c"]}"#, None),
        ("links", "[]", Some(links)),
        ("links", r#"{"a":"b"}"#, Some(links)),
        ("links", r#"{"a":[],"b":[[]]}"#, Some(links)),
    ] {
        let parsed = parsed_as(Kind::Workload, &recommendation_changed(&[(member, json)]));
        let counts: Vec<_> = parsed.deviations.left_out.iter().collect();
        assert_eq!(counts, left_out.map(|field| (field, 1)).into_iter().collect::<Vec<_>>(), "{member}: {json}");
        let RuleResult::Workloads(result) = parsed.result else { panic!("parsed as workloads") };
        assert_eq!(result.hits().len(), 1, "{member}: {json}");
    }
}

#[test]
fn a_message_of_the_other_kind_lacks_the_body() {
    assert_eq!(rejection(&message(&[])), "missing_field: Metrics: expected a value");
    let as_report = parse_as(Kind::Ocp, workload_message(&[])).expect_err("a bad message");
    assert_eq!(as_report.to_string(), "missing_field: Report: expected a value");
    // The body of the other kind is not needed, and not read.
    assert_eq!(outcome(workload_message(&[("Report", "1e400")])), "ok");
    assert_eq!(outcome_as(Kind::Ocp, message(&[("Report", &report(&[])), ("Metrics", "1e400")])), "ok");
}

#[test]
fn required_fields_are_validated_in_a_fixed_order() {
    let invalid = [("OrgID", "0"), ("ClusterName", "7"), ("Metrics", "7"), ("LastChecked", "7")];
    for first in 0..invalid.len() {
        let rejection = rejection(&workload_message(&invalid[first..]));
        assert!(rejection.contains(&format!(": {}: expected ", invalid[first].0)), "{rejection}");
    }
}

#[test]
fn only_the_owner_the_cluster_and_the_time_are_taken_from_the_envelope() {
    let result = result_of(&workload_message(&[]));
    let other = workload_message(&[("RequestId", ""), ("Metadata", ""), ("AccountNumber", "3"), ("Version", "1")]);
    assert_eq!(result, result_of(&other));
    assert_eq!(parsed_as(Kind::Workload, &workload_message(&[("Version", "")])).deviations.unknown_versions, 1);
}
