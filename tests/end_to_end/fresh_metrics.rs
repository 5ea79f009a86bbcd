//! A fresh process exports its counters as 0 for every value of a closed label, as `docs/metrics.md` lists them: a
//! counter that appears with its first event hides this event from `increase()`.

use insights_results_aggregator::{
    graphql::{Code, UserAction, UserActionOutcome},
    message::Reason,
    telemetry::metrics::{self, Kind},
};
use strum::VariantArray as _;

use crate::harness::{Process, Topic, serve, serve_api, set_config, sqlite};

/// Counters whose labels depend on the requests.
const OPEN: [&str; 2] = ["http_requests_total", "graphql_operations_total"];

/// A counter of the document: name, whether it has the label `topic`, another label and the values of that.
struct Counter {
    name: String,
    has_topic: bool,
    label: String,
    values: Vec<String>,
}

impl Counter {
    fn read(row: &str) -> Option<Self> {
        let cells: Vec<_> = row.strip_prefix("| `")?.trim_end_matches('|').split('|').map(str::trim).collect();
        let [name, "counter", label, meaning] = cells[..] else { return None };
        let name = name.trim_end_matches('`').to_owned();
        // Words of the meaning that are not keys of the configuration.
        let words = meaning.split('`').skip(1).step_by(2).filter(|word| !word.starts_with("http."));
        let values = match name.as_str() {
            "graphql_errors_total" => Code::VARIANTS.iter().map(|code| code.as_str().to_owned()).collect(),
            "ingest_dead_letters_total" => Reason::VARIANTS.iter().map(|reason| reason.as_str().to_owned()).collect(),
            _ => words.map(str::to_owned).collect(),
        };
        let label = label.replace('`', "");
        let (has_topic, label) = match label.strip_prefix("topic") {
            Some(label) => (true, label.trim_start_matches(", ").to_owned()),
            None => (false, label),
        };
        Some(Self { name, has_topic, label, values })
    }

    /// The series with each of these values of the label `topic`, if the counter has it.
    fn series(&self, topics: &[&str]) -> Vec<String> {
        if !self.has_topic {
            return self.series_with("");
        }
        topics.iter().flat_map(|topic| self.series_with(&format!("topic=\"{topic}\""))).collect()
    }

    /// The series with this other label.
    fn series_with(&self, other: &str) -> Vec<String> {
        let Self { name, label, values, .. } = self;
        if label.is_empty() {
            return vec![if other.is_empty() { format!("{name} 0") } else { format!("{name}{{{other}}} 0") }];
        }
        assert!(values.len() > 1, "{name} has no documented values of {label}");
        if name == "user_actions_total" {
            return series_of_actions(values);
        }
        let comma = if other.is_empty() { "" } else { "," };
        values.iter().map(|value| format!("{name}{{{other}{comma}{label}=\"{value}\"}} 0")).collect()
    }
}

/// The series of each action with each outcome, all of which are documented.
fn series_of_actions(documented: &[String]) -> Vec<String> {
    let actions: Vec<_> = UserAction::VARIANTS.iter().map(|action| action.as_str()).collect();
    let outcomes: Vec<_> = UserActionOutcome::VARIANTS.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(documented, [actions.as_slice(), &outcomes].concat());
    let series =
        |action: &&str, outcome: &str| format!("user_actions_total{{action=\"{action}\",outcome=\"{outcome}\"}} 0");
    actions.iter().flat_map(|action| outcomes.iter().map(move |outcome| series(action, outcome))).collect()
}

fn documented() -> Vec<Counter> {
    let page = include_str!("../../docs/metrics.md");
    let counters: Vec<_> =
        page.lines().filter_map(Counter::read).filter(|counter| !OPEN.contains(&counter.name.as_str())).collect();
    let listed = metrics::ALL.iter().filter(|metric| metric.kind == Kind::Counter).count();
    assert_eq!(counters.len() + OPEN.len(), listed, "the document lists the counters");
    counters
}

async fn metrics_of(process: &Process) -> String {
    let url = format!("http://{}/metrics", process.address().await);
    reqwest::get(url).await.expect("an answer").text().await.expect("text")
}

/// The series of the documented counters that are served.
fn counted<'a>(text: &'a str, counters: &[Counter]) -> Vec<&'a str> {
    let name = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
    let mut lines: Vec<_> =
        text.lines().filter(|line| counters.iter().any(|counter| counter.name == name(line))).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_process_lists_every_outcome_reason_class_and_code() {
    let reports = (Topic::create(1).await, ["ocp"].as_slice());
    let both = (Topic::create_with_workloads(1).await, ["ocp", "workload"].as_slice());
    for (topic, topics) in [reports, both] {
        let database = sqlite();
        let mut command = serve(&database, &topic);
        set_config(&mut command, "CONTENT__PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/content"));
        let text = metrics_of(&Process::spawn(command)).await;
        let counters = documented();
        let mut expected: Vec<_> = counters.iter().flat_map(|counter| counter.series(topics)).collect();
        expected.sort_unstable();
        assert_eq!(counted(&text, &counters), expected, "{topics:?}");
    }
}

#[tokio::test]
async fn a_fresh_process_lists_only_the_counters_of_its_role() {
    let database = sqlite();
    let text = metrics_of(&Process::spawn(serve_api(&database))).await;
    let mut counters = documented();
    counters.retain(|counter| ["http_", "graphql_", "user_"].iter().any(|prefix| counter.name.starts_with(prefix)));
    let mut expected: Vec<_> = counters.iter().flat_map(|counter| counter.series(&[])).collect();
    expected.sort_unstable();
    assert_eq!(counted(&text, &counters), expected);
    assert!(!text.contains("ingest_") && !text.contains("content_"), "{text}");
}
