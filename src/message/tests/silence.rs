//! Neither a rejection nor a debug print contains bytes of a message.

use super::{
    message, parse_as, parsed_as, with_hit,
    workload::{object_changed, workload_message},
};
use crate::message::Kind;

const MARKER: &str = "MARKER";

#[test]
fn no_rejection_contains_bytes_of_its_message() {
    for (kind, good) in [(Kind::Ocp, message(&[])), (Kind::Workload, workload_message(&[]))] {
        no_rejection_contains_what_is_planted(kind, &good);
    }
}

fn no_rejection_contains_what_is_planted(kind: Kind, good: &str) {
    let mut rejections = 0;
    for (at, _) in good.char_indices() {
        for planted in ["MARKER", "\"MARKER\":1,", "\"MARKER\",", "\\u0000MARKER", "\\ud800MARKER", "\",MARKER"] {
            let invalid = format!("{}{planted}{}", &good[..at], &good[at..]);
            if let Err(rejection) = parse_as(kind, invalid) {
                rejections += 1;
                assert!(!format!("{rejection} {rejection:?}").contains(MARKER), "{rejection}");
            }
        }
    }
    assert!(rejections > good.len(), "{rejections}");
}

#[test]
fn no_rejection_contains_a_value_of_the_wrong_type() {
    type Build = fn(super::Members<'_>) -> String;
    let builds: [(Kind, &str, Build); 2] =
        [(Kind::Ocp, "Report", message), (Kind::Workload, "Metrics", workload_message)];
    for (kind, body, build) in builds {
        for member in ["OrgID", "ClusterName", body, "LastChecked"] {
            for json in [r#""MARKER""#, r#"["MARKER"]"#, r#"{"MARKER":"MARKER","gathering_time":"MARKER"}"#] {
                let rejection = parse_as(kind, build(&[(member, json)])).expect_err(member);
                assert!(!rejection.to_string().contains(MARKER), "{rejection}");
            }
        }
    }
    for member in ["namespace", "namespace_uid", "kind", "name", "uid"] {
        let rejection = parse_as(Kind::Workload, object_changed(&[(member, r#"["MARKER"]"#)])).expect_err(member);
        assert!(!rejection.to_string().contains(MARKER), "{rejection}");
    }
}

#[test]
fn a_debug_print_does_not_contain_the_details() {
    let parsed = parsed_as(Kind::Ocp, &with_hit(&[("details", r#"{"secret":"MARKER"}"#)]));
    assert!(!format!("{parsed:?}").contains(MARKER));
}
