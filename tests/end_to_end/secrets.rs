//! What must never be told, to whoever reads logs, answers or errors: passwords, and what messages say.

use std::process::Command;

use ::entity::consumer_error;
use reqwest::Client;
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use serde_json::json;

use crate::{
    harness::{Database, Process, Topic, each_database, postgres, program, serve, set, sqlite, until},
    messages::{Message, cluster},
};

const PASSWORD: &str = "Pa55word-of-the-test";
/// In every text of every message.
const MARKER: &str = "Mark3d";
const CHECKED: &str = "2024-05-02T08:00:00Z";

/// Good and bad messages, whatever is text in them marked.
fn marked_messages() -> Vec<Vec<u8>> {
    let good = |number| {
        Message::new(1, &cluster(number), CHECKED)
            .hit(&format!("rules.{MARKER}"), MARKER, &format!(r#"{{"{MARKER}": "{MARKER}"}}"#))
            .version(MARKER)
            .upload(MARKER, CHECKED)
            .unread(MARKER, &format!("\"{MARKER}\""))
    };
    let of = |message: Message| String::from_utf8(message.json()).expect("UTF-8");
    let marked = format!("\"{MARKER}\"");
    let bad = [
        MARKER.to_owned(),
        format!("{{{marked}: tru}}"),
        of(good(2)).replace("\"OrgID\": 1", &format!("\"OrgID\": {marked}")),
        of(good(2)).replace(&cluster(2), MARKER),
        of(good(2)).replace(CHECKED, MARKER),
        of(good(2)).replace("\"reports\"", &marked),
        of(good(2)).replace("\"reports\": [", &format!("\"reports\": [{marked}, ")),
        of(good(2)).replace("\"Version\": 2", &format!("\"Version\": {marked}")),
        of(good(2)).replace(&format!("rules.{MARKER}"), &format!("{MARKER}\\u0000")),
        of(good(2)).replace(&format!("rules.{MARKER}"), &MARKER.repeat(60)),
    ];
    let not_utf8 = [of(good(2)).as_bytes(), &[0xff], MARKER.as_bytes()].concat();
    let odd = Message::new(1, &cluster(3), CHECKED).hit(MARKER, MARKER, &marked).hit(MARKER, MARKER, &marked);
    let mut messages: Vec<_> = bad.into_iter().map(String::into_bytes).collect();
    messages.extend([not_utf8, good(1).json(), odd.json(), good(1).json()]);
    messages
}

async fn text(client: &Client, request: reqwest::RequestBuilder) -> String {
    client.execute(request.build().expect("a request")).await.expect("an answer").text().await.expect("text")
}

/// What the API says to those who ask wrongly, and of itself.
async fn answers(process: &Process) -> String {
    let (client, address) = (Client::new(), process.address().await);
    let mut answers = text(&client, client.get(format!("http://{address}/readyz"))).await;
    for query in
        ["{", "{ nothing }", "{ cluster(uuid: \"x\") { uuid } }", "{ organizations(after: \"x\") { totalCount } }"]
    {
        let request = client.post(format!("http://{address}/graphql")).json(&json!({ "query": query }));
        let answer = text(&client, request).await;
        assert!(answer.contains("errors"), "{query}: {answer}");
        answers += &answer;
    }
    answers
}

fn assert_untold(secrets: &[&str], told: &str) {
    for secret in secrets {
        let line = told.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is told: {line:?}");
    }
}

/// The password in the database's URL, where it has one.
fn password_of(database: &Database) -> Option<String> {
    let url = url::Url::parse(database.settings.url.expose()).expect("a URL");
    url.password().map(str::to_owned)
}

/// Has the database refuse the hits of organization 7.
async fn refuse_hits(database: &Database) {
    database.store().await.close().await;
    let constraint = "ALTER TABLE rule_hit ADD CONSTRAINT refused CHECK (org_id <> 7)";
    database.connect().await.execute_unprepared(constraint).await.expect("a constraint");
}

#[tokio::test]
async fn a_process_that_tells_all_tells_no_password_and_nothing_of_a_message() {
    for database in each_database().await {
        let topic = Topic::create(1).await;
        let mut messages = marked_messages();
        if database.name == "PostgreSQL" {
            // What breaks a constraint is quoted in the server's error, which is not for the log either.
            refuse_hits(&database).await;
            let refused = Message::new(7, &cluster(7), CHECKED).hit("rules.a", "A", &format!("\"{MARKER}\""));
            messages.push(refused.json());
        }
        let process = Process::serve(&database, &topic);
        for message in &messages {
            topic.send(message).await;
        }
        topic.until_all_committed().await;
        let told = answers(&process).await + &process.output();
        // One line a second of them is logged, each as it is recorded.
        let rejected = consumer_error::Entity::find().all(&database.connect().await).await.expect("read the errors");
        let told = rejected.into_iter().fold(told, |told, row| format!("{told}\n{} {}", row.reason, row.detail));
        assert!(told.contains("bad message") && told.contains("batch committed"), "the log is there: {told}");
        let password = password_of(&database);
        let secrets: Vec<_> = password.as_deref().into_iter().chain([MARKER]).collect();
        assert_untold(&secrets, &told);
    }
}

/// With a password for the brokers, who do not ask for one.
fn with_sasl(mut command: Command) -> Command {
    for (key, value) in [
        ("PROTOCOL", "sasl_plaintext"),
        ("SASL_MECHANISM", "PLAIN"),
        ("SASL_USERNAME", "user"),
        ("SASL_PASSWORD", PASSWORD),
    ] {
        set(&mut command, &format!("KAFKA__SECURITY__{key}"), value);
    }
    command
}

#[tokio::test]
async fn a_password_that_the_brokers_do_not_take_is_not_told() {
    let (database, topic) = (sqlite(), Topic::create(1).await);
    let process = Process::spawn(with_sasl(serve(&database, &topic)));
    until("the error is logged", async || process.output().contains("Kafka client error").then_some(())).await;
    let readyz = format!("http://{}/readyz", process.address().await);
    let missing = until("readiness tells it too", async || {
        let body = reqwest::get(&readyz).await.expect("an answer").text().await.expect("text");
        (body.contains("kafka") && !body.contains("no partition") && !body.contains("waits")).then_some(body)
    });
    assert_untold(&[PASSWORD], &(missing.await + &process.output()));
}

/// Runs a command to its end; gives all that it wrote, and whether it went well.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("the program starts");
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
}

#[tokio::test]
async fn the_configuration_is_printed_with_masks() {
    let mut command = with_sasl(program());
    command.arg("config");
    set(&mut command, "DATABASE__URL", &format!("postgres://user:{PASSWORD}@db.invalid/name"));
    set(&mut command, "DATABASE__READ_URL", &format!("postgres://user:{PASSWORD}@replica.invalid/name"));
    set(&mut command, "KAFKA__CLIENT__SSL_KEY_PASSWORD", PASSWORD);
    let (went_well, told) = run(&mut command);
    assert!(went_well && told.contains("db.invalid") && told.contains("sasl_password"), "{told}");
    assert_untold(&[PASSWORD], &told);
}

#[tokio::test]
async fn a_start_that_fails_tells_no_password() {
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
            set(&mut process, "DATABASE__URL", &url);
            let (went_well, told) = run(&mut process);
            assert!(!went_well && told.contains("error: "), "{told}");
            assert_untold(&[PASSWORD], &told);
        }
    }
    let mut crossed = program();
    crossed.arg("serve");
    for key in ["HTTP__ADDRESS", "INGEST__BATCH_WAIT", "LOG__LEVEL", "KAFKA__SECURITY__SASL_PASSWORD"] {
        set(&mut crossed, key, PASSWORD);
    }
    let (went_well, told) = run(&mut crossed);
    assert!(!went_well && told.contains("kafka.security.sasl_password"), "{told}");
    assert_untold(&[PASSWORD], &told);
}
