//! Requests, admitted and refused: what one asks for a file.

mod admitted;
mod cost;
mod hostile;
mod limits;
mod properties;
mod unreadable;

use std::collections::BTreeMap;

use async_graphql::Request;

use super::{FieldCosts, Guard, RequestError};
use crate::config::{Config, Limits};

/// The limits in force when nobody sets them.
fn defaults() -> Limits {
    Config::load(None, &BTreeMap::new()).expect("the defaults load").config.limits
}

/// Limits that nothing here comes near, so that a test can set the one that it is about.
fn wide() -> Limits {
    const MANY: usize = 100_000_000;
    Limits {
        query_bytes: MANY,
        query_tokens: MANY,
        query_depth: 60,
        query_selections: MANY,
        query_aliases: MANY,
        query_root_fields: MANY,
        query_directives: MANY,
        query_fragments: MANY,
        query_operations: MANY,
        query_variables: MANY,
        query_cost: MANY,
        argument_depth: 60,
        introspection: true,
    }
}

/// One of the limits, to be set.
type Setting = fn(&mut Limits) -> &mut usize;

fn admit(limits: &Limits, request: impl Into<Request>) -> Result<(), RequestError> {
    Guard::new(limits, FieldCosts::default()).admit(&mut request.into()).map(drop)
}

/// What is said to a request that must not be let in: the code and the message.
fn refusal(limits: &Limits, request: impl Into<Request>) -> String {
    let refused = admit(limits, request).expect_err("refused");
    format!("{}: {refused}", refused.code().as_str())
}

/// A piece of text for each number up to `count`.
fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// `levels` of brackets around nothing.
fn nested(open: &str, levels: usize, close: &str) -> String {
    open.repeat(levels) + &close.repeat(levels)
}
