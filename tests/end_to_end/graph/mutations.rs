//! Mutations: what they return, in which order they are performed, and what they refuse.

mod actions;
mod guard;
mod http;
mod outages;
mod reads;
mod refusals;
mod serial;
mod survival;
mod time_limit;

use insights_results_aggregator::identity::{Identity, User, UserKind, ViewerPolicy};

use super::*;
use crate::{
    content_files::{ContentFolder, FOR_MANAGED},
    harness::each_database,
    reports::{cluster, organization, report},
};

/// Has content and hits the clusters 1 to 3 of organization 1, and cluster 4 of organization 2.
const SHARED: &str = "ccx.rules.shared|KEY";
/// Hits cluster 1, without content. The rule's own name ends like a component's.
const WITHOUT_CONTENT: &str = "ccx.rules.unknown.report|KEY";
/// Has content and hits nothing.
const NEVER_HIT: &str = "ccx.rules.never_hit|KEY";
/// Has content and hits cluster 1.
const INTERNAL: &str = "ccx.internal.secret|KEY";
/// Hits cluster 4 of organization 2, without content.
const FOREIGN: &str = "ccx.rules.foreign|KEY";

/// What is selected of each payload.
const ACKNOWLEDGED: &str =
    "acknowledgement { id justification createdBy updatedBy updatedAt recommendation { selector } }
    recommendation { selector acknowledgement { justification } } userErrors { code message field } clientMutationId";
const DELETED: &str = "deletedAcknowledgementId recommendation { selector acknowledgement { id } }
    userErrors { code message field } clientMutationId";
const TOGGLED: &str = "results { uuid toggle { id clusterUuid disabled changedBy feedback cluster { uuid }
    recommendation { selector } } userErrors { code message field } }
    recommendation { selector clusterToggles { nodes { clusterUuid } totalCount } }
    userErrors { code message field } clientMutationId";
const VOTED: &str = "ruleHit { selector cluster { uuid } vote { value message } } vote { value message }
    userErrors { code message field } clientMutationId";
const RATED: &str = "recommendation { selector rating } rating userErrors { code message field } clientMutationId";

/// A user of an organization.
fn user(of: u32, subject: &str) -> Viewer {
    let user = User { subject: subject.to_owned(), kind: UserKind::User, name: None };
    let identity = Identity { organization: organization(of), user: Some(user), is_organization_administrator: false };
    ViewerPolicy::default().viewer(identity)
}

fn ann() -> Viewer {
    user(1, "ann")
}

fn bob() -> Viewer {
    user(1, "bob")
}

/// A user of the other organization.
fn eve() -> Viewer {
    user(2, "eve")
}

async fn graph(database: &Database) -> Graph {
    graph_over(database.store().await).await
}

/// A graph over a store, with what the constants say.
async fn graph_over(store: Store) -> Graph {
    let hits = [(SHARED, ""), (WITHOUT_CONTENT, ""), (INTERNAL, "")];
    let reports = [
        report(1, 1, &hits),
        report(1, 2, &[(SHARED, "")]),
        report(1, 3, &[(SHARED, "")]),
        report(2, 4, &[(SHARED, ""), (FOREIGN, "")]),
    ];
    write(&store, &reports).await;
    let content = ContentFolder::with(&[(SHARED, &[FOR_MANAGED]), (NEVER_HIT, &[]), (INTERNAL, &[FOR_MANAGED])]);
    let content = content.load_into(&store).await;
    Graph::with_content(store, content, &default_config().limits)
}

fn uuid(number: u128) -> String {
    cluster(number).to_string()
}

fn uuids(numbers: impl IntoIterator<Item = u128>) -> Vec<String> {
    numbers.into_iter().map(uuid).collect()
}

impl Graph {
    /// Runs one mutation with an input and returns its payload. The name of the input's type follows from the mutation's.
    async fn mutate(&self, viewer: Viewer, mutation: &str, input: Value, selections: &str) -> Value {
        let mut answer = self.mutation(viewer, mutation, input, selections).await;
        assert_eq!(answer.get("errors"), None, "{mutation}: {answer}");
        answer["data"]["payload"].take()
    }

    /// Runs one mutation with an input and returns the whole response.
    async fn mutation(&self, viewer: Viewer, mutation: &str, input: Value, selections: &str) -> Value {
        let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!("mutation($input: {ty}!) {{ payload: {mutation}(input: $input) {{ {selections} }} }}");
        self.query_as(viewer, &document, json!({ "input": input })).await
    }

    /// Returns the data of a viewer's query.
    async fn data(&self, viewer: Viewer, query: &str) -> Value {
        let mut answer = self.query_as(viewer, query, json!({})).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        answer["data"].take()
    }
}
