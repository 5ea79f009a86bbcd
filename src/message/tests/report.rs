//! The report: its structure, emptiness, hits, details and the version.

use super::{
    check, deviations, hit, message, nested, outcome, parse, repeated, report, report_of, with_hit, with_report,
};
use crate::domain::Details;
use crate::message::OptionalField;

fn hits(hits: &[String]) -> String {
    with_report(&[("reports", &format!("[{}]", hits.join(",")))])
}

/// The details of a hit as they are stored.
fn stored_details(details: &str) -> Option<String> {
    let report = report_of(&with_hit(&[("details", details)]));
    report.hits()[0].details.as_ref().map(|details| details.as_str().to_owned())
}

#[test]
fn a_report_is_an_object() {
    check(
        "Report",
        message,
        &[
            ("null", "missing_field"),
            ("", "missing_field"),
            ("[]", "wrong_type"),
            ("1e400", "wrong_type"),
            ("\"{}\"", "wrong_type"),
        ],
    );
}

#[test]
fn the_structure_of_a_report_is_checked() {
    let full = [("fingerprints", "null"), ("system", "null"), ("reports", "[]"), ("info", "null")];
    assert_eq!(outcome(with_report(&full)), "ok");
    check("fingerprints", with_report, &[("7", "ok"), ("", "bad_report")]);
    check("system", with_report, &[(r#"{"metadata":{},"hostname":null}"#, "ok"), ("", "bad_report")]);
    check(
        "reports",
        with_report,
        &[
            ("[]", "ok"),
            ("null", "bad_report"),
            ("{}", "bad_report"),
            ("1e400", "bad_report"),
            ("[null]", "bad_report"),
            ("[[]]", "bad_report"),
            (r#"["\ud800"]"#, "bad_report"),
            ("", "bad_report"),
        ],
    );
    for (info, left_out) in [("", 0), ("null", 0), ("[]", 0), ("{}", 1), ("\"x\"", 1), ("7", 1), ("{},\"info\":[]", 0)]
    {
        let counts = deviations(&with_report(&[("info", info)])).left_out;
        let counts: Vec<_> = counts.iter().collect();
        assert_eq!(counts, vec![(OptionalField::Info, 1); left_out], "{info}");
    }
}

#[test]
fn the_keys_of_a_report_match_exactly() {
    check("Reports", with_report, &[("7", "ok")]);
    let other_case = [("reports", ""), ("Reports", "[1]")];
    assert_eq!(outcome(with_report(&other_case)), "bad_report");
    assert_eq!(outcome(with_report(&[("reports", ""), ("repor\\u0074s", "[]")])), "ok");
    assert!(report_of(&with_report(&[("Info", "[7]"), ("INFO", "7")])).version.is_some());
}

#[test]
fn a_report_with_only_empty_members_is_empty() {
    for (json, expected) in [
        ("{}", "empty"),
        (r#"{"reports":[]}"#, "empty"),
        (r#"{"reports":{},"fingerprints":[ ]}"#, "empty"),
        (r#"{"analysis_metadata":{"start":"2024"}}"#, "empty"),
        (r#"{"system":{},"info":[],"skips":[],"pass":[]}"#, "empty"),
        (r#"{"system":{"metadata":{"a":1},"hostname":null},"fingerprints":[]}"#, "empty"),
        (r#"{"system":{"hostname":""},"reports":[]}"#, "empty"),
        (r#"{"system":[],"reports":[]}"#, "empty"),
        (r#"{"reports":[{}],"reports":[]}"#, "empty"),
        (r#"{"reports":[],"reports":[{}]}"#, "bad_report"),
        (r#"{"system":{"hostname":"node-1"},"reports":[]}"#, "bad_report"),
        (r#"{"system":{"hostname":7}}"#, "bad_report"),
        (r#"{"system":null}"#, "bad_report"),
        (r#"{"reports":null}"#, "bad_report"),
        (r#"{"info":null}"#, "bad_report"),
        (r#"{"version":1}"#, "bad_report"),
        (r#"{"version":""}"#, "bad_report"),
        (r#"{"Analysis_Metadata":{"start":"2024"}}"#, "bad_report"),
        (r#"{"reports":[{}],"fingerprints":[]}"#, "bad_report"),
        // All required keys: a healthy cluster, whose open hits it closes.
        (r#"{"system":{},"reports":[],"fingerprints":[]}"#, "ok"),
    ] {
        assert_eq!(outcome(message(&[("Report", json)])), expected, "{json}");
    }
    // The rest of the message must be valid even if the report is empty.
    assert_eq!(outcome(message(&[("Report", "{}"), ("LastChecked", "")])), "missing_field");
}

#[test]
fn a_report_with_more_members_than_are_checked_is_not_empty() {
    let members: Vec<String> = (0..2000).map(|n| format!("\"{n}\":1")).collect();
    let empty: Vec<String> = (0..2000).map(|n| format!("\"{n}\":[]")).collect();
    let report = format!("{{{},{}}}", members.join(","), empty.join(","));
    assert_eq!(outcome(message(&[("Report", &report)])), "bad_report");
}

#[test]
fn a_hit_has_a_component_and_a_key() {
    for member in ["component", "key"] {
        check(
            member,
            with_hit,
            &[
                ("\"tutorial_rule\"", "ok"),
                ("\"..\"", "ok"),
                (r#""a';\"--""#, "ok"),
                ("\"\u{202e}\u{1f600}\"", "ok"),
                (&repeated("😀", 255), "ok"),
                (&repeated("😀", 256), "too_long"),
                (&repeated("a", 10_000), "too_long"),
                (r#""a\u0000b""#, "nul_in_text"),
                (r#""a\ud800b""#, "invalid_unicode"),
                ("7", "wrong_type"),
                ("1e400", "wrong_type"),
                ("[]", "wrong_type"),
                (r#""""#, "missing_field"),
                ("null", "missing_field"),
                ("", "missing_field"),
            ],
        );
    }
    check(
        "component",
        with_hit,
        &[("\".report\"", "missing_field"), ("\"a|b\"", "bad_report"), ("\".report.report\"", "ok")],
    );
    check("key", with_hit, &[("\"A|B\"", "ok")]);
}

#[test]
fn the_suffix_is_removed_once_and_names_match_in_any_case() {
    for (component, selector) in
        [("a.b.report", "a.b|K"), ("a", "a|K"), ("a.report.report", "a.report|K"), ("a.REPORT", "a.REPORT|K")]
    {
        let item = format!(r#"{{"COMPONENT":"{component}","Key":"\u004b","rule_id":"z|Z"}}"#);
        assert_eq!(report_of(&hits(&[item])).hits()[0].selector.as_str(), selector);
    }
}

#[test]
fn a_report_has_at_most_a_thousand_hits() {
    let many = |count: usize| -> Vec<String> { (0..count).map(|n| hit(&[("key", &format!("\"K{n}\""))])).collect() };
    assert_eq!(report_of(&hits(&many(1000))).hits().len(), 1000);
    let rejection = parse(hits(&many(1001))).expect_err("too many");
    assert_eq!(rejection.to_string(), "too_many_hits: Report.reports: expected at most 1000 hits");
    assert_eq!(outcome(hits(&vec!["{}".to_owned(); 6_000_000])), "too_many_hits");
}

#[test]
fn the_last_of_two_hits_with_one_selector_counts() {
    let twice = hits(&[hit(&[("details", "1")]), hit(&[("details", "2")]), hit(&[("key", "\"OTHER\"")])]);
    assert_eq!(deviations(&twice).repeated_hits, 1);
    let report = report_of(&twice);
    let details: Vec<_> = report.hits().iter().map(|hit| hit.details.as_ref().map(Details::as_str)).collect();
    assert_eq!(details, [Some("2"), Some(r#"{"nodes":[1]}"#)]);
}

#[test]
fn details_are_stored_byte_for_byte() {
    for json in [
        r#"{ "b" : [1 ,2], "a":"\u0000\/\u00e9é" , "a": {} }"#,
        "9007199254740993",
        "123456789012345678901234567890.10",
        "-0",
        "1e308",
        "\"text\"",
        "false",
        r#"{"\ud83d\ude00":"\u0000"}"#,
        &nested(64),
    ] {
        assert_eq!(stored_details(json).as_deref(), Some(json));
    }
    assert_eq!(stored_details("null"), None);
    assert_eq!(stored_details(""), None);
}

#[test]
fn details_that_a_strict_reader_would_reject_are_rejected() {
    check(
        "details",
        with_hit,
        &[
            (&nested(65), "too_deep"),
            (&nested(127), "too_deep"),
            (&nested(10_000), "too_deep"),
            (&nested(5_000_000), "too_deep"),
            (r#"{"a":"\ud800"}"#, "invalid_unicode"),
            (r#"{"\udfff":1}"#, "invalid_unicode"),
            ("1e400", "wrong_type"),
            (r#"{"a":[1e131071]}"#, "wrong_type"),
        ],
    );
    let rejection = parse(with_hit(&[("details", "[1e400]")])).expect_err("a number too large");
    assert_eq!(
        rejection.to_string(),
        "wrong_type: Report.reports[0].details: expected numbers within the range of a double"
    );
}

#[test]
fn only_the_last_details_of_a_hit_count() {
    let item = r#"{"component":"a","key":"K","details":"\ud800","Details":{"a":1}}"#;
    assert_eq!(outcome(hits(&[item.to_owned()])), "ok");
}

#[test]
fn the_version_is_in_one_entry_of_info() {
    let version_info =
        |details: &str| format!(r#"{{"info_id":"version_info|CLUSTER_VERSION_INFO","details":{details}}}"#);
    let with_version = version_info(r#"{"version":"4.15.11"}"#);
    for (entries, version, ignored) in [
        (vec![], None, 0),
        (vec![with_version.clone()], Some("4.15.11"), 0),
        (vec![with_version.clone(), version_info(r#"{"version":"4.16.0"}"#)], Some("4.16.0"), 0),
        (vec![with_version.clone(), version_info(r#"{"version":""}"#)], Some("4.15.11"), 1),
        (vec![version_info(r#"{"version":"a\u0000"}"#), with_version.clone()], Some("4.15.11"), 0),
        (vec![with_version.to_uppercase().replace("VERSION_INFO|", "version_info|")], None, 1),
        (vec![version_info(r#"{"current":"4.13.1","desired":"4.13.1"}"#)], None, 1),
        (vec![version_info(r#"{"Version":"4.13.1"}"#)], None, 1),
        (vec![version_info(r#"{"version":4.13}"#)], None, 1),
        (vec![version_info("7")], None, 1),
        (vec!["7".into(), "null".into(), "[]".into(), "1e400".into(), with_version.clone()], Some("4.15.11"), 4),
        (vec![r#"{"info_id":"other","details":{"n":1}}"#.into(), r#"{"info_id":7}"#.into(), "{}".into()], None, 0),
    ] {
        let text = with_report(&[("info", &format!("[{}]", entries.join(",")))]);
        assert_eq!(report_of(&text).version.as_deref(), version, "{entries:?}");
        assert_eq!(deviations(&text).ignored_infos, ignored, "{entries:?}");
    }
    for (version, left_out) in
        [(r#""4\u0000""#, 1), (r#""\ud800""#, 1), (&*repeated("4", 256), 1), (&*repeated("4", 255), 0)]
    {
        let info = format!("[{}]", version_info(&format!("{{\"version\":{version}}}")));
        let text = with_report(&[("info", &info)]);
        assert_eq!(report_of(&text).version.is_none(), left_out == 1, "{version:.20}");
        let counts: Vec<_> = deviations(&text).left_out.iter().collect();
        assert_eq!(counts, vec![(OptionalField::ClusterVersion, 1); left_out], "{version:.20}");
    }
}

#[test]
fn the_path_of_a_rejected_value_is_reported() {
    let text = hits(&[hit(&[]), hit(&[("key", "7")])]);
    let rejection = parse(text).expect_err("a bad key");
    assert_eq!(rejection.to_string(), "wrong_type: Report.reports[1].key: expected a string");
    let rejection = parse(message(&[("Report", &report(&[("reports", "[7]")]))])).expect_err("a bad item");
    assert_eq!(rejection.to_string(), "bad_report: Report.reports[0]: expected an object");
}
