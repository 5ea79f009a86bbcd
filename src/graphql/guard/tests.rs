//! Requests that the guard admits or refuses, one file per subject.

mod admitted;
mod cost;
mod hostile;
mod limits;
mod properties;
mod scans;
mod unreadable;
mod validity;

use std::collections::BTreeMap;

use async_graphql::Request;

use super::{Guard, Introspection, RequestError, SchemaTypes};
use crate::config::{Config, Limits};

/// The default limits.
fn defaults() -> Limits {
    Config::load(None, &BTreeMap::new()).expect("the defaults load").config.limits
}

/// Limits that no test exceeds unless it sets one of them. The constants of `limit` remain.
fn wide() -> Limits {
    const MANY: usize = 100_000_000;
    Limits {
        query_bytes: MANY,
        query_tokens: MANY,
        query_depth: 60,
        query_selections: MANY,
        query_root_fields: MANY,
        query_cost: MANY,
        response_bytes: MANY,
        argument_depth: 60,
        text_characters: MANY,
        introspection: true,
    }
}

/// Selects one of the limits.
type Setting = fn(&mut Limits) -> &mut usize;

fn admit(limits: &Limits, request: impl Into<Request>) -> Result<(), RequestError> {
    Guard::new(limits, SchemaTypes::default(), Introspection::default()).admit(request.into()).map(drop)
}

/// The code and the message of the error of a request that must be refused.
fn refusal(limits: &Limits, request: impl Into<Request>) -> String {
    let error = admit(limits, request).expect_err("refused");
    format!("{}: {error}", error.code().as_str())
}

/// A piece of text for each number below `count`.
fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// `levels` of brackets around nothing.
fn nested(open: &str, levels: usize, close: &str) -> String {
    open.repeat(levels) + &close.repeat(levels)
}
