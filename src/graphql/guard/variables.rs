//! The variables of a request: not too deep, not too many values, and with their defaults.

use async_graphql::{
    Request, Value, Variables,
    parser::types::{DocumentOperations, OperationDefinition},
};

use super::{Refused, limit::Limit};
use crate::config::Limits;

/// Refuses variables with lists and objects nested too deeply, or with too many values in them: async-graphql copies a
/// variable each time it is used, so they are held to what the same values could be if they stood in the query.
pub(super) fn check(variables: &Variables, limits: &Limits) -> Result<(), Refused> {
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
    let Some(operation) = selected(operations, request.operation_name.as_deref()) else { return };
    for variable in &operation.variable_definitions {
        if let Some(default) = &variable.node.default_value {
            let name = variable.node.name.node.clone();
            request.variables.entry(name).or_insert_with(|| default.node.clone());
        }
    }
}

/// The operation that will be executed. `None` where async-graphql will say that there is no such one.
fn selected<'a>(operations: &'a DocumentOperations, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = operations.iter();
    let chosen = match name {
        Some(name) => operations.find(|(known, _)| known.is_some_and(|known| known.as_str() == name)),
        None if operations.len() == 1 => operations.next(),
        None => None,
    };
    chosen.map(|(_, operation)| &operation.node)
}
