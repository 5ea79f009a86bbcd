//! Fields with the same key in the answer: they are merged, so they must be the same field with the same arguments.
//!
//! async-graphql compares them only inside one selection set and one type condition. It would answer with the first of two
//! different fields, and leave out the other.
//!
//! Fields are compared by key, all occurrences at once, rather than in pairs: the time depends on the number of
//! selections after spreading fragments, which is limited.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    indexmap::{IndexMap, IndexSet},
    parser::types::{BaseType, ExecutableDocument, Field, Selection, SelectionSet, Type},
};

use super::RequestError;
use crate::graphql::{
    operation::root_type,
    schema_types::{SchemaType, SchemaTypes, innermost},
};

/// Fields that are selected together, by their key in the answer.
type Fields<'a> = IndexMap<&'a Name, Vec<Occurrence<'a>>>;

/// A field where it is selected.
#[derive(Clone, Copy, Debug)]
struct Occurrence<'a> {
    field: &'a Positioned<Field>,
    /// The type that it is selected from, and the type that it returns, if the schema has them.
    parent: Option<&'a str>,
    returns: Option<&'a Type>,
}

/// Refuses a document with fields of one key that cannot be merged. Fragments must not spread themselves.
pub(super) fn check(document: &ExecutableDocument, types: &SchemaTypes) -> Result<(), RequestError> {
    let checker = Checker { document, types };
    for (_, operation) in document.operations.iter() {
        let root = [(Some(root_type(operation.node.ty)), &operation.node.selection_set.node)];
        let fields = checker.fields(root.into_iter());
        checker.check_types(&fields)?;
        checker.check_same(&fields)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Checker<'a> {
    document: &'a ExecutableDocument,
    types: &'a SchemaTypes,
}

impl<'a> Checker<'a> {
    /// All fields of one key must return the same type, also those of which at most one is selected for an object.
    /// Recursive: the depth of selections is limited.
    fn check_types(self, fields: &Fields<'a>) -> Result<(), RequestError> {
        for occurrences in fields.values() {
            let [first, others @ ..] = occurrences.as_slice() else { continue };
            for other in others {
                if let (Some(one), Some(two)) = (first.returns, other.returns)
                    && !self.is_same_shape(one, two)
                {
                    return Err(conflict(first, other));
                }
            }
            self.check_types(&self.fields_of(occurrences))?;
        }
        Ok(())
    }

    /// Whether two types have the same lists and nulls around the same scalar or enum, or around any object.
    fn is_same_shape(self, one: &Type, two: &Type) -> bool {
        one.nullable == two.nullable
            && match (&one.base, &two.base) {
                (BaseType::List(one), BaseType::List(two)) => self.is_same_shape(one, two),
                (BaseType::Named(one), BaseType::Named(two)) => {
                    let are_objects = [one, two].map(|name| self.types.is_composite(name) == Some(true));
                    one == two || are_objects == [true, true]
                }
                _ => false,
            }
    }

    /// All fields of one key that may be selected for one object must be the same field with the same arguments.
    fn check_same(self, fields: &Fields<'a>) -> Result<(), RequestError> {
        for occurrences in fields.values() {
            let objects: IndexSet<_> = occurrences.iter().filter_map(|occurrence| self.object(occurrence)).collect();
            if objects.len() < 2 {
                self.check_same_in(occurrences)?;
                continue;
            }
            for object in objects {
                let of_object =
                    |occurrence: &&Occurrence<'a>| self.object(occurrence).is_none_or(|name| name == object);
                self.check_same_in(&occurrences.iter().filter(of_object).copied().collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    fn check_same_in(self, occurrences: &[Occurrence<'a>]) -> Result<(), RequestError> {
        let [first, others @ ..] = occurrences else { return Ok(()) };
        let different = others.iter().find(|other| !is_same(&first.field.node, &other.field.node));
        match different {
            Some(different) => Err(conflict(first, different)),
            None => self.check_same(&self.fields_of(occurrences)),
        }
    }

    /// The object type that a field is selected from. `None` for interfaces, whose fields are selected for any object.
    fn object(self, occurrence: &Occurrence<'a>) -> Option<&'a str> {
        occurrence.parent.filter(|parent| matches!(self.types.get(parent), Some(SchemaType::Object(_))))
    }

    /// What occurrences of one field select together.
    fn fields_of(self, occurrences: &[Occurrence<'a>]) -> Fields<'a> {
        let set = |occurrence: &Occurrence<'a>| {
            let parent = occurrence.returns.map(|returned| innermost(returned).as_str());
            (parent, &occurrence.field.node.selection_set.node)
        };
        self.fields(occurrences.iter().map(set))
    }

    /// What selection sets, each of a type, select together.
    fn fields(self, sets: impl Iterator<Item = (Option<&'a str>, &'a SelectionSet)>) -> Fields<'a> {
        let mut fields = Fields::new();
        let mut spread = HashSet::new();
        for (parent, set) in sets {
            self.collect(parent, set, &mut spread, &mut fields);
        }
        fields
    }

    fn collect(
        self,
        parent: Option<&'a str>,
        set: &'a SelectionSet,
        spread: &mut HashSet<&'a Name>,
        fields: &mut Fields<'a>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let definition = parent.and_then(|parent| self.types.field(parent, &field.node.name.node));
                    let returns = definition.map(|definition| &definition.ty.node);
                    let key = &field.node.response_key().node;
                    fields.entry(key).or_default().push(Occurrence { field, parent, returns });
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.collect(condition.or(parent), &inline.node.selection_set.node, spread, fields);
                }
                Selection::FragmentSpread(of) => {
                    let name = &of.node.fragment_name.node;
                    // A fragment that is spread again selects the same fields again.
                    if let Some(fragment) = self.document.fragments.get(name)
                        && spread.insert(name)
                    {
                        let parent = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(Some(parent), &fragment.node.selection_set.node, spread, fields);
                    }
                }
            }
        }
    }
}

/// Whether two fields have the same name and the same arguments, in any order.
fn is_same(one: &Field, two: &Field) -> bool {
    let is_in_two = |(name, value): &(Positioned<Name>, _)| two.get_argument(&name.node) == Some(value);
    one.name.node == two.name.node && one.arguments.len() == two.arguments.len() && one.arguments.iter().all(is_in_two)
}

fn conflict(one: &Occurrence<'_>, two: &Occurrence<'_>) -> RequestError {
    RequestError::FieldConflict { at: one.field.pos, other: two.field.pos }
}
