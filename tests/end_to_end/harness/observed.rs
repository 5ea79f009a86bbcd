//! What an operator sees of a process: readiness, metrics and the log.

use reqwest::StatusCode;
use serde_json::Value;

use super::{process::Process, wait::until};

impl Process {
    /// The status of /readyz, and why the part `kafka` is missing.
    pub(crate) async fn kafka_readiness(&self) -> (StatusCode, Option<String>) {
        let answer = reqwest::get(format!("http://{}/readyz", self.address().await)).await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        (status, body["missing"]["kafka"].as_str().map(str::to_owned))
    }

    /// Waits until ingestion is not ready for a reason that contains this text.
    pub(crate) async fn until_kafka_is_missing(&self, text: &str) {
        until(&format!("kafka is missing: {text}"), async || {
            let (status, reason) = self.kafka_readiness().await;
            reason.filter(|reason| reason.contains(text)).map(|_| assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE))
        })
        .await;
    }

    /// Waits until everything is ready.
    pub(crate) async fn until_ready(&self) {
        let ready = async || (self.kafka_readiness().await.0 == StatusCode::OK).then_some(());
        until("the service is ready", ready).await;
    }

    /// The value of a series at /metrics; `None` if there is no such series.
    pub(crate) async fn metric(&self, series: &str) -> Option<f64> {
        let url = format!("http://{}/metrics", self.address().await);
        let text = reqwest::get(url).await.expect("an answer").text().await.expect("text");
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a series has this value.
    pub(crate) async fn until_metric(&self, series: &str, expected: f64) {
        let is_expected = async || self.metric(series).await.filter(|value| (value - expected).abs() < 0.5).map(drop);
        until(&format!("{series} is {expected}"), is_expected).await;
    }

    /// The number of log lines that contain this text.
    pub(crate) fn lines_with(&self, text: &str) -> usize {
        self.output().lines().filter(|line| line.contains(text)).count()
    }
}
