//! Properties of all requests, checked on random ones.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{admit, each, wide};
use crate::{
    config::Limits,
    graphql::guard::{RequestError, limit::MAX_ALIASES},
};

/// Tokens and characters that affect the grammar of a text.
const PIECES: [&str; 36] = [
    "{", "}", "(", ")", "[", "]", "...", ".", "@", "$", ":", "=", "!", "\"", "\"\"\"", "\\", "\\\"\"\"", "\n", "\r",
    "#", ",", " ", "query", "fragment", "on ", "F", "a", "1", "-", "1.5e+3", "null", "true", "é", "\u{feff}", "&",
    "{a}",
];

/// A selection, whose statistics are known without parsing.
#[derive(Clone, Debug)]
enum Selection {
    Field {
        aliased: bool,
        selections: Vec<Self>,
    },
    Inline(Vec<Self>),
    /// Spreads the fragment this many positions further on, which may be undefined.
    Spread(usize),
}

/// Selections, aliases, top fields and levels.
type Sums = [usize; 4];

impl Selection {
    fn text(&self, fragment: usize) -> String {
        let text_of = |selections: &[Self]| selections.iter().map(|one| one.text(fragment)).collect::<String>();
        match self {
            Self::Field { aliased, selections } => {
                let alias = if *aliased { "b:" } else { "" };
                let below = text_of(selections);
                if below.is_empty() { format!("{alias}a ") } else { format!("{alias}a{{{below}}}") }
            }
            Self::Inline(selections) => format!("...{{{}}}", text_of(selections)),
            Self::Spread(further) => format!("...F{} ", fragment + 1 + further),
        }
    }

    /// Counts by unfolding, which takes exponential time.
    fn unfolded(&self, fragment: usize, fragments: &[Vec<Self>]) -> Sums {
        match self {
            Self::Field { aliased, selections } => {
                let [count, aliases, _, depth] = unfolded(selections, fragment, fragments);
                [count + 1, aliases + usize::from(*aliased), 1, depth + 1]
            }
            Self::Inline(selections) => plus_one(unfolded(selections, fragment, fragments)),
            Self::Spread(further) => {
                let spread = fragment + 1 + further;
                plus_one(fragments.get(spread).map_or([0; 4], |selections| unfolded(selections, spread, fragments)))
            }
        }
    }
}

fn plus_one([count, aliases, top, depth]: Sums) -> Sums {
    [count + 1, aliases, top, depth]
}

fn unfolded(selections: &[Selection], fragment: usize, fragments: &[Vec<Selection>]) -> Sums {
    let sums = selections.iter().map(|selection| selection.unfolded(fragment, fragments));
    sums.fold([0; 4], |[a, b, c, d], [e, f, g, h]| [a + e, b + f, c + g, d.max(h)])
}

fn selection() -> impl Strategy<Value = Selection> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|aliased| Selection::Field { aliased, selections: Vec::new() }),
        (0..3_usize).prop_map(Selection::Spread),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            (any::<bool>(), vec(inner.clone(), 0..4))
                .prop_map(|(aliased, selections)| Selection::Field { aliased, selections }),
            vec(inner, 1..4).prop_map(Selection::Inline),
        ]
    })
}

/// An operation and its fragments as text. The first body is the operation's.
fn document(bodies: &[Vec<Selection>]) -> String {
    let body = |number: usize| bodies[number].iter().map(|selection| selection.text(number)).collect::<String>();
    let fragments = each(bodies.len() - 1, |i| format!("fragment F{} on T{{{}}}", i + 1, body(i + 1)));
    format!("{{{}}}{fragments}", body(0))
}

/// The exact limits for a request, each reduced by `less`.
fn exact_limits([selections, _, top_fields, depth]: Sums, less: [usize; 3]) -> Limits {
    Limits {
        query_selections: selections - less[0],
        query_root_fields: top_fields - less[1],
        query_depth: depth - less[2],
        ..wide()
    }
}

/// Whether fragment `start` spreads itself, directly or through others.
fn spreads_itself(start: usize, spreads: &[Vec<usize>]) -> bool {
    let mut seen = Vec::new();
    let mut next = spreads[start].clone();
    while let Some(fragment) = next.pop() {
        if !seen.contains(&fragment) {
            seen.push(fragment);
            next.extend(spreads.get(fragment).into_iter().flatten());
        }
    }
    seen.contains(&start)
}

proptest! {
    #[test]
    fn no_text_causes_a_panic(text in any::<String>(), pieces in vec(select(PIECES.to_vec()), 0..60)) {
        let pieces = pieces.concat();
        for query in [text, pieces.clone(), format!("{{a{pieces}}}"), format!("{{a(x: {pieces})}}")] {
            let _ = admit(&wide(), query);
        }
    }

    #[test]
    fn sums_equal_the_counts_of_unfolding(mut bodies in vec(vec(selection(), 1..4), 1..7)) {
        // The operation spreads all fragments, so that no fragment exceeds its sums.
        let fragments = bodies.len() - 1;
        bodies[0].extend((0..fragments).map(Selection::Spread));
        bodies[0].push(Selection::Field { aliased: true, selections: Vec::new() });
        let query = document(&bodies);
        let sums = unfolded(&bodies[0], 0, &bodies);
        let outcome = admit(&exact_limits(sums, [0; 3]), query.as_str());
        // Nested inline fragments are not levels of fields, but have a limit of their own.
        prop_assume!(!matches!(outcome, Err(RequestError::TooNested { .. })));
        if sums[1] > MAX_ALIASES {
            let refused_for_aliases = matches!(outcome, Err(RequestError::TooLarge { key: None, .. }));
            prop_assert!(refused_for_aliases, "{}: {:?}: {:?}", query, sums, outcome);
            return Ok(());
        }
        prop_assert_eq!(outcome, Ok(()), "{}: {:?}", query, sums);
        for less in [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
            let limits = exact_limits(sums, less);
            prop_assert!(admit(&limits, query.as_str()).is_err(), "{}: {:?} less {:?}", query, sums, less);
        }
    }

    #[test]
    fn fragments_are_refused_exactly_if_one_spreads_itself(spreads in vec(vec(0..8_usize, 0..4), 1..7)) {
        let spreads_of = |fragment: usize| each(spreads[fragment].len(), |i| format!("...F{} ", spreads[fragment][i]));
        let fragments = each(spreads.len(), |i| format!("fragment F{i} on T{{a {}}}", spreads_of(i)));
        let cyclic = (0..spreads.len()).any(|fragment| spreads_itself(fragment, &spreads));
        match admit(&wide(), format!("{{a}}{fragments}")) {
            Ok(()) => prop_assert!(!cyclic, "{}", fragments),
            Err(RequestError::FragmentCycle { .. }) => prop_assert!(cyclic, "{}", fragments),
            Err(other) => prop_assert!(false, "{}: {}", fragments, other),
        }
    }
}
