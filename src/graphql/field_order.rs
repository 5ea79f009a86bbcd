//! The order in which a query selects fields.

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

    /// An object's members in this order, each with the order of what is below it. What nothing is selected from, scalars
    /// of any form, stays as it is.
    pub(super) fn of_members<'a>(
        &'a self,
        members: &'a IndexMap<Name, Value>,
    ) -> impl Iterator<Item = (&'a Name, &'a Value, &'a Self)> {
        let as_they_are = self.0.is_empty().then(|| members.iter().map(move |(key, member)| (key, member, self)));
        let selected = self.0.iter().enumerate().filter_map(|(place, (key, below))| {
            // Most stand where they belong.
            let here = members.get_index(place).filter(|(found, _)| *found == key);
            let (key, member) = here.or_else(|| members.get_key_value(key))?;
            Some((key, member, below))
        });
        as_they_are.into_iter().flatten().chain(selected)
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
