//! Decodes any bytes as a node id.

#![no_main]

use insights_results_aggregator::graphql::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::read_node_id(bytes));
