//! Neither a rejection nor a debug print contains bytes of a message.

use super::{message, parse, parsed, with_hit};

const MARKER: &str = "MARKER";

#[test]
fn no_rejection_contains_bytes_of_its_message() {
    let good = message(&[]);
    let mut rejections = 0;
    for (at, _) in good.char_indices() {
        for planted in ["MARKER", "\"MARKER\":1,", "\"MARKER\",", "\\u0000MARKER", "\\ud800MARKER", "\",MARKER"] {
            let invalid = format!("{}{planted}{}", &good[..at], &good[at..]);
            if let Err(rejection) = parse(invalid) {
                rejections += 1;
                assert!(!format!("{rejection} {rejection:?}").contains(MARKER), "{rejection}");
            }
        }
    }
    assert!(rejections > good.len(), "{rejections}");
}

#[test]
fn no_rejection_contains_a_value_of_the_wrong_type() {
    for member in ["OrgID", "ClusterName", "Report", "LastChecked"] {
        for json in [r#""MARKER""#, r#"["MARKER"]"#, r#"{"MARKER":"MARKER","gathering_time":"MARKER"}"#] {
            let rejection = parse(message(&[(member, json)])).expect_err(member);
            assert!(!rejection.to_string().contains(MARKER), "{rejection}");
        }
    }
}

#[test]
fn a_debug_print_does_not_contain_the_details() {
    let parsed = parsed(&with_hit(&[("details", r#"{"secret":"MARKER"}"#)]));
    assert!(!format!("{parsed:?}").contains(MARKER));
}
