//! Questions that differ in one value.

use std::{collections::BTreeSet, ops::Range};

use serde_json::{Value, json};

use super::{
    explored::Explored,
    marks::{THEIRS, absent, is_public_position, plain, without_marks},
    questions::{Argument, Asker, Question, Route, alias, assert_same},
    values::{Position, Values, required, small_page, small_page_before},
};

/// Levels of objects that are selected below a field with values.
const LEVELS: usize = 2;
/// The same below a list of recommendations with texts: everyone may read these, and only the clusters that they hit are a tenant's.
const LEVELS_OF_RECOMMENDATIONS: usize = 4;

/// The questions of a viewer about one position, on one route.
pub(super) struct Probe<'a> {
    pub(super) asker: &'a Asker<'a>,
    pub(super) explored: &'a Explored,
    pub(super) position: &'a Position,
    pub(super) route: &'a Route,
}

/// The routes to a position's field.
pub(super) fn routes<'a>(explored: &'a Explored, position: &Position) -> &'a [Route] {
    explored.routes.get(&position.object).map(Vec::as_slice).unwrap_or_default()
}

impl Probe<'_> {
    /// Sends requests with each value that does not depend on the data. The longest page exceeds the limits where the route
    /// has lists within lists; the other values do not.
    pub(super) async fn ask_fixed(&self) {
        let Values::Fixed(values) = self.position.values(self.asker.schema) else { return };
        let count = values.len();
        let values: Vec<_> =
            values.into_iter().map(|value| vec![value]).filter(|value| self.is_admitted(value)).collect();
        assert!(values.len() == count || self.is_page_size() && values.len() + 1 == count, "{}", self.position.name());
        for (question, _) in self.questions(&values) {
            self.asker.ask(&question).await;
        }
    }

    /// Sends requests with each text, and returns those to which an answer has something with a mark.
    pub(super) async fn effective(&self, texts: &BTreeSet<String>, mark: &str) -> BTreeSet<String> {
        let texts: Vec<_> = texts.iter().filter(|text| self.fits(text)).collect();
        let values: Vec<_> = texts.iter().map(|text| vec![json!(text)]).collect();
        let mut effective = BTreeSet::new();
        for (question, of_batch) in self.questions(&values) {
            let answer = self.asker.ask(&question).await;
            let ends = self.route.ends(&answer);
            for (place, text) in texts[of_batch].iter().enumerate() {
                if ends.iter().filter_map(|end| end.get(alias(place))).any(|value| plain(value).contains(mark)) {
                    effective.insert((*text).clone());
                }
            }
        }
        effective
    }

    /// Sends each text of others, and one that exists nowhere: both answers are the same. What is returned with the
    /// latter is only what was sent, so an answer cannot hide anything behind that.
    pub(super) async fn compare(&self, theirs: &BTreeSet<String>) {
        let values = |texts: Vec<&String>| texts.into_iter().map(|text| vec![json!(text)]).collect::<Vec<_>>();
        let theirs = theirs.iter().filter(|text| self.fits(text));
        let (public, theirs): (Vec<_>, Vec<_>) = theirs.partition(|text| is_public_position(text));
        for (question, _) in self.questions(&values(public)) {
            self.asker.ask(&question).await;
        }
        self.compare_values(values(theirs)).await;
    }

    /// In lists of values, the same beside an own one.
    pub(super) async fn compare_beside(&self, own: &str, theirs: &BTreeSet<String>) {
        if self.position.is_list() {
            let theirs = theirs.iter().filter(|text| self.fits(text));
            self.compare_values(theirs.map(|text| vec![json!(own), json!(text)]).collect()).await;
        }
    }

    async fn compare_values(&self, values: Vec<Vec<Value>>) {
        for (question, _) in self.questions(&values) {
            let absent = Question { query: question.query.clone(), variables: with_absent(&question.variables) };
            let with_theirs = self.asker.ask_with_values_of_others(&question).await;
            let with_absent = self.asker.ask_with_values_of_others(&absent).await;
            assert!(!plain(&with_absent).contains(THEIRS), "has a value of others: {absent:?}");
            assert_same(&without_marks(&plain(&with_theirs)), &without_marks(&plain(&with_absent)), &question);
        }
    }

    /// Whether the field may be requested with these values at the position.
    fn is_admitted(&self, values: &[Value]) -> bool {
        let field = &self.position.field;
        let fragments = self.asker.schema.fragments(field, LEVELS);
        let question = |fragment: &Option<String>| {
            self.route.repeated(&field.name, fragment.as_deref(), &[self.arguments(values)])
        };
        fragments.iter().all(|fragment| self.asker.may_ask(&question(fragment)))
    }

    /// Whether the position is the number of items of a page.
    fn is_page_size(&self) -> bool {
        ["first", "last"].iter().any(|size| self.position.name().ends_with(&format!("({size})")))
    }

    fn fits(&self, text: &str) -> bool {
        matches!(self.position.values(self.asker.schema), Values::Texts) && self.position.fits(text)
    }

    /// Questions with all of these values at the position, each with the places of its values.
    fn questions(&self, values: &[Vec<Value>]) -> Vec<(Question, Range<usize>)> {
        let repeated: Vec<_> = values.iter().map(|values| self.arguments(values)).collect();
        let field = &self.position.field;
        let mut questions = Vec::new();
        let is_text = matches!(self.position.values(self.asker.schema), Values::Texts);
        let levels = match field.returns() {
            "RecommendationConnection" if is_text => LEVELS_OF_RECOMMENDATIONS,
            _ => LEVELS,
        };
        for fragment in self.asker.schema.fragments(field, levels) {
            let mut first = 0;
            for (question, count) in self.asker.batches(self.route, &field.name, fragment.as_deref(), &repeated) {
                questions.push((question, first..first + count));
                first += count;
            }
        }
        questions
    }

    /// The field's arguments with these values at the position.
    fn arguments(&self, values: &[Value]) -> Vec<Argument> {
        let Probe { asker, explored, position, .. } = self;
        let text = explored.texts.first().map(String::as_str).unwrap_or_default();
        let argument = position.argument(asker.schema, values, text);
        let of_any = || explored.texts.iter().find_map(|text| required(asker.schema, &position.field.arguments, text));
        let found = explored.arguments.get(&(position.object.clone(), position.field.name.clone())).cloned();
        let mut others = found.or_else(of_any).unwrap_or_default();
        others.retain(|other| other.name != argument.name);
        let page = match argument.name.as_str() {
            "first" | "last" => None,
            "before" => small_page_before(&position.field),
            _ => small_page(&position.field),
        };
        [argument].into_iter().chain(others).chain(page).collect()
    }
}

fn with_absent(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(absent(text)),
        Value::Array(items) => items.iter().map(with_absent).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), with_absent(value))).collect(),
        other => other.clone(),
    }
}
