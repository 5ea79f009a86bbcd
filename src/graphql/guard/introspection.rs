//! The cost of introspection: the fields that it resolves, counted over the real types of the schema.
//!
//! A few nested lists multiply to millions: 798 bytes of `interfaces { possibleTypes }` took half a minute. So the query
//! is walked as async-graphql resolves it, until the cost exceeds its limit.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        BaseType, Field, FragmentDefinition, InputValueDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet, Type, TypeKind, TypeSystemDefinition,
    },
};
use async_graphql_value::Value;

use crate::graphql::{
    operation::root_type,
    schema_types::{BUILT_IN, SchemaError, parse_definitions},
};

/// What introspection can return of a schema.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Introspection {
    types: HashMap<Name, TypeInfo>,
    /// The types of the arguments of each directive.
    directives: Vec<Vec<Type>>,
}

/// A type of the schema.
#[derive(Debug, Default)]
struct TypeInfo {
    fields: Vec<FieldInfo>,
    interfaces: Vec<Name>,
    possible_types: Vec<Name>,
    enum_values: usize,
    input_fields: Vec<Type>,
}

/// A field of a type.
#[derive(Debug)]
struct FieldInfo {
    arguments: Vec<Type>,
    returns: Type,
}

/// What a selection set of an introspection query selects from.
#[derive(Clone, Copy)]
enum Element<'a> {
    Schema,
    Type(&'a TypeInfo),
    /// A list or non-null type around another one.
    Wrapped(&'a Type),
    Field(&'a FieldInfo),
    Input(&'a Type),
    Directive(&'a [Type]),
    /// An enum value or a scalar.
    Leaf,
}

/// The fragments of a document by name.
type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

impl Introspection {
    /// Reads the types of an SDL and those of introspection itself.
    pub(in crate::graphql) fn parse(sdl: &str) -> Result<Self, SchemaError> {
        let mut schema = Self::default();
        for definition in parse_definitions(sdl)?.into_iter().chain(parse_definitions(BUILT_IN)?) {
            match definition {
                TypeSystemDefinition::Type(defined) => {
                    schema.types.insert(defined.node.name.node, TypeInfo::new(defined.node.kind));
                }
                TypeSystemDefinition::Directive(defined) => {
                    schema.directives.push(types_of(&defined.node.arguments));
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        let implemented: Vec<_> = schema.types.iter().map(|(name, of)| (name.clone(), of.interfaces.clone())).collect();
        for (name, interfaces) in implemented {
            for interface in interfaces {
                schema.types.entry(interface).or_default().possible_types.push(name.clone());
            }
        }
        Ok(schema)
    }

    /// The cost of all introspection in an operation; a number beyond `limit` if it exceeds that.
    ///
    /// Recursive: the depth of the document is bounded, and no fragment spreads itself.
    pub(super) fn cost(&self, operation: &OperationDefinition, fragments: &Fragments, limit: usize) -> usize {
        let mut walk = Walk { schema: self, fragments, cost: 0, limit };
        walk.root(&operation.selection_set.node);
        walk.cost
    }

    /// The elements that a field of an element returns.
    fn elements<'a>(&'a self, of: Element<'a>, field: &Field) -> Vec<Element<'a>> {
        let types =
            |names: &'a [Name]| names.iter().filter_map(|name| self.types.get(name)).map(Element::Type).collect();
        match (of, field.name.node.as_str()) {
            (Element::Schema, "types") => self.types.values().map(Element::Type).collect(),
            (Element::Schema, "queryType") => self.root(OperationType::Query),
            (Element::Schema, "mutationType") => self.root(OperationType::Mutation),
            (Element::Schema, "subscriptionType") => self.root(OperationType::Subscription),
            (Element::Schema, "directives") => self.directives.iter().map(|args| Element::Directive(args)).collect(),
            (Element::Type(ty), "fields") => ty.fields.iter().map(Element::Field).collect(),
            (Element::Type(ty), "interfaces") => types(&ty.interfaces),
            (Element::Type(ty), "possibleTypes") => types(&ty.possible_types),
            (Element::Type(ty), "enumValues") => vec![Element::Leaf; ty.enum_values],
            (Element::Type(ty), "inputFields") => ty.input_fields.iter().map(Element::Input).collect(),
            (Element::Wrapped(ty), "ofType") => vec![self.inside(ty)],
            (Element::Field(field), "args") => field.arguments.iter().map(Element::Input).collect(),
            (Element::Field(field), "type") => vec![self.of(&field.returns)],
            (Element::Input(ty), "type") => vec![self.of(ty)],
            (Element::Directive(arguments), "args") => arguments.iter().map(Element::Input).collect(),
            _ => Vec::new(),
        }
    }

    /// The type from which operations of a kind select, if the schema has it.
    fn root(&self, kind: OperationType) -> Vec<Element<'_>> {
        self.types.get(root_type(kind)).map(Element::Type).into_iter().collect()
    }

    /// The element of a type as it is written.
    fn of<'a>(&'a self, ty: &'a Type) -> Element<'a> {
        match &ty.base {
            BaseType::Named(name) if ty.nullable => self.types.get(name).map_or(Element::Leaf, Element::Type),
            _ => Element::Wrapped(ty),
        }
    }

    /// The element inside a list or a non-null type. A list that is not null has two around its items; counted as one.
    fn inside<'a>(&'a self, ty: &'a Type) -> Element<'a> {
        match &ty.base {
            BaseType::Named(name) => self.types.get(name).map_or(Element::Leaf, Element::Type),
            BaseType::List(item) => self.of(item),
        }
    }
}

impl TypeInfo {
    fn new(kind: TypeKind) -> Self {
        let names = |implements: Vec<Positioned<Name>>| implements.into_iter().map(|name| name.node).collect();
        match kind {
            TypeKind::Object(object) => {
                Self { fields: fields_of(object.fields), interfaces: names(object.implements), ..Self::default() }
            }
            TypeKind::Interface(interface) => {
                Self { fields: fields_of(interface.fields), interfaces: names(interface.implements), ..Self::default() }
            }
            TypeKind::Union(union) => Self { possible_types: names(union.members), ..Self::default() },
            TypeKind::Enum(values) => Self { enum_values: values.values.len(), ..Self::default() },
            TypeKind::InputObject(input) => Self { input_fields: types_of(&input.fields), ..Self::default() },
            TypeKind::Scalar => Self::default(),
        }
    }
}

fn fields_of(fields: Vec<Positioned<async_graphql::parser::types::FieldDefinition>>) -> Vec<FieldInfo> {
    let field = |field: Positioned<async_graphql::parser::types::FieldDefinition>| FieldInfo {
        arguments: types_of(&field.node.arguments),
        returns: field.node.ty.node,
    };
    fields.into_iter().map(field).collect()
}

fn types_of(inputs: &[Positioned<InputValueDefinition>]) -> Vec<Type> {
    inputs.iter().map(|input| input.node.ty.node.clone()).collect()
}

/// A walk over the introspection of an operation.
struct Walk<'a> {
    schema: &'a Introspection,
    fragments: &'a Fragments,
    cost: usize,
    limit: usize,
}

impl<'a> Walk<'a> {
    fn root(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => match field.node.name.node.as_str() {
                    "__schema" => self.selections(Element::Schema, &field.node.selection_set.node),
                    "__type" => {
                        let named = self.named(&field.node);
                        self.selections(named, &field.node.selection_set.node);
                    }
                    _ => {}
                },
                Selection::InlineFragment(fragment) => self.root(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.root(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// The type that `__type` returns. One that a variable names could be any: the one with the most fields.
    fn named(&self, field: &Field) -> Element<'a> {
        let name = field.get_argument("name").map(|name| &name.node);
        let named = match name {
            Some(Value::String(name)) => self.schema.types.get(name.as_str()),
            _ => self.schema.types.values().max_by_key(|of| of.fields.len()),
        };
        named.map_or(Element::Leaf, Element::Type)
    }

    fn selections(&mut self, of: Element<'a>, set: &'a SelectionSet) {
        for selection in &set.items {
            self.cost += 1;
            if self.cost > self.limit {
                return;
            }
            match &selection.node {
                Selection::Field(field) => {
                    for element in self.schema.elements(of, &field.node) {
                        self.selections(element, &field.node.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) => self.selections(of, &fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.selections(of, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::graphql::sdl;

    /// The query by which clients read a whole schema.
    const WHOLE_SCHEMA: &str = "
        query IntrospectionQuery { __schema { description queryType { name } mutationType { name }
            subscriptionType { name } types { ...FullType }
            directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
        fragment FullType on __Type { kind name description specifiedByURL isOneOf
            fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
                type { ...TypeRef } isDeprecated deprecationReason }
            inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
            enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
            possibleTypes { ...TypeRef } }
        fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated
            deprecationReason }
        fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
            ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

    fn cost(query: &str, limit: usize) -> usize {
        let document = parse_query(query).expect("a query");
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let schema = Introspection::parse(&sdl()).expect("the SDL is GraphQL");
        schema.cost(&operation.node, &document.fragments, limit)
    }

    #[test]
    fn the_whole_schema_costs_a_fraction_of_the_limit() {
        let cost = cost(WHOLE_SCHEMA, usize::MAX);
        assert!((2_000..10_000).contains(&cost), "{cost}");
    }

    #[test]
    fn lists_multiply_by_their_real_length() {
        let [one, fields] = ["{ name }", "{ name fields { name } }"]
            .map(|set| cost(&format!("{{ __type(name: \"Cluster\") {set} }}"), usize::MAX));
        assert_eq!(one, 1);
        // The field `fields`, and the name of each.
        assert!((10..30).contains(&fields), "{fields}");
        assert_eq!(cost("{ __typename organizations { totalCount } }", usize::MAX), 0);
    }

    #[test]
    fn nested_lists_exceed_every_limit_at_once() {
        let mut query = "name".to_owned();
        for _ in 0..12 {
            query = format!("interfaces {{ possibleTypes {{ {query} }} }}");
        }
        let attack = format!("{{ __schema {{ types {{ {query} }} }} }}");
        assert!(cost(&attack, 20_000) > 20_000);
    }
}
