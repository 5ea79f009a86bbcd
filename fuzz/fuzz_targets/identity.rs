//! Reads any bytes as the identity header, and as the JSON inside.

#![no_main]

use insights_results_aggregator::identity::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::read_identity(bytes));
