//! Null propagation: the nulls that GraphQL requires where fields failed.
//!
//! async-graphql omits a failed field from its object, and replaces an object whose fields all failed by null, whatever
//! the schema says of either. GraphQL requires null for the failed field or, if the field must not be null, for its
//! nearest nullable parent. Only responses with errors are changed.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Response, Value,
    indexmap::IndexMap,
    parser::types::{BaseType, Type},
};

use super::{
    response_shape::ResponseShape,
    schema_types::{SchemaTypes, innermost},
};

/// Where the schema allows null: the type of each field of each type.
pub(super) struct NullPropagation(HashMap<Name, HashMap<Name, Type>>);

impl NullPropagation {
    /// Null propagation by the fields of these types.
    pub(super) fn new(types: &SchemaTypes) -> Self {
        let field_types = types.iter().map(|(parent, fields)| {
            let fields = fields.iter().map(|field| (field.name.node.clone(), field.ty.node.clone()));
            (parent.clone(), fields.collect())
        });
        Self(field_types.collect())
    }

    /// Sets the nulls that the response's errors require. `root` is the type from which the operation selects.
    pub(super) fn apply(&self, root: &str, shape: &ResponseShape, response: &mut Response) {
        let failed: Vec<_> = response.errors.iter().map(|error| &error.path).filter(|path| !path.is_empty()).collect();
        for path in &failed {
            insert_null(&mut response.data, path);
        }
        for path in failed {
            if let Some(length) = self.nearest_nullable(root, shape, path) {
                set_null(&mut response.data, &path[..length]);
            }
        }
    }

    /// The length of the part of a path that leads to its last nullable value. 0 is the whole `data`.
    fn nearest_nullable(&self, root: &str, mut shape: &ResponseShape, path: &[PathSegment]) -> Option<usize> {
        let root = Name::new(root);
        let mut parent = &root;
        let mut current: Option<&Type> = None;
        let mut nearest = 0;
        for (index, segment) in path.iter().enumerate() {
            let ty = match segment {
                PathSegment::Index(_) => item_type(current?)?,
                PathSegment::Field(key) => {
                    let field = shape.field(key)?;
                    let ty = self.0.get(field.type_condition.as_ref().unwrap_or(parent))?.get(&field.name)?;
                    (parent, shape) = (innermost(ty), &field.shape);
                    ty
                }
            };
            current = Some(ty);
            if ty.nullable {
                nearest = index + 1;
            }
        }
        Some(nearest)
    }
}

fn item_type(list: &Type) -> Option<&Type> {
    match &list.base {
        BaseType::List(item) => Some(item),
        BaseType::Named(_) => None,
    }
}

/// Inserts null at the end of a path if nothing is there. An object that was replaced by null because all its fields
/// failed becomes an object again.
fn insert_null(data: &mut Value, path: &[PathSegment]) {
    let Some((segment, rest)) = path.split_first() else { return };
    match segment {
        PathSegment::Field(key) => {
            if *data == Value::Null {
                *data = Value::Object(IndexMap::new());
            }
            if let Value::Object(members) = data {
                insert_null(members.entry(Name::new(key)).or_insert(Value::Null), rest);
            }
        }
        PathSegment::Index(index) => {
            if let Value::List(items) = data {
                items.get_mut(*index).into_iter().for_each(|item| insert_null(item, rest));
            }
        }
    }
}

/// Sets the value at the end of a path to null, if the path exists.
fn set_null(data: &mut Value, path: &[PathSegment]) {
    let Some((segment, rest)) = path.split_first() else {
        *data = Value::Null;
        return;
    };
    let next = match (data, segment) {
        (Value::Object(members), PathSegment::Field(key)) => members.get_mut(key.as_str()),
        (Value::List(items), PathSegment::Index(index)) => items.get_mut(*index),
        _ => None,
    };
    if let Some(next) = next {
        set_null(next, rest);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ServerError, parser::parse_query, value};

    use super::*;
    use crate::graphql::operation::SelectedOperation;

    const SDL: &str = "type Query { list: [Item!] strict: [Item!]! loose: [Item]! node: Node } \
                       interface Node { id: ID! } \
                       type Item implements Node { id: ID! may: Item must: Item! name: String! }";

    fn segment(text: &str) -> PathSegment {
        text.parse().map_or_else(|_| PathSegment::Field(text.to_owned()), PathSegment::Index)
    }

    fn apply(query: &str, response: &mut Response) {
        let types = SchemaTypes::parse(SDL).expect("an SDL");
        let document = parse_query(query).expect("a query");
        let selected = SelectedOperation::select(&document.operations, None).expect("an operation");
        let shape = ResponseShape::new(&selected.definition.selection_set.node, &document.fragments);
        NullPropagation::new(&types).apply("Query", &shape, response);
    }

    /// The data for a query, from async-graphql's data and the paths of the failed fields: `list.0.may`.
    fn data(query: &str, data: Value, failed: &[&str]) -> Value {
        let mut response = Response::new(data);
        for path in failed {
            let mut error = ServerError::new("failed", None);
            error.path = path.split('.').map(segment).collect();
            response.errors.push(error);
        }
        apply(query, &mut response);
        response.data
    }

    #[test]
    fn a_nullable_field_that_failed_is_null() {
        let query = "{ list { may { name } name } }";
        let given = value!({ "list": [{ "name": "a" }, { "name": "b" }] });
        let expected = value!({ "list": [{ "name": "a", "may": null }, { "name": "b" }] });
        assert_eq!(data(query, given, &["list.0.may"]), expected);
    }

    #[test]
    fn an_object_whose_fields_all_failed_is_an_object() {
        let given = value!({ "list": [null, null] });
        let expected = value!({ "list": [{ "may": null }, { "may": null }] });
        assert_eq!(data("{ list { may { name } } }", given, &["list.0.may", "list.1.may"]), expected);
        assert_eq!(data("{ list { name } }", Value::Null, &["list"]), value!({ "list": null }));
    }

    #[test]
    fn the_nearest_nullable_parent_of_a_failed_non_null_field_is_null() {
        let given = value!({ "list": [{ "name": "a", "may": { "name": "b" } }] });
        let query = "{ list { name may { name must { name } } } }";
        let expected = value!({ "list": [{ "name": "a", "may": null }] });
        assert_eq!(data(query, given.clone(), &["list.0.may.must"]), expected);
        assert_eq!(data(query, given.clone(), &["list.0.may.must", "list.0.name"]), value!({ "list": null }));
        let strict = value!({ "strict": [{ "name": "a" }], "list": [] });
        assert_eq!(data("{ strict { name must { name } } list { name } }", strict, &["strict.0.must"]), Value::Null);
        let loose = value!({ "loose": [{ "name": "a" }, { "name": "b" }] });
        let expected = value!({ "loose": [null, { "name": "b" }] });
        assert_eq!(data("{ loose { name must { name } } }", loose, &["loose.0.must"]), expected);
    }

    #[test]
    fn fields_are_found_under_their_aliases_and_in_fragments() {
        let query =
            "{ ...Root } fragment Root on Query { all: list { ... { it: must { name } } ... on Item { name } } }";
        let given = value!({ "all": [{ "name": "a" }] });
        assert_eq!(data(query, given, &["all.0.it"]), value!({ "all": null }));
        let query = "{ node { id ... on Item { it: may { must { name } } } ...F } } fragment F on Item { name }";
        let given = value!({ "node": { "id": "1", "it": { "must": null }, "name": "a" } });
        let expected = value!({ "node": { "id": "1", "it": null, "name": "a" } });
        assert_eq!(data(query, given, &["node.it.must"]), expected);
    }

    #[test]
    fn a_request_error_has_no_data() {
        let mut response = Response::from_errors(vec![ServerError::new("refused", None)]);
        apply("{ list { name } }", &mut response);
        assert_eq!(response.data, Value::Null);
    }
}
