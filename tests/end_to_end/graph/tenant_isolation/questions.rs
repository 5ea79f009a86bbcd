//! Requests, and a viewer that sends them.

use std::fmt::Write as _;

use async_graphql::{Request, Variables};
use insights_results_aggregator::identity::Viewer;
use serde_json::{Map, Value, json};

use super::{
    Graph,
    introspected::Schema,
    marks::{THEIRS, plain},
};

/// The most times that a request repeats a field: the limit of root fields.
const MAX_BATCH: usize = 20;

/// How much of an answer is shown if it is not the expected one.
const SHOWN_CHARS: usize = 400;

/// A value of an argument, with the argument's name and type.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) value: Value,
}

/// A field with its arguments, and the type of the object that follows.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) field: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) on: String,
}

/// A way from the root to objects of one type.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) operation: &'static str,
    pub(super) steps: Vec<Step>,
    /// The type of the objects.
    pub(super) end: String,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) query: String,
    pub(super) variables: Value,
}

impl Route {
    pub(super) fn then(&self, step: Step) -> Self {
        let end = step.on.clone();
        Self { steps: self.steps.iter().cloned().chain([step]).collect(), end, ..self.clone() }
    }

    /// The request with a selection set of the objects.
    pub(super) fn question(&self, selection: &str) -> Question {
        self.question_with(selection, None, Vec::new())
    }

    /// The request with one field of the objects several times, each with other arguments and with the name of its place.
    /// The fragment is what the field selects.
    pub(super) fn repeated(&self, field: &str, fragment: Option<&str>, repeated: &[Vec<Argument>]) -> Question {
        let mut used = Vec::new();
        let mut aliased = String::new();
        for (place, arguments) in repeated.iter().enumerate() {
            let named = arguments.iter().map(|argument| (format!("v{place}_{}", argument.name), argument));
            let named: Vec<_> = named.collect();
            let passed = uses(named.iter().map(|(name, argument)| (argument.name.as_str(), name.as_str())));
            let selected = if fragment.is_some() { "{ ...Selected }" } else { "" };
            let _ = write!(aliased, " {}: {field}{passed} {selected}", alias(place)); // writing to a String cannot fail
            used.extend(named);
        }
        self.question_with(&format!("{{ {aliased} }}"), fragment, used)
    }

    fn question_with(&self, selection: &str, fragment: Option<&str>, used: Vec<(String, &Argument)>) -> Question {
        let name = |place: usize, argument: &Argument| format!("r{place}_{}", argument.name);
        let around = |inner: String, (place, Step { field, arguments, on }): (usize, &Step)| {
            let names: Vec<_> = arguments.iter().map(|argument| name(place, argument)).collect();
            let passed =
                uses(arguments.iter().zip(&names).map(|(argument, name)| (argument.name.as_str(), name.as_str())));
            format!("{{ {field}{passed} {{ ... on {on} {inner} }} }}")
        };
        let selected = self.steps.iter().enumerate().rev().fold(selection.to_owned(), around);
        let on_the_way = self
            .steps
            .iter()
            .enumerate()
            .flat_map(|(place, step)| step.arguments.iter().map(move |argument| (name(place, argument), argument)));
        let (mut definitions, mut variables) = (Vec::new(), Map::new());
        for (name, Argument { ty, value, .. }) in on_the_way.chain(used) {
            definitions.push(format!("${name}: {ty}"));
            variables.insert(name, value.clone());
        }
        let definitions = if definitions.is_empty() { String::new() } else { format!("({})", definitions.join(" ")) };
        let query = format!("{} {definitions} {selected} {}", self.operation, fragment.unwrap_or_default());
        Question { query, variables: Value::Object(variables) }
    }

    /// The objects in an answer.
    pub(super) fn ends<'a>(&self, answer: &'a Value) -> Vec<&'a Value> {
        let below = |objects: Vec<&'a Value>, step: &Step| {
            objects.into_iter().flat_map(|object| object.get(&step.field).map(flat).unwrap_or_default()).collect()
        };
        self.steps.iter().fold(flat(&answer["data"]), below)
    }
}

/// The name of a repeated field.
pub(super) fn alias(place: usize) -> String {
    format!("p{place}")
}

/// The objects in a value: those of lists, without null.
pub(super) fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => vec![],
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        _ => vec![value],
    }
}

/// Variables as the arguments of a field.
fn uses<'a>(arguments: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let uses: Vec<_> = arguments.map(|(argument, variable)| format!("{argument}: ${variable}")).collect();
    if uses.is_empty() { String::new() } else { format!("({})", uses.join(" ")) }
}

impl Question {
    pub(super) fn request(&self) -> Request {
        Request::new(&self.query).variables(Variables::from_json(self.variables.clone()))
    }
}

/// A viewer of a graph.
pub(super) struct Asker<'a> {
    pub(super) schema: &'a Schema,
    pub(super) graph: &'a Graph,
    pub(super) viewer: Viewer,
    /// For a viewer who must not see others: the graph without these.
    pub(super) without_others: Option<&'a Graph>,
}

impl Asker<'_> {
    /// Whether a request is within the limits.
    pub(super) fn may_ask(&self, question: &Question) -> bool {
        self.graph.executor.admit(question.request()).is_ok()
    }

    /// Returns the answer. To a viewer who must not see others, it has nothing of them and is the same as without them.
    pub(super) async fn ask(&self, question: &Question) -> Value {
        let answer = self.ask_with_values_of_others(question).await;
        if let Some(without_others) = self.without_others {
            let without = without_others.execute(self.viewer.clone(), question.request()).await;
            assert_same(&plain(&answer), &plain(&without), question);
            assert!(!plain(&answer).contains(THEIRS), "has a value of others: {question:?}");
        }
        answer
    }

    /// Returns the answer to a request that may itself have values of others.
    pub(super) async fn ask_with_values_of_others(&self, question: &Question) -> Value {
        let answer = self.graph.execute(self.viewer.clone(), question.request()).await;
        assert_answered(question, &answer);
        answer
    }

    /// The least number of requests that repeat a field with all of these arguments and are within the limits, each with
    /// the number of its arguments.
    pub(super) fn batches(
        &self,
        route: &Route,
        field: &str,
        fragment: Option<&str>,
        mut repeated: &[Vec<Argument>],
    ) -> Vec<(Question, usize)> {
        let mut size = MAX_BATCH;
        let mut questions = Vec::new();
        while !repeated.is_empty() {
            let (batch, rest) = repeated.split_at(repeated.len().min(size));
            let question = route.repeated(field, fragment, batch);
            if self.may_ask(&question) {
                questions.push((question, batch.len()));
                repeated = rest;
            } else {
                assert!(batch.len() > 1, "exceeds a limit: {question:?}");
                size = batch.len() / 2;
            }
        }
        questions
    }
}

/// Both are answers to the same question, with and without others.
pub(super) fn assert_same(with_others: &str, without: &str, question: &Question) {
    /// A part of a text, which may be long.
    fn from(text: &str, start: usize) -> String {
        text.chars().skip(start).take(SHOWN_CHARS).collect()
    }
    let equal = with_others.chars().zip(without.chars()).take_while(|(one, other)| one == other).count();
    let start = equal.saturating_sub(SHOWN_CHARS / 2);
    assert!(
        with_others == without,
        "others make a difference:\n{}\n{}\nin the answer to {question:?}",
        from(with_others, start),
        from(without, start)
    );
}

/// Only resolvers report errors, and only about a value: the request is valid and within the limits.
fn assert_answered(question: &Question, answer: &Value) {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let refusal = errors.into_iter().find(|error| {
        error["extensions"]["code"] != "BAD_USER_INPUT" || error["path"].as_array().is_none_or(Vec::is_empty)
    });
    assert!(refusal.is_none() && answer["data"] != json!(null), "was refused: {question:?}\n{answer}");
}
