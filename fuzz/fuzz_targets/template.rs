//! Renders any template with any details, which a NUL separates.

#![no_main]

use insights_results_aggregator::content::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::render_template(bytes));
