//! The service as a process of its own, so that its memory is that of one kind of request only.

use std::{fs, net::SocketAddr, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// A running service, which is killed when it is dropped.
pub(crate) struct ServiceProcess {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl ServiceProcess {
    /// Starts the API with the default configuration and waits until it listens.
    pub(crate) async fn start(database_url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_insights-results-aggregator"));
        command.args(["serve", "--role", "api"]).kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped());
        for (key, value) in [
            ("HTTP__ADDRESS", "127.0.0.1:0"),
            ("DATABASE__URL", database_url),
            ("LOG__FORMAT", "json"),
            // Only the line with the address is read.
            ("LOG__LEVEL", "warn,insights_results_aggregator::service=info"),
        ] {
            command.env(format!("INSIGHTS_RESULTS_AGGREGATOR__{key}"), value);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the service starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = loop {
            let line = lines.next_line().await.expect("a line").expect("the service listens");
            let is_address = line.contains("listening");
            if let Some((_, rest)) = line.split_once("127.0.0.1:").filter(|_| is_address) {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                break format!("127.0.0.1:{port}").parse().expect("an address");
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address }
    }

    /// The largest resident memory so far, in MB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id().expect("it runs"))).expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
    }
}
