//! Whether a value is of its type: a literal in the document, or the value of a variable.
//!
//! async-graphql accepts a string as an enum's value and any value as an input object, and it does not check the
//! literals beside an omitted variable.

use async_graphql::{
    Name,
    parser::types::{BaseType, InputValueDefinition, Type},
};
use async_graphql_value::Value;

use crate::graphql::{
    redaction,
    scalars::{self, expected_format},
    schema_types::{SchemaType, SchemaTypes},
};

/// Where a value is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The document. Variables in it are not checked here, but in `positions`.
    Document,
    /// The request's variables: JSON, which has no enum values.
    Variables,
}

/// Why a value is not of its type. Repeats no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::graphql) struct Mismatch {
    /// The place inside the value, from the outside: names of fields and indexes of lists.
    pub(super) path: Vec<String>,
    pub(super) reason: String,
}

impl Mismatch {
    fn new(reason: String) -> Self {
        Self { path: Vec::new(), reason }
    }

    fn expected(ty: &dyn ToString) -> Self {
        let ty = ty.to_string();
        let format = expected_format(&ty).map(|format| format!(": write it as {format}")).unwrap_or_default();
        Self::new(format!("expected type \"{ty}\"{format}"))
    }

    /// The same, at a place inside another value.
    fn at(mut self, place: &dyn ToString) -> Self {
        self.path.insert(0, place.to_string());
        self
    }
}

/// Checks a value. A type that the schema does not have is left to validation. Recursive: the depth of values is limited.
pub(super) fn check(types: &SchemaTypes, ty: &Type, value: &Value, source: Source) -> Result<(), Mismatch> {
    match (&ty.base, value) {
        (_, Value::Variable(_)) => Ok(()),
        (_, Value::Null) if ty.nullable => Ok(()),
        (base, Value::Null) => Err(Mismatch::expected(base)),
        (BaseType::List(item), Value::List(values)) => values
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check(types, item, value, source).map_err(|error| error.at(&index))),
        // A single value is a list of one.
        (BaseType::List(item), single) => check(types, item, single, source),
        (BaseType::Named(name), value) => check_named(types, name, value, source),
    }
}

fn check_named(types: &SchemaTypes, name: &Name, value: &Value, source: Source) -> Result<(), Mismatch> {
    let is_valid = match types.get(name) {
        Some(SchemaType::InputObject(fields)) => return check_fields(types, name, fields, value, source),
        Some(SchemaType::Enum(values)) => {
            let known = match value {
                Value::Enum(value) => values.contains(value),
                Value::String(value) if source == Source::Variables => values.iter().any(|known| known == value),
                Value::String(_) => {
                    return Err(Mismatch::new(format!("expected type \"{name}\": write it without quotes")));
                }
                _ => return Err(Mismatch::expected(name)),
            };
            let unknown = || Mismatch::new(format!("enumeration type \"{name}\" does not contain the value"));
            return known.then_some(()).ok_or_else(unknown);
        }
        Some(SchemaType::Scalar) => value.clone().into_const().is_none_or(|value| scalars::is_valid(name, &value)),
        // Only for output: validation refuses it.
        Some(SchemaType::Object(_) | SchemaType::Abstract(_)) => true,
        None => is_valid_builtin(name, value, source),
    };
    if is_valid { Ok(()) } else { Err(Mismatch::expected(name)) }
}

/// Whether a value is of a scalar type that every schema has. An unknown type accepts any value.
fn is_valid_builtin(name: &str, value: &Value, source: Source) -> bool {
    match (name, value) {
        // A literal may be larger: the page size is then refused by its argument's own range.
        ("Int", Value::Number(number)) => {
            number.as_i64().is_some_and(|number| source == Source::Document || i32::try_from(number).is_ok())
        }
        ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64(),
        (name, _) => !matches!(name, "Int" | "Float" | "String" | "ID" | "Boolean"),
    }
}

fn check_fields(
    types: &SchemaTypes,
    name: &Name,
    fields: &[InputValueDefinition],
    value: &Value,
    source: Source,
) -> Result<(), Mismatch> {
    let Value::Object(members) = value else { return Err(Mismatch::expected(name)) };
    for field in fields {
        let InputValueDefinition { name, ty, default_value, .. } = field;
        match members.get(&name.node) {
            Some(member) => check(types, &ty.node, member, source).map_err(|error| error.at(&name.node))?,
            None if ty.node.nullable || default_value.is_some() => {}
            None => {
                let (name, ty) = (&name.node, &ty.node);
                let reason = format!("field \"{name}\" of type \"{ty}\" is required but not provided");
                return Err(Mismatch::new(reason));
            }
        }
    }
    let unknown = members.keys().find(|member| fields.iter().all(|field| field.name.node != **member));
    match unknown {
        None => Ok(()),
        Some(unknown) if redaction::is_name(unknown) => {
            Err(Mismatch::new(format!("unknown field \"{unknown}\" of type \"{name}\"")))
        }
        Some(_) => Err(Mismatch::new(format!("unknown field of type \"{name}\""))),
    }
}
