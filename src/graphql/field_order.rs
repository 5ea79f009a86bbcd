//! Fields in the order of the query.
//!
//! async-graphql collects fields as they are resolved, so that those that wait for the database come last. GraphQL wants
//! the order in which they are selected; whoever reads an answer does too.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use super::operation::selected;

/// The keys of an object of the answer in their order, each with the order of what is below it.
#[derive(Debug, Default)]
pub(super) struct FieldOrder(Vec<(Name, FieldOrder)>);

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

impl FieldOrder {
    /// The order that an operation asks for: the named one, or the only one.
    pub(super) fn of(document: &ExecutableDocument, operation_name: Option<&str>) -> Self {
        selected(&document.operations, operation_name).map_or_else(Self::default, |(_, operation)| {
            Self::of_sets(&[&operation.selection_set.node], &document.fragments)
        })
    }

    /// The order of selections that are merged into one object.
    fn of_sets(sets: &[&SelectionSet], fragments: &Fragments) -> Self {
        let mut keys: IndexMap<&Name, Vec<&SelectionSet>> = IndexMap::new();
        for set in sets {
            collect(set, fragments, &mut keys);
        }
        Self(keys.into_iter().map(|(key, sets)| (key.clone(), Self::of_sets(&sets, fragments))).collect())
    }

    /// Puts an answer's fields in this order. What nothing is selected from, scalars of any form, stays as it is.
    pub(super) fn apply(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(members) if !self.0.is_empty() => {
                let mut unordered = std::mem::take(members);
                for (key, below) in &self.0 {
                    if let Some((key, mut member)) = unordered.swap_remove_entry(key) {
                        below.apply(&mut member);
                        members.insert(key, member);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Collects the fields of a selection in its order, fragments in the place where they are spread. That of a type that the
/// object is not adds keys that it does not have, which does no harm.
fn collect<'a>(set: &'a SelectionSet, fragments: &'a Fragments, keys: &mut IndexMap<&'a Name, Vec<&'a SelectionSet>>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let below = keys.entry(&field.node.response_key().node).or_default();
                below.push(&field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => collect(&inline.node.selection_set.node, fragments, keys),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    collect(&fragment.node.selection_set.node, fragments, keys);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    fn ordered(query: &str, mut given: Value) -> String {
        FieldOrder::of(&parse_query(query).expect("a query"), None).apply(&mut given);
        given.to_string()
    }

    #[test]
    fn fields_stand_as_they_are_selected() {
        let query = "{ b a: c { ...Rest x } a: c { w } d } fragment Rest on T { z ... { y } }";
        let given = value!({ "d": 1, "a": [{ "w": 1, "x": 2, "y": 3, "z": 4 }, null], "b": 5 });
        assert_eq!(ordered(query, given), "{b: 5, a: [{z: 4, y: 3, x: 2, w: 1}, null], d: 1}");
    }

    #[test]
    fn scalars_keep_their_own_order() {
        assert_eq!(ordered("{ b a }", value!({ "a": { "y": 1, "x": 2 }, "b": null })), "{b: null, a: {y: 1, x: 2}}");
    }
}
