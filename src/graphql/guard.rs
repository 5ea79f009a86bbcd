//! The guard: refuses a request that exceeds a limit before any of it is executed.
//!
//! The schema has limits too, but async-graphql compares them after it has walked the whole query, each fragment as
//! often as it is spread: 895 bytes of fragments that each spread the next one twice keep it busy for half a minute.
//! The guard reads everything once, whatever it unfolds to. `tokens` checks the text, `variables` the variables, and
//! `document` the parsed document: it sums up the definitions that `selection_stats` reads. `limit` has the limits,
//! `cost` and `introspection` the cost of fields, `scans` that of lists which are read as a whole, `request_error` the
//! errors. Pure: no clock, no logging.
//!
//! It also refuses what is invalid by the GraphQL specification and what async-graphql accepts: `values` checks values by
//! their types, `positions` where variables are used, and `field_conflicts` the fields that are merged.
//! `rewrite` changes what is valid and what async-graphql refuses.

mod cost;
mod document;
mod field_conflicts;
mod introspection;
mod limit;
mod positions;
mod request_error;
mod rewrite;
mod scans;
mod selection_stats;
#[cfg(test)]
mod tests;
mod tokens;
mod values;
mod variables;

use async_graphql::{Request, parser::parse_query};

use self::limit::Limit;
pub(super) use self::{cost::FieldCosts, introspection::Introspection, request_error::RequestError};
use super::{
    operation::{AdmittedRequest, Cost, SelectedOperation},
    schema_types::SchemaTypes,
};
use crate::config::Limits;

/// Admits the requests that are within the limits.
#[derive(Debug)]
pub(super) struct Guard {
    limits: Limits,
    costs: FieldCosts,
    introspection: Introspection,
    types: SchemaTypes,
}

impl Guard {
    /// A guard that enforces these limits on requests to a schema with these types.
    pub(super) fn new(limits: &Limits, types: SchemaTypes, introspection: Introspection) -> Self {
        Self { limits: limits.clone(), costs: FieldCosts::new(&types), introspection, types }
    }

    /// Refuses a request that exceeds a limit. An admitted request has its parsed query, so that the document that was
    /// checked is the one that is executed, and the defaults of its variables.
    pub(super) fn admit(&self, mut request: Request) -> Result<AdmittedRequest, RequestError> {
        let limits = &self.limits;
        // From the cheapest check to the most expensive: each bounds the work of the next.
        Limit::QueryBytes.check(request.query.len(), limits)?;
        tokens::check(&request.query, limits)?;
        variables::check(&request.variables, limits)?;
        let mut document = parse_query(&request.query).map_err(|error| RequestError::unreadable(&error))?;
        let selected = SelectedOperation::select(&document.operations, request.operation_name.as_deref());
        if let Some(selected) = selected {
            variables::check_types(&request.variables, selected.definition, &self.types)?;
            variables::fill_in_defaults(&mut request.variables, selected.definition);
            variables::check_required(&request.variables, selected.definition)?;
        }
        let cost = document::check(&document, selected, &request.variables, &self.costs, limits)?;
        positions::check(&document, &self.types)?;
        field_conflicts::check(&document, &self.types)?;
        let selected = selected.ok_or_else(|| RequestError::no_operation(request.operation_name.is_some()))?;
        let introspection = self.introspection.cost(selected.definition, &document.fragments, limits.query_cost);
        let cost = Cost { introspection, ..cost };
        Limit::QueryCost.check(cost.total(), limits)?;
        let operation = selected.to_operation();
        rewrite::rewrite(&mut document);
        request.set_parsed_query(document);
        Ok(AdmittedRequest { request, operation, cost })
    }
}
