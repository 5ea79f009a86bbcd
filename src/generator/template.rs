//! The details of a hit before they are filled in: JSON text with placeholders.
//!
//! The head of `recommendations.toml` lists the placeholders. Whether what comes out is JSON is not seen here but in
//! the tests of the whole list.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    ops::RangeInclusive,
};

use chrono::{SecondsFormat, TimeDelta};

use super::{
    dice::Dice,
    site::{self, Site},
};
use crate::domain::Timestamp;

/// Lists of words by the name of the placeholder that draws from them.
pub(super) type Words = BTreeMap<String, Vec<String>>;

/// The members of an object, with placeholders.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Fact(Fact),
    Number(RangeInclusive<u32>),
    Count(RangeInclusive<u32>),
    Word(Vec<String>),
    OneOf(Vec<String>),
    Each(RangeInclusive<u32>, Template),
}

#[derive(Clone, Copy, Debug)]
enum Fact {
    Worker,
    ControlPlane,
    Suffix,
    Ip,
    Id,
    Version,
    Kubelet,
    Time,
}

const FACTS: &[(&str, Fact)] = &[
    ("worker", Fact::Worker),
    ("control-plane", Fact::ControlPlane),
    ("suffix", Fact::Suffix),
    ("ip", Fact::Ip),
    ("id", Fact::Id),
    ("version", Fact::Version),
    ("kubelet", Fact::Kubelet),
    ("time", Fact::Time),
];

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// No placeholder is called so, or it lacks its range.
    #[error("<{0}> is no placeholder: the head of recommendations.toml lists them")]
    Unknown(String),
    /// A range that is no range.
    #[error("<{0}>: write the range as <number 2..9>, the smaller end first")]
    Range(String),
    /// An opening bracket without its partner.
    #[error("a placeholder is not closed: end it with > (it starts with {0:?})")]
    Open(String),
    /// `<each ..>` and `</each>` do not pair.
    #[error("<each ..> and </each> must come in pairs")]
    Unpaired,
}

impl Template {
    /// Reads a template. Line breaks and the white space around them are layout: one space stays.
    pub(super) fn parse(text: &str, words: &Words) -> Result<Self, BadTemplate> {
        let joined = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let mut rest = joined.trim();
        let (template, closed) = Self::up_to_closing(&mut rest, words)?;
        if closed { Err(BadTemplate::Unpaired) } else { Ok(template) }
    }

    /// Reads to the end or to `</each>`, and tells whether it was the latter.
    fn up_to_closing(rest: &mut &str, words: &Words) -> Result<(Self, bool), BadTemplate> {
        let mut pieces = Vec::new();
        while let Some((text, after)) = rest.split_once('<') {
            pieces.push(Piece::Text(text.to_owned()));
            let open = || BadTemplate::Open(after.chars().take(20).collect());
            let (placeholder, after) = after.split_once('>').ok_or_else(open)?;
            *rest = after;
            if placeholder == "/each" {
                return Ok((Self(pieces), true));
            }
            pieces.push(Piece::parse(placeholder, rest, words)?);
        }
        pieces.push(Piece::Text(std::mem::take(rest).to_owned()));
        Ok((Self(pieces), false))
    }

    /// Writes the template with every placeholder filled.
    pub(super) fn fill(&self, out: &mut impl Write, filling: &mut Filling<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| piece.fill(out, filling))
    }
}

impl Piece {
    fn parse(placeholder: &str, rest: &mut &str, words: &Words) -> Result<Self, BadTemplate> {
        if let Some(&(_, fact)) = FACTS.iter().find(|(name, _)| *name == placeholder) {
            return Ok(Self::Fact(fact));
        }
        if let Some(words) = words.get(placeholder).filter(|words| !words.is_empty()) {
            return Ok(Self::Word(words.clone()));
        }
        match placeholder.split_once(' ') {
            Some(("number", range)) => Ok(Self::Number(parse_range(placeholder, range)?)),
            Some(("count", range)) => Ok(Self::Count(parse_range(placeholder, range)?)),
            Some(("one-of", texts)) => Ok(Self::OneOf(texts.split('|').map(str::to_owned).collect())),
            Some(("each", range)) => {
                let times = parse_range(placeholder, range)?;
                let (body, closed) = Template::up_to_closing(rest, words)?;
                if closed { Ok(Self::Each(times, body)) } else { Err(BadTemplate::Unpaired) }
            }
            _ => Err(BadTemplate::Unknown(placeholder.to_owned())),
        }
    }

    fn fill(&self, out: &mut impl Write, filling: &mut Filling<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Fact(fact) => filling.write(*fact, out),
            Self::Number(range) => write!(out, "{}", filling.lasting.within(range)),
            Self::Count(range) => write!(out, "{}", filling.changing.within(range)),
            Self::Word(words) => out.write_str(&words[filling.number as usize % words.len()]),
            Self::OneOf(texts) => out.write_str(filling.lasting.pick::<String>(texts)),
            Self::Each(times, body) => {
                for place in 0..filling.changing.within(times) {
                    out.write_str(if place == 0 { "" } else { ", " })?;
                    body.fill(out, &mut filling.of_item(place))?;
                }
                Ok(())
            }
        }
    }
}

fn parse_range(placeholder: &str, range: &str) -> Result<RangeInclusive<u32>, BadTemplate> {
    range
        .split_once("..")
        .and_then(|(start, end)| Some(start.parse().ok()?..=end.parse().ok()?))
        .filter(|range| !range.is_empty())
        .ok_or_else(|| BadTemplate::Range(placeholder.to_owned()))
}

/// What the placeholders are filled with.
pub(super) struct Filling<'a> {
    site: &'a Site,
    appeared: Timestamp,
    lasting: Dice,
    changing: Dice,
    /// Which node and which word: drawn for the hit, counted up from item to item, so that no list repeats itself.
    number: u32,
}

impl<'a> Filling<'a> {
    /// For a hit at `site` that appeared then: `lasting` draws what stays, `changing` what changes now and then.
    pub(super) fn new(site: &'a Site, appeared: Timestamp, mut lasting: Dice, changing: Dice) -> Self {
        let number = lasting.below(1_000);
        Self { site, appeared, lasting, changing, number }
    }

    fn of_item(&self, place: u32) -> Self {
        Self {
            site: self.site,
            appeared: self.appeared,
            lasting: self.lasting.of_item(place),
            changing: self.changing.of_item(place),
            number: self.number + place,
        }
    }

    fn write(&mut self, fact: Fact, out: &mut impl Write) -> fmt::Result {
        let dice = &mut self.lasting;
        match fact {
            Fact::Worker => out.write_str(&self.site.worker(self.number)),
            Fact::ControlPlane => out.write_str(&self.site.control_plane(self.number)),
            Fact::Suffix => out.write_str(&site::pod_suffix(dice)),
            Fact::Ip => out.write_str(&site::ip(dice)),
            Fact::Id => out.write_str(&site::id(dice)),
            Fact::Version => write!(out, "{}", self.site.version),
            Fact::Kubelet => out.write_str(&self.site.kubelet()),
            Fact::Time => {
                let before = TimeDelta::seconds(dice.below(3 * 86_400).into());
                out.write_str(&(self.appeared.utc() - before).to_rfc3339_opts(SecondsFormat::Secs, true))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::dice::Throw;

    fn words() -> Words {
        Words::from([("colour".to_owned(), vec!["red".to_owned(), "green".to_owned()]), ("none".to_owned(), vec![])])
    }

    fn filled(template: &str, revision: u64) -> String {
        let site = Site::draw(7, 0, &mut Dice::new(7, Throw::Cluster, 0, 0));
        let appeared = "2024-05-02T08:15:59Z".parse().expect("time");
        let dice = |throw, turn| Dice::new(7, throw, 0, turn);
        let mut filling = Filling::new(&site, appeared, dice(Throw::Hit, 0), dice(Throw::Change, revision));
        let mut out = String::new();
        Template::parse(template, &words()).expect(template).fill(&mut out, &mut filling).expect("a string takes all");
        out
    }

    #[test]
    fn text_stands_as_it_is_and_lines_are_joined() {
        assert_eq!(filled("\n  \"a\": \"->\",\n  \"b\": 2\n", 0), r#""a": "->", "b": 2"#);
    }

    #[test]
    fn only_counts_and_the_length_of_lists_change_with_the_revision() {
        let lasting = "<worker> <control-plane> <colour> <suffix> <ip> <time> <number 1..1000000> <one-of a|b|c>";
        assert_eq!(filled(lasting, 0), filled(lasting, 1));
        assert_ne!(filled("<count 1..1000000>", 0), filled("<count 1..1000000>", 1));
        let lists: Vec<String> = (0..20).map(|revision| filled("<each 1..9><id></each>", revision)).collect();
        let longest = lists.iter().max_by_key(|list| list.len()).expect("a list");
        assert!(lists.iter().all(|list| longest.starts_with(list.as_str())));
        assert!(lists.iter().any(|list| list != longest));
    }

    #[test]
    fn within_an_item_nodes_and_words_are_the_same_and_the_next_item_has_others() {
        for name in ["worker", "control-plane", "colour"] {
            let items = filled(&format!("<each 2..2><{name}>=<{name}></each>"), 0);
            let (first, second) = items.split_once(", ").expect("two items");
            assert_ne!(first, second);
            assert!([first, second].iter().all(|item| item.split_once('=').is_some_and(|(one, other)| one == other)));
        }
    }

    #[test]
    fn what_is_no_template_is_refused_with_the_place_named() {
        for (text, why) in [
            ("<nodes>", BadTemplate::Unknown("nodes".to_owned())),
            ("<none>", BadTemplate::Unknown("none".to_owned())),
            ("<number>", BadTemplate::Unknown("number".to_owned())),
            ("<number 9..2>", BadTemplate::Range("number 9..2".to_owned())),
            ("<count 2>", BadTemplate::Range("count 2".to_owned())),
            ("a <worker", BadTemplate::Open("worker".to_owned())),
            ("<each 1..2>x", BadTemplate::Unpaired),
            ("x</each>", BadTemplate::Unpaired),
        ] {
            assert_eq!(Template::parse(text, &words()).err(), Some(why), "{text}");
        }
    }
}
