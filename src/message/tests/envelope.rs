//! The fields around the report.

use super::{
    check, check_as, deviations, message, outcome, parse, parsed_as, repeated, report_of, workload::workload_message,
};
use crate::message::{Kind, LeftOutFields};

/// Checks the outcome for each value of a member of either kind of message.
fn check_both(member: &str, cases: &[(&str, &str)]) {
    check(member, message, cases);
    check_as(Kind::Workload, member, workload_message, cases);
}

#[test]
fn an_organization_is_a_whole_number_from_1() {
    check_both(
        "OrgID",
        &[
            ("1", "ok"),
            ("4294967295", "ok"),
            ("0", "wrong_type"),
            ("-1", "wrong_type"),
            ("-0", "wrong_type"),
            ("4294967296", "wrong_type"),
            ("1.0", "wrong_type"),
            ("1e3", "wrong_type"),
            ("1e400", "wrong_type"),
            ("\"1\"", "wrong_type"),
            (r#""\ud800""#, "wrong_type"),
            ("true", "wrong_type"),
            ("[1]", "wrong_type"),
            ("{}", "wrong_type"),
            ("null", "missing_field"),
            ("", "missing_field"),
        ],
    );
}

/// Checks for each value of an optional member that the report is stored, and which field is left out and counted.
fn check_optional(member: &str, cases: &[(&str, &str)]) {
    for (json, left_out) in cases {
        let expected: Vec<_> = Some((*left_out, 1)).filter(|_| !left_out.is_empty()).into_iter().collect();
        let changes = [(member, *json)];
        for (kind, text) in [(Kind::Ocp, message(&changes)), (Kind::Workload, workload_message(&changes))] {
            let counts = parsed_as(kind, &text).deviations.left_out;
            let fields: Vec<_> = counts.iter().map(|(field, count)| (field.as_str(), count)).collect();
            assert_eq!(fields, expected, "{kind:?} {member}: {json:.80}");
        }
    }
}

#[test]
fn an_account_that_is_not_a_number_is_left_out() {
    check_optional("AccountNumber", &[("0", ""), ("4294967295", ""), ("null", ""), ("", "")]);
    for json in [r#""""#, r#""12""#, "4294967296", "-1", "-0", "1.0", "1e400", "true", "[]", "{}", r#""\ud800""#] {
        check_optional("AccountNumber", &[(json, "AccountNumber")]);
    }
}

#[test]
fn a_cluster_is_a_uuid_in_one_of_four_notations() {
    check_both(
        "ClusterName",
        &[
            (r#""7F6E2C1A-4B1D-4C0E-9A55-0D1F2E3A4B5C""#, "ok"),
            (r#""{7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c}""#, "ok"),
            (r#""urn:uuid:7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c""#, "ok"),
            (r#""7f6e2c1a4b1d4c0e9a550d1f2e3a4b5c""#, "ok"),
            (r#""\u0037f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c""#, "ok"),
            (r#""7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c1""#, "bad_uuid"),
            // A Cyrillic character that looks like an a.
            (r#""7f6e2c1а-4b1d-4c0e-9a55-0d1f2e3a4b5c""#, "bad_uuid"),
            (r#""7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5\u0000""#, "bad_uuid"),
            (r#""""#, "bad_uuid"),
            (r#""\ud800""#, "invalid_unicode"),
            ("7", "wrong_type"),
            ("null", "missing_field"),
            ("", "missing_field"),
        ],
    );
    let upper = message(&[("ClusterName", r#""7F6E2C1A4B1D4C0E9A550D1F2E3A4B5C""#)]);
    assert_eq!(report_of(&upper).cluster.to_string(), "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c");
}

#[test]
fn last_checked_is_an_rfc_3339_time_up_to_a_day_ahead() {
    check_both(
        "LastChecked",
        &[
            (r#""2024-05-02T08:15:59+00:00""#, "ok"),
            (r#""2024-05-02t08:15:59.1234567890z""#, "ok"),
            (r#""2024-05-02T08:15:59+23:59""#, "ok"),
            (r#""0001-01-01T00:00:00Z""#, "ok"),
            (r#""2024-05-03T08:16:00Z""#, "ok"),
            (r#""2024-05-03T08:16:00.000001Z""#, "future_time"),
            (r#""9999-12-31T23:59:59Z""#, "future_time"),
            (r#""10000-01-01T00:00:00Z""#, "bad_time"),
            (r#""0000-01-01T00:00:00Z""#, "bad_time"),
            (r#""2016-12-31T23:59:60Z""#, "bad_time"),
            (r#""2024-05-02 08:15:59Z""#, "bad_time"),
            (r#""2024-05-02T08:15:59""#, "bad_time"),
            (r#"" ""#, "bad_time"),
            ("1714637759", "wrong_type"),
            (r#""""#, "missing_field"),
            ("null", "missing_field"),
            ("", "missing_field"),
        ],
    );
}

#[test]
fn a_time_after_its_arrival_is_a_deviation() {
    let ahead = |time: &str| deviations(&message(&[("LastChecked", time)])).from_the_future;
    assert_eq!(ahead(r#""2024-05-02T08:16:00.0000009Z""#), 0, "cut to microseconds before it is compared");
    assert_eq!(ahead(r#""2024-05-02T08:16:00.000001Z""#), 1);
}

#[test]
fn an_unknown_version_is_a_deviation_and_one_that_does_not_fit_is_left_out() {
    check_optional("Version", &[("0", ""), ("255", ""), ("null", ""), ("", "")]);
    for json in ["256", "-1", "2.0", r#""2""#, r#""""#, "[2]"] {
        check_optional("Version", &[(json, "Version")]);
        assert_eq!(deviations(&message(&[("Version", json)])).unknown_versions, 1, "{json}");
    }
    for (json, unknown) in [("1", 0), ("2", 0), ("0", 1), ("3", 1), ("null", 1), ("", 1)] {
        assert_eq!(deviations(&message(&[("Version", json)])).unknown_versions, unknown, "{json}");
    }
}

#[test]
fn a_request_id_that_is_not_a_name_is_left_out() {
    check_optional(
        "RequestId",
        &[
            (&repeated("😀", 255), ""),
            ("null", ""),
            ("", ""),
            (&repeated("😀", 256), "RequestId"),
            (r#""a\u0000""#, "RequestId"),
            (r#""\udc00""#, "RequestId"),
            (r#""""#, "RequestId"),
            ("7", "RequestId"),
            ("{}", "RequestId"),
        ],
    );
    for (json, id) in [(r#""b0/x-\u0041""#, Some("b0/x-A")), (r#""""#, None), ("7", None), ("null", None), ("", None)] {
        assert_eq!(report_of(&message(&[("RequestId", json)])).request_id.as_deref(), id, "{json}");
    }
}

#[test]
fn metadata_may_contain_the_time_of_gathering() {
    let time = "Metadata.gathering_time";
    check_optional(
        "Metadata",
        &[
            ("[]", "Metadata"),
            ("\"x\"", "Metadata"),
            ("\"\"", "Metadata"),
            (r#"{"gathering_time":7}"#, time),
            (r#"{"gathering_time":""}"#, time),
            (r#"{"gathering_time":"yesterday"}"#, time),
            (r#"{"gathering_time":"2023-08-14T09:31:46"}"#, time),
            (r#"{"gathering_time":"2023-08-14 09:31:46+00:00"}"#, time),
            (r#"{"gathering_time":"0001-01-01T00:00:00Z"}"#, ""),
            (r#"{"gathering_time":null}"#, ""),
            ("{}", ""),
            ("null", ""),
            ("", ""),
        ],
    );
    for (json, gathered) in [
        (r#"{"Gathering_Time":"2024-05-02T08:10:00.1234567Z"}"#, Some("2024-05-02T08:10:00.123456Z")),
        (r#"{"gathering_time":7,"GATHERING_TIME":"2024-05-02T08:10:00Z"}"#, Some("2024-05-02T08:10:00.000000Z")),
        (r#"{"gathering_time":"2023-08-14T09:31:46"}"#, None),
        (r#"{"gathering_time":"0001-01-01T00:00:00Z"}"#, None),
        (r#"{"gathering_time":null}"#, None),
        ("{}", None),
        ("[]", None),
        ("null", None),
        ("", None),
    ] {
        let time = report_of(&message(&[("Metadata", json)])).gathered_at.map(|time| time.to_string());
        assert_eq!(time.as_deref(), gathered, "{json}");
    }
}

#[test]
fn all_fields_that_are_left_out_are_counted() {
    let optional = ["AccountNumber", "Version", "RequestId", "Metadata"];
    let mut counts = LeftOutFields::default();
    for _ in 0..2 {
        counts += deviations(&message(&optional.map(|name| (name, "[]")))).left_out;
    }
    let counts: Vec<_> = counts.iter().map(|(field, count)| (field.as_str(), count)).collect();
    assert_eq!(counts, optional.map(|name| (name, 2)));
}

#[test]
fn the_last_of_repeated_keys_counts() {
    for (doubled, expected) in [
        (r#""orgid":"bad","OrgID":7"#, "ok"),
        (r#""OrgID":7,"ORGID":null"#, "missing_field"),
        (r#""OrgID":0,"\u004frgID":7"#, "ok"),
        (r#""OrgID":7,"Report":{},"Report":1e400"#, "wrong_type"),
        (r#""OrgID":7,"Report":"\ud800","rePort":{}"#, "empty"),
    ] {
        let good = message(&[]);
        let members = good.strip_suffix('}').expect("an object");
        assert_eq!(outcome(format!("{members},{doubled}}}")), expected, "{doubled}");
    }
}

#[test]
fn a_message_in_the_inner_format_of_the_pipeline_is_rejected() {
    let inner = r#"{"path":"s3://x","metadata":{"cluster_id":"7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c"},"report":{}}"#;
    let rejection = parse(inner).expect_err("a bad message");
    assert_eq!(rejection.to_string(), "missing_field: OrgID: expected a value");
}

#[test]
fn unknown_keys_are_ignored_whatever_they_contain() {
    let deep = "[".repeat(5_000_000) + &"]".repeat(5_000_000);
    for (key, json) in [
        ("x", "1e400"),
        ("\\ud800", "1"),
        ("\\u0000", "1"),
        ("x", r#""\ud800\u0000""#),
        ("", "null"),
        ("x", deep.as_str()),
    ] {
        assert_eq!(outcome(message(&[(key, json)])), "ok", "{key}: {json:.40}");
    }
}

#[test]
fn required_fields_are_validated_in_a_fixed_order() {
    let invalid = [
        ("AccountNumber", "-1"),
        ("Version", "\"2\""),
        ("RequestId", "7"),
        ("Metadata", "7"),
        ("OrgID", "0"),
        ("ClusterName", "7"),
        ("Report", "7"),
        ("LastChecked", "7"),
    ];
    for first in 0..invalid.len() {
        let rejection = parse(message(&invalid[first..])).expect_err("a bad message");
        let expected = invalid[first.max(4)].0;
        assert!(rejection.detail.starts_with(&format!("{expected}: expected ")), "{rejection}");
    }
}
