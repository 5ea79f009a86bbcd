//! The intervals during which a recommendation hits a cluster, which never overlap, whatever the order of the reports.

use crate::harness::Tables;

/// Cluster and selector, start and end. The text form of times in the tables sorts chronologically.
type Interval<'a> = ([&'a str; 2], &'a str, &'a str);

/// Returns the intervals, including open hits, that are empty or overlap the next one of their cluster and
/// recommendation.
pub(super) fn overlaps(tables: &Tables) -> Vec<Interval<'_>> {
    let closed = tables.history.iter().map(|line| interval(line));
    let open = tables.rule_hits.iter().map(|line| {
        let (hit, since, _details) = interval(line);
        (hit, since, "still open")
    });
    let mut intervals: Vec<_> = closed.chain(open).collect();
    intervals.sort_unstable();
    let following = intervals.iter().skip(1).map(Some).chain([None]);
    let overlap = |((hit, since, until), next): &(&Interval<'_>, Option<&Interval<'_>>)| {
        since >= until || next.is_some_and(|(next_hit, next_since, _)| next_hit == hit && next_since < until)
    };
    intervals.iter().zip(following).filter(overlap).map(|(interval, _)| *interval).collect()
}

fn interval(line: &str) -> Interval<'_> {
    let words: Vec<_> = line.splitn(5, ' ').collect();
    let [cluster, selector, _owner, since, until] = words[..] else { panic!("not an interval: {line}") };
    ([cluster, selector], since, until)
}
