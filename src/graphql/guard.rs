//! The guard: refuses a request that exceeds a limit before any of it is executed.
//!
//! The schema has limits too, but async-graphql compares them after it has walked the whole query, each fragment as
//! often as it is spread: 895 bytes of fragments that each spread the next one twice keep it busy for half a minute.
//! The guard reads everything once, whatever it unfolds to. `tokens` checks the text, `variables` the variables, and
//! `document` the parsed document: it sums up the definitions that `selection_stats` reads. `limit` has the limits,
//! `cost` and `introspection` the cost of fields, `request_error` the errors. Pure: no clock, no logging.

mod cost;
mod document;
mod introspection;
mod limit;
mod request_error;
mod selection_stats;
#[cfg(test)]
mod tests;
mod tokens;
mod variables;

use async_graphql::{Request, parser::parse_query};

use self::limit::Limit;
pub(super) use self::{cost::FieldCosts, introspection::Introspection, request_error::RequestError};
use super::{
    operation::{AdmittedRequest, SelectedOperation},
    root::RootFields,
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
        let document = parse_query(&request.query).map_err(|error| RequestError::unreadable(&error))?;
        let selected = SelectedOperation::select(&document.operations, request.operation_name.as_deref());
        if let Some(selected) = selected {
            variables::fill_in_defaults(&mut request.variables, selected.definition);
            variables::check_required(&request.variables, selected.definition)?;
        }
        let cost = document::check(&document, selected, &request.variables, &self.costs, limits)?;
        let selected = selected.ok_or_else(|| RequestError::no_operation(request.operation_name.is_some()))?;
        let introspection = self.introspection.cost(selected.definition, &document.fragments, limits.query_cost);
        let cost = cost.saturating_add(introspection);
        Limit::QueryCost.check(cost, limits)?;
        let operation = selected.to_operation();
        let root = RootFields::new(selected.definition, &document.fragments, &self.types);
        request.set_parsed_query(document);
        Ok(AdmittedRequest { request, operation, root, cost })
    }
}
