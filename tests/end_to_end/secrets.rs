//! Passwords and the content of messages never appear in logs, responses or errors.

use std::process::Command;

use ::entity::consumer_error;
use reqwest::Client;
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use serde_json::json;

use crate::{
    harness::{Database, Process, Topic, each_database, postgres, program, serve, set_config, sqlite, until},
    messages::{Message, cluster},
};

const PASSWORD: &str = "Pa55word-of-the-test";
/// Part of every text in every message.
const MARKER: &str = "Mark3d";
const CHECKED: &str = "2024-05-02T08:00:00Z";

/// Returns valid and invalid messages. All texts in them contain the marker.
fn marked_messages() -> Vec<Vec<u8>> {
    let good = |number| {
        Message::new(1, &cluster(number), CHECKED)
            .hit(&format!("rules.{MARKER}"), MARKER, &format!(r#"{{"{MARKER}": "{MARKER}"}}"#))
            .version(MARKER)
            .upload(MARKER, CHECKED)
            .extra_member(MARKER, &format!("\"{MARKER}\""))
    };
    let json = |message: Message| String::from_utf8(message.json()).expect("UTF-8");
    let marked = format!("\"{MARKER}\"");
    let bad = [
        MARKER.to_owned(),
        format!("{{{marked}: tru}}"),
        json(good(2)).replace("\"OrgID\": 1", &format!("\"OrgID\": {marked}")),
        json(good(2)).replace(&cluster(2), MARKER),
        json(good(2)).replace(CHECKED, MARKER),
        json(good(2)).replace("\"reports\"", &marked),
        json(good(2)).replace("\"reports\": [", &format!("\"reports\": [{marked}, ")),
        json(good(2)).replace("\"Version\": 2", &format!("\"Version\": {marked}")),
        json(good(2)).replace(&format!("rules.{MARKER}"), &format!("{MARKER}\\u0000")),
        json(good(2)).replace(&format!("rules.{MARKER}"), &MARKER.repeat(60)),
    ];
    let not_utf8 = [json(good(2)).as_bytes(), &[0xff], MARKER.as_bytes()].concat();
    let odd = Message::new(1, &cluster(3), CHECKED).hit(MARKER, MARKER, &marked).hit(MARKER, MARKER, &marked);
    let mut messages: Vec<_> = bad.into_iter().map(String::into_bytes).collect();
    messages.extend([not_utf8, good(1).json(), odd.json(), good(1).json()]);
    messages
}

async fn text(client: &Client, request: reqwest::RequestBuilder) -> String {
    client.execute(request.build().expect("a request")).await.expect("a response").text().await.expect("text")
}

/// Returns the responses to invalid requests, and of /readyz.
async fn responses(process: &Process) -> String {
    let (client, address) = (Client::new(), process.address().await);
    let mut responses = text(&client, client.get(format!("http://{address}/readyz"))).await;
    for query in
        ["{", "{ nothing }", "{ cluster(uuid: \"x\") { uuid } }", "{ organizations(after: \"x\") { totalCount } }"]
    {
        let request = client.post(format!("http://{address}/graphql")).json(&json!({ "query": query }));
        let response = text(&client, request).await;
        assert!(response.contains("errors"), "{query}: {response}");
        responses += &response;
    }
    responses
}

fn assert_absent(secrets: &[&str], output: &str) {
    for secret in secrets {
        let line = output.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in {line:?}");
    }
}

/// Returns the password in the database's URL, if any.
fn password_of(database: &Database) -> Option<String> {
    let url = url::Url::parse(database.settings.url.expose()).expect("a URL");
    url.password().map(str::to_owned)
}

/// Makes the database refuse the rule hits of organization 7.
async fn refuse_hits(database: &Database) {
    database.store().await.close().await;
    let constraint = "ALTER TABLE rule_hit ADD CONSTRAINT refused CHECK (org_id <> 7)";
    database.connect().await.execute_unprepared(constraint).await.expect("a constraint");
}

#[tokio::test]
async fn logs_responses_and_recorded_errors_contain_no_password_and_no_content_of_a_message() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        let mut messages = marked_messages();
        if database.name == "PostgreSQL" {
            // The server's error quotes the row that violates a constraint. It must not be logged either.
            refuse_hits(&database).await;
            let refused = Message::new(7, &cluster(7), CHECKED).hit("rules.a", "A", &format!("\"{MARKER}\""));
            messages.push(refused.json());
        }
        let process = Process::serve(&database, &topic);
        for message in &messages {
            topic.send(message).await;
        }
        topic.until_all_committed().await;
        let output = responses(&process).await + &process.output();
        // Only one of them is logged per second, but all are recorded.
        let rejected = consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors");
        let output =
            rejected.into_iter().fold(output, |output, row| format!("{output}\n{} {}", row.reason, row.detail));
        assert!(output.contains("bad message") && output.contains("batch committed"), "the log is missing: {output}");
        let password = password_of(&database);
        let secrets: Vec<_> = password.as_deref().into_iter().chain([MARKER]).collect();
        assert_absent(&secrets, &output);
    }
}

/// Adds a password for the brokers, which do not support SASL.
fn with_sasl(mut command: Command) -> Command {
    for (key, value) in [
        ("PROTOCOL", "sasl_plaintext"),
        ("SASL_MECHANISM", "PLAIN"),
        ("SASL_USERNAME", "user"),
        ("SASL_PASSWORD", PASSWORD),
    ] {
        set_config(&mut command, &format!("KAFKA__SECURITY__{key}"), value);
    }
    command
}

#[tokio::test]
async fn a_password_that_the_brokers_refuse_is_not_logged() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let process = Process::spawn(with_sasl(serve(&database, &topic)));
    until("the error is logged", async || process.output().contains("Kafka client error").then_some(())).await;
    let readyz = format!("http://{}/readyz", process.address().await);
    let missing = until("readiness reports it", async || {
        let body = reqwest::get(&readyz).await.expect("a response").text().await.expect("text");
        (body.contains("kafka") && !body.contains("no partition") && !body.contains("waits")).then_some(body)
    });
    assert_absent(&[PASSWORD], &(missing.await + &process.output()));
}

#[tokio::test]
async fn no_log_level_enables_lines_with_a_password() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        for level in ["trace", "off,sqlx_postgres=trace,sqlx_postgres::options::parse=trace,sea_orm=trace,info"] {
            let mut command = with_sasl(serve(&database, &topic));
            set_config(&mut command, "LOG__LEVEL", level);
            let process = Process::spawn(command);
            until("the error is logged", async || process.output().contains("Kafka client error").then_some(())).await;
            let answer = responses(&process).await;
            let password = password_of(&database);
            let secrets: Vec<_> = password.as_deref().into_iter().chain([PASSWORD]).collect();
            assert_absent(&secrets, &(answer + &process.output()));
        }
    }
}

/// Runs a command. Returns whether it succeeded, and its output.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("the program starts");
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
}

#[tokio::test]
async fn secrets_of_the_printed_configuration_are_masked() {
    let mut command = with_sasl(program());
    command.arg("config");
    set_config(&mut command, "DATABASE__URL", &format!("postgres://user:{PASSWORD}@db.invalid/name"));
    set_config(&mut command, "DATABASE__READ_URL", &format!("postgres://user:{PASSWORD}@replica.invalid/name"));
    set_config(&mut command, "KAFKA__CLIENT__SSL_KEY_PASSWORD", PASSWORD);
    set_config(&mut command, "KAFKA__CLIENT__SASL_OAUTHBEARER_CONFIG", &format!("principal={PASSWORD}"));
    let (succeeded, output) = run(&mut command);
    assert!(succeeded && output.contains("db.invalid") && output.contains("sasl_password"), "{output}");
    assert_absent(&[PASSWORD], &output);
}

#[tokio::test]
async fn the_error_of_a_failed_start_contains_no_password() {
    let wrong = postgres().await.settings.url.expose().replace("aggregator:", &format!("aggregator:{PASSWORD}"));
    let urls = [
        format!("mysql://user:{PASSWORD}@db.invalid/name"),
        format!("postgres://user:{PASSWORD}@db.invalid:port/name"),
        format!("postgres://user:{PASSWORD}@[db/name"),
        format!("postgres://user:{PASSWORD}@db.invalid/name?sslmode=perhaps"),
        format!("postgres://user:{PASSWORD}@db.invalid/name"),
        format!("user:{PASSWORD}@db"),
        wrong,
    ];
    for url in urls {
        for command in [&["migrate", "status"][..], &["serve", "--role", "sideways"]] {
            let mut process = program();
            process.args(command);
            set_config(&mut process, "DATABASE__URL", &url);
            let (succeeded, output) = run(&mut process);
            assert!(!succeeded && output.contains("error: "), "{output}");
            assert_absent(&[PASSWORD], &output);
        }
    }
    let mut misplaced = program();
    misplaced.arg("serve");
    for key in ["HTTP__ADDRESS", "INGEST__BATCH_WAIT", "LOG__LEVEL", "KAFKA__SECURITY__SASL_PASSWORD"] {
        set_config(&mut misplaced, key, PASSWORD);
    }
    let (succeeded, output) = run(&mut misplaced);
    assert!(!succeeded && output.contains("kafka.security.sasl_password"), "{output}");
    assert_absent(&[PASSWORD], &output);
}

#[tokio::test]
async fn parameters_of_a_database_url_that_are_not_obeyed_are_refused_without_their_values() {
    let url = format!("postgres://user:{PASSWORD}@db.invalid/name");
    for (parameters, named) in [
        (format!("sslpassword={PASSWORD}"), "`sslpassword`"),
        (format!("sslmode=require&pasword={PASSWORD}"), "`pasword` (did you mean `password`?)"),
        (format!("target_session_attrs={PASSWORD}"), "`target_session_attrs`"),
        (format!("password={PASSWORD}&{PASSWORD}=1&{PASSWORD}"), "number 2, number 3"),
    ] {
        for (key, format) in [("URL", "text"), ("URL", "json"), ("READ_URL", "json")] {
            for arguments in [&["serve"][..], &["migrate", "status"], &["config"]] {
                let mut command = program();
                command.args(arguments);
                set_config(&mut command, "DATABASE__URL", "postgres://db.invalid/name");
                set_config(&mut command, &format!("DATABASE__{key}"), &format!("{url}?{parameters}"));
                set_config(&mut command, "LOG__FORMAT", format);
                set_config(&mut command, "LOG__LEVEL", "trace");
                let output = command.output().expect("the program starts");
                let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
                assert_absent(&[PASSWORD], &text);
                assert_eq!(output.status.code(), Some(1), "{arguments:?} {parameters}: {text}");
                assert!(text.contains(&format!("database.{}`", key.to_lowercase())) && text.contains(named), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_line_feed_after_a_secret_is_refused_without_the_secret() {
    for key in ["DATABASE__URL", "KAFKA__SECURITY__SASL_PASSWORD", "KAFKA__CLIENT__SSL_KEY_PASSWORD"] {
        let value = match key {
            "DATABASE__URL" => format!("postgres://user:{PASSWORD}@db.invalid/name\n"),
            _ => format!("{PASSWORD}\n"),
        };
        let mut command = with_sasl(program());
        command.arg("config");
        set_config(&mut command, key, &value);
        let (succeeded, output) = run(&mut command);
        assert!(!succeeded && output.contains("must not end with a line feed"), "{key}: {output}");
        assert_absent(&[PASSWORD], &output);
    }
}
