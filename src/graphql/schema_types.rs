//! The fields of the schema's types, parsed from the SDL: async-graphql does not expose its registry.

use std::collections::HashMap;

use async_graphql::{
    Name,
    parser::{
        Error, parse_schema,
        types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

/// The fields of each object and interface type.
#[derive(Debug, Default)]
pub(super) struct SchemaTypes(HashMap<Name, Vec<FieldDefinition>>);

/// The schema's own SDL is not valid GraphQL. Without its types, neither costs nor nulls are known, so the process must
/// not start.
#[derive(Debug, thiserror::Error)]
#[error("the GraphQL schema's SDL cannot be parsed")]
pub struct SchemaError(#[from] Error);

impl SchemaTypes {
    /// Parses an SDL.
    pub(super) fn parse(sdl: &str) -> Result<Self, SchemaError> {
        let types = parse_definitions(sdl)?.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(defined) => Some((defined.node.name.node, fields(defined.node.kind))),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Ok(Self(types.collect()))
    }

    /// A field of a type.
    pub(super) fn field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        self.0.get(of)?.iter().find(|field| field.name.node == name)
    }

    /// Each type with its fields.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &[FieldDefinition])> {
        self.0.iter().map(|(name, fields)| (name, fields.as_slice()))
    }
}

/// The definitions of an SDL.
pub(super) fn parse_definitions(sdl: &str) -> Result<Vec<TypeSystemDefinition>, SchemaError> {
    Ok(parse_schema(sdl)?.definitions)
}

fn fields(kind: TypeKind) -> Vec<FieldDefinition> {
    let fields = match kind {
        TypeKind::Object(object) => object.fields,
        TypeKind::Interface(interface) => interface.fields,
        _ => Vec::new(),
    };
    fields.into_iter().map(|field| field.node).collect()
}

/// The name of the type inside all lists.
pub(super) fn innermost(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::List(item) => innermost(item),
        BaseType::Named(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sdl_that_is_not_graphql_is_an_error() {
        assert!(SchemaTypes::parse("type Query {").is_err());
    }
}
