//! The metrics of the process, and their text in Prometheus's format.
//!
//! The values of a label are a closed set, or the code that records them limits their number: what clients send must
//! not create series without bound. `docs/metrics.md` lists the same metrics; a test compares the two.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often samples of histograms are merged into their buckets. Otherwise they use memory until /metrics is read.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bucket bounds for durations in seconds: from a response without SQL to `http.request_timeout`.
const DURATION_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Bucket bounds for statements: most queries take one per level.
const STATEMENT_BUCKETS: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0];
/// Bucket bounds for the messages of a batch: up to twice the default of `ingest.batch_messages`.
const MESSAGE_BUCKETS: [f64; 8] = [1.0, 5.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

/// The value of a gauge that has none at present: [`Metrics::text`] leaves it out.
pub const UNKNOWN: f64 = f64::NAN;

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The text after `# HELP` in /metrics.
    help: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only increases.
    Counter,
    /// Increases and decreases.
    Gauge,
    /// Counts values in buckets.
    Histogram,
}

/// Requests that were answered or whose client disconnected.
pub const HTTP_REQUESTS: Metric = Metric {
    name: "http_requests_total",
    kind: Kind::Counter,
    labels: &["method", "path", "status"],
    help: "Requests that were answered or whose client disconnected.",
};

/// Time from the head of a request to the last byte of its response.
pub const HTTP_DURATION: Metric = Metric {
    name: "http_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["method", "path"],
    help: "Time from the head of a request to the last byte of its response.",
};

/// Requests in progress.
pub const HTTP_IN_FLIGHT: Metric = Metric {
    name: "http_requests_in_flight",
    kind: Kind::Gauge,
    labels: &[],
    help: "Requests whose head was received and whose response is not completely sent.",
};

/// Open connections.
pub const HTTP_CONNECTIONS: Metric = Metric {
    name: "http_connections",
    kind: Kind::Gauge,
    labels: &[],
    help: "Open connections, at most http.max_connections.",
};

/// Clients that were disconnected because of a limit.
pub const HTTP_DISCONNECTS: Metric = Metric {
    name: "http_disconnects_total",
    kind: Kind::Counter,
    labels: &["reason"],
    help: "Clients that were disconnected because of a limit, by reason.",
};

/// Operations by name.
pub const GRAPHQL_OPERATIONS: Metric = Metric {
    name: "graphql_operations_total",
    kind: Kind::Counter,
    labels: &["operation"],
    help: "Accepted operations, by the name that the client gives them.",
};

/// Errors in responses by code.
pub const GRAPHQL_ERRORS: Metric = Metric {
    name: "graphql_errors_total",
    kind: Kind::Counter,
    labels: &["code"],
    help: "Errors in responses, by extensions.code.",
};

/// Actions of users by outcome.
pub const USER_ACTIONS: Metric = Metric {
    name: "user_actions_total",
    kind: Kind::Counter,
    labels: &["action", "outcome"],
    help: "Actions of users, by action and outcome.",
};

/// SQL statements per operation.
pub const GRAPHQL_STATEMENTS: Metric = Metric {
    name: "graphql_operation_statements",
    kind: Kind::Histogram,
    labels: &[],
    help: "SQL statements per operation.",
};

/// Processed messages by outcome.
pub const INGEST_MESSAGES: Metric = Metric {
    name: "ingest_messages_total",
    kind: Kind::Counter,
    labels: &["topic", "fate"],
    help: "Processed messages, by outcome.",
};

/// Clusters that moved to another organization.
pub const INGEST_MOVED: Metric = Metric {
    name: "ingest_moved_clusters_total",
    kind: Kind::Counter,
    labels: &["topic"],
    help: "Clusters that a result moved to another organization.",
};

/// Optional fields of messages that do not fit.
pub const INGEST_LEFT_OUT_FIELDS: Metric = Metric {
    name: "ingest_left_out_fields_total",
    kind: Kind::Counter,
    labels: &["topic", "field"],
    help: "Optional fields that were left out because they do not fit, by field.",
};

/// Dead letters by reason.
pub const INGEST_DEAD_LETTERS: Metric = Metric {
    name: "ingest_dead_letters_total",
    kind: Kind::Counter,
    labels: &["topic", "reason"],
    help: "Dead letters delivered to the dead-letter topic, by reason.",
};

/// Messages per batch.
pub const INGEST_BATCH_MESSAGES: Metric =
    Metric { name: "ingest_batch_messages", kind: Kind::Histogram, labels: &["topic"], help: "Messages per batch." };

/// Time to store a batch.
pub const INGEST_BATCH_DURATION: Metric = Metric {
    name: "ingest_batch_duration_seconds",
    kind: Kind::Histogram,
    labels: &["topic"],
    help: "Time to store a batch, with all tries, pauses and dead letters of messages that the database rejects.",
};

/// Failed tries that were repeated, by error class.
pub const INGEST_RETRIES: Metric = Metric {
    name: "ingest_retries_total",
    kind: Kind::Counter,
    labels: &["topic", "class"],
    help: "Failed tries to store a batch or to deliver its dead letters that were repeated, by error class.",
};

/// Messages of a partition that are not processed.
pub const INGEST_LAG: Metric = Metric {
    name: "ingest_lag_messages",
    kind: Kind::Gauge,
    labels: &["topic", "partition"],
    help: "Messages of the assigned partitions that are not processed, by topic and partition.",
};

/// Partitions that are not read.
pub const INGEST_STOPPED_PARTITIONS: Metric = Metric {
    name: "ingest_stopped_partitions",
    kind: Kind::Gauge,
    labels: &["topic", "partition", "reason"],
    help: "1 for an assigned partition that is stopped for the reason, else 0.",
};

/// Losses of messages.
pub const INGEST_DATA_LOSSES: Metric = Metric {
    name: "ingest_data_losses_total",
    kind: Kind::Counter,
    labels: &["topic", "cause"],
    help: "Times that messages of a partition were gone before they were read, by cause.",
};

/// Time of the last offset commit.
pub const INGEST_LAST_COMMIT: Metric = Metric {
    name: "ingest_last_commit_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &["topic"],
    help: "Time of the last offset commit, in seconds since 1970.",
};

/// Recommendations with content.
pub const CONTENT_RECOMMENDATIONS: Metric = Metric {
    name: "content_recommendations",
    kind: Kind::Gauge,
    labels: &[],
    help: "Recommendations whose content the last successful load found.",
};

/// Problems of the content.
pub const CONTENT_PROBLEMS: Metric = Metric {
    name: "content_problems",
    kind: Kind::Gauge,
    labels: &[],
    help: "Parts of the content that the last successful load found to be invalid.",
};

/// Time of the last successful load of the content.
pub const CONTENT_LOADED_AT: Metric = Metric {
    name: "content_last_load_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "Time of the last successful load of the content, in seconds since 1970.",
};

/// Failed loads of the content.
pub const CONTENT_FAILED_LOADS: Metric = Metric {
    name: "content_failed_loads_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Loads of the content that failed, so that the previous content remained in force.",
};

/// All metrics of the process.
pub const ALL: [Metric; 24] = [
    HTTP_REQUESTS,
    HTTP_DURATION,
    HTTP_IN_FLIGHT,
    HTTP_CONNECTIONS,
    HTTP_DISCONNECTS,
    GRAPHQL_OPERATIONS,
    GRAPHQL_ERRORS,
    GRAPHQL_STATEMENTS,
    USER_ACTIONS,
    INGEST_MESSAGES,
    INGEST_MOVED,
    INGEST_LEFT_OUT_FIELDS,
    INGEST_DEAD_LETTERS,
    INGEST_BATCH_MESSAGES,
    INGEST_BATCH_DURATION,
    INGEST_RETRIES,
    INGEST_LAG,
    INGEST_STOPPED_PARTITIONS,
    INGEST_DATA_LOSSES,
    INGEST_LAST_COMMIT,
    CONTENT_RECOMMENDATIONS,
    CONTENT_PROBLEMS,
    CONTENT_LOADED_AT,
    CONTENT_FAILED_LOADS,
];

impl Metric {
    /// Exports this counter as 0 for each value of its only label, or without a label if it has none. A counter that
    /// appears with its first event hides this event from `increase()`.
    pub fn start_at_zero(&self, values: impl IntoIterator<Item = &'static str>) {
        match self.labels {
            [label] => {
                values.into_iter().for_each(|value| metrics::counter!(self.name, *label => value).increment(0));
            }
            _ => metrics::counter!(self.name).increment(0),
        }
    }

    /// Exports this counter as 0 for each pair of values of its two labels.
    pub fn start_pairs_at_zero<I: IntoIterator<Item = &'static str>>(
        &self,
        first: impl IntoIterator<Item = &'static str>,
        second: impl Fn() -> I,
    ) {
        let [label, other] = self.labels else { return };
        for value in first {
            for pair in second() {
                metrics::counter!(self.name, *label => value, *other => pair).increment(0);
            }
        }
    }

    fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram => metrics::describe_histogram!(self.name, self.help),
        }
    }
}

/// Starts the metrics of the process. Later calls return the same metrics.
pub fn start() -> Metrics {
    static PROMETHEUS: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = PROMETHEUS.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is already installed; /metrics stays empty");
        }
        ALL.iter().for_each(Metric::describe);
        handle
    });
    Metrics(handle.clone())
}

fn builder() -> PrometheusBuilder {
    let buckets = [
        (HTTP_DURATION, DURATION_BUCKETS.as_slice()),
        (GRAPHQL_STATEMENTS, STATEMENT_BUCKETS.as_slice()),
        (INGEST_BATCH_MESSAGES, MESSAGE_BUCKETS.as_slice()),
        (INGEST_BATCH_DURATION, DURATION_BUCKETS.as_slice()),
    ];
    let by_name = |metric: Metric| Matcher::Full(metric.name.to_owned());
    buckets
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |all, (metric, bounds)| all.set_buckets_for_metric(by_name(metric), bounds))
        // Setting buckets fails only for an empty list.
        .unwrap_or_default()
}

/// Handle to read the metrics.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All metrics in Prometheus's text format.
    pub fn text(&self) -> String {
        without_unknown(&self.0.render())
    }

    /// Merges samples into buckets every few seconds, for as long as the process runs.
    pub async fn run_upkeep(self) -> Infallible {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            self.0.run_upkeep();
        }
    }
}

/// Leaves out series whose value is [`UNKNOWN`].
fn without_unknown(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_end().ends_with(" NaN")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_without_a_value_is_left_out() {
        let text = "# TYPE a gauge\na{b=\"1\"} NaN\na{b=\"2\"} 0\n\n";
        assert_eq!(without_unknown(text), "# TYPE a gauge\na{b=\"2\"} 0\n\n");
    }

    /// Name, kind and labels of a row of the document.
    fn row(line: &str) -> Option<(String, String, String)> {
        let cells: Vec<_> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        Some((cells[0].trim_end_matches('`').to_owned(), cells[1].to_owned(), cells[2].replace('`', "")))
    }

    #[test]
    fn the_document_lists_every_metric_and_no_other() {
        let documented: Vec<_> = include_str!("../../docs/metrics.md").lines().filter_map(row).collect();
        let known = ALL.map(|metric| {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            (metric.name.to_owned(), kind, metric.labels.join(", "))
        });
        assert_eq!(documented, known);
    }
}
