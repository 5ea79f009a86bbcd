//! The statistics of a definition as it is written: what it selects itself, and where it spreads which fragments.
//!
//! One walk over everything that is written, without recursion. Fragments are not followed.

use async_graphql::{
    Pos, Positioned, Variables,
    parser::types::{Directive, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};

use super::{
    FieldCosts, RequestError, cost,
    limit::Limit,
    scans::{self, SCAN_COST},
};
use crate::{
    config::Limits,
    graphql::{
        connection::MAX_KEYS,
        operation::{Cost, root_type},
    },
};

/// The statistics of a selection set; of a [`DefinitionStats::own`] without the fragments that it spreads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SelectionStats {
    /// Fields, inline fragments and spreads: a tree of spreads is work even if it ends in no field.
    pub(super) selections: usize,
    /// Fields with an alias.
    pub(super) aliases: usize,
    /// Fields that are not inside another field.
    pub(super) top_fields: usize,
    /// Levels of fields.
    pub(super) depth: usize,
    /// Selections, each multiplied by the items of the lists around it; and the values of arguments, which are read for
    /// each parent.
    pub(super) cost: usize,
    /// How often fields read all items of their lists.
    pub(super) scans: usize,
}

impl SelectionStats {
    /// The cost of the fields and of what they read.
    pub(super) fn to_cost(self) -> Cost {
        Cost { fields: self.cost, database: self.scans.saturating_mul(SCAN_COST), ..Cost::default() }
    }
}

/// The statistics of an operation or a fragment.
#[derive(Debug)]
pub(super) struct DefinitionStats<'a> {
    /// Where the definition begins.
    pub(super) at: Pos,
    /// What is written in it; a spread is one selection.
    pub(super) own: SelectionStats,
    /// All spreads in it. A fragment may occur several times.
    pub(super) spreads: Vec<Spread<'a>>,
}

/// The spread of a fragment.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    /// The fragment's name; it may be undefined.
    pub(super) fragment: &'a str,
    /// How many fields of the same definition are around it.
    pub(super) depth: usize,
    /// The product of the lengths of the lists around it in the same definition.
    pub(super) multiplier: usize,
}

/// A selection set that is yet to be read.
#[derive(Clone, Copy)]
struct Unread<'a> {
    set: &'a SelectionSet,
    /// The type that it selects from, if the schema has it.
    parent: Option<&'a str>,
    depth: usize,
    multiplier: usize,
    /// The number of keys in the input of the field whose selections these are.
    keys_of_input: usize,
}

/// Reads the definitions of one document, and refuses what can be refused without knowing all of them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    costs: &'a FieldCosts,
    variables: &'a Variables,
    /// The number of directives so far, in all definitions.
    directives: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits, costs: &'a FieldCosts, variables: &'a Variables) -> Self {
        Self { limits, costs, variables, directives: 0 }
    }

    pub(super) fn read_fragment(
        &mut self,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        self.check_directives(&fragment.node.directives)?;
        let parent = fragment.node.type_condition.node.on.node.as_str();
        self.read_selections(parent, &fragment.node.selection_set.node, fragment.pos)
    }

    pub(super) fn read_operation(
        &mut self,
        operation: &'a Positioned<OperationDefinition>,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        let variables = &operation.node.variable_definitions;
        Limit::Variables.check(variables.len(), self.limits)?;
        self.check_directives(&operation.node.directives)?;
        for variable in variables {
            self.check_directives(&variable.node.directives)?;
        }
        self.read_selections(root_type(operation.node.ty), &operation.node.selection_set.node, operation.pos)
    }

    fn read_selections(
        &mut self,
        parent: &'a str,
        set: &'a SelectionSet,
        at: Pos,
    ) -> Result<DefinitionStats<'a>, RequestError> {
        let mut stats = DefinitionStats { at, own: SelectionStats::default(), spreads: Vec::new() };
        // Below which field a fragment is spread is not known here, so its lists count as the longest.
        let mut unread = vec![Unread { set, parent: Some(parent), depth: 0, multiplier: 1, keys_of_input: MAX_KEYS }];
        while let Some(here) = unread.pop() {
            for selection in &here.set.items {
                stats.own.selections += 1;
                self.check_directives(selection.node.directives())?;
                match &selection.node {
                    Selection::Field(field) => {
                        self.check_introspection(&field.node)?;
                        stats.own.add_field(&field.node, here.depth);
                        let own = usize::from(!scans::is_column_of_row(here.parent, &field.node));
                        stats.own.add_cost(own, here.multiplier);
                        stats.own.add_cost(cost::listed_values(&field.node, self.variables), here.multiplier);
                        stats.own.add_cost(scans::cost_per_parent(here.parent, &field.node), here.multiplier);
                        stats.own.scans += scans::count(here.parent, &field.node, self.variables);
                        let below = self.below(&field.node, here);
                        stats.own.add_cost(usize::from(below.parent == Some(scans::SMALL_ROW)), below.multiplier);
                        unread.push(below);
                    }
                    Selection::InlineFragment(inline) => {
                        let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                        let parent = condition.or(here.parent);
                        stats.own.add_cost(1, here.multiplier);
                        unread.push(Unread { set: &inline.node.selection_set.node, parent, ..here });
                    }
                    Selection::FragmentSpread(spread) => {
                        let Unread { depth, multiplier, .. } = here;
                        let fragment = spread.node.fragment_name.node.as_str();
                        stats.own.add_cost(1, multiplier);
                        stats.spreads.push(Spread { fragment, depth, multiplier });
                    }
                }
            }
        }
        Ok(stats)
    }

    /// The selection set of a field.
    fn below(&self, field: &'a Field, around: Unread<'a>) -> Unread<'a> {
        let Unread { parent, depth, multiplier, keys_of_input, .. } = around;
        let cost = parent.and_then(|parent| self.costs.get(parent, field));
        let items = cost.map_or(1, |cost| cost.items(field, self.variables, keys_of_input));
        Unread {
            set: &field.selection_set.node,
            parent: cost.map(|cost| cost.returns.as_str()),
            depth: depth + 1,
            multiplier: multiplier.saturating_mul(items),
            keys_of_input: cost.map_or(MAX_KEYS, |cost| cost.keys_of_input(field, self.variables)),
        }
    }

    fn check_introspection(&self, field: &Field) -> Result<(), RequestError> {
        let introspects = matches!(field.name.node.as_str(), "__schema" | "__type");
        if introspects && !self.limits.introspection { Err(RequestError::Introspection) } else { Ok(()) }
    }

    fn check_directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), RequestError> {
        self.directives += directives.len();
        Limit::Directives.check(self.directives, self.limits)
    }
}

impl SelectionStats {
    fn add_field(&mut self, field: &Field, depth: usize) {
        self.aliases += usize::from(field.alias.is_some());
        self.top_fields += usize::from(depth == 0);
        self.depth = self.depth.max(depth + 1);
    }

    /// Adds what is resolved, or read, for each of the items around it.
    fn add_cost(&mut self, count: usize, multiplier: usize) {
        self.cost = self.cost.saturating_add(count.saturating_mul(multiplier));
    }

    /// Adds a fragment's statistics where it is spread. Saturates: a sum that wrapped around would be within its limit.
    pub(super) fn add_spread(&mut self, fragment: &Self, spread: &Spread<'_>) {
        self.selections = self.selections.saturating_add(fragment.selections);
        self.aliases = self.aliases.saturating_add(fragment.aliases);
        if spread.depth == 0 {
            self.top_fields = self.top_fields.saturating_add(fragment.top_fields);
        }
        self.depth = self.depth.max(spread.depth.saturating_add(fragment.depth));
        self.cost = self.cost.saturating_add(fragment.cost.saturating_mul(spread.multiplier));
        self.scans = self.scans.saturating_add(fragment.scans);
    }
}
