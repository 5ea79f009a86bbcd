//! A document as a whole: all its operations, also those that are not asked for, and all its fragments, also those that
//! are not spread. async-graphql validates them all.
//!
//! A fragment is added up once, when all that it spreads has been, and then counts as its sums wherever it is spread.
//! So this takes as long as the document is, whatever that unfolds to.

use std::collections::HashMap;

use async_graphql::{Name, Request, parser::types::ExecutableDocument};

use super::{
    FieldCosts, RequestError,
    limit::Limit,
    selection_stats::{DefinitionStats, Reader, SelectionStats},
};
use crate::config::Limits;

/// Fragments by their names, with all that they spread.
type StatsByFragment<'a> = HashMap<&'a str, SelectionStats>;

/// Refuses a document that asks for too much, or whose fragments contain themselves. A fragment that is spread but not
/// there is left to validation. Gives the cost of the operation that the request runs.
pub(super) fn check(
    document: &ExecutableDocument,
    request: &Request,
    costs: &FieldCosts,
    limits: &Limits,
) -> Result<usize, RequestError> {
    Limit::QueryOperations.check(document.operations.iter().len(), limits)?;
    Limit::QueryFragments.check(document.fragments.len(), limits)?;
    let mut reader = Reader::new(limits, costs, &request.variables);
    let mut stats = HashMap::new();
    for (name, fragment) in &document.fragments {
        stats.insert(name.as_str(), reader.fragment(fragment)?);
    }
    let tallies = add_up(&stats, limits)?;
    let mut cost = 0;
    for (name, operation) in document.operations.iter() {
        let tally = checked_sum(&reader.operation(operation)?, &tallies, limits)?;
        Limit::QueryRootFields.check(tally.top_fields, limits)?;
        // The variables are those of the operation that is run, so no other can be priced.
        if is_run(name, request) {
            Limit::QueryCost.check(tally.cost, limits)?;
            cost = tally.cost;
        }
    }
    Ok(cost)
}

fn is_run(operation: Option<&Name>, request: &Request) -> bool {
    let wanted = request.operation_name.as_deref();
    wanted.is_none_or(|wanted| operation.is_some_and(|name| name.as_str() == wanted))
}

/// Adds up each fragment, those first that spread no other. Those that never get their turn wait for themselves.
fn add_up<'a>(
    stats: &HashMap<&'a str, DefinitionStats<'a>>,
    limits: &Limits,
) -> Result<StatsByFragment<'a>, RequestError> {
    let mut spread_in: HashMap<&str, Vec<&'a str>> = HashMap::new();
    let mut missing: HashMap<&str, usize> = HashMap::new();
    for (name, outline) in stats {
        let known = outline.spreads.iter().filter(|spread| stats.contains_key(spread.fragment));
        missing.insert(name, known.clone().count());
        known.for_each(|spread| spread_in.entry(spread.fragment).or_default().push(name));
    }
    let mut ready: Vec<&'a str> = stats.keys().filter(|name| missing.get(*name) == Some(&0)).copied().collect();
    let mut tallies = StatsByFragment::new();
    while let Some(name) = ready.pop() {
        let Some(outline) = stats.get(name) else { continue };
        tallies.insert(name, checked_sum(outline, &tallies, limits)?);
        for user in spread_in.remove(name).unwrap_or_default() {
            let left = missing.entry(user).and_modify(|left| *left -= 1).or_default();
            if *left == 0 {
                ready.push(user);
            }
        }
    }
    circle(stats, &tallies).map_or(Ok(tallies), Err)
}

/// What a definition comes to with all that it spreads, if the limits allow that. Checked for each fragment, so that no
/// sum grows far beyond its limit.
fn checked_sum(
    outline: &DefinitionStats<'_>,
    tallies: &StatsByFragment<'_>,
    limits: &Limits,
) -> Result<SelectionStats, RequestError> {
    let mut sum = outline.own;
    for spread in &outline.spreads {
        if let Some(fragment) = tallies.get(spread.fragment) {
            sum.add_spread(fragment, spread);
        }
    }
    Limit::QuerySelections.check(sum.selections, limits)?;
    Limit::QueryDepth.check(sum.depth, limits)?;
    Limit::QueryAliases.check(sum.aliases, limits)?;
    Ok(sum)
}

/// A circle of fragments, if some were not added up. Each of those spreads another of them, so whoever goes on from one
/// to the next as often as there are fragments is on a circle in the end.
fn circle(stats: &HashMap<&str, DefinitionStats<'_>>, tallies: &StatsByFragment<'_>) -> Option<RequestError> {
    let is_left = |name: &str| !tallies.contains_key(name);
    let (_, first) = stats.iter().filter(|(name, _)| is_left(name)).min_by_key(|(_, outline)| outline.at)?;
    let next = |outline: &DefinitionStats<'_>| {
        let mut left = outline.spreads.iter().filter(|spread| is_left(spread.fragment));
        left.find_map(|spread| stats.get(spread.fragment))
    };
    let last = (0..stats.len()).try_fold(first, |outline, _| next(outline))?;
    Some(RequestError::FragmentCycle { at: last.at })
}
