//! Evaluates expressions over JSON, as JavaScript does, with a bound on steps.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value as Json;

use super::{
    expression::{Comparison, Expression, Step},
    number,
    value::{Piece, Value, joined},
};

/// Bytes of text that take about the time of a step to copy, search or compare.
const BYTES_PER_STEP: usize = 32;

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// In JavaScript, it is an error.
    Invalid,
    /// The steps are used up.
    Exhausted,
}

/// Names and what is left of the bound.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    /// The innermost name is last.
    pub(super) names: Vec<(&'a str, Value<'a>)>,
    steps: usize,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(details: &'a Json, steps: usize) -> Self {
        Self { names: vec![("pydata", details.into())], steps }
    }

    /// Counts a step, and more for a long text.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Stop> {
        self.steps = self.steps.checked_sub(1 + bytes / BYTES_PER_STEP).ok_or(Stop::Exhausted)?;
        Ok(())
    }

    pub(super) fn value(&mut self, expression: &'a Expression) -> Result<Value<'a>, Stop> {
        self.count(0)?;
        Ok(match expression {
            Expression::Undefined => Value::Undefined,
            Expression::Null => Value::Null,
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Number(number) => Value::Number { number: *number, is_from_details: false },
            Expression::Text(text) => Value::Text(vec![Piece { text: text.into(), is_from_details: false }]),
            Expression::Name(name) => self.named(name)?,
            Expression::Path(start, steps) => {
                let start = self.value(start)?;
                steps.iter().try_fold(start, |value, step| self.step(&value, step))?
            }
            Expression::Not(value) => Value::Bool(!self.value(value)?.is_truthy()),
            Expression::Negative(value) => {
                let value = self.value(value)?;
                self.primitive(value)?.negative()
            }
            Expression::All(terms) => self.first(terms, false)?,
            Expression::Any(terms) => self.first(terms, true)?,
            Expression::Sum(terms) => self.sum(terms)?,
            Expression::Compare(comparison, operands) => {
                let (left, right) = (self.value(&operands[0])?, self.value(&operands[1])?);
                Value::Bool(self.compare(*comparison, left, right)?)
            }
            Expression::Choice(parts) => {
                let chosen = if self.value(&parts[0])?.is_truthy() { &parts[1] } else { &parts[2] };
                self.value(chosen)?
            }
        })
    }

    fn named(&self, name: &str) -> Result<Value<'a>, Stop> {
        let found = self.names.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).ok_or(Stop::Invalid)
    }

    /// The first term that is met or not, or else the last one.
    fn first(&mut self, terms: &'a [Expression], is_met: bool) -> Result<Value<'a>, Stop> {
        let mut value = Value::Undefined;
        for term in terms {
            value = self.value(term)?;
            if value.is_truthy() == is_met {
                break;
            }
        }
        Ok(value)
    }

    fn sum(&mut self, terms: &'a [Expression]) -> Result<Value<'a>, Stop> {
        let mut sum: Option<Value<'a>> = None;
        for term in terms {
            let term = self.value(term)?;
            let term = self.primitive(term)?;
            sum = Some(match sum {
                None => term,
                Some(sum) if matches!(sum, Value::Text(_)) || matches!(term, Value::Text(_)) => {
                    let mut pieces = sum.into_pieces();
                    pieces.extend(term.into_pieces());
                    Value::Text(pieces)
                }
                Some(sum) => sum.plus(&term),
            });
        }
        Ok(sum.unwrap_or(Value::Undefined))
    }

    fn compare(&mut self, comparison: Comparison, left: Value<'a>, right: Value<'a>) -> Result<bool, Stop> {
        self.count(left.text_bytes() + right.text_bytes())?;
        let is = |order: Option<Ordering>, accepted: &[Ordering]| order.is_some_and(|order| accepted.contains(&order));
        Ok(match comparison {
            Comparison::Identical => left.is_identical(&right),
            Comparison::NotIdentical => !left.is_identical(&right),
            Comparison::Equal => self.is_equal(left, right)?,
            Comparison::NotEqual => !self.is_equal(left, right)?,
            ordered => {
                let order = self.primitive(left)?.order(&self.primitive(right)?);
                match ordered {
                    Comparison::Less => is(order, &[Ordering::Less]),
                    Comparison::Greater => is(order, &[Ordering::Greater]),
                    Comparison::AtMost => is(order, &[Ordering::Less, Ordering::Equal]),
                    _ => is(order, &[Ordering::Greater, Ordering::Equal]),
                }
            }
        })
    }

    /// A list or an object is compared by its text with other values.
    fn is_equal(&mut self, left: Value<'a>, right: Value<'a>) -> Result<bool, Stop> {
        let is_compound = |value: &Value<'_>| matches!(value, Value::List(_) | Value::Object(_));
        if is_compound(&left) && is_compound(&right) {
            return Ok(left.is_identical(&right));
        }
        if matches!(left, Value::Undefined | Value::Null) || matches!(right, Value::Undefined | Value::Null) {
            return Ok(left.is_equal(&right));
        }
        Ok(self.primitive(left)?.is_equal(&self.primitive(right)?))
    }

    fn step(&mut self, value: &Value<'a>, step: &'a Step) -> Result<Value<'a>, Stop> {
        self.count(0)?;
        match step {
            Step::Member(name) => self.member(value, name),
            Step::Item(index) => {
                let index = self.value(index)?;
                let position = index.scalar_text().ok_or(Stop::Invalid)?;
                self.member(value, &position)
            }
            Step::Includes(wanted) => {
                let wanted = self.value(wanted)?;
                self.includes(value, wanted)
            }
            Step::Join(separator) => {
                let separator = match separator {
                    Some(separator) => {
                        let separator = self.value(separator)?;
                        self.primitive(separator)?.into_pieces()
                    }
                    None => vec![Piece { text: ",".into(), is_from_details: true }],
                };
                self.join(value, &separator)
            }
        }
    }

    /// Only members of their own: JavaScript's `constructor` and others are undefined.
    fn member(&mut self, value: &Value<'a>, name: &str) -> Result<Value<'a>, Stop> {
        let index = || name.parse::<usize>().ok().filter(|_| name == "0" || !name.starts_with(['0', '+']));
        let count = |count: usize| Value::detail(number::from_u64(count as u64));
        Ok(match value {
            Value::Undefined | Value::Null => return Err(Stop::Invalid),
            Value::Object(members) => members.get(name).map_or(Value::Undefined, Value::from),
            Value::List(items) if name == "length" => count(items.len()),
            Value::List(items) => index().and_then(|index| items.get(index)).map_or(Value::Undefined, Value::from),
            Value::Text(pieces) => {
                self.count(value.text_bytes())?;
                let text = joined(pieces);
                let char_at = |index| text.chars().nth(index).map(String::from);
                match index().and_then(char_at) {
                    _ if name == "length" => count(text.encode_utf16().count()),
                    Some(char) => Value::Text(vec![Piece { text: char.into(), is_from_details: true }]),
                    None => Value::Undefined,
                }
            }
            Value::Bool(_) | Value::Number { .. } => Value::Undefined,
        })
    }

    fn includes(&mut self, value: &Value<'a>, wanted: Value<'a>) -> Result<Value<'a>, Stop> {
        match value {
            Value::List(items) => {
                for item in *items {
                    let item = Value::from(item);
                    self.count(item.text_bytes().min(wanted.text_bytes()))?;
                    if item.is_identical(&wanted) {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            }
            Value::Text(pieces) => {
                let wanted = self.primitive(wanted)?;
                self.count(value.text_bytes() + wanted.text_bytes())?;
                let wanted = joined(&wanted.into_pieces()).into_owned();
                Ok(Value::Bool(joined(pieces).contains(&wanted)))
            }
            _ => Err(Stop::Invalid),
        }
    }

    fn join(&mut self, value: &Value<'a>, separator: &[Piece<'a>]) -> Result<Value<'a>, Stop> {
        let Value::List(items) = value else { return Err(Stop::Invalid) };
        let mut pieces = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.count(separator.iter().map(|piece| piece.text.len()).sum())?;
                pieces.extend_from_slice(separator);
            }
            if !item.is_null() {
                let item = self.primitive(item.into())?;
                self.count(0)?;
                pieces.extend(item.into_pieces());
            }
        }
        Ok(Value::Text(pieces))
    }

    /// Converts a list or an object to its text.
    pub(super) fn primitive(&mut self, value: Value<'a>) -> Result<Value<'a>, Stop> {
        let text = match value {
            Value::Object(_) => "[object Object]".into(),
            Value::List(items) => {
                let mut text = String::new();
                self.list_text(items, &mut text)?;
                Cow::Owned(text)
            }
            value => return Ok(value),
        };
        Ok(Value::Text(vec![Piece { text, is_from_details: true }]))
    }

    /// Lists are at most as deep as `serde_json` reads, 128 levels.
    fn list_text(&mut self, items: &'a [Json], text: &mut String) -> Result<(), Stop> {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            match item {
                Json::Null => {}
                Json::Array(items) => self.list_text(items, text)?,
                item => {
                    let item = Value::from(item);
                    self.count(item.text_bytes())?;
                    text.push_str(&item.scalar_text().unwrap_or_else(|| "[object Object]".to_owned()));
                }
            }
            self.count(0)?;
        }
        Ok(())
    }
}
