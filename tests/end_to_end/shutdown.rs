//! Graceful shutdown: a process that receives a signal finishes its batch, commits, leaves its group and exits with 0.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use reqwest::StatusCode;

use crate::{
    harness::{Database, Process, Running, Topic, each_database, serve, serve_api, set_config, sqlite, tables, until},
    messages::{Message, cluster},
    traffic::{Stored, send, tables_without_faults, traffic},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_commits_leaves_the_group_and_exits_with_zero() {
    for (database, signal) in each_database().await.into_iter().zip(["TERM", "INT"]) {
        let mut topic = Topic::create(2).await;
        // Longer than tests wait, so the next member gets the partitions in time only if this one leaves the group.
        topic.session_timeout = Duration::from_mins(5);
        let last = topic.send(&Message::new(1, &cluster(1), "2024-05-02T08:00:00Z").json()).await;

        let mut process = Process::serve(&database, &topic);
        let connection = database.connect().await;
        process.address().await;
        until("the message is stored", async || process.output().contains("batch committed").then_some(())).await;
        // At once, so that the offset is committed at shutdown and not by the periodic commit.
        process.signal(signal);
        assert_eq!(process.exit_status().await.code(), Some(0), "{}: {}", database.name, process.output());
        assert_eq!(topic.committed(0).await, last + 1, "{}", database.name);
        assert_eq!(tables(&connection).await.clusters.len(), 1, "{}", database.name);

        let next = Running::all(&database, &topic).await.ready().await;
        next.stop().await.expect("a clean end");
    }
}

async fn assert_busy_process_stops_gracefully(database: Database) {
    database.store().await.close().await;
    let (connection, topic) = (database.connect().await, Topic::create(4).await);
    let sent = send(&topic, &traffic(&topic, 3000, 1)).await;
    let mut command = serve(&database, &topic);
    // Hundreds of batches, so that one is under way when the signal arrives.
    set_config(&mut command, "INGEST__BATCH_MESSAGES", "5");
    let mut process = Process::spawn(command);
    until("the process is busy", async || (Stored::read(&connection).await.rows() > 50).then_some(())).await;
    process.signal("TERM");
    assert_eq!(process.exit_status().await.code(), Some(0), "{}: {}", database.name, process.output());

    let (stored, committed) = (Stored::read(&connection).await, topic.all_committed().await);
    assert!(stored.rows() < sent.len(), "{}: the process stopped before the end of the topic", database.name);
    for message in &sent {
        let is_committed = message.offset < committed[&message.partition];
        assert_eq!(stored.has(message), is_committed, "{}: {message:?} of {committed:?}", database.name);
    }

    let next = Running::all(&database, &topic).await;
    topic.until_all_committed().await;
    next.stop().await.expect("a clean end");
    assert!(tables(&connection).await == tables_without_faults(&sqlite(), &topic).await, "{}", database.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_process_commits_exactly_what_it_stored_and_the_next_one_continues() {
    let [left, right] = each_database().await;
    tokio::join!(assert_busy_process_stops_gracefully(left), assert_busy_process_stops_gracefully(right));
}

/// Sends requests on connections that it keeps open, as long as new connections are accepted. Returns the number of
/// requests, and of those the ones whose response has `Connection: close`.
fn send_continuously(address: SocketAddr) -> (usize, usize) {
    let (mut requests, mut closing) = (0, 0);
    let body = r#"{"query":"{ __typename }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    while let Ok(connection) = TcpStream::connect(address) {
        let mut connection = BufReader::new(connection);
        loop {
            connection.get_mut().write_all(request.as_bytes()).expect("the request is sent");
            let head = read_answer(&mut connection);
            requests += 1;
            if head.contains("connection: close") {
                closing += 1;
                break;
            }
        }
    }
    (requests, closing)
}

/// Reads a response, and returns its head in lower case.
fn read_answer(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let received = connection.read_line(&mut head).expect("the connection is not reset");
        assert_ne!(received, 0, "the connection was closed before the response: {head}");
    }
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    connection.read_exact(&mut body).expect("the whole body");
    head
}

#[tokio::test]
async fn no_request_of_clients_that_send_continuously_is_broken() {
    for lame_duck in ["0s", "5s"] {
        let database = sqlite();
        let mut command = serve_api(&database);
        set_config(&mut command, "HTTP__LAME_DUCK", lame_duck);
        let mut process = Process::spawn(command);
        let address = process.address().await;
        let answered = || async {
            let text = reqwest::get(format!("http://{address}/metrics")).await.ok()?.text().await.ok()?;
            let counted = text
                .lines()
                .find_map(|line| line.strip_prefix("http_requests_total{method=\"POST\""))
                .map(str::to_owned);
            counted?.rsplit(' ').next()?.parse::<u32>().ok()
        };
        let clients: Vec<_> =
            (0..32).map(|_| tokio::task::spawn_blocking(move || send_continuously(address))).collect();
        until("the clients are busy", async || (answered().await? > 500).then_some(())).await;
        process.signal("TERM");
        let mut closing = 0;
        for client in clients {
            let (requests, closed) = client.await.expect("no request is broken");
            assert!(requests > 0);
            closing += closed;
        }
        assert!(closing >= 32, "{lame_duck}: {closing} responses had Connection: close");
        assert_eq!(process.exit_status().await.code(), Some(0), "{}", process.output());
    }
}

#[tokio::test]
async fn during_the_lame_duck_readiness_is_false_and_new_connections_are_answered() {
    let database = sqlite();
    let mut command = serve_api(&database);
    set_config(&mut command, "HTTP__LAME_DUCK", "5s");
    let mut process = Process::spawn(command);
    let address = process.address().await;
    process.signal("TERM");
    until("readiness reports that the process stops", async || {
        let answer = reqwest::get(format!("http://{address}/readyz")).await.expect("an answer");
        let status = answer.status();
        let stops = answer.text().await.expect("text").contains("is stopping");
        stops.then(|| assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE))
    })
    .await;
    let answer = reqwest::get(format!("http://{address}/healthz")).await.expect("an answer");
    assert_eq!(
        (answer.status(), &answer.headers()["connection"]),
        (StatusCode::OK, &"close".parse().expect("a value"))
    );
    assert_eq!(process.exit_status().await.code(), Some(0), "{}", process.output());
}

#[tokio::test]
async fn connections_without_a_complete_request_do_not_delay_the_exit() {
    let database = sqlite();
    let mut command = serve_api(&database);
    set_config(&mut command, "HTTP__HEADER_TIMEOUT", "5min");
    let mut process = Process::spawn(command);
    let address = process.address().await;
    let connect = |sent: &str| {
        let mut connection = TcpStream::connect(address).expect("connect");
        connection.write_all(sent.as_bytes()).expect("send");
        BufReader::new(connection)
    };
    let head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    let connections: Vec<_> = (0..20).map(|number| connect(if number % 2 == 0 { head } else { "" })).collect();
    let mut idle = connect(&format!("{head}\r\n"));
    read_answer(&mut idle);
    process.signal("TERM");
    assert_eq!(process.exit_status().await.code(), Some(0), "{}", process.output());
    assert!(!process.output().contains("drain timed out"), "{}", process.output());
    drop((connections, idle));
}
