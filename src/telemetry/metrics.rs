//! What the process counts: every metric by its name, and the text in which Prometheus reads them.
//!
//! A label's values are a closed set, or bounded by whoever records it: a metric must not grow with what clients send.
//! `docs/metrics.md` tells the same to those who run the service; a test holds the two together.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often samples are moved to where they take no more memory, whether or not anybody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Bounds of the buckets for times, in seconds: from an answer without SQL to `http.request_timeout`.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Bounds of the buckets for statements: one a level of the query is the rule.
const STATEMENTS: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0];
/// Bounds of the buckets for a batch's messages, up to `ingest.batch_messages` as it is and beyond.
const MESSAGES: [f64; 8] = [1.0, 5.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

/// A metric, as those who read it know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it counts.
    pub kind: Kind,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    meaning: &'static str,
}

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by how large they are.
    Histogram,
}

/// Requests that were answered, or whose client went away before.
pub const HTTP_REQUESTS: Metric = Metric {
    name: "http_requests_total",
    kind: Kind::Counter,
    labels: &["method", "path", "status"],
    meaning: "Requests that were answered, or whose client went away before.",
};

/// Time from a request's head to the last byte of its answer.
pub const HTTP_DURATION: Metric = Metric {
    name: "http_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["method", "path"],
    meaning: "Time from a request's head to the last byte of its answer.",
};

/// Requests under way.
pub const HTTP_IN_FLIGHT: Metric = Metric {
    name: "http_requests_in_flight",
    kind: Kind::Gauge,
    labels: &[],
    meaning: "Requests whose head has come and whose answer is not out yet.",
};

/// Connections that are open.
pub const HTTP_CONNECTIONS: Metric = Metric {
    name: "http_connections",
    kind: Kind::Gauge,
    labels: &[],
    meaning: "Connections that are open, at most http.max_connections.",
};

/// Operations by their names.
pub const GRAPHQL_OPERATIONS: Metric = Metric {
    name: "graphql_operations_total",
    kind: Kind::Counter,
    labels: &["operation"],
    meaning: "Operations that were let in, by the name that the client gave them.",
};

/// Errors in answers by their codes.
pub const GRAPHQL_ERRORS: Metric = Metric {
    name: "graphql_errors_total",
    kind: Kind::Counter,
    labels: &["code"],
    meaning: "Errors in answers, by extensions.code.",
};

/// SQL statements an operation took.
pub const GRAPHQL_STATEMENTS: Metric = Metric {
    name: "graphql_operation_statements",
    kind: Kind::Histogram,
    labels: &[],
    meaning: "SQL statements that an operation took.",
};

/// Messages by what became of them.
pub const INGEST_MESSAGES: Metric = Metric {
    name: "ingest_messages_total",
    kind: Kind::Counter,
    labels: &["fate"],
    meaning: "Messages that are finished, by what became of them.",
};

/// Clusters that came to another organization.
pub const INGEST_MOVED: Metric = Metric {
    name: "ingest_moved_clusters_total",
    kind: Kind::Counter,
    labels: &[],
    meaning: "Clusters that a report brought to another organization.",
};

/// Dead letters by their reasons.
pub const INGEST_DEAD_LETTERS: Metric = Metric {
    name: "ingest_dead_letters_total",
    kind: Kind::Counter,
    labels: &["reason"],
    meaning: "Dead letters that arrived in their topic, by reason.",
};

/// How many messages a batch had.
pub const INGEST_BATCH_MESSAGES: Metric =
    Metric { name: "ingest_batch_messages", kind: Kind::Histogram, labels: &[], meaning: "Messages of a batch." };

/// How long it took to store a batch.
pub const INGEST_BATCH_DURATION: Metric = Metric {
    name: "ingest_batch_duration_seconds",
    kind: Kind::Histogram,
    labels: &[],
    meaning: "Time to store a batch, all tries and pauses included, and the dead letters of what the database refused.",
};

/// Tries that failed and were repeated, by the class of the failure.
pub const INGEST_RETRIES: Metric = Metric {
    name: "ingest_retries_total",
    kind: Kind::Counter,
    labels: &["class"],
    meaning: "Tries to store a batch, or to deliver its dead letters, that failed and were repeated.",
};

/// Messages of a partition that are not finished.
pub const INGEST_LAG: Metric = Metric {
    name: "ingest_lag_messages",
    kind: Kind::Gauge,
    labels: &["partition"],
    meaning: "Messages that the broker has for this process and that are not finished.",
};

/// When offsets were last committed.
pub const INGEST_LAST_COMMIT: Metric = Metric {
    name: "ingest_last_commit_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    meaning: "When offsets were last committed, in seconds since 1970.",
};

/// All metrics of the process.
pub const ALL: [Metric; 15] = [
    HTTP_REQUESTS,
    HTTP_DURATION,
    HTTP_IN_FLIGHT,
    HTTP_CONNECTIONS,
    GRAPHQL_OPERATIONS,
    GRAPHQL_ERRORS,
    GRAPHQL_STATEMENTS,
    INGEST_MESSAGES,
    INGEST_MOVED,
    INGEST_DEAD_LETTERS,
    INGEST_BATCH_MESSAGES,
    INGEST_BATCH_DURATION,
    INGEST_RETRIES,
    INGEST_LAG,
    INGEST_LAST_COMMIT,
];

impl Metric {
    fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.meaning),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.meaning),
            Kind::Histogram => metrics::describe_histogram!(self.name, self.meaning),
        }
    }
}

/// Starts counting. There is one set of counts a process; whoever comes later reads the same.
pub fn start() -> Metrics {
    static PROMETHEUS: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = PROMETHEUS.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("something else in this process counts already: /metrics will stay empty");
        }
        ALL.iter().for_each(Metric::describe);
        handle
    });
    Metrics(handle.clone())
}

fn builder() -> PrometheusBuilder {
    let buckets = [
        (HTTP_DURATION, SECONDS.as_slice()),
        (GRAPHQL_STATEMENTS, STATEMENTS.as_slice()),
        (INGEST_BATCH_MESSAGES, MESSAGES.as_slice()),
        (INGEST_BATCH_DURATION, SECONDS.as_slice()),
    ];
    let exact = |metric: Metric| Matcher::Full(metric.name.to_owned());
    buckets
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |all, (metric, bounds)| all.set_buckets_for_metric(exact(metric), bounds))
        // Only an empty list of bounds is refused.
        .unwrap_or_default()
}

/// The way to read what was counted.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Everything counted so far, in Prometheus's text format.
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Keeps what was counted small, for as long as the process runs.
    pub async fn keep_small(self) -> Infallible {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a row of the document says: name, kind, labels.
    fn row(line: &str) -> Option<(String, String, String)> {
        let cells: Vec<_> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        Some((cells[0].trim_end_matches('`').to_owned(), cells[1].to_owned(), cells[2].replace('`', "")))
    }

    #[test]
    fn the_document_tells_of_every_metric_and_of_no_other() {
        let documented: Vec<_> = include_str!("../../docs/metrics.md").lines().filter_map(row).collect();
        let known = ALL.map(|metric| {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            (metric.name.to_owned(), kind, metric.labels.join(", "))
        });
        assert_eq!(documented, known);
    }
}
