//! What a message on a topic says: bytes in, a validated report out, or the reason why not.
//!
//! Pure: no input or output, no clock (the time of arrival is an argument), no logging. What comes out can be
//! stored as it is. `ocp` tells the story: `unpack` turns the value into text and settles its grammar; `envelope`,
//! `report` and `info` know which members there are and judge them; below them `field` reads single values, and
//! `json` and `scan` walk over the text. `rejected` has the words for what may be wrong.

mod envelope;
mod field;
mod info;
mod json;
mod ocp;
mod rejection;
mod report;
mod scan;
#[cfg(test)]
mod tests;
mod unpack;

pub use ocp::{OcpResult, Oddities, Parsed};
pub use rejection::{Reason, Rejection};
pub use unpack::Limits;
