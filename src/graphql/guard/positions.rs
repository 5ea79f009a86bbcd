//! The arguments of fields and directives, in all definitions of the document: literals must be of the argument's type,
//! and a variable's type must fit the position that uses it.
//!
//! async-graphql has a rule for the positions of variables, but 7.2 never runs it.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{
        BaseType, Directive, ExecutableDocument, InputValueDefinition, OperationDefinition, Selection, SelectionSet,
        Type, VariableDefinition,
    },
};
use async_graphql_value::Value;

use super::{
    RequestError,
    values::{self, Source},
};
use crate::graphql::{
    operation::root_type,
    schema_types::{SchemaType, SchemaTypes, innermost},
};

/// What a definition uses and spreads.
#[derive(Debug, Default)]
struct Uses<'a> {
    variables: Vec<Use<'a>>,
    fragments: Vec<&'a Name>,
}

/// The use of a variable as an argument, or inside one.
#[derive(Debug)]
struct Use<'a> {
    variable: &'a Name,
    /// The position of the argument.
    at: Pos,
    expected: &'a Type,
    /// Whether the position has a default value.
    has_default: bool,
}

/// Refuses a document with an argument or a default value that is not of its type, or with a variable in a position that
/// its type does not fit. What the schema does not have is left to validation.
pub(super) fn check(document: &ExecutableDocument, types: &SchemaTypes) -> Result<(), RequestError> {
    let mut fragments = HashMap::new();
    for (name, fragment) in &document.fragments {
        let mut reader = Reader { types, uses: Uses::default() };
        let parent = fragment.node.type_condition.node.on.node.as_str();
        reader.read_directives(&fragment.node.directives)?;
        reader.read_set(Some(parent), &fragment.node.selection_set.node)?;
        fragments.insert(name, reader.uses);
    }
    for (_, operation) in document.operations.iter() {
        check_operation(&operation.node, &fragments, types)?;
    }
    Ok(())
}

fn check_operation(
    operation: &OperationDefinition,
    fragments: &HashMap<&Name, Uses<'_>>,
    types: &SchemaTypes,
) -> Result<(), RequestError> {
    for variable in &operation.variable_definitions {
        if let Some(default) = &variable.node.default_value {
            let value = default.node.clone().into_value();
            values::check(types, &variable.node.var_type.node, &value, Source::Document)
                .map_err(|mismatch| RequestError::InvalidDefault { at: variable.pos, mismatch })?;
        }
    }
    let mut reader = Reader { types, uses: Uses::default() };
    reader.read_directives(&operation.directives)?;
    reader.read_set(Some(root_type(operation.ty)), &operation.selection_set.node)?;

    let variables = operation.variable_definitions.iter().map(|variable| (&variable.node.name.node, &variable.node));
    let variables: HashMap<&Name, &VariableDefinition> = variables.collect();
    let mut spread = HashSet::new();
    let mut unchecked = vec![&reader.uses];
    while let Some(uses) = unchecked.pop() {
        for used in &uses.variables {
            if let Some(variable) = variables.get(used.variable) {
                used.check(variable, types)?;
            }
        }
        let new = uses.fragments.iter().filter(|fragment| spread.insert(**fragment));
        unchecked.extend(new.filter_map(|fragment| fragments.get(fragment)));
    }
    Ok(())
}

impl Use<'_> {
    /// Checks the type of the variable. A type that the schema does not have is left to validation.
    fn check(&self, variable: &VariableDefinition, types: &SchemaTypes) -> Result<(), RequestError> {
        let declared = &variable.var_type.node;
        let name = innermost(declared);
        let is_known =
            types.get(name).is_some() || matches!(name.as_str(), "Int" | "Float" | "String" | "Boolean" | "ID");
        let default = variable.default_value.as_ref();
        // A default takes the place of an omitted value, so that the variable may be nullable. Null has to be passed as
        // null, and is then refused with the value.
        let has_default = self.has_default || default.is_some_and(|default| default.node != async_graphql::Value::Null);
        let fits = (self.expected.nullable || !declared.nullable || has_default)
            && is_same_or_stricter(&declared.base, &self.expected.base);
        if fits || !is_known {
            return Ok(());
        }
        let (declared, expected) = (declared.to_string(), self.expected.to_string());
        Err(RequestError::VariablePosition { at: self.at, declared, expected })
    }
}

/// Whether every value of the declared type is of the expected type.
fn is_same_or_stricter(declared: &BaseType, expected: &BaseType) -> bool {
    match (declared, expected) {
        (BaseType::Named(declared), BaseType::Named(expected)) => declared == expected,
        (BaseType::List(declared), BaseType::List(expected)) => {
            (expected.nullable || !declared.nullable) && is_same_or_stricter(&declared.base, &expected.base)
        }
        _ => false,
    }
}

/// Reads a definition and checks its literals. Recursive: the depths of selections and of values are limited.
#[derive(Debug)]
struct Reader<'a> {
    types: &'a SchemaTypes,
    uses: Uses<'a>,
}

impl<'a> Reader<'a> {
    fn read_set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet) -> Result<(), RequestError> {
        for selection in &set.items {
            self.read_directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    let definition = parent.and_then(|parent| self.types.field(parent, &field.node.name.node));
                    let Some(definition) = definition else { continue };
                    self.read_arguments(&field.node.arguments, &definition.arguments)?;
                    let returned = innermost(&definition.ty.node).as_str();
                    self.read_set(Some(returned), &field.node.selection_set.node)?;
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.read_set(condition.or(parent), &inline.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => self.uses.fragments.push(&spread.node.fragment_name.node),
            }
        }
        Ok(())
    }

    fn read_directives(&mut self, directives: &'a [Positioned<Directive>]) -> Result<(), RequestError> {
        for Positioned { node: directive, .. } in directives {
            self.read_arguments(&directive.arguments, self.types.directive(&directive.name.node))?;
        }
        Ok(())
    }

    fn read_arguments(
        &mut self,
        arguments: &'a [(Positioned<Name>, Positioned<Value>)],
        definitions: &'a [Positioned<InputValueDefinition>],
    ) -> Result<(), RequestError> {
        for (name, value) in arguments {
            let definition = definitions.iter().find(|definition| definition.node.name.node == name.node);
            let Some(Positioned { node: definition, .. }) = definition else { continue };
            values::check(self.types, &definition.ty.node, &value.node, Source::Document).map_err(|mismatch| {
                let argument = definition.name.node.to_string();
                RequestError::InvalidArgument { at: name.pos, argument, mismatch }
            })?;
            self.read_value(&value.node, definition.default_value.is_some(), &definition.ty.node, name.pos);
        }
        Ok(())
    }

    /// Reads the variables in a value.
    fn read_value(&mut self, value: &'a Value, has_default: bool, expected: &'a Type, at: Pos) {
        match (value, &expected.base) {
            (Value::Variable(variable), _) => self.uses.variables.push(Use { variable, at, expected, has_default }),
            (Value::List(items), BaseType::List(item)) => {
                for value in items {
                    self.read_value(value, false, item, at);
                }
            }
            (single, BaseType::List(item)) => self.read_value(single, false, item, at),
            (Value::Object(members), BaseType::Named(name)) => {
                let Some(SchemaType::InputObject(fields)) = self.types.get(name) else { return };
                for (name, value) in members {
                    if let Some(field) = fields.iter().find(|field| field.name.node == *name) {
                        self.read_value(value, field.default_value.is_some(), &field.ty.node, at);
                    }
                }
            }
            _ => {}
        }
    }
}
