//! A definition as it is written: what it selects itself, and which fragments it spreads where.
//!
//! A walk over everything that is written, once and without recursion. Fragments are not followed.

use async_graphql::{
    Pos, Positioned,
    parser::types::{Directive, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};

use super::{Refused, limit::Limit};
use crate::config::Limits;

/// What a selection set comes to. Until fragments are added, without what they bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Fields, inline fragments and spreads: a tree of spreads is work even where it ends in no field.
    pub(super) selections: usize,
    /// Fields with an alias.
    pub(super) aliases: usize,
    /// Fields at the top.
    pub(super) top_fields: usize,
    /// Levels of fields.
    pub(super) depth: usize,
}

/// A definition read: what it selects itself, and what it spreads.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// Where the definition begins.
    pub(super) at: Pos,
    /// What is written in it; a spread is one selection.
    pub(super) own: Tally,
    /// The spreads in it, each as often as it occurs.
    pub(super) spreads: Vec<Spread<'a>>,
}

/// A place where a fragment is spread.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    /// The fragment's name; there may be no such fragment.
    pub(super) fragment: &'a str,
    /// Fields of the same definition around it.
    pub(super) depth: usize,
}

/// Reads the definitions of one document, and refuses what can be refused without knowing all of them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    /// Directives so far, in all definitions.
    directives: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, directives: 0 }
    }

    pub(super) fn fragment<'d>(&mut self, of: &'d Positioned<FragmentDefinition>) -> Result<Outline<'d>, Refused> {
        self.check_directives(&of.node.directives)?;
        self.selections(&of.node.selection_set.node, of.pos)
    }

    pub(super) fn operation<'d>(&mut self, of: &'d Positioned<OperationDefinition>) -> Result<Outline<'d>, Refused> {
        let variables = &of.node.variable_definitions;
        Limit::QueryVariables.check(variables.len(), self.limits)?;
        self.check_directives(&of.node.directives)?;
        for variable in variables {
            self.check_directives(&variable.node.directives)?;
        }
        self.selections(&of.node.selection_set.node, of.pos)
    }

    fn selections<'d>(&mut self, set: &'d SelectionSet, at: Pos) -> Result<Outline<'d>, Refused> {
        let mut outline = Outline { at, own: Tally::default(), spreads: Vec::new() };
        let mut unread = vec![(set, 0)];
        while let Some((set, depth)) = unread.pop() {
            for selection in &set.items {
                outline.own.selections += 1;
                self.check_directives(selection.node.directives())?;
                match &selection.node {
                    Selection::Field(field) => {
                        self.check_introspection(&field.node)?;
                        outline.own.add_field(&field.node, depth);
                        unread.push((&field.node.selection_set.node, depth + 1));
                    }
                    Selection::InlineFragment(inline) => unread.push((&inline.node.selection_set.node, depth)),
                    Selection::FragmentSpread(spread) => {
                        outline.spreads.push(Spread { fragment: spread.node.fragment_name.node.as_str(), depth });
                    }
                }
            }
        }
        Ok(outline)
    }

    fn check_introspection(&self, field: &Field) -> Result<(), Refused> {
        let asks = matches!(field.name.node.as_str(), "__schema" | "__type");
        if asks && !self.limits.introspection { Err(Refused::Introspection) } else { Ok(()) }
    }

    fn check_directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Refused> {
        self.directives += directives.len();
        Limit::QueryDirectives.check(self.directives, self.limits)
    }
}

impl Tally {
    fn add_field(&mut self, field: &Field, depth: usize) {
        self.aliases += usize::from(field.alias.is_some());
        self.top_fields += usize::from(depth == 0);
        self.depth = self.depth.max(depth + 1);
    }

    /// Adds what a fragment comes to where it is spread below `depth` fields. Never wraps: a sum that did would pass.
    pub(super) fn add_spread(&mut self, fragment: &Self, depth: usize) {
        self.selections = self.selections.saturating_add(fragment.selections);
        self.aliases = self.aliases.saturating_add(fragment.aliases);
        if depth == 0 {
            self.top_fields = self.top_fields.saturating_add(fragment.top_fields);
        }
        self.depth = self.depth.max(depth.saturating_add(fragment.depth));
    }
}
