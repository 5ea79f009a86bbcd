//! Parses any bytes as the YAML files of content.

#![no_main]

use insights_results_aggregator::content::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::read_files(bytes));
