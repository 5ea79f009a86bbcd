//! Rewrites valid documents that async-graphql would refuse into equivalent ones that it accepts.
//!
//! - It takes `... { x: a }` inside `... on T` for a selection from any type, and finds a conflict if `x` is another field
//!   of another type. So inline fragments without a type condition get that of the fragment around them.
//!   `field_conflicts` finds the real conflicts.
//! - It does not read the directives of `__typename`, and finds that a variable is not used if it is used only there. So
//!   `__typename @skip(if: $v)` becomes `... @skip(if: $v) { __typename }`.

use std::mem;

use async_graphql::{
    Positioned,
    parser::types::{DocumentOperations, ExecutableDocument, InlineFragment, Selection, SelectionSet, TypeCondition},
};

/// Rewrites all definitions of a document.
pub(super) fn rewrite(document: &mut ExecutableDocument) {
    for fragment in document.fragments.values_mut() {
        let condition = fragment.node.type_condition.clone();
        rewrite_set(&mut fragment.node.selection_set.node, Some(&condition));
    }
    match &mut document.operations {
        DocumentOperations::Single(operation) => rewrite_set(&mut operation.node.selection_set.node, None),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                rewrite_set(&mut operation.node.selection_set.node, None);
            }
        }
    }
}

/// Rewrites a selection set in a fragment with this type condition. Recursive: the depth of selections is limited.
fn rewrite_set(set: &mut SelectionSet, condition: Option<&Positioned<TypeCondition>>) {
    for selection in &mut set.items {
        let at = selection.pos;
        match &mut selection.node {
            Selection::Field(field) if field.node.name.node == "__typename" && !field.node.directives.is_empty() => {
                let directives = mem::take(&mut field.node.directives);
                let items = vec![Positioned::new(Selection::Field(field.clone()), at)];
                let selection_set = Positioned::new(SelectionSet { items }, at);
                let inline = InlineFragment { type_condition: condition.cloned(), directives, selection_set };
                selection.node = Selection::InlineFragment(Positioned::new(inline, at));
            }
            Selection::Field(field) => rewrite_set(&mut field.node.selection_set.node, None),
            Selection::InlineFragment(inline) => {
                if inline.node.type_condition.is_none() {
                    inline.node.type_condition = condition.cloned();
                }
                let condition = inline.node.type_condition.clone();
                rewrite_set(&mut inline.node.selection_set.node, condition.as_ref());
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
