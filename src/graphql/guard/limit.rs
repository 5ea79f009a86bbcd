//! The limits: where each is set, and what it counts.

use super::RequestError;
use crate::config::Limits;

/// A limit that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    QueryBytes,
    QueryTokens,
    QueryDepth,
    QuerySelections,
    QueryAliases,
    QueryRootFields,
    QueryDirectives,
    QueryFragments,
    QueryOperations,
    QueryVariables,
    QueryCost,
    ArgumentDepth,
}

impl Limit {
    /// Refuses what is beyond the limit. `found` may be less than there is: whoever counts may stop at the limit.
    pub(super) fn check(self, found: usize, limits: &Limits) -> Result<(), RequestError> {
        let (key, allowed, counted) = self.setting(limits);
        if found <= allowed { Ok(()) } else { Err(RequestError::TooMuch { key, allowed, counted, found }) }
    }

    /// The configuration key, its value, and what is counted.
    fn setting(self, limits: &Limits) -> (&'static str, usize, &'static str) {
        match self {
            Self::QueryBytes => ("limits.query_bytes", limits.query_bytes, "bytes of query"),
            Self::QueryTokens => ("limits.query_tokens", limits.query_tokens, "tokens"),
            Self::QueryDepth => ("limits.query_depth", limits.query_depth, "levels of fields"),
            Self::QuerySelections => {
                ("limits.query_selections", limits.query_selections, "selections with fragments spread out")
            }
            Self::QueryAliases => {
                ("limits.query_aliases", limits.query_aliases, "aliased fields with fragments spread out")
            }
            Self::QueryRootFields => {
                ("limits.query_root_fields", limits.query_root_fields, "fields at the top of an operation")
            }
            Self::QueryDirectives => ("limits.query_directives", limits.query_directives, "directives"),
            Self::QueryFragments => ("limits.query_fragments", limits.query_fragments, "fragments"),
            Self::QueryOperations => ("limits.query_operations", limits.query_operations, "operations"),
            Self::QueryVariables => ("limits.query_variables", limits.query_variables, "variables of an operation"),
            Self::QueryCost => {
                ("limits.query_cost", limits.query_cost, "fields, those of a page counted as often as it is long")
            }
            Self::ArgumentDepth => {
                ("limits.argument_depth", limits.argument_depth, "levels of lists and objects in a value")
            }
        }
    }
}
