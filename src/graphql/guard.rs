//! The guard: refuses a request that asks for too much before anything of it is executed.
//!
//! The schema has limits too, but async-graphql compares them after it has walked the whole query, each fragment as
//! often as it is spread: 895 bytes of fragments that each spread the next one twice keep it busy for half a minute.
//! Here everything is looked at once, whatever it unfolds to: the text by `tokens`, what the parser made of it by
//! `document`, which has each definition read by `outline` and adds them up, and `variables`. `limit` knows the limits,
//! `price` what a field costs, `refused` what is said when a limit is passed. Pure: no clock, no logging.

mod cost;
mod document;
mod limit;
mod request_error;
mod selection_stats;
#[cfg(test)]
mod tests;
mod tokens;
mod variables;

use async_graphql::{Request, parser::parse_query};

use self::limit::Limit;
pub(super) use self::{cost::FieldCosts, request_error::RequestError};
use crate::config::Limits;

/// Stands before the schema and lets in what is within the limits.
#[derive(Debug)]
pub(super) struct Guard {
    limits: Limits,
    costs: FieldCosts,
}

impl Guard {
    /// A guard that holds to these limits, and counts what fields cost by these costs.
    pub(super) fn new(limits: &Limits, costs: FieldCosts) -> Self {
        Self { limits: limits.clone(), costs }
    }

    /// Refuses a request that asks for too much. One that is admitted carries its parsed query, so that what was
    /// looked at is what is executed, and the defaults of its variables. Gives what it costs.
    pub(super) fn admit(&self, request: &mut Request) -> Result<usize, RequestError> {
        let limits = &self.limits;
        // From the cheapest look to the dearest: each bounds what the next has to look at.
        Limit::QueryBytes.check(request.query.len(), limits)?;
        tokens::check(&request.query, limits)?;
        variables::check(&request.variables, limits)?;
        let document = parse_query(&request.query).map_err(|error| RequestError::unreadable(&error))?;
        variables::fill_in_defaults(request, &document.operations);
        variables::check_required(request, &document.operations)?;
        let cost = document::check(&document, request, &self.costs, limits)?;
        request.set_parsed_query(document);
        Ok(cost)
    }
}
