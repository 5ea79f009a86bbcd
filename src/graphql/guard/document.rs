//! The document as a whole: all its operations, also those that do not run, and all its fragments, also those that are
//! not spread. async-graphql validates them all.
//!
//! A fragment is summed up once, after all fragments that it spreads, and then counts as its sums wherever it is spread.
//! So the time depends on the length of the document, not on what it unfolds to.

use std::collections::HashMap;

use async_graphql::{Variables, parser::types::ExecutableDocument};

use super::{
    FieldCosts, RequestError,
    limit::Limit,
    selection_stats::{DefinitionStats, Reader, SelectionStats},
};
use crate::{
    config::Limits,
    graphql::operation::{Cost, SelectedOperation},
};

/// Fragments by name, each as written.
type Definitions<'a> = HashMap<&'a str, DefinitionStats<'a>>;
/// Fragments by name, each including all that it spreads.
type Totals<'a> = HashMap<&'a str, SelectionStats>;

/// Refuses a document that exceeds a limit or has a fragment that spreads itself. The spread of an undefined fragment is
/// left to validation. Returns the cost of the selected operation without introspection; nothing if none is selected.
pub(super) fn check(
    document: &ExecutableDocument,
    selected: Option<SelectedOperation<'_>>,
    variables: &Variables,
    costs: &FieldCosts,
    limits: &Limits,
) -> Result<Cost, RequestError> {
    Limit::Operations.check(document.operations.iter().len(), limits)?;
    Limit::Fragments.check(document.fragments.len(), limits)?;
    let mut reader = Reader::new(limits, costs, variables);
    let mut fragments = Definitions::new();
    for (name, fragment) in &document.fragments {
        fragments.insert(name.as_str(), reader.read_fragment(fragment)?);
    }
    let totals = fragment_totals(&fragments, limits)?;
    let mut cost = Cost::default();
    for (name, operation) in document.operations.iter() {
        let total = checked_total(&reader.read_operation(operation)?, &totals, limits)?;
        Limit::QueryRootFields.check(total.top_fields, limits)?;
        // The request's variables belong to the selected operation, so the cost of no other is known.
        if selected.is_some_and(|selected| name == selected.name) {
            cost = total.to_cost();
            Limit::QueryCost.check(cost.total(), limits)?;
        }
    }
    Ok(cost)
}

/// Sums up each fragment, beginning with those that spread no other. The fragments that remain are in a cycle.
fn fragment_totals<'a>(fragments: &Definitions<'a>, limits: &Limits) -> Result<Totals<'a>, RequestError> {
    let mut spread_in: HashMap<&str, Vec<&'a str>> = HashMap::new();
    let mut missing: HashMap<&str, usize> = HashMap::new();
    for (name, fragment) in fragments {
        let defined = fragment.spreads.iter().filter(|spread| fragments.contains_key(spread.fragment));
        missing.insert(name, defined.clone().count());
        defined.for_each(|spread| spread_in.entry(spread.fragment).or_default().push(name));
    }
    let mut ready: Vec<&'a str> = fragments.keys().filter(|name| missing.get(*name) == Some(&0)).copied().collect();
    let mut totals = Totals::new();
    while let Some(name) = ready.pop() {
        let Some(fragment) = fragments.get(name) else { continue };
        totals.insert(name, checked_total(fragment, &totals, limits)?);
        for user in spread_in.remove(name).unwrap_or_default() {
            let missing = missing.entry(user).and_modify(|missing| *missing -= 1).or_default();
            if *missing == 0 {
                ready.push(user);
            }
        }
    }
    find_cycle(fragments, &totals).map_or(Ok(totals), Err)
}

/// The sum of a definition and all that it spreads, if it is within the limits. Checked for each fragment, so that no
/// sum grows far beyond its limit.
fn checked_total(
    definition: &DefinitionStats<'_>,
    totals: &Totals<'_>,
    limits: &Limits,
) -> Result<SelectionStats, RequestError> {
    let mut total = definition.own;
    for spread in &definition.spreads {
        if let Some(fragment) = totals.get(spread.fragment) {
            total.add_spread(fragment, spread);
        }
    }
    Limit::QuerySelections.check(total.selections, limits)?;
    Limit::QueryDepth.check(total.depth, limits)?;
    Limit::Aliases.check(total.aliases, limits)?;
    Ok(total)
}

/// A fragment of a cycle, if some fragments have no total. Each of those spreads another of them, so after as many steps
/// from one to the next as there are fragments, the step is in a cycle.
fn find_cycle(fragments: &Definitions<'_>, totals: &Totals<'_>) -> Option<RequestError> {
    let remains = |name: &str| !totals.contains_key(name);
    let (_, first) = fragments.iter().filter(|(name, _)| remains(name)).min_by_key(|(_, fragment)| fragment.at)?;
    let next = |fragment: &DefinitionStats<'_>| {
        let mut remaining = fragment.spreads.iter().filter(|spread| remains(spread.fragment));
        remaining.find_map(|spread| fragments.get(spread.fragment))
    };
    let last = (0..fragments.len()).try_fold(first, |fragment, _| next(fragment))?;
    Some(RequestError::FragmentCycle { at: last.at })
}
