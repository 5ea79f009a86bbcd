//! Templates for the details of hits: JSON text with placeholders.
//!
//! The head of `recommendations.toml` lists the placeholders. Tests of the whole fleet check that the result is JSON.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    ops::RangeInclusive,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    random::SeededRng,
    site::{self, Site},
};

/// Lists of words, by the name of the placeholder that they replace.
pub(crate) type Words = BTreeMap<String, Vec<String>>;

/// The members of a JSON object, with placeholders.
#[derive(Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Variable(Variable),
    Number(RangeInclusive<u32>),
    Count(RangeInclusive<u32>),
    Word(Vec<String>),
    OneOf(Vec<String>),
    Each(RangeInclusive<u32>, Template),
}

#[derive(Clone, Copy, Debug)]
enum Variable {
    Worker,
    ControlPlane,
    Suffix,
    Ip,
    Id,
    Version,
    Kubelet,
    Time,
}

const VARIABLES: &[(&str, Variable)] = &[
    ("worker", Variable::Worker),
    ("control-plane", Variable::ControlPlane),
    ("suffix", Variable::Suffix),
    ("ip", Variable::Ip),
    ("id", Variable::Id),
    ("version", Variable::Version),
    ("kubelet", Variable::Kubelet),
    ("time", Variable::Time),
];

/// Why a text is not a valid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No placeholder has this name, or its range is missing.
    #[error("<{0}> is not a placeholder: the head of recommendations.toml lists them")]
    Unknown(String),
    /// An invalid range.
    #[error("<{0}>: write the range as <number 2..9>, the smaller end first")]
    Range(String),
    /// An opening bracket without a closing one.
    #[error("a placeholder is not closed: end it with > (it starts with {0:?})")]
    Open(String),
    /// An `<each ..>` without its `</each>`, or the reverse.
    #[error("<each ..> and </each> must be in pairs")]
    Unpaired,
}

impl Template {
    /// Parses a template. Each line break and the white space around it become one space.
    pub(crate) fn parse(text: &str, words: &Words) -> Result<Self, TemplateError> {
        let joined = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let mut rest = joined.trim();
        let (template, closed) = Self::up_to_closing(&mut rest, words)?;
        if closed { Err(TemplateError::Unpaired) } else { Ok(template) }
    }

    /// Parses to the end or to `</each>`; returns true for the latter.
    fn up_to_closing(rest: &mut &str, words: &Words) -> Result<(Self, bool), TemplateError> {
        let mut pieces = Vec::new();
        while let Some((text, after)) = rest.split_once('<') {
            pieces.push(Piece::Text(text.to_owned()));
            let open = || TemplateError::Open(after.chars().take(20).collect());
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

    /// Writes the template with every placeholder replaced.
    pub(crate) fn render(&self, out: &mut impl Write, context: &mut Context<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| piece.render(out, context))
    }
}

impl Piece {
    fn parse(placeholder: &str, rest: &mut &str, words: &Words) -> Result<Self, TemplateError> {
        if let Some(&(_, variable)) = VARIABLES.iter().find(|(name, _)| *name == placeholder) {
            return Ok(Self::Variable(variable));
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
                if closed { Ok(Self::Each(times, body)) } else { Err(TemplateError::Unpaired) }
            }
            _ => Err(TemplateError::Unknown(placeholder.to_owned())),
        }
    }

    fn render(&self, out: &mut impl Write, context: &mut Context<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Variable(variable) => context.write(*variable, out),
            Self::Number(range) => write!(out, "{}", context.lasting.within(range)),
            Self::Count(range) => write!(out, "{}", context.changing.within(range)),
            Self::Word(words) => out.write_str(&words[context.number as usize % words.len()]),
            Self::OneOf(texts) => out.write_str(context.lasting.pick::<String>(texts)),
            Self::Each(times, body) => {
                for index in 0..context.changing.within(times) {
                    out.write_str(if index == 0 { "" } else { ", " })?;
                    body.render(out, &mut context.for_item(index))?;
                }
                Ok(())
            }
        }
    }
}

fn parse_range(placeholder: &str, range: &str) -> Result<RangeInclusive<u32>, TemplateError> {
    range
        .split_once("..")
        .and_then(|(start, end)| Some(start.parse().ok()?..=end.parse().ok()?))
        .filter(|range| !range.is_empty())
        .ok_or_else(|| TemplateError::Range(placeholder.to_owned()))
}

/// What the placeholders of a hit are replaced with.
pub(crate) struct Context<'a> {
    site: &'a Site,
    appeared: DateTime<Utc>,
    lasting: SeededRng,
    changing: SeededRng,
    /// Which node and which word. Drawn for the hit and increased from item to item, so that no list repeats itself.
    number: u32,
}

impl<'a> Context<'a> {
    /// For a hit at `site`: `lasting` draws what never changes, `changing` what changes with the hit's revision.
    pub(crate) fn new(site: &'a Site, appeared: DateTime<Utc>, mut lasting: SeededRng, changing: SeededRng) -> Self {
        let number = lasting.below(1_000);
        Self { site, appeared, lasting, changing, number }
    }

    fn for_item(&self, index: u32) -> Self {
        Self {
            site: self.site,
            appeared: self.appeared,
            lasting: self.lasting.for_item(index),
            changing: self.changing.for_item(index),
            number: self.number + index,
        }
    }

    fn write(&mut self, variable: Variable, out: &mut impl Write) -> fmt::Result {
        let rng = &mut self.lasting;
        match variable {
            Variable::Worker => out.write_str(&self.site.worker(self.number)),
            Variable::ControlPlane => out.write_str(&self.site.control_plane(self.number)),
            Variable::Suffix => out.write_str(&site::pod_suffix(rng)),
            Variable::Ip => out.write_str(&site::ip(rng)),
            Variable::Id => out.write_str(&site::id(rng)),
            Variable::Version => write!(out, "{}", self.site.version),
            Variable::Kubelet => out.write_str(&self.site.kubelet()),
            Variable::Time => {
                let before = TimeDelta::seconds(rng.below(3 * 86_400).into());
                out.write_str(&(self.appeared - before).to_rfc3339_opts(SecondsFormat::Secs, true))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn words() -> Words {
        Words::from([("colour".to_owned(), vec!["red".to_owned(), "green".to_owned()]), ("none".to_owned(), vec![])])
    }

    fn rendered(template: &str, revision: u64) -> String {
        let site = Site::draw(7, 0, &mut SeededRng::new(7, Purpose::Cluster, 0, 0));
        let appeared = "2024-05-02T08:15:59Z".parse().expect("time");
        let rng = |purpose, turn| SeededRng::new(7, purpose, 0, turn);
        let mut context = Context::new(&site, appeared, rng(Purpose::Hit, 0), rng(Purpose::Change, revision));
        let mut out = String::new();
        Template::parse(template, &words())
            .expect(template)
            .render(&mut out, &mut context)
            .expect("a string takes all");
        out
    }

    #[test]
    fn text_is_copied_and_lines_are_joined() {
        assert_eq!(rendered("\n  \"a\": \"->\",\n  \"b\": 2\n", 0), r#""a": "->", "b": 2"#);
    }

    #[test]
    fn only_counts_and_the_length_of_lists_change_with_the_revision() {
        let lasting = "<worker> <control-plane> <colour> <suffix> <ip> <time> <number 1..1000000> <one-of a|b|c>";
        assert_eq!(rendered(lasting, 0), rendered(lasting, 1));
        assert_ne!(rendered("<count 1..1000000>", 0), rendered("<count 1..1000000>", 1));
        let lists: Vec<String> = (0..20).map(|revision| rendered("<each 1..9><id></each>", revision)).collect();
        let longest = lists.iter().max_by_key(|list| list.len()).expect("a list");
        assert!(lists.iter().all(|list| longest.starts_with(list.as_str())));
        assert!(lists.iter().any(|list| list != longest));
    }

    #[test]
    fn nodes_and_words_are_the_same_within_an_item_and_differ_between_items() {
        for name in ["worker", "control-plane", "colour"] {
            let items = rendered(&format!("<each 2..2><{name}>=<{name}></each>"), 0);
            let (first, second) = items.split_once(", ").expect("two items");
            assert_ne!(first, second);
            assert!([first, second].iter().all(|item| item.split_once('=').is_some_and(|(left, right)| left == right)));
        }
    }

    #[test]
    fn an_invalid_template_is_refused_with_the_place_named() {
        for (text, error) in [
            ("<nodes>", TemplateError::Unknown("nodes".to_owned())),
            ("<none>", TemplateError::Unknown("none".to_owned())),
            ("<number>", TemplateError::Unknown("number".to_owned())),
            ("<number 9..2>", TemplateError::Range("number 9..2".to_owned())),
            ("<count 2>", TemplateError::Range("count 2".to_owned())),
            ("a <worker", TemplateError::Open("worker".to_owned())),
            ("<each 1..2>x", TemplateError::Unpaired),
            ("x</each>", TemplateError::Unpaired),
        ] {
            assert_eq!(Template::parse(text, &words()).err(), Some(error), "{text}");
        }
    }
}
