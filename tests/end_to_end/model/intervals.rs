//! The times during which a recommendation hits a cluster: whatever the order of the reports, they follow each other.

use crate::harness::Tables;

/// Cluster and selector, since when, until when. Times as the tables tell them order as texts.
type Interval<'a> = ([&'a str; 2], &'a str, &'a str);

/// Intervals that are empty or reach into the next one of their cluster and recommendation, open hits included.
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
        since >= until || next.is_some_and(|(of, then, _)| of == hit && then < until)
    };
    intervals.iter().zip(following).filter(overlap).map(|(interval, _)| *interval).collect()
}

fn interval(line: &str) -> Interval<'_> {
    let words: Vec<_> = line.splitn(5, ' ').collect();
    let [cluster, selector, _owner, since, until] = words[..] else { panic!("no interval: {line}") };
    ([cluster, selector], since, until)
}
