//! What must not be said: neither a rejection nor a debug print tells what stood in a message.

use super::{message, parse, parsed, with_hit};

const MARKER: &str = "MARKER";

#[test]
fn no_rejection_holds_bytes_of_its_message() {
    let good = message(&[]);
    let mut rejections = 0;
    for (at, _) in good.char_indices() {
        for planted in ["MARKER", "\"MARKER\":1,", "\"MARKER\",", "\\u0000MARKER", "\\ud800MARKER", "\",MARKER"] {
            let spoilt = format!("{}{planted}{}", &good[..at], &good[at..]);
            if let Err(rejected) = parse(spoilt) {
                rejections += 1;
                assert!(!format!("{rejected} {rejected:?}").contains(MARKER), "{rejected}");
            }
        }
    }
    assert!(rejections > good.len(), "{rejections}");
}

#[test]
fn no_rejection_holds_a_value_of_the_wrong_kind() {
    for member in ["OrgID", "AccountNumber", "ClusterName", "Report", "LastChecked", "Version", "Metadata"] {
        for json in [r#""MARKER""#, r#"["MARKER"]"#, r#"{"MARKER":"MARKER","gathering_time":"MARKER"}"#] {
            let rejected = parse(message(&[(member, json)])).expect_err(member);
            assert!(!rejected.to_string().contains(MARKER), "{rejected}");
        }
    }
}

#[test]
fn a_debug_print_keeps_the_details_to_itself() {
    let parsed = parsed(&with_hit(&[("details", r#"{"secret":"MARKER"}"#)]));
    assert!(!format!("{parsed:?}").contains(MARKER));
}
