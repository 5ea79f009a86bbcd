//! The fields of an operation's root, which async-graphql resolves itself: in the order in which they complete, and
//! without those that failed.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, Response, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};

use super::{operation::root_type, schema_types::SchemaTypes};

/// The fragments of a document by name.
type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The fields that an operation selects from its root, in the order of the query.
#[derive(Debug)]
pub(super) struct RootFields(Vec<RootField>);

#[derive(Debug)]
struct RootField {
    /// The key in the answer.
    key: Name,
    /// May the field be null?
    is_nullable: bool,
}

impl RootFields {
    /// The fields of an operation. A field that does not exist is refused by validation.
    pub(super) fn new(operation: &OperationDefinition, fragments: &Fragments, types: &SchemaTypes) -> Self {
        let mut names = IndexMap::new();
        collect(&operation.selection_set.node, fragments, &mut names);
        let root = root_type(operation.ty);
        let field = |(key, name): (&Name, &Name)| {
            let is_nullable = types.field(root, name).is_none_or(|field| field.ty.node.nullable);
            RootField { key: key.clone(), is_nullable }
        };
        Self(names.into_iter().map(field).collect())
    }

    /// Puts the response's fields into the order of the query. A field that failed is null; where it must not be, the
    /// whole `data` is.
    pub(super) fn arrange(&self, response: &mut Response) {
        let Response { data, errors, .. } = response;
        let is_executed = *data != Value::Null || errors.iter().any(|error| !error.path.is_empty());
        if !is_executed {
            return;
        }
        let mut resolved = match std::mem::take(data) {
            Value::Object(fields) => fields,
            _ => IndexMap::new(),
        };
        let mut fields = IndexMap::with_capacity(self.0.len());
        for RootField { key, is_nullable } in &self.0 {
            match resolved.swap_remove(key) {
                Some(value) => drop(fields.insert(key.clone(), value)),
                None if !errors.iter().any(|error| is_of_field(error, key)) => {} // skipped by a directive
                None if *is_nullable => drop(fields.insert(key.clone(), Value::Null)),
                None => return,
            }
        }
        *data = Value::Object(fields);
    }
}

/// Collects the response keys of a selection set, each with the name of its field, where fragments are spread.
fn collect<'a>(set: &'a SelectionSet, fragments: &'a Fragments, names: &mut IndexMap<&'a Name, &'a Name>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                names.entry(&field.node.response_key().node).or_insert(&field.node.name.node);
            }
            Selection::InlineFragment(fragment) => collect(&fragment.node.selection_set.node, fragments, names),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    collect(&fragment.node.selection_set.node, fragments, names);
                }
            }
        }
    }
}

fn is_of_field(error: &ServerError, key: &Name) -> bool {
    matches!(error.path.first(), Some(PathSegment::Field(name)) if name == key.as_str())
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    const SDL: &str = "type Query { may: Int must: Int! }";

    /// The data of an answer, made of what async-graphql returns and the fields that failed.
    fn arranged(query: &str, data: Value, failed: &[&str]) -> Value {
        let document = parse_query(query).expect("a query");
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let types = SchemaTypes::parse(SDL).expect("an SDL");
        let mut response = Response::new(data);
        for key in failed {
            let mut error = ServerError::new("failed", None);
            error.path = vec![PathSegment::Field((*key).to_owned())];
            response.errors.push(error);
        }
        RootFields::new(&operation.node, &document.fragments, &types).arrange(&mut response);
        response.data
    }

    fn keys(data: &Value) -> Vec<&str> {
        let Value::Object(fields) = data else { panic!("an object: {data}") };
        fields.keys().map(Name::as_str).collect()
    }

    #[test]
    fn fields_are_in_the_order_of_the_query_with_aliases_and_fragments() {
        let query = "{ b: may ...F a: may must } fragment F on Query { c: may ... { b: may d: may } }";
        let data = arranged(query, value!({ "must": 1, "d": 2, "c": 3, "b": 4, "a": 5 }), &[]);
        assert_eq!(keys(&data), ["b", "c", "d", "a", "must"]);
    }

    #[test]
    fn a_failed_field_is_null_and_a_skipped_one_is_absent() {
        let data = arranged("{ skipped: may may must }", value!({ "must": 1 }), &["may"]);
        assert_eq!(data, value!({ "may": null, "must": 1 }));
        assert_eq!(arranged("{ may }", Value::Null, &["may"]), value!({ "may": null }));
    }

    #[test]
    fn a_failed_field_that_must_not_be_null_makes_the_data_null() {
        assert_eq!(arranged("{ may must }", value!({ "may": 1 }), &["must"]), Value::Null);
    }

    #[test]
    fn a_refused_request_has_no_data() {
        let document = parse_query("{ may }").expect("a query");
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let types = SchemaTypes::parse(SDL).expect("an SDL");
        let mut refused = Response::from_errors(vec![ServerError::new("refused", None)]);
        RootFields::new(&operation.node, &document.fragments, &types).arrange(&mut refused);
        assert_eq!(refused.data, Value::Null);
    }
}
