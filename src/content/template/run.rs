//! Fills in a template.
//!
//! The result is Markdown in which each value from the details is one character that represents it. So no value can
//! change how the text is parsed, and its place in the parsed text decides how it is written.

use serde_json::Value as Json;

use super::{
    blocks::Node,
    evaluate::{Evaluation, Stop},
    expression::Expression,
    value::{Piece, Value},
};

/// Follows a text that is cut off at a bound.
pub(in crate::content) const CUT: &str = "… (cut off)";
/// The first character that represents a value. It and those after it have no meaning in Unicode.
const FIRST_PLACEHOLDER: u32 = 0xF_0000;
/// Most steps of a text. A step takes about 50 ns; a table of 1,000 nodes with 10 columns takes 30,000.
const MAX_STEPS: usize = 100_000;
/// Most bytes of a text before characters are escaped: as many as a file has, so that each text without templates is
/// complete.
const MAX_BYTES: usize = 256 * 1024;

const _: () = assert!(MAX_BYTES as u64 == crate::content::MAX_FILE_BYTES);

const _: () = assert!(FIRST_PLACEHOLDER as usize + MAX_STEPS < 0x10_FFF0, "each value takes a step");

/// Bounds of a text.
#[derive(Clone, Copy, Debug)]
pub(in crate::content) struct Bounds {
    pub(in crate::content) steps: usize,
    pub(in crate::content) bytes: usize,
}

impl Bounds {
    /// Bounds of any text.
    pub(in crate::content) const MAX: Self = Self { steps: MAX_STEPS, bytes: MAX_BYTES };
}

/// A template that was filled in.
#[derive(Debug)]
pub(in crate::content) struct Filled {
    /// The text, with a placeholder for each value.
    pub(in crate::content) text: String,
    pub(in crate::content) values: Vec<String>,
    /// Whether it ended at a bound. [`CUT`] is its end.
    pub(in crate::content) is_cut: bool,
}

/// Whether a character represents a value.
pub(in crate::content) fn is_placeholder(c: char) -> bool {
    u32::from(c) >= FIRST_PLACEHOLDER
}

/// The place of the value that a character represents.
pub(in crate::content) fn placeholder_index(c: char) -> Option<usize> {
    u32::from(c).checked_sub(FIRST_PLACEHOLDER).map(|index| index as usize)
}

pub(super) fn fill(source: &str, nodes: &[Node], details: &Json, bounds: Bounds) -> Filled {
    let mut run = Run {
        source,
        evaluation: Evaluation::new(details, bounds.steps),
        bytes_left: bounds.bytes,
        text: String::new(),
        values: Vec::new(),
    };
    let is_cut = run.nodes(nodes).is_err();
    let Run { mut text, values, .. } = run;
    if is_cut {
        text.push_str(CUT);
    }
    Filled { text, values, is_cut }
}

/// A bound is reached.
struct Exhausted;

struct Run<'a> {
    source: &'a str,
    evaluation: Evaluation<'a>,
    bytes_left: usize,
    text: String,
    values: Vec<String>,
}

impl<'a> Run<'a> {
    /// Recurses at most [`super::MAX_BLOCKS`] deep.
    fn nodes(&mut self, nodes: &'a [Node]) -> Result<(), Exhausted> {
        nodes.iter().try_for_each(|node| {
            self.step()?;
            match node {
                Node::Text(range) => self.write(&self.source[range.clone()]),
                Node::Value { value, is_escaped, written } => match self.evaluate(value)? {
                    Some(value) => self.write_value(value, *is_escaped),
                    None => self.write(&self.source[written.clone()]),
                },
                Node::If { branches, written } => {
                    for branch in branches {
                        let is_met = match &branch.condition {
                            Some(condition) => self.evaluate(condition)?.map(|value| value.is_truthy()),
                            None => Some(true),
                        };
                        match is_met {
                            Some(true) => return self.nodes(&branch.nodes),
                            Some(false) => {}
                            None => return self.write(&self.source[written.clone()]),
                        }
                    }
                    Ok(())
                }
                Node::Loop { list, value, index, body, written } => match self.evaluate(list)? {
                    Some(list) => self.iterate(&list, value, index.as_deref(), body),
                    None => self.write(&self.source[written.clone()]),
                },
                Node::Cut => Err(Exhausted),
            }
        })
    }

    fn step(&mut self) -> Result<(), Exhausted> {
        self.evaluation.count(0).map_err(|_| Exhausted)
    }

    /// Returns `None` if there is no value.
    fn evaluate(&mut self, expression: &'a Expression) -> Result<Option<Value<'a>>, Exhausted> {
        match self.evaluation.value(expression) {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Invalid) => Ok(None),
            Err(Stop::Exhausted) => Err(Exhausted),
        }
    }

    /// A text is a list of its characters, anything else but a list is empty.
    fn iterate(
        &mut self,
        list: &Value<'a>,
        name: &'a str,
        index_name: Option<&'a str>,
        body: &'a [Node],
    ) -> Result<(), Exhausted> {
        let characters: String = match list {
            Value::List(_) => String::new(),
            Value::Text(pieces) => {
                self.evaluation.count(list.text_bytes()).map_err(|_| Exhausted)?;
                pieces.iter().map(|piece| &*piece.text).collect()
            }
            _ => return Ok(()),
        };
        let items: &'a [Json] = if let Value::List(items) = list { items } else { &[] };
        let characters =
            characters.chars().map(|c| Value::Text(vec![Piece { text: c.to_string().into(), is_from_details: true }]));
        let names = self.evaluation.names.len();
        for (index, item) in items.iter().map(Value::from).chain(characters).enumerate() {
            self.step()?;
            self.evaluation.names.push((name, item));
            if let Some(name) = index_name {
                let number = super::number::from_u64(index as u64);
                self.evaluation.names.push((name, Value::Number { number, is_from_details: false }));
            }
            let done = self.nodes(body);
            self.evaluation.names.truncate(names);
            done?;
        }
        Ok(())
    }

    /// What the template's author wrote between quotes is part of the text, unless it is escaped.
    fn write_value(&mut self, value: Value<'a>, is_escaped: bool) -> Result<(), Exhausted> {
        // doT's `{{!` prints nothing for these.
        if is_escaped && !value.is_truthy() {
            return Ok(());
        }
        let value = self.evaluation.primitive(value).map_err(|_| Exhausted)?;
        for piece in value.into_pieces() {
            self.step()?;
            if is_escaped || piece.is_from_details {
                self.write_placeholder(&piece.text)?;
            } else {
                self.write(&piece.text)?;
            }
        }
        Ok(())
    }

    fn write_placeholder(&mut self, text: &str) -> Result<(), Exhausted> {
        let fitting = self.fitting(text);
        let placeholder =
            u32::try_from(self.values.len()).ok().and_then(|index| char::from_u32(FIRST_PLACEHOLDER + index));
        if let Some(placeholder) = placeholder.filter(|_| !fitting.is_empty()) {
            self.text.push(placeholder);
            self.values.push(fitting.to_owned());
        }
        if fitting.len() < text.len() { Err(Exhausted) } else { Ok(()) }
    }

    fn write(&mut self, text: &str) -> Result<(), Exhausted> {
        let fitting = self.fitting(text);
        if fitting.contains(is_placeholder) {
            self.text.extend(fitting.chars().map(|c| if is_placeholder(c) { char::REPLACEMENT_CHARACTER } else { c }));
        } else {
            self.text.push_str(fitting);
        }
        if fitting.len() < text.len() { Err(Exhausted) } else { Ok(()) }
    }

    /// The start of a text for which there is room.
    fn fitting<'t>(&mut self, text: &'t str) -> &'t str {
        let length = text.floor_char_boundary(self.bytes_left);
        self.bytes_left -= length;
        &text[..length]
    }
}
