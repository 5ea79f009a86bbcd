//! Parses the messages of a topic: bytes in, a validated result or the reason for the rejection out.
//!
//! Pure: no input or output, no clock (the time of arrival is an argument), no logging. A result can be stored as it
//! is. `parse` is the entry point. `unpack` turns the value into text and checks that it is JSON. `ocp` and `workload`
//! each parse one kind of message; `parts` and `hit` are what they share. `envelope`, then `report` and `info` or
//! `metrics`, read and validate the known members; `field` reads single values, `optional` leaves out optional ones that
//! do not fit, and `json` and `scan` walk over the text. `rejection` lists the reasons.

mod envelope;
mod field;
mod hit;
mod info;
mod json;
mod metrics;
mod ocp;
mod optional;
mod parse;
mod parts;
mod rejection;
mod report;
mod scan;
#[cfg(test)]
mod tests;
mod unpack;
mod workload;

pub use optional::{LeftOutFields, OptionalField};
pub use parse::{Content, Deviations, Kind, Parsed, RuleResult, parse};
pub use rejection::{Reason, Rejection};
pub use unpack::Limits;
