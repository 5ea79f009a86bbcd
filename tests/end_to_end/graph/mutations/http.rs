//! Mutations over HTTP: by POST only, with a line of the log and a count for each.

use reqwest::{RequestBuilder, StatusCode};

use super::*;
use crate::{
    harness::{Process, serve_api, set_config, sqlite, until, user_actions},
    identity::{IDENTITY, user_of},
};

/// A process in the mode `identity-header` over a database with one hit of organization 1.
async fn process(database: &Database, log_level: &str) -> Process {
    write(&database.store().await, &[report(1, 1, &[(SHARED, "")])]).await;
    let mut command = serve_api(database);
    set_config(&mut command, "AUTH__MODE", "identity-header");
    set_config(&mut command, "LOG__LEVEL", log_level);
    Process::spawn(command)
}

fn acknowledge(text: &str) -> String {
    format!(
        "mutation {{ acknowledgeRecommendation(input: {{ selector: \"{SHARED}\", justification: \"{text}\" }}) {{
        userErrors {{ code }} }} }}"
    )
}

async fn send(request: RequestBuilder, document: &str) -> (StatusCode, Value) {
    let request = request.header(IDENTITY, user_of(1, "ann")).json(&json!({ "query": document }));
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// The fields of the lines about actions.
fn audit_lines(process: &Process) -> Vec<String> {
    let output = process.output();
    let fields = output.lines().filter_map(|line| line.split_once(": a user acted "));
    fields.map(|(_, fields)| fields.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_has_a_line_of_the_log_and_a_count_without_its_text() {
    let database = sqlite();
    let process = process(&database, "info").await;
    let url = format!("http://{}/graphql", process.address().await);
    let client = reqwest::Client::new();
    let toggle = format!(
        "mutation {{ disableRecommendationOnClusters(input: {{ selector: \"ccx.rules.shared.report|KEY\",
            clusterUuids: [\"{}\", \"{}\"], feedback: \"s3cret\" }}) {{ results {{ uuid }} }} }}",
        uuid(1),
        uuid(9)
    );
    let unknown = "mutation { rateRecommendation(input: { selector: \"s3cret\", rating: 1 }) { rating } }";
    for document in [&acknowledge("s3cret"), &toggle, unknown] {
        let (status, answer) = send(client.post(&url), document).await;
        assert_eq!((status, answer.get("errors")), (StatusCode::OK, None), "{answer}");
    }
    let lines = until("three lines", async || Some(audit_lines(&process)).filter(|lines| lines.len() == 3)).await;
    let line = |action: &str, selector: &str, clusters: usize, outcome: &str| {
        format!(
            "organization=\"1\" user=\"ann\" action=\"{action}\" selector=\"{selector}\" clusters={clusters} \
             outcome=\"{outcome}\""
        )
    };
    let disabled = line("disable", SHARED, 2, "partly_done");
    let expected = [line("acknowledge", SHARED, 0, "done"), disabled, line("rate", "", 0, "not_found")];
    assert_eq!(lines, expected);
    assert!(!process.output().contains("s3cret"), "no text is logged");

    let metrics = reqwest::get(url.replace("/graphql", "/metrics")).await.expect("metrics").text().await.expect("text");
    for (action, outcome, count) in
        [("acknowledge", "done", 1), ("disable", "partly_done", 1), ("rate", "not_found", 1), ("vote", "done", 0)]
    {
        let line = format!("user_actions_total{{action=\"{action}\",outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_actions_can_be_turned_off() {
    let database = sqlite();
    let process = process(&database, "info,audit=off").await;
    let url = format!("http://{}/graphql", process.address().await);
    send(reqwest::Client::new().post(&url), &acknowledge("a")).await;
    until("the request is logged", async || process.output().contains("answered").then_some(())).await;
    assert_eq!(audit_lines(&process), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_sent_by_post_as_json_only() {
    let database = sqlite();
    let process = process(&database, "info").await;
    let url = format!("http://{}/graphql", process.address().await);
    let client = reqwest::Client::new();
    let mutation = acknowledge("a");
    let get = |document: &str, operation: &str| {
        let mut url = reqwest::Url::parse(&url).expect("a URL");
        url.query_pairs_mut().append_pair("query", document).append_pair("operationName", operation);
        client.get(url).header(IDENTITY, user_of(1, "ann")).header("x-requested-with", "test")
    };
    let post = |media_type: &str, body: String| {
        client.post(&url).header(IDENTITY, user_of(1, "ann")).header("content-type", media_type).body(body)
    };
    let json = json!({ "query": mutation }).to_string();
    let foreign = post("application/json", json.clone()).header("origin", "https://foreign.example");
    let both = format!("query Q {{ __typename }} {}", mutation.replace("mutation", "mutation M"));
    let form = format!("query={}", mutation.replace(' ', "+"));
    for (request, expected) in [
        (get(&mutation, ""), StatusCode::METHOD_NOT_ALLOWED),
        (get(&both, "M"), StatusCode::METHOD_NOT_ALLOWED),
        (foreign, StatusCode::FORBIDDEN),
        (post("text/plain", json.clone()), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post("application/x-www-form-urlencoded", form), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post("multipart/form-data; boundary=a", json.clone()), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (client.post(&url).header(IDENTITY, user_of(1, "ann")).body(json.clone()), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post("application/json", format!("[{json}]")), StatusCode::BAD_REQUEST),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), expected);
    }
    assert!(user_actions(&database.connect().await).await.is_empty(), "nothing was performed");
    // A query beside the mutation may be sent by GET: it only reads.
    let answer = get(&both, "Q").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(user_actions(&database.connect().await).await.is_empty(), "a GET only reads");
    assert_eq!(send(client.post(&url), &mutation).await.0, StatusCode::OK);
    assert_eq!(user_actions(&database.connect().await).await.len(), 1);
}
