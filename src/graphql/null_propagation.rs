//! NullPropagation in their places.
//!
//! async-graphql leaves a field that failed out of its object, and makes null of an object whose fields all failed,
//! whatever the schema says of either. GraphQL promises null in the place of the field itself; and where none may be,
//! in the place of the nearest parent that may be null. Only answers with errors come here.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, Response, Value,
    indexmap::IndexMap,
    parser::{
        parse_query, parse_schema,
        types::{
            BaseType, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};

use super::operation::selected;

/// Where queries begin.
const ROOT: &str = "Query";

/// Where the schema allows null: the type that each field of each type gives.
pub(super) struct NullPropagation(HashMap<Name, HashMap<Name, Type>>);

/// Selections, and the type that they select from.
type Selected<'a> = (&'a Name, &'a SelectionSet);

impl NullPropagation {
    /// Reads the schema's text.
    pub(super) fn of(sdl: &str) -> Self {
        // The schema's own text is GraphQL; the tests hold it to that.
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        let types = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(defined) => Some((defined.node.name.node, fields_of(defined.node.kind))),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self(types.collect())
    }

    /// Puts nulls where the response's errors say that something failed.
    pub(super) fn put(&self, query: &str, operation_name: Option<&str>, response: &mut Response) {
        let Ok(document) = parse_query(query) else { return };
        let Some((_, operation)) = selected(&document.operations, operation_name) else { return };
        let failed: Vec<_> = response.errors.iter().map(|error| &error.path).filter(|path| !path.is_empty()).collect();
        for path in &failed {
            place(&mut response.data, path);
        }
        for path in failed {
            if let Some(length) = self.nearest_nullable(operation, &document.fragments, path) {
                set(&mut response.data, &path[..length]);
            }
        }
    }

    /// How much of a path leads to the nearest place, going up from its end, that may be null. 0: the whole answer.
    fn nearest_nullable(
        &self,
        operation: &OperationDefinition,
        fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
        path: &[PathSegment],
    ) -> Option<usize> {
        let root = Name::new(ROOT);
        let mut sets = vec![(&root, &operation.selection_set.node)];
        let mut given: Option<&Type> = None;
        let mut nearest = 0;
        for (index, step) in path.iter().enumerate() {
            let ty = match step {
                PathSegment::Index(_) => item_of(given?)?,
                PathSegment::Field(key) => {
                    let fields = answered_under(key, &sets, fragments);
                    let (parent, field) = fields.first()?;
                    let ty = self.0.get(*parent)?.get(&field.name.node)?;
                    let name = named(ty);
                    sets = fields.iter().map(|(_, field)| (name, &field.selection_set.node)).collect();
                    ty
                }
            };
            given = Some(ty);
            if ty.nullable {
                nearest = index + 1;
            }
        }
        Some(nearest)
    }
}

fn fields_of(kind: TypeKind) -> HashMap<Name, Type> {
    let fields = match kind {
        TypeKind::Object(object) => object.fields,
        TypeKind::Interface(interface) => interface.fields,
        _ => Vec::new(),
    };
    fields.into_iter().map(|field| (field.node.name.node, field.node.ty.node)).collect()
}

fn item_of(list: &Type) -> Option<&Type> {
    match &list.base {
        BaseType::List(item) => Some(item),
        BaseType::Named(_) => None,
    }
}

/// The type within all lists.
fn named(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::List(item) => named(item),
        BaseType::Named(name) => name,
    }
}

/// The fields that are answered under this key, each with the type that it is a field of. They may be several, whose
/// selections are merged.
fn answered_under<'a>(
    key: &str,
    sets: &[Selected<'a>],
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
) -> Vec<(&'a Name, &'a Field)> {
    let (mut found, mut unread) = (Vec::new(), sets.to_vec());
    while let Some((parent, set)) = unread.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.response_key().node == key => found.push((parent, &field.node)),
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map_or(parent, |on| &on.node.on.node);
                    unread.push((condition, &inline.node.selection_set.node));
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        unread.push((&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node));
                    }
                }
            }
        }
    }
    found
}

/// Puts null at the end of a path, unless something is there; and an object again in the place of one whose fields all
/// failed.
fn place(data: &mut Value, path: &[PathSegment]) {
    let Some((step, rest)) = path.split_first() else { return };
    match step {
        PathSegment::Field(key) => {
            if *data == Value::Null {
                *data = Value::Object(IndexMap::new());
            }
            if let Value::Object(members) = data {
                place(members.entry(Name::new(key)).or_insert(Value::Null), rest);
            }
        }
        PathSegment::Index(index) => {
            if let Value::List(items) = data {
                items.get_mut(*index).into_iter().for_each(|item| place(item, rest));
            }
        }
    }
}

/// Sets what stands at the end of a path to null, if the path leads somewhere.
fn set(data: &mut Value, path: &[PathSegment]) {
    let Some((step, rest)) = path.split_first() else {
        *data = Value::Null;
        return;
    };
    let next = match (data, step) {
        (Value::Object(members), PathSegment::Field(key)) => members.get_mut(key.as_str()),
        (Value::List(items), PathSegment::Index(index)) => items.get_mut(*index),
        _ => None,
    };
    if let Some(next) = next {
        set(next, rest);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ServerError, value};

    use super::*;

    const SDL: &str = "type Query { list: [Item!] strict: [Item!]! loose: [Item]! } \
                       type Item { may: Item must: Item! name: String! }";

    fn step(text: &str) -> PathSegment {
        text.parse().map_or_else(|_| PathSegment::Field(text.to_owned()), PathSegment::Index)
    }

    /// The answer to a query, made of what async-graphql gives and the paths of what failed: `list.0.may`.
    fn answer(query: &str, given: Value, failed: &[&str]) -> Value {
        let mut response = Response::new(given);
        for path in failed {
            let mut error = ServerError::new("failed", None);
            error.path = path.split('.').map(step).collect();
            response.errors.push(error);
        }
        NullPropagation::of(SDL).put(query, None, &mut response);
        response.data
    }

    #[test]
    fn a_field_that_may_be_null_is_null() {
        let query = "{ list { may { name } name } }";
        let given = value!({ "list": [{ "name": "a" }, { "name": "b" }] });
        let expected = value!({ "list": [{ "name": "a", "may": null }, { "name": "b" }] });
        assert_eq!(answer(query, given, &["list.0.may"]), expected);
    }

    #[test]
    fn an_object_of_which_everything_failed_is_an_object() {
        let given = value!({ "list": [null, null] });
        let expected = value!({ "list": [{ "may": null }, { "may": null }] });
        assert_eq!(answer("{ list { may { name } } }", given, &["list.0.may", "list.1.may"]), expected);
        assert_eq!(answer("{ list { name } }", Value::Null, &["list"]), value!({ "list": null }));
    }

    #[test]
    fn where_no_null_may_be_the_nearest_parent_that_may_is_null() {
        let given = value!({ "list": [{ "name": "a", "may": { "name": "b" } }] });
        let query = "{ list { name may { name must { name } } } }";
        let expected = value!({ "list": [{ "name": "a", "may": null }] });
        assert_eq!(answer(query, given.clone(), &["list.0.may.must"]), expected);
        assert_eq!(answer(query, given.clone(), &["list.0.may.must", "list.0.name"]), value!({ "list": null }));
        let strict = value!({ "strict": [{ "name": "a" }], "list": [] });
        assert_eq!(answer("{ strict { name must { name } } list { name } }", strict, &["strict.0.must"]), Value::Null);
        let loose = value!({ "loose": [{ "name": "a" }, { "name": "b" }] });
        let expected = value!({ "loose": [null, { "name": "b" }] });
        assert_eq!(answer("{ loose { name must { name } } }", loose, &["loose.0.must"]), expected);
    }

    #[test]
    fn fields_are_found_under_their_aliases_and_in_fragments() {
        let query =
            "{ ...Root } fragment Root on Query { all: list { ... { it: must { name } } ... on Item { name } } }";
        let given = value!({ "all": [{ "name": "a" }] });
        assert_eq!(answer(query, given, &["all.0.it"]), value!({ "all": null }));
    }

    #[test]
    fn a_request_that_was_refused_has_no_data() {
        let mut refused = Response::from_errors(vec![ServerError::new("refused", None)]);
        NullPropagation::of(SDL).put("{ list { name } }", None, &mut refused);
        assert_eq!(refused.data, Value::Null);
    }
}
