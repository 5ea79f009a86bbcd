//! Parses the messages of a topic: bytes in, a validated report or the reason for the rejection out.
//!
//! Pure: no input or output, no clock (the time of arrival is an argument), no logging. A report can be stored as it
//! is. `ocp` is the entry point. `unpack` turns the value into text and checks that it is JSON; `envelope`, `report`
//! and `info` read and validate the known members; `field` reads single values, `optional` leaves out optional ones that do not
//! fit, and `json` and `scan` walk over the
//! text. `rejection` lists the reasons.

mod envelope;
mod field;
mod info;
mod json;
mod ocp;
mod optional;
mod rejection;
mod report;
mod scan;
#[cfg(test)]
mod tests;
mod unpack;

pub use ocp::{Deviations, OcpResult, Parsed};
pub use optional::{LeftOutFields, OptionalField};
pub use rejection::{Reason, Rejection};
pub use unpack::Limits;
