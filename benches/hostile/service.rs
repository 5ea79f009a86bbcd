//! The service as a process of its own, so that its memory is that of one kind of request only.

use std::{fs, net::SocketAddr, process::Stdio};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};
use uuid::Uuid;

/// A running service, which is killed when it is dropped.
pub(crate) struct ServiceProcess {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The address of health and metrics.
    pub(crate) health_address: SocketAddr,
    /// Kafka's servers and the topic that the service reads, which is its own.
    pub(crate) brokers: String,
    pub(crate) topic: String,
}

impl ServiceProcess {
    /// Starts the API and the ingester with the default configuration and waits until both addresses are known.
    pub(crate) async fn start(database_url: &str, brokers: &str) -> Self {
        let topic = format!("hostile-{}", Uuid::new_v4());
        create_topic(brokers, &topic).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_insights-results-aggregator"));
        command.args(["serve", "--role", "all"]).kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null());
        for (key, value) in [
            ("HTTP__ADDRESS", "127.0.0.1:0"),
            ("HTTP__HEALTH_ADDRESS", "127.0.0.1:0"),
            ("DATABASE__URL", database_url),
            ("KAFKA__BROKERS", brokers),
            ("KAFKA__OCP_TOPIC", &topic),
            ("KAFKA__DEAD_LETTER_TOPIC", &format!("{topic}-dead")),
            ("KAFKA__GROUP", &topic),
            ("LOG__FORMAT", "json"),
            // Only the lines with the addresses are read.
            ("LOG__LEVEL", "warn,insights_results_aggregator::service=info"),
        ] {
            command.env(format!("INSIGHTS_RESULTS_AGGREGATOR__{key}"), value);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the service starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = address_in(&mut lines, "listening").await;
        let health_address = address_in(&mut lines, "serving health").await;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address, health_address, brokers: brokers.to_owned(), topic }
    }

    /// The largest resident memory so far, in MB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id().expect("it runs"))).expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
    }
}

/// The address in the next line of the log that contains a text.
async fn address_in(lines: &mut Lines<BufReader<ChildStderr>>, text: &str) -> SocketAddr {
    loop {
        let line = lines.next_line().await.expect("a line").expect("the service listens");
        let found = line.contains(text);
        if let Some((_, rest)) = line.split_once("127.0.0.1:").filter(|_| found) {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return format!("127.0.0.1:{port}").parse().expect("an address");
        }
    }
}

async fn create_topic(brokers: &str, topic: &str) {
    let mut config = ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        config.set("bootstrap.servers", brokers).create().expect("an admin client");
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    let created = admin.create_topics([&new], &AdminOptions::new()).await.expect("Kafka answers");
    created.into_iter().next().expect("one result").expect("the topic is created");
}
