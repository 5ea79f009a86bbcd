//! What a field costs: itself, and what is selected below it as often as it gives items.
//!
//! How many items a field may give is read off the schema's text: a connection as many as its page is long, a field that
//! takes a list of keys one for each. So a list cannot be added without a cost; a test holds the schema to that.

use std::collections::HashMap;

use async_graphql::{
    Value as ConstValue, Variables,
    parser::{
        parse_schema,
        types::{BaseType, Field, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};
use async_graphql_value::Value;

use crate::graphql::connection::{MOST_KEYS, page_size};

/// How the types of connections end.
const CONNECTION: &str = "Connection";

/// How many items each field of each type gives. A field that is not here does not exist; validation says so.
#[derive(Debug, Default)]
pub(in crate::graphql) struct FieldCosts(HashMap<String, HashMap<String, Priced>>);

/// A field and its price.
#[derive(Debug)]
pub(super) struct Priced {
    /// The type that it gives, without what stands around its name.
    pub(super) gives: String,
    times: Times,
}

/// How many items a field gives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Times {
    /// One; or those of a page, which are counted at the field that gives the page.
    Once,
    /// As many as `first` or `last` says.
    Page,
    /// As many as this argument has keys.
    Keys(String),
}

impl FieldCosts {
    /// Reads the schema's text.
    pub(in crate::graphql) fn of(sdl: &str) -> Self {
        // The schema's own text is GraphQL; the tests hold it to that.
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        let types = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(defined) => Some((defined.node.name.node.to_string(), defined.node.kind)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self(types.map(|(owner, kind)| (owner.clone(), prices_of(&owner, kind))).collect())
    }

    /// A field's price, if the schema knows the field.
    pub(super) fn of_field(&self, owner: &str, field: &Field) -> Option<&Priced> {
        self.0.get(owner)?.get(field.name.node.as_str())
    }
}

fn prices_of(owner: &str, kind: TypeKind) -> HashMap<String, Priced> {
    let fields = match kind {
        TypeKind::Object(object) => object.fields,
        TypeKind::Interface(interface) => interface.fields,
        _ => Vec::new(),
    };
    let priced = |field: FieldDefinition| {
        let gives = named(&field.ty.node).to_owned();
        let times = Times::of(owner, &field).unwrap_or(Times::Once);
        (field.name.node.to_string(), Priced { gives, times })
    };
    fields.into_iter().map(|field| priced(field.node)).collect()
}

impl Times {
    /// `None` for a list of whose length the schema says nothing. There must be no such field.
    fn of(owner: &str, field: &FieldDefinition) -> Option<Self> {
        let takes = |name: &str| field.arguments.iter().any(|argument| argument.node.name.node == name);
        let gives = &field.ty.node;
        if named(gives).ends_with(CONNECTION) {
            return (takes("first") && takes("last")).then_some(Self::Page);
        }
        if !is_list(gives) || owner.ends_with(CONNECTION) {
            return Some(Self::Once);
        }
        let keys =
            field.arguments.iter().find(|argument| is_list(&argument.node.ty.node) && !argument.node.ty.node.nullable);
        keys.map(|keys| Self::Keys(keys.node.name.node.to_string()))
    }
}

impl Priced {
    /// How many items the field gives at most. What asks for more than may be asked for is refused where it is read.
    pub(super) fn times(&self, field: &Field, variables: &Variables) -> usize {
        let argument = |name: &str| field.get_argument(name).map(|value| &value.node);
        match &self.times {
            Times::Once => 1,
            Times::Page => {
                let number = |name| argument(name).and_then(|value| number(value, variables));
                page_size(number("first"), number("last"))
            }
            Times::Keys(name) => argument(name).map_or(0, |value| length(value, variables)).min(MOST_KEYS),
        }
    }
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

/// The name within all lists.
fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => named(item),
        BaseType::Named(name) => name,
    }
}

fn number(value: &Value, variables: &Variables) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::Variable(name) => match variables.get(name) {
            Some(ConstValue::Number(number)) => number.as_i64(),
            _ => None,
        },
        _ => None,
    }
}

fn length(value: &Value, variables: &Variables) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Variable(name) => match variables.get(name) {
            Some(ConstValue::List(items)) => items.len(),
            // A single value is taken for a list of one.
            given => usize::from(given.is_some()),
        },
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::sdl;

    /// The fields of a schema that give a list and have no price.
    fn without_price(sdl: &str) -> Vec<String> {
        let definitions = parse_schema(sdl).expect("the SDL is GraphQL").definitions;
        let types = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(defined) => Some(defined.node),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        let mut found = Vec::new();
        for defined in types {
            let owner = defined.name.node.as_str();
            let fields = match &defined.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let unpriced = fields.iter().filter(|field| Times::of(owner, &field.node).is_none());
            found.extend(unpriced.map(|field| format!("{owner}.{}", field.node.name.node)));
        }
        found
    }

    #[test]
    fn every_list_of_the_schema_has_a_price() {
        assert_eq!(without_price(&sdl()), Vec::<String>::new(), "nothing says how long these are");
    }

    #[test]
    fn a_list_of_unknown_length_is_found() {
        let sdl = "type Query { list: [Int!]! page: AConnection keys(uuids: [ID!]): [Int] fine(uuids: [ID!]!): [Int] } \
                   type AConnection { nodes: [Int!]! }";
        assert_eq!(without_price(sdl), ["Query.list", "Query.page", "Query.keys"]);
    }

    #[test]
    fn the_lists_of_the_schema_multiply() {
        let costs = FieldCosts::of(&sdl());
        let times = |owner: &str, field: &str| costs.0[owner][field].times.clone();
        for (owner, field) in
            [("Query", "organizations"), ("Organization", "clusters"), ("Report", "ruleHits"), ("Cluster", "history")]
        {
            assert_eq!(times(owner, field), Times::Page, "{owner}.{field}");
        }
        assert_eq!(times("Query", "clusters"), Times::Keys("uuids".to_owned()));
        assert_eq!(times("Query", "nodes"), Times::Keys("ids".to_owned()));
        assert_eq!(times("ClusterConnection", "nodes"), Times::Once);
    }
}
