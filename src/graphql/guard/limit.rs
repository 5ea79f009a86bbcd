//! The limits: the value of each, the configuration key that sets it, and what it counts.
//!
//! A limit without a key is a constant here: bytes, selections and cost bound the same requests, so that no operator
//! has to adjust it.

use super::RequestError;
use crate::config::Limits;

/// Aliases repeat one expensive field in a single request. Cost bounds that too; this also bounds repeated fields that
/// cost nothing.
pub(super) const MAX_ALIASES: usize = 30;
/// Each directive is looked up and validated.
pub(super) const MAX_DIRECTIVES: usize = 50;
/// Validation compares fragments with one another.
pub(super) const MAX_FRAGMENTS: usize = 50;
/// All operations are validated, but only one is executed.
pub(super) const MAX_OPERATIONS: usize = 10;
/// Each variable is coerced before the first field is resolved.
pub(super) const MAX_VARIABLES: usize = 50;
/// Names, texts and numbers in the values of all variables. async-graphql copies a variable at each use, and a use may be
/// repeated for each item of a list. 100 node ids of hits with the longest names have fewer.
pub(super) const MAX_VARIABLE_BYTES: usize = 65_536;

/// A limit that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    QueryBytes,
    QueryTokens,
    QueryDepth,
    QuerySelections,
    QueryRootFields,
    QueryCost,
    ArgumentDepth,
    Aliases,
    Directives,
    Fragments,
    Operations,
    Variables,
    VariableBytes,
}

impl Limit {
    /// Refuses what exceeds the limit. `found` may be less than the request has: a count may stop at the limit.
    pub(super) fn check(self, found: usize, limits: &Limits) -> Result<(), RequestError> {
        let (key, allowed) = self.setting(limits);
        if found <= allowed {
            Ok(())
        } else {
            Err(RequestError::TooLarge { key, allowed, counted: self.counted(), found })
        }
    }

    /// The configuration key, if there is one, and the value.
    fn setting(self, limits: &Limits) -> (Option<&'static str>, usize) {
        match self {
            Self::QueryBytes => (Some("limits.query_bytes"), limits.query_bytes),
            Self::QueryTokens => (Some("limits.query_tokens"), limits.query_tokens),
            Self::QueryDepth => (Some("limits.query_depth"), limits.query_depth),
            Self::QuerySelections => (Some("limits.query_selections"), limits.query_selections),
            Self::QueryRootFields => (Some("limits.query_root_fields"), limits.query_root_fields),
            Self::QueryCost => (Some("limits.query_cost"), limits.query_cost),
            Self::ArgumentDepth => (Some("limits.argument_depth"), limits.argument_depth),
            Self::Aliases => (None, MAX_ALIASES),
            Self::Directives => (None, MAX_DIRECTIVES),
            Self::Fragments => (None, MAX_FRAGMENTS),
            Self::Operations => (None, MAX_OPERATIONS),
            Self::Variables => (None, MAX_VARIABLES),
            Self::VariableBytes => (None, MAX_VARIABLE_BYTES),
        }
    }

    /// What is counted, for the message to the client.
    fn counted(self) -> &'static str {
        match self {
            Self::QueryBytes => "bytes of query",
            Self::QueryTokens => "tokens",
            Self::QueryDepth => "levels of fields",
            Self::QuerySelections => "selections after spreading fragments",
            Self::QueryRootFields => "root fields in an operation",
            Self::QueryCost => {
                "fields, where those of a page count once per item and reading all clusters of a list counts 1000"
            }
            Self::ArgumentDepth => "levels of lists and objects in a value",
            Self::Aliases => "aliases after spreading fragments",
            Self::Directives => "directives",
            Self::Fragments => "fragments",
            Self::Operations => "operations",
            Self::Variables => "variables in an operation",
            Self::VariableBytes => "bytes in the values of variables",
        }
    }
}
