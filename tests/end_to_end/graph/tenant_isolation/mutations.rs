//! No mutation changes anything of another tenant, or returns anything of one.
//!
//! The mutations and the positions of their inputs are those of the schema. A member sends each mutation with a valid
//! input of their own, in which one position at a time has a value of another organization, and one of the same form that
//! exists nowhere: both answers are the same, and the same as without other tenants. Afterwards all rows of others are as
//! they were. A member of the other organization changes some of them with the same values.

use std::collections::BTreeSet;

use ::entity::{
    acknowledgement, cluster, cluster_toggle, imported_cluster, rating, recommendation, rule_hit, rule_hit_history,
    vote,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use insights_results_aggregator::domain::{Selector, Timestamp};
use sea_orm::{DatabaseConnection, EntityTrait as _};

use super::{
    introspected::Input,
    marks::{absent, without_marks},
    questions::{Question, assert_same},
    tenants::Tenant,
    *,
};

/// Levels of objects that are selected of payloads.
const LEVELS: usize = 3;
/// What precedes the mutation in each request, so that each begins with the same state: acknowledged once.
fn reset(of: Tenant) -> String {
    let input = format!("input: {{ selector: \"{}\" }}", of.hit());
    format!(
        "reset: deleteAcknowledgement({input}) {{ clientMutationId }}
         again: acknowledgeRecommendation({input}) {{ clientMutationId }}"
    )
}

/// A position in the input of a mutation.
struct InputPosition {
    mutation: String,
    input: Input,
    field: Input,
}

impl InputPosition {
    fn all(schema: &Schema) -> Vec<Self> {
        let (_, root) = schema.operations.iter().find(|(kind, _)| *kind == "mutation").expect("mutations");
        let mut all = Vec::new();
        for mutation in schema.fields(root) {
            let [input] = mutation.arguments.as_slice() else { panic!("{} has one argument", mutation.name) };
            let fields = schema.inputs(input.ty.innermost()).expect("an input object");
            let position =
                |field: &Input| Self { mutation: mutation.name.clone(), input: input.clone(), field: field.clone() };
            all.extend(fields.iter().map(position));
        }
        all
    }

    /// The request with this value at the position, or without one.
    fn question(&self, schema: &Schema, of: Tenant, value: Option<Value>) -> Question {
        let fields = schema.inputs(self.input.ty.innermost()).expect("an input object");
        let required = fields.iter().filter(|field| field.ty.is_required());
        let mut input: serde_json::Map<_, _> =
            required.map(|field| (field.name.clone(), own_value(schema, field, of))).collect();
        input.extend(value.map(|value| (self.field.name.clone(), value)));
        let (_, root) = schema.operations.iter().find(|(kind, _)| *kind == "mutation").expect("mutations");
        let mutation = schema.fields(root).iter().find(|field| field.name == self.mutation).expect("the mutation");
        let payload = schema.selection(mutation.returns(), LEVELS);
        let query = format!(
            "mutation($input: {}) {{ {} payload: {}(input: $input) {payload} }}",
            self.input.ty,
            reset(of),
            self.mutation
        );
        Question { query, variables: json!({ "input": input }) }
    }

    /// The values of others that are sent at the position. A text that is only stored may be any: one of each kind.
    fn values_of_others(&self, theirs: &BTreeSet<String>) -> Vec<Value> {
        let texts: Vec<String> = match (self.field.name.as_str(), self.field.ty.innermost()) {
            (_, "UUID") => theirs.iter().filter(|text| uuid::Uuid::parse_str(text).is_ok()).cloned().collect(),
            ("selector", "String") => {
                let selectors = theirs.iter().filter(|text| text.parse::<Selector>().is_ok()).cloned();
                selectors.chain(one_of_each_kind(theirs)).collect()
            }
            (_, "String") => one_of_each_kind(theirs),
            _ => Vec::new(),
        };
        assert!(!texts.is_empty() || !matches!(self.field.ty.innermost(), "UUID" | "String"), "values of others");
        let is_list = self.field.ty.items().is_some();
        texts.into_iter().map(|text| if is_list { json!([text]) } else { json!(text) }).collect()
    }
}

/// A value with which the mutation succeeds for an organization.
fn own_value(schema: &Schema, field: &Input, of: Tenant) -> Value {
    let name = field.ty.innermost();
    let value = match (schema.enum_values(name), name, field.name.as_str()) {
        (Some(values), ..) => values[0].clone(),
        (None, "UUID", _) => json!(of.first_cluster()),
        (None, "Int", _) => json!(1),
        (None, "String", "selector") => json!(of.hit()),
        (None, other, name) => panic!("no value is known of {name}: {other}"),
    };
    if field.ty.items().is_some() { json!([value]) } else { value }
}

fn one_of_each_kind(theirs: &BTreeSet<String>) -> Vec<String> {
    let is_kind = |text: &String, kind: &str| plain(&json!([text])).starts_with(&format!("[\"{kind}"));
    KINDS.iter().filter_map(|kind| theirs.iter().find(|text| is_kind(text, kind)).cloned()).collect()
}

fn with_absent(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(absent(text)),
        Value::Array(items) => items.iter().map(with_absent).collect(),
        other => other.clone(),
    }
}

/// An answer as text, without the times of actions, which cursors of their lists contain too.
fn without_clock(answer: &Value) -> String {
    fn remove(value: &mut Value) {
        match value {
            Value::String(text) => {
                let is_clock = text.parse::<Timestamp>().is_ok() && !text.starts_with("2024-");
                let decoded = URL_SAFE_NO_PAD.decode(&*text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let is_cursor = decoded.is_some_and(|text| {
                    ["2:acknowledgements:", "2:clusterToggles:"].iter().any(|of| text.starts_with(of))
                });
                if is_clock || is_cursor {
                    "a time".clone_into(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(remove),
            Value::Object(members) => members.values_mut().for_each(remove),
            _ => {}
        }
    }
    let mut answer = answer.clone();
    remove(&mut answer);
    plain(&answer)
}

/// Every row of every table that belongs to others.
async fn rows_of_others(connection: &DatabaseConnection) -> BTreeSet<String> {
    macro_rules! rows {
        ($($table:ident),*) => {{
            let mut rows = BTreeSet::new();
            $(
                let all = $table::Entity::find().all(connection).await.expect("a table");
                let theirs = all.into_iter().filter(|row| row.org_id != OUR_ORGANIZATION.id().as_i64());
                rows.extend(theirs.map(|row| format!("{} {row:?}", stringify!($table))));
            )*
            rows
        }};
    }
    let mut rows =
        rows!(acknowledgement, cluster, cluster_toggle, imported_cluster, rating, rule_hit, rule_hit_history, vote);
    let recommendations = recommendation::Entity::find().all(connection).await.expect("a table");
    rows.extend(recommendations.into_iter().map(|row| format!("recommendation {row:?}")));
    rows
}

impl Tenants {
    /// Sends the requests as a member of our organization, with values of others and with values that exist nowhere.
    async fn check_mutations(&self) {
        let own_cluster = json!(OUR_ORGANIZATION.first_cluster());
        for position in InputPosition::all(&self.schema) {
            let question = |value| position.question(&self.schema, OUR_ORGANIZATION, value);
            let own = self.answer(&question(None)).await;
            assert_eq!(own["data"]["payload"]["userErrors"], json!([]), "{own}");
            for theirs in position.values_of_others(&self.theirs) {
                // In a list also beside an own value.
                let beside = theirs
                    .as_array()
                    .map(|values| json!([std::slice::from_ref(&own_cluster), values.as_slice()].concat()));
                for value in [Some(theirs), beside].into_iter().flatten() {
                    let (theirs, absent) = (question(Some(value.clone())), question(Some(with_absent(&value))));
                    let with_theirs = self.answer(&theirs).await;
                    let with_absent = self.answer(&absent).await;
                    assert!(!plain(&with_absent).contains(THEIRS), "has a value of others: {absent:?}");
                    let [with_theirs, with_absent] =
                        [with_theirs, with_absent].map(|answer| without_marks(&without_clock(&answer)));
                    assert_same(&with_theirs, &with_absent, &theirs);
                }
            }
        }
    }

    /// The answer to a member of our organization, which is the same without others. Both worlds change alike.
    async fn answer(&self, question: &Question) -> Value {
        let (schema, viewer) = (&self.schema, OUR_ORGANIZATION.member());
        let asker = Asker { schema, graph: &self.graph, viewer: viewer.clone(), without_others: None };
        let answer = asker.ask_with_values_of_others(question).await;
        let without = self.without_others.execute(viewer, question.request()).await;
        assert_same(&without_clock(&answer), &without_clock(&without), question);
        answer
    }
}

async fn check(database: Database, without_others: Database) {
    let tenants = Tenants::new(&database, &without_others).await;
    let connection = database.connect().await;
    let before = rows_of_others(&connection).await;
    tenants.check_mutations().await;
    let changed = rows_of_others(&connection).await;
    assert_eq!(changed.symmetric_difference(&before).next(), None, "nothing of others was changed");

    // Otherwise the test could not fail.
    let (schema, graph) = (&tenants.schema, &tenants.graph);
    for position in InputPosition::all(schema) {
        let member = || THEIR_ORGANIZATION.member();
        graph.query_as(member(), &format!("mutation {{ {} }}", reset(THEIR_ORGANIZATION)), json!({})).await;
        let before = rows_of_others(&connection).await;
        let question = position.question(schema, THEIR_ORGANIZATION, None);
        let answer = graph.execute(member(), question.request()).await;
        assert_eq!(answer["data"]["payload"]["userErrors"], json!([]), "{answer}");
        let is_changed = rows_of_others(&connection).await != before;
        assert!(is_changed, "{} changes rows of its own organization", position.mutation);
    }
}

#[tokio::test]
async fn no_mutation_concerns_another_tenant_of_postgresql() {
    check(postgres().await, postgres().await).await;
}

#[tokio::test]
async fn no_mutation_concerns_another_tenant_of_sqlite() {
    check(sqlite(), sqlite()).await;
}
