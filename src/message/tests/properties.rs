//! Properties of every message, checked with random ones.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    hit, message, outcome, outcome_as, parse, parse_as, report,
    workload::{object_changed, recommendation, recommendations, workload_message},
};
use crate::message::{
    Kind,
    scan::{TOO_DEEP, scan},
};

/// Pieces that change the content of a message, or its grammar, wherever they are inserted.
const PIECES: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "null",
    "true",
    "{}",
    "[]",
    "1e400",
    "-1",
    "\\ud800",
    "\\u0000",
    "\u{0}",
    "\"a\":",
    "\"OrgID\":",
    "\"reports\":",
    "é",
    " ",
];

/// Any JSON text, in which most strings and numbers are unusual.
fn json() -> impl Strategy<Value = String> {
    let numbers = select(vec!["0", "-0", "1e308", "1e309", "-1e400", "0.1e-400", "12345678901234567890123", "2.50E+3"]);
    let strings = vec(select(vec!["a", "é", "\\n", "\\\"", "\\ud83d", "\\ude00", "\\u0041", "\\\\", "{", "]"]), 0..4);
    let string = strings.prop_map(|parts| format!("\"{}\"", parts.concat()));
    let leaf = prop_oneof![numbers.prop_map(str::to_owned), string.clone(), Just("null".to_owned())];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        let member = (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            vec(inner, 0..5).prop_map(|items| format!("[ {}]", items.join(" ,"))),
            vec(member, 0..5).prop_map(|members| format!("{{{} }}", members.join(", "))),
        ]
    })
}

/// The members of an object in another order, with their names in another case.
fn shuffled_and_recased(
    base: &'static [(&'static str, &'static str)],
) -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let shuffled = Just(base.to_vec()).prop_shuffle();
    (shuffled, any::<u64>()).prop_map(|(members, bits)| {
        let flip = |(index, character): (usize, char)| {
            if bits >> (index % 64) & 1 == 1 { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
        };
        members.into_iter().map(|(name, json)| (name.chars().enumerate().map(flip).collect(), json)).collect()
    })
}

fn written(members: &[(String, &str)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
    format!("{{{}}}", members.join(","))
}

const FIELDS: &[(&str, &str)] = &[
    ("OrgID", "1"),
    ("AccountNumber", "2"),
    ("ClusterName", r#""7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c""#),
    ("LastChecked", r#""2024-05-02T08:15:59.478901889Z""#),
    ("Version", "2"),
    ("RequestId", r#""3nl2vda87ld6e3s25jlk7n2dna""#),
    ("Metadata", r#"{"GATHERING_TIME":"2024-05-02T08:10:00Z"}"#),
    ("Report", r#"{"reports":[{"KEY":"K","Details":{"a":1},"Component":"a.report"}],"system":{},"fingerprints":[]}"#),
];

const WORKLOAD_FIELDS: &[(&str, &str)] = &[
    ("OrgID", "1"),
    ("ClusterName", r#""7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c""#),
    ("LastChecked", r#""2024-05-02T08:15:59.478901889Z""#),
    ("RequestId", r#""b0/x-000003""#),
    ("Metrics", r#"{"workload_recommendations":[{"KEY":"K","Component":"a","WORKLOADS":[{"Uid":"1","KIND":"Pod"}]}]}"#),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..300)) {
        for kind in [Kind::Ocp, Kind::Workload] {
            let _ = parse_as(kind, &bytes);
            let _ = parse_as(kind, [&[0x1f, 0x8b], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn no_altered_message_makes_the_parser_panic(
        alterations in vec((any::<prop::sample::Index>(), 0_usize..4, select(&PIECES[..])), 1..6),
    ) {
        for (kind, text) in [(Kind::Ocp, message(&[])), (Kind::Workload, workload_message(&[]))] {
            let mut bytes = text.into_bytes();
            for (at, removed, piece) in &alterations {
                let at = at.index(bytes.len());
                let end = (at + removed).min(bytes.len());
                bytes.splice(at..end, piece.bytes());
            }
            let _ = parse_as(kind, &bytes);
        }
    }

    #[test]
    fn neither_order_nor_case_of_the_fields_matters(members in shuffled_and_recased(FIELDS)) {
        let plain: Vec<_> = FIELDS.iter().map(|(name, json)| ((*name).to_owned(), *json)).collect();
        prop_assert_eq!(parse(written(&members)), parse(written(&plain)));
    }

    #[test]
    fn neither_order_nor_case_of_the_fields_of_workloads_matters(members in shuffled_and_recased(WORKLOAD_FIELDS)) {
        let plain: Vec<_> = WORKLOAD_FIELDS.iter().map(|(name, json)| ((*name).to_owned(), *json)).collect();
        let parse = |members: &[(String, &str)]| parse_as(Kind::Workload, written(members));
        prop_assert!(parse(&plain).is_ok());
        prop_assert_eq!(parse(&members), parse(&plain));
    }

    #[test]
    fn details_are_accepted_exactly_if_a_strict_reader_accepts_them(json in json()) {
        let (end, rejection) = scan(&json, 0);
        prop_assert_eq!(end, json.len());
        prop_assert_ne!(rejection, Some(TOO_DEEP));
        prop_assert_eq!(rejection.is_none(), serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }

    #[test]
    fn no_json_in_an_optional_member_costs_the_report(json in json()) {
        for name in ["AccountNumber", "Version", "RequestId", "Metadata"] {
            prop_assert_eq!(outcome(message(&[(name, &json)])), "ok", "{}", name);
        }
        let time = format!("{{\"gathering_time\":{json}}}");
        prop_assert_eq!(outcome(message(&[("Metadata", &time)])), "ok");
        prop_assert_eq!(outcome(message(&[("Report", &report(&[("info", &json)]))])), "ok");
    }

    #[test]
    fn any_json_in_any_member_is_a_report_or_a_rejection(json in json()) {
        for name in ["OrgID", "AccountNumber", "ClusterName", "Report", "LastChecked", "Version", "Metadata", "x"] {
            let _ = parse(message(&[(name, &json)]));
        }
        for name in ["reports", "info", "system", "fingerprints"] {
            let _ = parse(message(&[("Report", &report(&[(name, &json)]))]));
        }
        for name in ["component", "key", "details"] {
            let hit = format!("[{}]", hit(&[(name, &json)]));
            let _ = parse(message(&[("Report", &report(&[("reports", &hit)]))]));
        }
    }

    #[test]
    fn no_json_in_an_optional_member_costs_the_workloads(json in json()) {
        for name in ["AccountNumber", "Version", "RequestId", "Metadata"] {
            prop_assert_eq!(outcome_as(Kind::Workload, workload_message(&[(name, &json)])), "ok", "{}", name);
        }
        for name in ["tags", "links"] {
            let message = recommendations(&[recommendation(&[(name, &json)])]);
            prop_assert_eq!(outcome_as(Kind::Workload, message), "ok", "{}", name);
        }
    }

    #[test]
    fn any_json_in_any_member_of_workloads_is_a_result_or_a_rejection(json in json()) {
        let _ = parse_as(Kind::Workload, workload_message(&[("Metrics", &json)]));
        for name in ["component", "key", "details", "workloads"] {
            let _ = parse_as(Kind::Workload, recommendations(&[recommendation(&[(name, &json)])]));
        }
        for name in ["namespace", "namespace_uid", "kind", "name", "uid"] {
            let _ = parse_as(Kind::Workload, object_changed(&[(name, &json)]));
        }
    }
}
