//! Random GraphQL documents over a schema, including introspection, and random changes to them.
//!
//! The bench searches for the dearest admitted request with it, and a test executes its documents.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::document::{Document, Field, Literal, Selection, SelectionSet};

/// The types of introspection, which the SDL of a schema leaves out.
const INTROSPECTION: &str = concat!(
    include_str!("../../src/graphql/introspection.graphql"),
    "
    type Query { __schema: __Schema! __type(name: String!): __Type }"
);
/// The lengths of pages and lists.
const LENGTHS: [usize; 5] = [1, 3, 20, 50, 100];
const FRAGMENTS: usize = 4;
const MAX_DEPTH: usize = 10;
/// A time in the data, as cursors contain it.
const TIME: &str = "2026-01-02T03:04:05.678901Z";

/// The keys of the data, so that arguments find something.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) organizations: Vec<String>,
    pub(crate) clusters: Vec<String>,
    pub(crate) selectors: Vec<String>,
}

/// The schema, the keys of the data, and the source of randomness.
pub(crate) struct Generator {
    /// The fields of object types and interfaces.
    fields: BTreeMap<String, Vec<FieldDefinition>>,
    /// The object types that implement each interface.
    implementers: BTreeMap<String, Vec<String>>,
    inputs: BTreeMap<String, Vec<InputValueDefinition>>,
    enums: BTreeMap<String, Vec<String>>,
    keys: Keys,
    rng: ChaCha8Rng,
}

impl Generator {
    pub(crate) fn new(sdl: &str, keys: Keys, seed: u64) -> Self {
        let mut generator = Self {
            fields: BTreeMap::new(),
            implementers: BTreeMap::new(),
            inputs: BTreeMap::new(),
            enums: BTreeMap::new(),
            keys,
            rng: ChaCha8Rng::seed_from_u64(seed),
        };
        for text in [sdl, INTROSPECTION] {
            for definition in parse_schema(text).expect("an SDL").definitions {
                if let TypeSystemDefinition::Type(ty) = definition {
                    generator.add(ty.node.name.node.as_str(), ty.node.kind);
                }
            }
        }
        generator
    }

    fn add(&mut self, name: &str, kind: TypeKind) {
        match kind {
            TypeKind::Object(object) => {
                for interface in object.implements {
                    self.implementers.entry(interface.node.to_string()).or_default().push(name.to_owned());
                }
                let fields = object.fields.into_iter().map(|field| field.node);
                self.fields.entry(name.to_owned()).or_default().extend(fields);
            }
            TypeKind::Interface(interface) => {
                let fields = interface.fields.into_iter().map(|field| field.node).collect();
                self.fields.insert(name.to_owned(), fields);
            }
            TypeKind::InputObject(input) => {
                self.inputs.insert(name.to_owned(), input.fields.into_iter().map(|field| field.node).collect());
            }
            TypeKind::Enum(values) => {
                let values = values.values.iter().map(|value| value.node.value.node.to_string()).collect();
                self.enums.insert(name.to_owned(), values);
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }

    /// A document that is valid, but may exceed limits.
    pub(crate) fn document(&mut self) -> Document {
        let types: Vec<String> = self.fields.keys().cloned().collect();
        let on: Vec<String> = (0..FRAGMENTS).map(|_| self.one_of(&types)).collect();
        let mut fragments: Vec<SelectionSet> =
            on.iter().map(|on| SelectionSet { on: on.clone(), items: Vec::new() }).collect();
        for index in (0..FRAGMENTS).rev() {
            fragments[index] = self.set(&on[index], 2, &fragments, index + 1);
        }
        let depth = self.rng.random_range(1..=MAX_DEPTH);
        let root = self.set("Query", depth, &fragments, 0);
        Document { root, fragments }
    }

    /// A document that differs from another one in up to three places.
    pub(crate) fn mutated(&mut self, document: &Document) -> Document {
        let mut changed = document.clone();
        for _ in 0..self.rng.random_range(1..=3) {
            self.mutate(&mut changed);
        }
        changed
    }

    fn mutate(&mut self, changed: &mut Document) {
        let number = self.rng.random_range(0..changed.sets());
        let fragments = changed.fragments.clone();
        let Some((spreadable, set)) = changed.set_mut(number) else { return };
        let index = self.rng.random_range(0..set.items.len());
        match self.rng.random_range(0..8) {
            0 | 1 => {
                let depth = self.rng.random_range(0..5);
                set.items.push(self.selection(&set.on, depth, &fragments, spreadable));
            }
            2 => remove(set, index),
            3 => {
                let mut copied = set.items[index].clone();
                if let Selection::Field(field) = &mut copied {
                    field.copy = self.rng.random_range(0..30);
                    self.set_arguments(&set.on, field);
                }
                set.items.push(copied);
            }
            4 => {
                if let Selection::Field(field) = &mut set.items[index] {
                    self.set_arguments(&set.on, field);
                }
            }
            5 => {
                let depth = self.rng.random_range(0..5);
                *set = self.set(&set.on, depth, &fragments, spreadable);
            }
            _ => {
                if let Selection::Field(field) = &mut set.items[index] {
                    let sizes =
                        field.arguments.iter_mut().filter(|(name, _)| matches!(name.as_str(), "first" | "last"));
                    sizes.for_each(|(_, size)| *size = Literal::Scalar("100".to_owned()));
                }
            }
        }
    }

    /// Makes a document smaller: removes some selections, and shortens pages and lists.
    pub(crate) fn shrink(&mut self, document: &mut Document) {
        // A tenth of it, since each step is parsed again.
        for _ in 0..=document.sets() / 10 {
            let number = self.rng.random_range(0..document.sets());
            let Some((_, set)) = document.set_mut(number) else { return };
            let index = self.rng.random_range(0..set.items.len());
            match &mut set.items[index] {
                Selection::Field(field) if !field.arguments.is_empty() && self.rng.random() => {
                    field.arguments.iter_mut().for_each(|(name, value)| shorten(name, value));
                }
                _ => remove(set, index),
            }
        }
    }

    fn set(&mut self, on: &str, depth: usize, fragments: &[SelectionSet], spreadable: usize) -> SelectionSet {
        let count = self.rng.random_range(1..=if depth > 2 { 3 } else { 4 });
        let items = (0..count).map(|_| self.selection(on, depth, fragments, spreadable)).collect();
        SelectionSet { on: on.to_owned(), items }
    }

    /// A selection with up to `depth` levels below it, which may spread the fragments from `spreadable` on.
    fn selection(&mut self, on: &str, depth: usize, fragments: &[SelectionSet], spreadable: usize) -> Selection {
        let is_interface = self.implementers.contains_key(on);
        match self.rng.random_range(0..16) {
            0 => Selection::Field(typename()),
            1 | 2 => {
                let matching = (spreadable..fragments.len()).filter(|index| self.overlap(&fragments[*index].on, on));
                let matching: Vec<usize> = matching.collect();
                if matching.is_empty() {
                    Selection::Field(self.field(on, depth, fragments, spreadable))
                } else {
                    Selection::Spread(self.one_of(&matching))
                }
            }
            roll if depth > 0 && (roll == 3 || (roll < 12 && is_interface)) => {
                let on = self.implementers.get(on).cloned().map_or_else(|| on.to_owned(), |types| self.one_of(&types));
                Selection::Inline(self.set(&on, depth - 1, fragments, spreadable))
            }
            _ => Selection::Field(self.field(on, depth, fragments, spreadable)),
        }
    }

    fn overlap(&self, left: &str, right: &str) -> bool {
        let implements = |ty: &str, interface: &str| {
            self.implementers.get(interface).is_some_and(|types| types.iter().any(|known| known == ty))
        };
        left == right || implements(left, right) || implements(right, left)
    }

    fn field(&mut self, on: &str, depth: usize, fragments: &[SelectionSet], spreadable: usize) -> Field {
        let is_object = |field: &FieldDefinition| self.fields.contains_key(innermost(&field.ty.node));
        let known = self.fields.get(on).map(Vec::as_slice).unwrap_or_default();
        let possible: Vec<_> = known.iter().filter(|field| depth > 0 || !is_object(field)).collect();
        if possible.is_empty() {
            return typename();
        }
        // Objects lead to more work than scalars.
        let objects: Vec<_> = possible.iter().copied().filter(|field| is_object(field)).collect();
        let choices = if objects.is_empty() || self.rng.random_range(0..3) == 0 { possible } else { objects };
        let definition = choices[self.rng.random_range(0..choices.len())].clone();
        let returns = innermost(&definition.ty.node).to_owned();
        let is_object = self.fields.contains_key(&returns);
        Field {
            arguments: self.arguments(&definition),
            name: definition.name.node.to_string(),
            copy: 0,
            has_directive: self.rng.random_range(0..16) == 0,
            selections: is_object.then(|| self.set(&returns, depth - 1, fragments, spreadable)),
        }
    }

    fn set_arguments(&mut self, on: &str, field: &mut Field) {
        let known = self.fields.get(on).into_iter().flatten().find(|known| known.name.node == field.name);
        if let Some(definition) = known.cloned() {
            field.arguments = self.arguments(&definition);
        }
    }

    fn arguments(&mut self, field: &FieldDefinition) -> Vec<(String, Literal)> {
        let list = field.name.node.as_str();
        let is_ordered = field.arguments.iter().any(|argument| argument.node.name.node == "orderBy");
        let mut order = ["uuid", "asc"];
        let mut arguments = Vec::new();
        if is_ordered && self.rng.random() {
            order = [self.one_of(&["uuid", "version", "lastChecked"]), self.one_of(&["asc", "desc"])];
            let by = if order[0] == "lastChecked" { "LAST_CHECKED".to_owned() } else { order[0].to_uppercase() };
            let direction = order[1].to_uppercase();
            arguments.push(("orderBy".to_owned(), Literal::Scalar(format!("{{field: {by} direction: {direction}}}"))));
        }
        let size = if self.rng.random_range(0..4) == 0 { "last" } else { "first" };
        for InputValueDefinition { name, ty, .. } in field.arguments.iter().map(|argument| &argument.node) {
            let name = name.node.as_str();
            let value = match name {
                "orderBy" => None,
                "first" | "last" => (name == size).then(|| Literal::Scalar(self.one_of(&LENGTHS).to_string())),
                "after" | "before" => (self.rng.random_range(0..5) == 0).then(|| self.cursor(list, order)),
                _ if ty.node.nullable && self.rng.random() => None,
                _ => Some(self.value(name, &ty.node)),
            };
            arguments.extend(value.map(|value| (name.to_owned(), value)));
        }
        arguments
    }

    fn cursor(&mut self, list: &str, [by, direction]: [&str; 2]) -> Literal {
        let (cluster, selector) = (self.one_of_keys(|keys| &keys.clusters), self.one_of_keys(|keys| &keys.selectors));
        let (by, direction, values) = match (list, by) {
            ("organizations", _) => {
                let number: i64 = self.one_of_keys(|keys| &keys.organizations).parse().expect("a number");
                ("number", "asc", json!([number]))
            }
            ("history", _) => ("at", "desc", json!([TIME, format!("closed {selector}")])),
            ("ruleHits", _) => ("selector", "asc", json!([selector])),
            (_, "version") => ("version", direction, json!([null, cluster])),
            (_, "lastChecked") => ("lastChecked", direction, json!([TIME, cluster])),
            _ => ("uuid", direction, json!([cluster])),
        };
        let text = format!("2:{list}:{by}:{direction}:{values}");
        Literal::Scalar(format!("\"{}\"", URL_SAFE_NO_PAD.encode(text)))
    }

    fn value(&mut self, name: &str, ty: &Type) -> Literal {
        let inner = innermost(ty);
        if let BaseType::List(_) = ty.base {
            let count = self.one_of(&LENGTHS);
            let items = (0..count).map(|_| self.text(name, inner)).collect();
            return Literal::List(ty.to_string(), items);
        }
        if let Some(fields) = self.inputs.get(inner).cloned() {
            let mut members = Vec::new();
            for field in fields {
                if !field.ty.node.nullable || self.rng.random_range(0..3) == 0 {
                    let name = field.name.node.as_str();
                    members.push((name.to_owned(), self.value(name, &field.ty.node)));
                }
            }
            return Literal::Object(members);
        }
        Literal::Scalar(match self.enums.get(inner).cloned() {
            Some(values) => self.one_of(&values),
            None if inner == "Boolean" => self.rng.random::<bool>().to_string(),
            None => format!("\"{}\"", self.text(name, inner)),
        })
    }

    /// A text for an argument of this name and type.
    fn text(&mut self, name: &str, ty: &str) -> String {
        match (ty, name) {
            ("UUID", _) => self.one_of_keys(|keys| &keys.clusters),
            ("ID", _) => self.id(),
            ("Duration", _) => "P36500D".to_owned(),
            (_, "orgId") => self.one_of_keys(|keys| &keys.organizations),
            (_, "hitBy") => self.one_of_keys(|keys| &keys.selectors),
            (_, "text") => self.one_of(&["a", "0", "-", ""]).to_owned(),
            (_, "name") => {
                let types: Vec<String> = self.fields.keys().cloned().collect();
                self.one_of(&types)
            }
            _ => format!("4.{}.{}", self.rng.random_range(12..20), self.rng.random_range(0..40)),
        }
    }

    fn id(&mut self) -> String {
        let cluster = self.one_of_keys(|keys| &keys.clusters);
        let text = match self.rng.random_range(0..4) {
            0 => format!("1:Organization:{}", self.one_of_keys(|keys| &keys.organizations)),
            1 => format!("1:Cluster:{cluster}"),
            2 => format!("1:Report:{cluster}"),
            _ => format!("1:RuleHit:{cluster}:{}", self.one_of_keys(|keys| &keys.selectors)),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    fn one_of_keys(&mut self, keys: fn(&Keys) -> &[String]) -> String {
        let keys = keys(&self.keys);
        keys[self.rng.random_range(0..keys.len())].clone()
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.rng.random_range(0..choices.len())].clone()
    }
}

fn typename() -> Field {
    Field { name: "__typename".to_owned(), arguments: Vec::new(), copy: 0, has_directive: false, selections: None }
}

/// Removes an item. A selection set must not be empty.
fn remove(set: &mut SelectionSet, index: usize) {
    set.items.swap_remove(index);
    if set.items.is_empty() {
        set.items.push(Selection::Field(typename()));
    }
}

/// Halves the page size or the number of items of an argument.
fn shorten(name: &str, value: &mut Literal) {
    match value {
        Literal::Scalar(text) if matches!(name, "first" | "last") => {
            if let Ok(size) = text.parse::<usize>() {
                *text = (size / 2).max(1).to_string();
            }
        }
        Literal::Scalar(_) => {}
        Literal::List(_, items) => items.truncate((items.len() / 2).max(1)),
        Literal::Object(members) => members.iter_mut().for_each(|(name, value)| shorten(name, value)),
    }
}

fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => innermost(item),
        BaseType::Named(name) => name.as_str(),
    }
}
