//! Decodes any bytes as a cursor of a list.

#![no_main]

use insights_results_aggregator::graphql::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::read_cursor(bytes));
