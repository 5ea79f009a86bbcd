//! Kinds of expensive requests, written by people. Each grows with a number, up to the largest that is admitted.

use async_graphql::{Request, Variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::graphql::Executor;
use serde_json::{Value, json};

use super::{
    data::cluster,
    fill::{LARGE, OLD},
};

/// The largest number that is tried.
const MAX_SIZE: usize = 500;

/// A request that is repeated.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) query: String,
    pub(crate) variables: Value,
}

type Kind = (&'static str, fn(usize) -> (String, Value));

const KINDS: [Kind; 13] = [
    ("introspection", introspection),
    ("__typename of each cluster", typenames),
    ("spreads for each cluster", spreads),
    ("hits with their clusters", hits),
    ("arguments", arguments),
    ("keys", keys),
    ("large answer", large_answer),
    ("filtered totals", filtered_totals),
    ("history", history),
    ("deep pages", deep_pages),
    // One statement of each, to price it.
    ("unit: filtered total", |_| filtered_totals(1)),
    ("unit: history of 100 clusters", |_| history(1)),
    ("unit: deep page", |_| deep_pages(1)),
];

impl Hostile {
    /// The largest admitted request of each kind.
    pub(crate) fn all(executor: &Executor) -> Vec<Self> {
        let largest = |(name, build): Kind| {
            let mut largest = build(1);
            for size in 2..=MAX_SIZE {
                let (query, variables) = build(size);
                if executor.admit(request(&query, &variables)).is_err() {
                    break;
                }
                largest = (query, variables);
            }
            let (query, variables) = largest;
            Self { name: name.to_owned(), query, variables }
        };
        KINDS.map(largest).into()
    }

    /// The body of the HTTP request.
    pub(crate) fn body(&self) -> String {
        json!({ "query": self.query, "variables": self.variables }).to_string()
    }
}

/// A request that returns its cost.
pub(crate) fn request(query: &str, variables: &Value) -> Request {
    let mut request = Request::new(query).variables(Variables::from_json(variables.clone()));
    request.extensions.insert("cost".to_owned(), async_graphql::Value::Boolean(true));
    request
}

fn each(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

fn clusters_of(organization: i64, selections: &str) -> (String, Value) {
    (
        format!(
            "{{ organization(orgId: \"{organization}\") {{ clusters(first: 100) {{ nodes {{ {selections} }} }} }} }}"
        ),
        json!({}),
    )
}

fn introspection(size: usize) -> (String, Value) {
    let ty = "type { kind name ofType { kind name ofType { kind name } } }";
    let schema = |number| {
        format!(
            "a{number}: __schema {{ types {{ kind name description
                fields(includeDeprecated: true) {{ name description args {{ name description {ty} }} {ty} }}
                inputFields {{ name description {ty} }} }} }} "
        )
    };
    (format!("{{ {} }}", each(size, schema)), json!({}))
}

fn typenames(size: usize) -> (String, Value) {
    clusters_of(OLD, &"__typename ".repeat(size))
}

fn spreads(size: usize) -> (String, Value) {
    let (query, variables) = clusters_of(OLD, &"...F ".repeat(size));
    (query + " fragment F on Cluster { uuid }", variables)
}

fn hits(size: usize) -> (String, Value) {
    let size = size.min(100);
    clusters_of(OLD, &format!("report {{ ruleHits(first: {size}) {{ nodes {{ cluster {{ uuid }} }} }} }}"))
}

/// Texts that are read for each organization.
fn arguments(size: usize) -> (String, Value) {
    const TEXTS: usize = 25;
    let declared = each(size, |number| format!("$v{number}: [String!] "));
    let totals =
        each(size, |number| format!("a{number}: clusters(filter: {{versions: $v{number}}}) {{ totalCount }} "));
    let texts =
        |list: usize| -> Vec<_> { (0..TEXTS).map(|text| format!("{list}.{text}.{}", "0".repeat(240))).collect() };
    let variables = (0..size).map(|list| (format!("v{list}"), json!(texts(list)))).collect();
    (format!("query({declared}) {{ organizations(first: 100) {{ nodes {{ {totals} }} }} }}"), Value::Object(variables))
}

fn keys(size: usize) -> (String, Value) {
    let uuids: Vec<_> = (0..100).map(|index| cluster(OLD, index).to_string()).collect();
    let fields = |number| format!("a{number}: clusters(uuids: $v) {{ uuid organization {{ id }} report {{ id }} }} ");
    (format!("query($v: [UUID!]!) {{ {} }}", each(size, fields)), json!({ "v": uuids }))
}

fn large_answer(size: usize) -> (String, Value) {
    let first = size.min(90);
    clusters_of(OLD, &format!("report {{ ruleHits(first: {first}) {{ nodes {{ a: details b: details }} }} }}"))
}

fn filtered_totals(size: usize) -> (String, Value) {
    let total = |number| {
        format!("a{number}: clusters(first: 1, filter: {{text: \"{number:02x}\", hasHits: true}}) {{ totalCount }} ")
    };
    (format!("{{ organization(orgId: \"{LARGE}\") {{ {} }} }}", each(size, total)), json!({}))
}

fn history(size: usize) -> (String, Value) {
    clusters_of(OLD, &each(size, |number| format!("a{number}: history(first: {}) {{ totalCount }} ", number + 1)))
}

fn deep_pages(size: usize) -> (String, Value) {
    let page = |number: usize| {
        let middle = cluster(LARGE, number as u128);
        let cursor = URL_SAFE_NO_PAD.encode(format!("2:clusters:version:desc:[null,\"{middle}\"]"));
        format!(
            "a{number}: clusters(last: 100, before: \"{cursor}\", orderBy: {{field: VERSION, direction: DESC}})
                {{ totalCount nodes {{ uuid }} }} "
        )
    };
    (format!("{{ organization(orgId: \"{LARGE}\") {{ {} }} }}", each(size, page)), json!({}))
}
