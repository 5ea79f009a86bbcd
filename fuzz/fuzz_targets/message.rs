//! Parses any bytes as a message of each kind: into a result or a rejection, and the same bytes into the same.

#![no_main]

use std::sync::LazyLock;

use insights_results_aggregator::{
    domain::Timestamp,
    message::{Kind, Limits, parse},
};
use libfuzzer_sys::fuzz_target;

static ARRIVED_AT: LazyLock<Timestamp> = LazyLock::new(|| "2024-05-02T08:16:00Z".parse().expect("a time"));

fuzz_target!(|value: &[u8]| {
    for kind in [Kind::Ocp, Kind::Workload] {
        let parsed = || parse(kind, Some(value), *ARRIVED_AT, &Limits::default());
        assert_eq!(parsed(), parsed());
    }
});
