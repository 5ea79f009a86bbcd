//! The shape of a response: its keys in the order in which the operation selects them.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    indexmap::IndexMap,
    parser::types::{FragmentDefinition, Selection, SelectionSet},
};

/// The fragments of a document by name.
pub(super) type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The fields of a response object in their order. Empty for scalars.
#[derive(Debug, Default)]
pub(super) struct ResponseShape(Vec<ResponseField>);

/// A field of a response object. Where selections of several fields are merged, the first of them.
#[derive(Debug)]
pub(super) struct ResponseField {
    key: Name,
    /// The field's name in the schema.
    pub(super) name: Name,
    /// The type on which a fragment selects it, unless that is the object's own type.
    pub(super) type_condition: Option<Name>,
    /// The shape of its value.
    pub(super) shape: ResponseShape,
}

/// Fields with one response key, whose selections are merged.
struct MergedField<'a> {
    name: &'a Name,
    type_condition: Option<&'a Name>,
    selections: Vec<&'a SelectionSet>,
}

impl ResponseShape {
    /// The shape of what a selection set selects.
    pub(super) fn new(selections: &SelectionSet, fragments: &Fragments) -> Self {
        Self::merged(&[selections], fragments)
    }

    /// The shape of selections that are merged into one object.
    fn merged(selections: &[&SelectionSet], fragments: &Fragments) -> Self {
        let mut fields = IndexMap::new();
        for set in selections {
            collect(set, None, fragments, &mut fields);
        }
        let response_field = |(key, field): (&Name, MergedField<'_>)| ResponseField {
            key: key.clone(),
            name: field.name.clone(),
            type_condition: field.type_condition.cloned(),
            shape: Self::merged(&field.selections, fragments),
        };
        Self(fields.into_iter().map(response_field).collect())
    }

    /// The field with this response key.
    pub(super) fn field(&self, key: &str) -> Option<&ResponseField> {
        self.0.iter().find(|field| field.key == key)
    }

    /// An object's members in the selected order, each with its own shape. The members of a scalar, from which nothing
    /// is selected, keep their order.
    pub(super) fn order<'a>(
        &'a self,
        members: &'a IndexMap<Name, Value>,
    ) -> impl Iterator<Item = (&'a Name, &'a Value, &'a Self)> {
        let unordered = self.0.is_empty().then(|| members.iter().map(move |(key, member)| (key, member, self)));
        let ordered = self.0.iter().enumerate().filter_map(|(index, field)| {
            // Most members are already in order.
            let at_index = members.get_index(index).filter(|(key, _)| **key == field.key);
            let (key, member) = at_index.or_else(|| members.get_key_value(&field.key))?;
            Some((key, member, &field.shape))
        });
        unordered.into_iter().flatten().chain(ordered)
    }
}

/// Collects the fields of a selection set in order, with fragments where they are spread. A fragment on a type that the
/// object does not have adds keys that are absent from the object, which is harmless.
fn collect<'a>(
    set: &'a SelectionSet,
    type_condition: Option<&'a Name>,
    fragments: &'a Fragments,
    fields: &mut IndexMap<&'a Name, MergedField<'a>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let name = &field.node.name.node;
                let new = || MergedField { name, type_condition, selections: Vec::new() };
                let merged = fields.entry(&field.node.response_key().node).or_insert_with(new);
                merged.selections.push(&field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref().map(|on| &on.node.on.node);
                collect(&inline.node.selection_set.node, condition.or(type_condition), fragments, fields);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    let condition = &fragment.node.type_condition.node.on.node;
                    collect(&fragment.node.selection_set.node, Some(condition), fragments, fields);
                }
            }
        }
    }
}
