//! The variables of a request: not too deep, not too many values, all there that must be, and with their defaults.

use async_graphql::{
    Positioned, Request, Value, Variables,
    parser::types::{DocumentOperations, VariableDefinition},
};

use super::{RequestError, limit::Limit};
use crate::{config::Limits, graphql::operation::selected};

/// Refuses variables with lists and objects nested too deeply, or with too many values in them: async-graphql copies a
/// variable each time it is used, so they are held to what the same values could be if they stood in the query.
pub(super) fn check(variables: &Variables, limits: &Limits) -> Result<(), RequestError> {
    let allowed = limits.argument_depth;
    if !variables.values().all(|value| is_within(value, allowed)) {
        return Limit::ArgumentDepth.check(allowed.saturating_add(1), limits);
    }
    Limit::QueryTokens.check(variables.values().map(values_in).sum(), limits)
}

/// Counts scalars, lists and objects. Only asked of values whose depth is bounded.
fn values_in(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values_in).sum::<usize>(),
        _ => 1,
    }
}

/// Looks no deeper than the levels that are allowed, however deep the value is.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::List(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| is_within(member, levels - 1)),
        _ => true,
    }
}

/// Gives the variables that were left out their defaults. async-graphql does so for arguments, but 7.2 takes a variable
/// that was left out for false where it stands in `@skip` or `@include`.
pub(super) fn fill_in_defaults(request: &mut Request, operations: &DocumentOperations) {
    let Some((_, operation)) = selected(operations, request.operation_name.as_deref()) else { return };
    for variable in &operation.variable_definitions {
        if let Some(default) = &variable.node.default_value {
            let name = variable.node.name.node.clone();
            request.variables.entry(name).or_insert_with(|| default.node.clone());
        }
    }
}

/// Refuses a request that leaves out a variable which may not be null. async-graphql notices only where the variable is
/// used, and then blames a field: by the specification the whole request is at fault.
pub(super) fn check_required(request: &Request, operations: &DocumentOperations) -> Result<(), RequestError> {
    let Some((_, operation)) = selected(operations, request.operation_name.as_deref()) else { return Ok(()) };
    let is_missing = |variable: &&Positioned<VariableDefinition>| {
        let given = request.variables.get(&variable.node.name.node);
        !variable.node.var_type.node.nullable && given.is_none_or(|value| *value == Value::Null)
    };
    let missing = operation.variable_definitions.iter().find(is_missing);
    missing.map_or(Ok(()), |variable| Err(RequestError::MissingVariable { at: variable.pos }))
}
