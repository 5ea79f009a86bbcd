//! All that a viewer can reach in the graph, with what the viewer reads on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::{
    introspected::Field,
    marks::{plain, texts},
    questions::{Argument, Asker, Question, Route, Step, alias, flat},
    values,
};

/// Levels of objects that are read of routes whose last type was reached before.
const LEVELS: usize = 2;

/// A field of an object type, and the type of an object that it returns.
type Edge = (String, String, String);

/// What a viewer reached.
#[derive(Default)]
pub(super) struct Explored {
    /// The routes to the objects of each type, one for each field that returns them. The first is the shortest.
    pub(super) routes: BTreeMap<String, Vec<Route>>,
    /// Required arguments with which a field returned objects, by the field's type and name.
    pub(super) arguments: BTreeMap<(String, String), Vec<Argument>>,
    /// All texts that were read.
    pub(super) texts: BTreeSet<String>,
    /// All answers, as text with ids and cursors decoded.
    pub(super) answers: Vec<String>,
    edges: BTreeSet<Edge>,
    max_levels: usize,
}

impl Explored {
    /// Reads, by queries, everything that needs no argument, then everything that is found with the texts that were read, to the depth
    /// that the limits allow.
    pub(super) async fn by(asker: &Asker<'_>, max_levels: usize) -> Self {
        let mut explored = Self { max_levels, ..Self::default() };
        let roots = asker.schema.operations.iter().filter(|(operation, _)| *operation == "query");
        let mut new: VecDeque<_> =
            roots.map(|(operation, root)| Route { operation, steps: Vec::new(), end: root.clone() }).collect();
        while !new.is_empty() {
            while let Some(route) = new.pop_front() {
                explored.routes.entry(route.end.clone()).or_default().push(route.clone());
                explored.read(asker, &route).await;
                for field in asker.schema.fields(&route.end).iter().filter(|field| !field.has_required_arguments()) {
                    new.extend(explored.follow(asker, &route, field, vec![Vec::new()]).await);
                }
            }
            let routes: Vec<_> = explored.routes.values().flatten().cloned().collect();
            for route in &routes {
                for field in asker.schema.fields(&route.end).iter().filter(|field| field.has_required_arguments()) {
                    new.extend(explored.search(asker, route, field).await);
                }
            }
        }
        explored
    }

    /// The fields of the schema that returned no object of a type that they may return.
    pub(super) fn unreached(&self, asker: &Asker<'_>) -> Vec<String> {
        let schema = asker.schema;
        let edges = schema.objects_of_queries().into_iter().flat_map(|object| {
            let of_field = move |field: &Field| {
                schema.possible(field.returns()).into_iter().map(|on| edge(object, field, on)).collect::<Vec<_>>()
            };
            schema.fields(object).iter().flat_map(of_field).collect::<Vec<_>>()
        });
        let unreached = edges.filter(|edge| !self.edges.contains(edge));
        unreached.map(|(object, field, on)| format!("{object}.{field}: {on}")).collect()
    }

    /// Reads all fields of the objects at the end of a route.
    async fn read(&mut self, asker: &Asker<'_>, route: &Route) {
        let is_first = self.routes[&route.end].len() == 1;
        self.ask(asker, &route.question(&asker.schema.selection(&route.end, 1))).await;
        for field in asker.schema.fields(&route.end) {
            if field.has_required_arguments() || asker.schema.possible(field.returns()).is_empty() {
                continue;
            }
            let with_levels = |levels| {
                let below = asker.schema.below(field, levels)?;
                Some(route.question(&format!("{{ {}{below} }}", field.name)))
            };
            let levels = 1..=if is_first { self.max_levels } else { LEVELS };
            let admitted = levels.map_while(with_levels).take_while(|question| asker.may_ask(question));
            let deepest = admitted.scan(String::new(), deeper).last();
            let deepest = deepest.unwrap_or_else(|| panic!("{}.{} exceeds a limit", route.end, field.name));
            self.ask(asker, &deepest).await;
        }
    }

    /// Returns the routes over a field to types that it did not reach before, with the texts that may be its required
    /// arguments.
    async fn search(&mut self, asker: &Asker<'_>, route: &Route, field: &Field) -> Vec<Route> {
        let candidates = self.texts.iter().filter_map(|text| values::required(asker.schema, &field.arguments, text));
        let candidates = candidates.collect();
        self.follow(asker, route, field, candidates).await
    }

    /// Returns the routes over a field to types that it did not reach before, with any of these arguments.
    async fn follow(
        &mut self,
        asker: &Asker<'_>,
        route: &Route,
        field: &Field,
        candidates: Vec<Vec<Argument>>,
    ) -> Vec<Route> {
        let possible = asker.schema.possible(field.returns());
        if possible.iter().all(|on| self.edges.contains(&edge(&route.end, field, on))) {
            return Vec::new();
        }
        let with_page = |arguments: Vec<_>| arguments.into_iter().chain(values::small_page(field)).collect();
        let candidates: Vec<Vec<_>> = candidates.into_iter().map(with_page).collect();
        let fragment = format!("fragment Selected on {} {{ __typename }}", field.returns());
        let mut rest = candidates.as_slice();
        let mut found = Vec::new();
        for (question, count) in asker.batches(route, &field.name, Some(&fragment), &candidates) {
            let answer = self.ask(asker, &question).await;
            let ends = route.ends(&answer);
            for (place, arguments) in rest.iter().take(count).enumerate() {
                let returned = ends.iter().filter_map(|end| end.get(alias(place))).flat_map(flat);
                let types: BTreeSet<_> = returned.filter_map(|object| object["__typename"].as_str()).collect();
                for on in types {
                    if self.edges.insert(edge(&route.end, field, on)) {
                        let key = (route.end.clone(), field.name.clone());
                        let required = arguments.iter().filter(|argument| argument.ty.ends_with('!')).cloned();
                        self.arguments.entry(key).or_insert_with(|| required.collect());
                        let step = Step { field: field.name.clone(), arguments: arguments.clone(), on: on.to_owned() };
                        found.push(route.then(step));
                    }
                }
            }
            rest = &rest[count..];
        }
        found
    }

    async fn ask(&mut self, asker: &Asker<'_>, question: &Question) -> Value {
        let answer = asker.ask(question).await;
        self.texts.extend(texts(&answer["data"]));
        self.answers.push(plain(&answer));
        answer
    }
}

/// Ends where more levels make no difference.
fn deeper(previous: &mut String, question: Question) -> Option<Question> {
    let is_deeper = *previous != question.query;
    previous.clone_from(&question.query);
    is_deeper.then_some(question)
}

fn edge(object: &str, field: &Field, on: &str) -> Edge {
    (object.to_owned(), field.name.clone(), on.to_owned())
}
