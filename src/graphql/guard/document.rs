//! A document as a whole: all its operations, also those that are not asked for, and all its fragments, also those that
//! are not spread. async-graphql validates them all.
//!
//! A fragment is added up once, when all that it spreads has been, and then counts as its sums wherever it is spread.
//! So this takes as long as the document is, whatever that unfolds to.

use std::collections::HashMap;

use async_graphql::{Name, Request, parser::types::ExecutableDocument};

use super::{
    Prices, Refused,
    limit::Limit,
    outline::{Outline, Reader, Tally},
};
use crate::config::Limits;

/// Fragments by their names, with all that they spread.
type Tallies<'a> = HashMap<&'a str, Tally>;

/// Refuses a document that asks for too much, or whose fragments contain themselves. A fragment that is spread but not
/// there is left to validation. Gives the cost of the operation that the request runs.
pub(super) fn check(
    document: &ExecutableDocument,
    request: &Request,
    prices: &Prices,
    limits: &Limits,
) -> Result<usize, Refused> {
    Limit::QueryOperations.check(document.operations.iter().len(), limits)?;
    Limit::QueryFragments.check(document.fragments.len(), limits)?;
    let mut reader = Reader::new(limits, prices, &request.variables);
    let mut outlines = HashMap::new();
    for (name, fragment) in &document.fragments {
        outlines.insert(name.as_str(), reader.fragment(fragment)?);
    }
    let tallies = add_up(&outlines, limits)?;
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
fn add_up<'a>(outlines: &HashMap<&'a str, Outline<'a>>, limits: &Limits) -> Result<Tallies<'a>, Refused> {
    let mut spread_in: HashMap<&str, Vec<&'a str>> = HashMap::new();
    let mut missing: HashMap<&str, usize> = HashMap::new();
    for (name, outline) in outlines {
        let known = outline.spreads.iter().filter(|spread| outlines.contains_key(spread.fragment));
        missing.insert(name, known.clone().count());
        known.for_each(|spread| spread_in.entry(spread.fragment).or_default().push(name));
    }
    let mut ready: Vec<&'a str> = outlines.keys().filter(|name| missing.get(*name) == Some(&0)).copied().collect();
    let mut tallies = Tallies::new();
    while let Some(name) = ready.pop() {
        let Some(outline) = outlines.get(name) else { continue };
        tallies.insert(name, checked_sum(outline, &tallies, limits)?);
        for user in spread_in.remove(name).unwrap_or_default() {
            let left = missing.entry(user).and_modify(|left| *left -= 1).or_default();
            if *left == 0 {
                ready.push(user);
            }
        }
    }
    circle(outlines, &tallies).map_or(Ok(tallies), Err)
}

/// What a definition comes to with all that it spreads, if the limits allow that. Checked for each fragment, so that no
/// sum grows far beyond its limit.
fn checked_sum(outline: &Outline<'_>, tallies: &Tallies<'_>, limits: &Limits) -> Result<Tally, Refused> {
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
fn circle(outlines: &HashMap<&str, Outline<'_>>, tallies: &Tallies<'_>) -> Option<Refused> {
    let is_left = |name: &str| !tallies.contains_key(name);
    let (_, first) = outlines.iter().filter(|(name, _)| is_left(name)).min_by_key(|(_, outline)| outline.at)?;
    let next = |outline: &Outline<'_>| {
        let mut left = outline.spreads.iter().filter(|spread| is_left(spread.fragment));
        left.find_map(|spread| outlines.get(spread.fragment))
    };
    let last = (0..outlines.len()).try_fold(first, |outline, _| next(outline))?;
    Some(Refused::FragmentCycle { at: last.at })
}
