//! The cost of a field: one, plus what is selected below it, multiplied by the number of items that it may return.
//!
//! How many items a field may return is read from the schema's types: a connection as many as its page has, a field with
//! a list of keys one per key, the results of a mutation one per key of its input, another list as many as `@listSize`
//! says, or fewer if an argument `first` or a list of keys says so. So a list cannot be added without a cost; a test checks
//! that for the schema.

use std::collections::HashMap;

use async_graphql::{
    Value as ConstValue, Variables,
    parser::types::{BaseType, Field, FieldDefinition, Selection, SelectionSet, Type},
};
use async_graphql_value::Value;

use crate::graphql::{
    connection::{MAX_KEYS, SHOW_ITEMS, page_size},
    list_size,
    schema_types::{SchemaType, SchemaTypes, innermost},
};

/// The suffix of the names of connection types.
const CONNECTION: &str = "Connection";
/// The suffix of the names of types that mutations return.
const PAYLOAD: &str = "Payload";

/// The cost of each field of each type. Validation refuses a field that is not here.
#[derive(Debug, Default)]
pub(in crate::graphql) struct FieldCosts(HashMap<String, HashMap<String, FieldCost>>);

/// What decides the cost of a field's selections.
#[derive(Debug)]
pub(super) struct FieldCost {
    /// The name of the type that the field returns, inside all lists.
    pub(super) returns: String,
    length: Length,
    /// The argument that is an object with a list of keys, and the name of the list.
    keys: Option<(String, String)>,
}

/// How many items a field returns.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Length {
    /// One item; or the items of a page, which are counted at the field that returns the connection.
    One,
    /// As many as `first` or `last`; one if nothing is selected that needs the items.
    Page,
    /// One per key of this argument.
    Keys(String),
    /// One per key in the input of the mutation that returned the list.
    KeysOfInput,
    /// As many as `@listSize` says; at most `first`, and one per key of this argument, where these are given.
    AtMost(usize, Option<String>),
}

impl FieldCosts {
    /// The costs of the fields of these types.
    pub(in crate::graphql) fn new(types: &SchemaTypes) -> Self {
        let costs_of = |parent: &str, fields: &[FieldDefinition]| {
            let cost = |field: &FieldDefinition| FieldCost {
                returns: innermost(&field.ty.node).to_string(),
                length: Length::of(parent, field).unwrap_or(Length::One),
                keys: keys_in_input(types, field),
            };
            fields.iter().map(|field| (field.name.node.to_string(), cost(field))).collect()
        };
        Self(types.iter().map(|(parent, fields)| (parent.to_string(), costs_of(parent, fields))).collect())
    }

    /// The cost of a field of a type, if the schema has the field.
    pub(super) fn get(&self, parent: &str, field: &Field) -> Option<&FieldCost> {
        self.0.get(parent)?.get(field.name.node.as_str())
    }
}

impl Length {
    /// How many items a field of a type returns. `None` for a list whose length the schema does not bound; a test checks
    /// that the schema has none.
    fn of(parent: &str, field: &FieldDefinition) -> Option<Self> {
        let has_argument = |name: &str| field.arguments.iter().any(|argument| argument.node.name.node == name);
        let returned = &field.ty.node;
        if innermost(returned).ends_with(CONNECTION) {
            return (has_argument("first") && has_argument("last")).then_some(Self::Page);
        }
        if !is_list(returned) || parent.ends_with(CONNECTION) {
            return Some(Self::One);
        }
        if let Some(size) = field.directives.iter().find_map(|directive| list_size::read(&directive.node)) {
            let keys = field.arguments.iter().find(|argument| is_list(&argument.node.ty.node));
            return Some(Self::AtMost(size, keys.map(|keys| keys.node.name.node.to_string())));
        }
        if parent.ends_with(PAYLOAD) {
            return Some(Self::KeysOfInput);
        }
        let keys =
            field.arguments.iter().find(|argument| is_list(&argument.node.ty.node) && !argument.node.ty.node.nullable);
        keys.map(|keys| Self::Keys(keys.node.name.node.to_string()))
    }
}

impl FieldCost {
    /// The most items that the field may return, below a field with this many keys in its input. A page size or a number
    /// of keys beyond the maximum counts as the maximum: the resolver refuses it.
    pub(super) fn items(&self, field: &Field, variables: &Variables, keys_of_input: usize) -> usize {
        let argument = |name: &str| field.get_argument(name).map(|value| &value.node);
        match &self.length {
            Length::One => 1,
            Length::AtMost(size, keys) => {
                let first = argument("first").and_then(|value| number(value, variables));
                let first = first.map_or(*size, |first| usize::try_from(first).unwrap_or(1));
                let keys = keys.as_deref().and_then(argument).and_then(|keys| given_length(keys, variables));
                first.min(keys.unwrap_or(*size)).min(*size)
            }
            Length::Page if !may_show_items(&field.selection_set.node) => 1,
            Length::Page => {
                let number = |name| argument(name).and_then(|value| number(value, variables));
                page_size(number("first"), number("last"))
            }
            Length::Keys(name) => argument(name).map_or(0, |value| list_length(value, variables)).min(MAX_KEYS),
            Length::KeysOfInput => keys_of_input,
        }
    }

    /// The number of keys in the field's input; the maximum if it has no such list.
    pub(super) fn keys_of_input(&self, field: &Field, variables: &Variables) -> usize {
        let Some((argument, list)) = &self.keys else { return MAX_KEYS };
        let keys = match field.get_argument(argument).map(|value| &value.node) {
            Some(Value::Object(members)) => members.get(list.as_str()).map(|keys| list_length(keys, variables)),
            Some(Value::Variable(name)) => match variables.get(name) {
                Some(ConstValue::Object(members)) => members.get(list.as_str()).map(constant_list_length),
                _ => None,
            },
            _ => None,
        };
        keys.map_or(MAX_KEYS, |keys| keys.min(MAX_KEYS))
    }
}

/// Is anything selected of a connection that needs the items of its page? A fragment may select it.
pub(super) fn may_show_items(connection: &SelectionSet) -> bool {
    connection.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => SHOW_ITEMS.contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(inline) => may_show_items(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => true,
    })
}

/// The number of items in the lists among a field's arguments, at any depth: each is copied for every parent.
pub(super) fn listed_values(field: &Field, variables: &Variables) -> usize {
    field.arguments.iter().map(|(_, argument)| listed_in(&argument.node, variables)).sum()
}

/// Recursive: the guard has bounded the depth of values.
fn listed_in(value: &Value, variables: &Variables) -> usize {
    match value {
        Value::List(items) => items.len() + items.iter().map(|item| listed_in(item, variables)).sum::<usize>(),
        Value::Object(members) => members.values().map(|member| listed_in(member, variables)).sum(),
        Value::Variable(name) => variables.get(name).map_or(0, listed_in_constant),
        _ => 0,
    }
}

fn listed_in_constant(value: &ConstValue) -> usize {
    match value {
        ConstValue::List(items) => items.len() + items.iter().map(listed_in_constant).sum::<usize>(),
        ConstValue::Object(members) => members.values().map(listed_in_constant).sum(),
        _ => 0,
    }
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
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

fn list_length(value: &Value, variables: &Variables) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Variable(name) => variables.get(name).map_or(0, constant_list_length),
        _ => 1,
    }
}

/// The length of a list that may be null, which is as if it were not given.
fn given_length(value: &Value, variables: &Variables) -> Option<usize> {
    let is_given = match value {
        Value::Null => false,
        Value::Variable(name) => !matches!(variables.get(name), None | Some(ConstValue::Null)),
        _ => true,
    };
    is_given.then(|| list_length(value, variables))
}

fn constant_list_length(value: &ConstValue) -> usize {
    match value {
        ConstValue::List(items) => items.len(),
        // GraphQL coerces a single value to a list of one.
        _ => 1,
    }
}

/// The argument of a field that is an object with a list that must not be null, and the name of the list.
fn keys_in_input(types: &SchemaTypes, field: &FieldDefinition) -> Option<(String, String)> {
    field.arguments.iter().find_map(|argument| {
        let SchemaType::InputObject(members) = types.get(innermost(&argument.node.ty.node))? else { return None };
        let list = members.iter().find(|member| is_list(&member.ty.node) && !member.ty.node.nullable)?;
        Some((argument.node.name.node.to_string(), list.name.node.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        content::{MAX_CATEGORIES, MAX_TAGS},
        graphql::{gathering_request::MAX_REQUESTS, mutation::MAX_USER_ERRORS, sdl},
    };

    fn types(sdl: &str) -> SchemaTypes {
        SchemaTypes::parse(sdl).expect("the SDL is GraphQL")
    }

    /// The fields that return a list whose length the schema does not bound.
    fn unbounded_lists(sdl: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (parent, fields) in types(sdl).iter() {
            let unbounded = fields.iter().filter(|field| Length::of(parent, field).is_none());
            found.extend(unbounded.map(|field| format!("{parent}.{}", field.name.node)));
        }
        found
    }

    #[test]
    fn every_list_of_the_schema_has_a_bounded_length() {
        assert_eq!(unbounded_lists(&sdl()), Vec::<String>::new(), "no argument bounds these lists");
    }

    #[test]
    fn an_unbounded_list_is_found() {
        let sdl = "type Query { list: [Int!]! page: AConnection keys(uuids: [ID!]): [Int] fine(uuids: [ID!]!): [Int] \
                   small: [Int!]! @listSize(assumedSize: 9) wrong: [Int!]! @listSize(assumedSize: -1) } \
                   type AConnection { nodes: [Int!]! }";
        assert_eq!(unbounded_lists(sdl), ["Query.list", "Query.page", "Query.keys", "Query.wrong"]);
    }

    #[test]
    fn lists_multiply_the_cost_of_their_fields() {
        let costs = FieldCosts::new(&types(&sdl()));
        let length = |parent: &str, field: &str| costs.0[parent][field].length.clone();
        for (parent, field) in [
            ("Query", "organizations"),
            ("Query", "recommendations"),
            ("Organization", "clusters"),
            ("Recommendation", "impactedClusters"),
            ("Report", "ruleHits"),
            ("Cluster", "history"),
            ("Cluster", "namespaces"),
            ("Namespace", "recommendations"),
            ("WorkloadRecommendation", "objects"),
            ("GatheringRequest", "ruleHits"),
        ] {
            assert_eq!(length(parent, field), Length::Page, "{parent}.{field}");
        }
        assert_eq!(length("Query", "clusters"), Length::Keys("uuids".to_owned()));
        assert_eq!(length("Query", "nodes"), Length::Keys("ids".to_owned()));
        assert_eq!(length("ClusterConnection", "nodes"), Length::One);
        assert_eq!(length("ClusterTogglesPayload", "results"), Length::KeysOfInput);
        assert_eq!(length("ClusterTogglesPayload", "userErrors"), Length::AtMost(MAX_USER_ERRORS, None));
        assert_eq!(length("Query", "categories"), Length::AtMost(MAX_CATEGORIES, None));
        assert_eq!(length("RecommendationContent", "tags"), Length::AtMost(MAX_TAGS, None));
        let requests = Length::AtMost(MAX_REQUESTS, Some("requestIds".to_owned()));
        assert_eq!(length("Cluster", "gatheringRequests"), requests);
    }
}
