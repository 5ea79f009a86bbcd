//! The schema's types, parsed from the SDL: async-graphql does not expose its registry.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::{
        Error, parse_schema,
        types::{
            BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

/// The SDL of introspection and of the built-in scalars and directives.
pub(super) const BUILT_IN: &str = include_str!("introspection.graphql");

/// The types and directives of a schema.
#[derive(Debug, Default)]
pub(super) struct SchemaTypes {
    types: HashMap<Name, SchemaType>,
    /// The arguments of each directive.
    directives: HashMap<Name, Vec<Positioned<InputValueDefinition>>>,
    /// The fields of introspection.
    introspection: HashMap<Name, SchemaType>,
}

/// A type of the schema.
#[derive(Debug)]
pub(super) enum SchemaType {
    Object(Vec<FieldDefinition>),
    /// An interface with its fields, or a union, which has none.
    Abstract(Vec<FieldDefinition>),
    InputObject(Vec<InputValueDefinition>),
    /// An enum with its values.
    Enum(Vec<Name>),
    Scalar,
}

/// The schema's own SDL is not valid GraphQL. Without its types, neither costs nor nulls are known, so the process must
/// not start.
#[derive(Debug, thiserror::Error)]
#[error("the GraphQL schema's SDL cannot be parsed")]
pub struct SchemaError(#[from] Error);

impl SchemaTypes {
    /// Parses an SDL.
    pub(super) fn parse(sdl: &str) -> Result<Self, SchemaError> {
        let mut parsed = Self::default();
        for definition in parse_definitions(sdl)? {
            match definition {
                TypeSystemDefinition::Type(defined) => {
                    let (name, defined) = read(defined);
                    parsed.types.insert(name, defined);
                }
                TypeSystemDefinition::Directive(directive) => {
                    parsed.directives.insert(directive.node.name.node, directive.node.arguments);
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        for definition in parse_definitions(BUILT_IN)? {
            if let TypeSystemDefinition::Type(defined) = definition
                && defined.node.name.node.starts_with("__")
            {
                parsed.introspection.extend([read(defined)]);
            }
        }
        Ok(parsed)
    }

    /// The type with this name.
    pub(super) fn get(&self, name: &str) -> Option<&SchemaType> {
        self.types.get(name).or_else(|| self.introspection.get(name))
    }

    /// A field of a type. All fields of introspection can be selected from all types: validation refuses what it must.
    pub(super) fn field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        let introspection = || ["__Any", "__Root"].iter().find_map(|of| self.own_field(of, name));
        self.own_field(of, name).or_else(introspection)
    }

    fn own_field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        self.get(of)?.fields().iter().find(|field| field.name.node == name)
    }

    /// The arguments of a directive.
    pub(super) fn directive(&self, name: &str) -> &[Positioned<InputValueDefinition>] {
        self.directives.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether values of the type have fields. `None` if the schema does not have the type.
    pub(super) fn is_composite(&self, name: &str) -> Option<bool> {
        let composite = |of: &SchemaType| matches!(of, SchemaType::Object(_) | SchemaType::Abstract(_));
        self.get(name).map(composite)
    }

    /// Each type of the SDL with its fields.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &[FieldDefinition])> {
        self.types.iter().map(|(name, defined)| (name, defined.fields()))
    }
}

/// The definitions of an SDL.
pub(super) fn parse_definitions(sdl: &str) -> Result<Vec<TypeSystemDefinition>, SchemaError> {
    Ok(parse_schema(sdl)?.definitions)
}

impl SchemaType {
    fn fields(&self) -> &[FieldDefinition] {
        match self {
            Self::Object(fields) | Self::Abstract(fields) => fields,
            Self::InputObject(_) | Self::Enum(_) | Self::Scalar => &[],
        }
    }
}

fn read(defined: Positioned<TypeDefinition>) -> (Name, SchemaType) {
    let kind = match defined.node.kind {
        TypeKind::Object(object) => SchemaType::Object(without_positions(object.fields)),
        TypeKind::Interface(interface) => SchemaType::Abstract(without_positions(interface.fields)),
        TypeKind::Union(_) => SchemaType::Abstract(Vec::new()),
        TypeKind::InputObject(input) => SchemaType::InputObject(without_positions(input.fields)),
        TypeKind::Enum(of) => SchemaType::Enum(of.values.into_iter().map(|value| value.node.value.node).collect()),
        TypeKind::Scalar => SchemaType::Scalar,
    };
    (defined.node.name.node, kind)
}

fn without_positions<T>(items: Vec<Positioned<T>>) -> Vec<T> {
    items.into_iter().map(|item| item.node).collect()
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

    #[test]
    fn the_fields_of_introspection_are_known() {
        let types = SchemaTypes::parse("type Query { a: Int }").expect("an SDL");
        let ty = |of: &str, name: &str| types.field(of, name).map(|field| field.ty.node.to_string());
        assert_eq!(ty("Query", "a").as_deref(), Some("Int"));
        assert_eq!(ty("Query", "__typename").as_deref(), Some("String!"));
        assert_eq!(ty("Query", "__type").as_deref(), Some("__Type"));
        assert_eq!(ty("__Type", "ofType").as_deref(), Some("__Type"));
        assert_eq!(ty("Query", "b"), None);
        assert_eq!(types.iter().count(), 1, "introspection is not part of the SDL");
    }
}
