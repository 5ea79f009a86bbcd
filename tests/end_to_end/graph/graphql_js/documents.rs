//! Random documents, generated from the schema: aliases, repeated fields, fragments, directives, variables, interfaces.
//! Most are valid. Some have fields that cannot be merged, variables that do not fit, or arguments that fail.

use std::collections::{BTreeMap, HashMap};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
};
use insights_results_aggregator::graphql::sdl;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::each;

/// The levels of fields.
const DEPTH: usize = 7;
/// The selections of a document, before spreading fragments, after which only leaves are selected.
const SELECTIONS: usize = 50;
/// The aliases and the directives of a document. Spreading fragments repeats the aliases.
const MAX_ALIASES: usize = 10;
const MAX_DIRECTIVES: usize = 30;

/// A document with the values of its variables.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) query: String,
    pub(super) variables: Value,
}

/// The keys of the data, and others that are unknown or invalid.
pub(super) struct Keys {
    ids: Vec<String>,
    uuids: Vec<String>,
}

impl Keys {
    /// The keys of all organizations, clusters, reports and hits.
    pub(super) fn of(data: &Value) -> Self {
        let mut ids = vec!["bm9uc2Vuc2U".to_owned(), "MTpPcmdhbml6YXRpb246OTk".to_owned()];
        let mut uuids = vec!["00000000-0000-0000-0000-000000000099".to_owned()];
        collect_keys(data, &mut ids, &mut uuids);
        Self { ids, uuids }
    }
}

fn collect_keys(value: &Value, ids: &mut Vec<String>, uuids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, ids, uuids)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member.as_str()) {
                    ("id", Some(id)) => ids.push(id.to_owned()),
                    ("uuid", Some(uuid)) => uuids.push(uuid.to_owned()),
                    _ => collect_keys(member, ids, uuids),
                }
            }
        }
        _ => {}
    }
}

/// A variable with its definition, definitions that do not fit where it is used, and a value.
struct Variable {
    right: &'static str,
    wrong: &'static [&'static str],
    value: Value,
}

/// The types with fields, and what implements an interface.
struct Types {
    fields: HashMap<String, Vec<FieldDefinition>>,
    /// By interface.
    members: HashMap<String, Vec<String>>,
}

impl Types {
    fn new() -> Self {
        let mut types = Self { fields: HashMap::new(), members: HashMap::new() };
        for definition in parse_schema(sdl()).expect("the SDL is GraphQL").definitions {
            let TypeSystemDefinition::Type(defined) = definition else { continue };
            let name = defined.node.name.node.to_string();
            let fields = match defined.node.kind {
                TypeKind::Object(object) => {
                    for interface in object.implements {
                        types.members.entry(interface.node.to_string()).or_default().push(name.clone());
                    }
                    object.fields
                }
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            types.fields.insert(name, fields.into_iter().map(|field| field.node).collect());
        }
        types.members.values_mut().for_each(|members| members.sort());
        types
    }

    /// The types on which a fragment may be spread in a selection from this type.
    fn conditions(&self, of: &str) -> Vec<String> {
        let interfaces = self.members.iter().filter(|(_, members)| members.iter().any(|member| member == of));
        let mut conditions: Vec<_> = interfaces.map(|(interface, _)| interface.clone()).collect();
        conditions.extend(self.members.get(of).into_iter().flatten().cloned());
        conditions.push(of.to_owned());
        conditions
    }
}

/// A fragment that is defined in a document.
struct Fragment {
    on: String,
    depth: usize,
    definition: String,
}

/// Generates documents.
pub(super) struct Generator {
    rng: ChaCha8Rng,
    types: Types,
    keys: Keys,
    fragments: Vec<Fragment>,
    variables: BTreeMap<&'static str, Variable>,
    /// The arguments of each field by its type and key, so that most occurrences can be merged.
    arguments: HashMap<String, String>,
    selections: usize,
    aliases: usize,
    directives: usize,
}

impl Generator {
    pub(super) fn new(seed: u64, keys: Keys) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            types: Types::new(),
            keys,
            fragments: Vec::new(),
            variables: BTreeMap::new(),
            arguments: HashMap::new(),
            selections: 0,
            aliases: 0,
            directives: 0,
        }
    }

    pub(super) fn document(&mut self) -> Document {
        self.fragments.clear();
        self.variables.clear();
        self.arguments.clear();
        (self.selections, self.aliases, self.directives) = (0, 0, 0);
        let selections = self.selection_set("Query", DEPTH);
        let wrong = if self.one_in(5) { self.below(10) } else { usize::MAX };
        let mut definitions = Vec::new();
        let mut variables = json!({});
        let used = std::mem::take(&mut self.variables);
        for (index, (name, variable)) in used.into_iter().enumerate() {
            let definition = if index == wrong { self.pick(variable.wrong) } else { variable.right };
            definitions.push(format!("${name}: {definition}"));
            if variable.value != Value::Null {
                variables[name] = variable.value;
            }
        }
        if wrong == 0 && self.one_in(2) {
            variables["n"] = json!("1"); // a value that is not an Int, if the variable is used
        }
        let definitions = if definitions.is_empty() { String::new() } else { format!("({})", definitions.join(" ")) };
        let fragments = each(self.fragments.len(), |index| self.fragments[index].definition.clone());
        Document { query: format!("query{definitions} {selections}{fragments}"), variables }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.next_u32() as usize % bound
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        pick(&mut self.rng, items)
    }

    fn selection_set(&mut self, of: &str, depth: usize) -> String {
        let count = 1 + self.below(4);
        let selections: Vec<_> = (0..count).map(|_| self.selection(of, depth)).collect();
        format!("{{ {} }}\n", selections.join(" "))
    }

    fn selection(&mut self, of: &str, depth: usize) -> String {
        self.selections += 1;
        match self.below(12) {
            0 if self.selections < SELECTIONS => {
                let on = self.pick(&self.types.conditions(of));
                let condition = if on == of && self.one_in(2) { String::new() } else { format!(" on {on}") };
                let directives = self.directives();
                format!("...{condition}{directives} {}", self.selection_set(&on, depth))
            }
            1 | 2 if self.selections < SELECTIONS => {
                let fragment = self.fragment(of, depth);
                format!("...F{fragment}{}", self.directives())
            }
            3 => format!("{}__typename{}", self.alias("__typename"), self.directives()),
            _ => self.field(of, depth),
        }
    }

    /// The number of a fragment that can be spread here: a known one, or a new one.
    fn fragment(&mut self, of: &str, depth: usize) -> usize {
        let conditions = self.types.conditions(of);
        let fits = |fragment: &Fragment| fragment.depth <= depth && conditions.contains(&fragment.on);
        let known: Vec<_> = (0..self.fragments.len()).filter(|index| fits(&self.fragments[*index])).collect();
        if !known.is_empty() && !self.one_in(3) {
            return self.pick(&known);
        }
        let on = self.pick(&conditions);
        let body = self.selection_set(&on, depth);
        let number = self.fragments.len();
        self.fragments.push(Fragment { definition: format!("fragment F{number} on {on} {body}"), on, depth });
        number
    }

    fn field(&mut self, of: &str, depth: usize) -> String {
        let may_nest = depth > 1 && self.selections < SELECTIONS;
        let is_leaf = |field: &&FieldDefinition| !self.types.fields.contains_key(innermost(&field.ty.node));
        let fields: Vec<_> = self.types.fields[of].iter().filter(|field| may_nest || is_leaf(field)).cloned().collect();
        if fields.is_empty() {
            return "__typename".to_owned();
        }
        let field = self.pick(&fields);
        let (name, returned) = (field.name.node.as_str(), innermost(&field.ty.node));
        let alias = self.alias(name);
        let key = format!("{of}.{alias}{name}");
        let known = self.arguments.get(&key).cloned();
        let is_known = known.is_some() && !self.one_in(60);
        let arguments = known.filter(|_| is_known).unwrap_or_else(|| self.arguments(&field));
        self.arguments.insert(key, arguments.clone());
        let directives = self.directives();
        let selections =
            if is_leaf_type(&self.types, returned) { String::new() } else { self.selection_set(returned, depth - 1) };
        format!("{alias}{name}{arguments}{directives} {selections}")
    }

    /// Mostly none, or one that only this field has.
    fn alias(&mut self, field: &str) -> String {
        if self.aliases == MAX_ALIASES || !self.one_in(5) {
            return String::new();
        }
        self.aliases += 1;
        if self.one_in(20) {
            "x: ".to_owned()
        } else {
            format!("{}{}: ", self.pick(&["a", "b"]), field.trim_matches('_'))
        }
    }

    fn directives(&mut self) -> String {
        if self.directives == MAX_DIRECTIVES || !self.one_in(4) {
            return String::new();
        }
        self.directives += 1;
        let condition = match self.below(5) {
            0 => "true".to_owned(),
            1 => "false".to_owned(),
            2 => self.variable("yes", "Boolean! = true", &["Boolean", "[Boolean!]! = [true]"], Value::Null),
            3 => self.variable("no", "Boolean = false", &["Boolean = null", "Int = 0"], Value::Null),
            _ => {
                let value = json!(self.one_in(2));
                self.variable("given", "Boolean!", &["Boolean", "String!"], value)
            }
        };
        format!(" @{}(if: {condition})", self.pick(&["skip", "include"]))
    }

    /// Uses a variable. It keeps the value of its first use.
    fn variable(
        &mut self,
        name: &'static str,
        right: &'static str,
        wrong: &'static [&'static str],
        value: Value,
    ) -> String {
        self.variables.entry(name).or_insert(Variable { right, wrong, value });
        format!("${name}")
    }

    fn arguments(&mut self, field: &FieldDefinition) -> String {
        if field.arguments.is_empty() {
            return String::new();
        }
        let [id, other_id] = [(); 2].map(|()| pick(&mut self.rng, &self.keys.ids));
        let [uuid, other_uuid] = [(); 2].map(|()| pick(&mut self.rng, &self.keys.uuids));
        let value = match field.name.node.as_str() {
            "node" if self.one_in(2) => format!("id: {}", self.variable("id", "ID!", &["ID", "String!"], json!(id))),
            "node" => format!("id: \"{id}\""),
            "nodes" if self.one_in(10) => {
                format!("ids: {}", self.variable("many", "[ID!]!", &["ID!"], json!(vec![id; 101])))
            }
            "nodes" if self.one_in(2) => {
                let ids = json!([id, other_id]);
                format!("ids: {}", self.variable("ids", "[ID!]!", &["[ID]!", "[ID!]", "ID!"], ids))
            }
            "nodes" => format!("ids: [\"{id}\" {}]", self.variable("id", "ID!", &["ID", "String!"], json!(id))),
            "organization" => match self.below(4) {
                0 => format!("orgId: {}", self.variable("org", "String!", &["ID!", "String"], json!("1"))),
                1 => format!("orgId: \"{}\"", self.pick(&["0", "99"])),
                _ => format!("orgId: \"{}\"", self.pick(&["1", "2", "3"])),
            },
            "cluster" => format!("uuid: \"{uuid}\""),
            "namespace" => format!("uid: \"{}\"", self.pick(&["uid-of-shop", "uid-of-till", "", "none"])),
            "gatheringRequest" => format!("requestId: \"{}\"", self.pick(&["request 0", "request 2", "none"])),
            "gatheringRequests" => {
                let ids =
                    self.variable("requests", "[String!]", &["[String]", "String!"], json!(["request 2", "none"]));
                let given = format!("requestIds: {ids}, first: 1");
                let known = "requestIds: [\"none\" \"request 4\" \"request 0\"]";
                self.pick(&["first: 1", "first: 0", "requestIds: null", known, &given]).to_owned()
            }
            "recommendation" | "ruleHit" => {
                format!("selector: \"{}\"", self.pick(&["rule_0|KEY", "rule_2|KEY", "rule_9|KEY", "none"]))
            }
            "clusters" if field.arguments.iter().any(|argument| argument.node.name.node == "uuids") => {
                let uuids = json!([uuid, other_uuid]);
                match self.below(3) {
                    0 => format!("uuids: {}", self.variable("uuids", "[UUID!]!", &["[UUID]!", "UUID!"], uuids)),
                    1 => format!("uuids: \"{uuid}\""),
                    _ => format!("uuids: {uuids}"),
                }
            }
            // Depends on the clusters that are selected.
            _ if field.ty.node.to_string() == "OrganizationSummary" => return String::new(),
            _ if field.arguments.iter().any(|argument| argument.node.name.node == "format") => {
                let known = "format: HTML";
                let nullable = self.variable("format", "TextFormat", &["[TextFormat!]", "Int"], json!("HTML"));
                self.pick(&[known, "format: null", &format!("format: {nullable}")]).to_owned()
            }
            _ => match self.below(10) {
                0 => format!("first: {}", self.variable("n", "Int", &["[Int]", "String", "Int = \"1\""], json!(2))),
                1 => format!("last: {}", self.variable("omitted", "Int = 1", &["Boolean", "[Int!]"], Value::Null)),
                2 => format!("first: {}", 1 + self.below(3)),
                3 => format!("last: {}", 1 + self.below(3)),
                4 => self.pick(&["first: 0", "first: 1, last: 1", "last: 101", "first: 1, last: null"]).to_owned(),
                _ => return String::new(),
            },
        };
        format!("({value})")
    }
}

fn pick<T: Clone>(rng: &mut ChaCha8Rng, items: &[T]) -> T {
    items[rng.next_u32() as usize % items.len()].clone()
}

fn is_leaf_type(types: &Types, name: &str) -> bool {
    !types.fields.contains_key(name)
}

fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::List(item) => innermost(item),
        BaseType::Named(name) => name.as_str(),
    }
}
