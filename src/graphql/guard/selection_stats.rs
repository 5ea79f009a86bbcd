//! A definition as it is written: what it selects itself, and which fragments it spreads where.
//!
//! A walk over everything that is written, once and without recursion. Fragments are not followed.

use async_graphql::{
    Pos, Positioned, Variables,
    parser::types::{
        Directive, Field, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

use super::{FieldCosts, RequestError, limit::Limit};
use crate::config::Limits;

/// What a selection set comes to. Until fragments are added, without what they bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SelectionStats {
    /// Fields, inline fragments and spreads: a tree of spreads is work even where it ends in no field.
    pub(super) selections: usize,
    /// Fields with an alias.
    pub(super) aliases: usize,
    /// Fields at the top.
    pub(super) top_fields: usize,
    /// Levels of fields.
    pub(super) depth: usize,
    /// Fields, each as often as the lists around it have items. `__typename` is known without asking and costs nothing.
    pub(super) cost: usize,
}

/// A definition read: what it selects itself, and what it spreads.
#[derive(Debug)]
pub(super) struct DefinitionStats<'a> {
    /// Where the definition begins.
    pub(super) at: Pos,
    /// What is written in it; a spread is one selection.
    pub(super) own: SelectionStats,
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
    /// How many items the lists around it have, of the same definition.
    pub(super) times: usize,
}

/// A selection set that is yet to be read.
#[derive(Clone, Copy)]
struct Unread<'a> {
    set: &'a SelectionSet,
    /// The type that it selects from, if the schema knows it.
    of: Option<&'a str>,
    depth: usize,
    times: usize,
}

/// Reads the definitions of one document, and refuses what can be refused without knowing all of them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    costs: &'a FieldCosts,
    variables: &'a Variables,
    /// Directives so far, in all definitions.
    directives: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits, costs: &'a FieldCosts, variables: &'a Variables) -> Self {
        Self { limits, costs, variables, directives: 0 }
    }

    pub(super) fn fragment(
        &mut self,
        of: &'a Positioned<FragmentDefinition>,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        self.check_directives(&of.node.directives)?;
        let owner = of.node.type_condition.node.on.node.as_str();
        self.selections(owner, &of.node.selection_set.node, of.pos)
    }

    pub(super) fn operation(
        &mut self,
        of: &'a Positioned<OperationDefinition>,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        let variables = &of.node.variable_definitions;
        Limit::QueryVariables.check(variables.len(), self.limits)?;
        self.check_directives(&of.node.directives)?;
        for variable in variables {
            self.check_directives(&variable.node.directives)?;
        }
        let owner = match of.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        self.selections(owner, &of.node.selection_set.node, of.pos)
    }

    fn selections(
        &mut self,
        owner: &'a str,
        set: &'a SelectionSet,
        at: Pos,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        let mut outline = DefinitionStats { at, own: SelectionStats::default(), spreads: Vec::new() };
        let mut unread = vec![Unread { set, of: Some(owner), depth: 0, times: 1 }];
        while let Some(here) = unread.pop() {
            for selection in &here.set.items {
                outline.own.selections += 1;
                self.check_directives(selection.node.directives())?;
                match &selection.node {
                    Selection::Field(field) => {
                        self.check_introspection(&field.node)?;
                        outline.own.add_field(&field.node, here.depth, here.times);
                        unread.push(self.below(&field.node, here));
                    }
                    Selection::InlineFragment(inline) => {
                        let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                        unread.push(Unread { set: &inline.node.selection_set.node, of: condition.or(here.of), ..here });
                    }
                    Selection::FragmentSpread(spread) => {
                        let Unread { depth, times, .. } = here;
                        let fragment = spread.node.fragment_name.node.as_str();
                        outline.spreads.push(Spread { fragment, depth, times });
                    }
                }
            }
        }
        Ok(outline)
    }

    /// What is selected below a field.
    fn below(&self, field: &'a Field, Unread { of, depth, times, .. }: Unread<'a>) -> Unread<'a> {
        let priced = of.and_then(|of| self.costs.of_field(of, field));
        let items = priced.map_or(1, |priced| priced.times(field, self.variables));
        Unread {
            set: &field.selection_set.node,
            of: priced.map(|priced| priced.gives.as_str()),
            depth: depth + 1,
            times: times.saturating_mul(items),
        }
    }

    fn check_introspection(&self, field: &Field) -> Result<(), RequestError> {
        let asks = matches!(field.name.node.as_str(), "__schema" | "__type");
        if asks && !self.limits.introspection { Err(RequestError::Introspection) } else { Ok(()) }
    }

    fn check_directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), RequestError> {
        self.directives += directives.len();
        Limit::QueryDirectives.check(self.directives, self.limits)
    }
}

impl SelectionStats {
    fn add_field(&mut self, field: &Field, depth: usize, times: usize) {
        self.aliases += usize::from(field.alias.is_some());
        self.top_fields += usize::from(depth == 0);
        self.depth = self.depth.max(depth + 1);
        if field.name.node != "__typename" {
            self.cost = self.cost.saturating_add(times);
        }
    }

    /// Adds what a fragment comes to where it is spread. Never wraps: a sum that did would pass.
    pub(super) fn add_spread(&mut self, fragment: &Self, at: &Spread<'_>) {
        self.selections = self.selections.saturating_add(fragment.selections);
        self.aliases = self.aliases.saturating_add(fragment.aliases);
        if at.depth == 0 {
            self.top_fields = self.top_fields.saturating_add(fragment.top_fields);
        }
        self.depth = self.depth.max(at.depth.saturating_add(fragment.depth));
        self.cost = self.cost.saturating_add(fragment.cost.saturating_mul(at.times));
    }
}
