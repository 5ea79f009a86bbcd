//! The variables of a request: bounds on their depth and number of values, their types and defaults, and the required
//! ones.

use async_graphql::{
    Positioned, Value, Variables,
    parser::types::{OperationDefinition, VariableDefinition},
};

use super::{
    RequestError,
    limit::Limit,
    values::{self, Source},
};
use crate::{config::Limits, graphql::schema_types::SchemaTypes};

/// Refuses variables with lists and objects nested too deeply or with too many values. async-graphql copies a variable
/// each time it is used, so variables have the limits of literals in the query.
pub(super) fn check(variables: &Variables, limits: &Limits) -> Result<(), RequestError> {
    let allowed = limits.argument_depth;
    if !variables.values().all(|value| is_within_depth(value, allowed)) {
        return Limit::ArgumentDepth.check(allowed.saturating_add(1), limits);
    }
    Limit::QueryTokens.check(variables.values().map(count_values).sum(), limits)?;
    Limit::VariableBytes.check(variables.values().map(count_bytes).sum(), limits)
}

/// Counts the bytes of names, texts and numbers. Recursive: the value's depth must be bounded.
fn count_bytes(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(count_bytes).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + count_bytes(member)).sum(),
        Value::String(text) => text.len(),
        Value::Enum(name) => name.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Number(_) => size_of::<f64>(),
        Value::Null | Value::Boolean(_) => 1,
    }
}

/// Counts scalars, lists and objects. Recursive: the value's depth must be bounded.
fn count_values(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(count_values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count_values).sum::<usize>(),
        _ => 1,
    }
}

/// Whether a value has at most this many levels of lists and objects. Recurses no deeper than that.
fn is_within_depth(value: &Value, levels: usize) -> bool {
    match value {
        Value::List(items) => levels > 0 && items.iter().all(|item| is_within_depth(item, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| is_within_depth(member, levels - 1)),
        _ => true,
    }
}

/// Sets omitted variables to their defaults. async-graphql does so for arguments, but 7.2 takes an omitted variable for
/// false in `@skip` and `@include`.
pub(super) fn fill_in_defaults(variables: &mut Variables, operation: &OperationDefinition) {
    for variable in &operation.variable_definitions {
        if let Some(default) = &variable.node.default_value {
            let name = variable.node.name.node.clone();
            variables.entry(name).or_insert_with(|| default.node.clone());
        }
    }
}

/// Refuses a request with a value that is not of its variable's type. async-graphql checks a value where it is used, by the
/// type that is expected there.
pub(super) fn check_types(
    variables: &Variables,
    operation: &OperationDefinition,
    types: &SchemaTypes,
) -> Result<(), RequestError> {
    for Positioned { pos, node: variable } in &operation.variable_definitions {
        // Null, for a variable that is not nullable, has its own error: see `check_required`.
        if let Some(value) = variables.get(&variable.name.node)
            && *value != Value::Null
        {
            values::check(types, &variable.var_type.node, &value.clone().into_value(), Source::Variables)
                .map_err(|mismatch| RequestError::InvalidVariable { at: *pos, mismatch })?;
        }
    }
    Ok(())
}

/// Refuses a request that omits a non-null variable. async-graphql notices only where the variable is used and reports a
/// field error; by the specification it is a request error.
pub(super) fn check_required(variables: &Variables, operation: &OperationDefinition) -> Result<(), RequestError> {
    let is_missing = |variable: &&Positioned<VariableDefinition>| {
        let value = variables.get(&variable.node.name.node);
        !variable.node.var_type.node.nullable && value.is_none_or(|value| *value == Value::Null)
    };
    let missing = operation.variable_definitions.iter().find(is_missing);
    missing.map_or(Ok(()), |variable| Err(RequestError::MissingVariable { at: variable.pos }))
}
