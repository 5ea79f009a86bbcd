//! Workload results are the same for the same seed, and change from round to round as real ones do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::*;
use crate::DEFAULT_SEED;

fn fleet() -> Fleet {
    Fleet::new(DEFAULT_SEED, FleetSize { organizations: 10, clusters: 100 }).expect("a valid size")
}

/// The time of a round, two hours after the round before.
fn time(round: i64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2024-05-02T08:15:59.478901Z".parse().expect("a time");
    first + chrono::TimeDelta::hours(2 * round)
}

fn read(message: &GeneratedMessage) -> Value {
    serde_json::from_slice(&message.value)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&message.value)))
}

fn recommendations(message: &Value) -> &[Value] {
    message["Metrics"]["workload_recommendations"].as_array().expect("a list")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}"))
}

/// The listed objects of a message as `recommendation namespace_uid uid`, each with its names.
fn objects(message: &GeneratedMessage) -> BTreeMap<String, String> {
    let message = read(message);
    let all = recommendations(&message).iter().flat_map(|recommendation| {
        let workloads = recommendation["workloads"].as_array().expect("a list");
        workloads.iter().map(|object| {
            let key = format!("{} {} {}", recommendation["key"], object["namespace_uid"], object["uid"]);
            (key, format!("{} {} {}", object["namespace"], object["kind"], object["name"]))
        })
    });
    all.collect()
}

/// As `the_first_round_of_the_default_seed_never_changes` for reports.
#[test]
fn the_first_round_of_workloads_of_the_default_seed_never_changes() {
    let mut digest = Xxh3::new();
    for message in fleet().workload_round(time(0)) {
        digest.update(&message.value.len().to_le_bytes());
        digest.update(&message.value);
    }
    assert_eq!(format!("{:032x}", digest.digest128()), "d866acbebaec29c4aa1965738caa492a");
}

#[test]
fn workloads_and_reports_do_not_change_each_other() {
    let (mut alone, mut both) = (fleet(), fleet());
    for round in 0..3 {
        let results: Vec<_> = both.workload_round(time(round)).collect();
        let reports: Vec<_> = both.round(time(round)).collect();
        assert_eq!(reports, alone.round(time(round)).collect::<Vec<_>>());
        assert_ne!(results, reports);
        assert_eq!(results.len(), 100);
    }
    let (mut first, mut second) = (fleet(), fleet());
    second.round(time(0)).for_each(drop);
    assert_eq!(first.workload_round(time(0)).collect::<Vec<_>>(), second.workload_round(time(0)).collect::<Vec<_>>());
    assert_eq!(first.next_workload_message(time(1)), second.next_workload_message(time(1)));
}

#[test]
fn a_message_has_the_members_of_a_workload_result() {
    let mut fleet = fleet();
    let mut selectors = BTreeSet::new();
    let (mut empty, mut kinds) = (0, BTreeSet::new());
    for message in fleet.workload_round(time(0)).collect::<Vec<_>>() {
        let value = read(&message);
        assert_eq!(value["OrgID"], message.organization);
        assert_eq!(text(&value, "ClusterName"), message.cluster.to_string());
        let checked: DateTime<Utc> = text(&value, "LastChecked").parse().expect("RFC 3339");
        assert_eq!(checked, message.last_checked);
        assert!(value.get("Report").is_none() && !text(&value, "RequestId").is_empty());
        empty += usize::from(recommendations(&value).is_empty());
        for recommendation in recommendations(&value) {
            let rule = text(recommendation, "component").strip_suffix(".recommendation").expect("the suffix");
            selectors.insert(format!("{rule}|{}", text(recommendation, "key")));
            assert!(recommendation["details"].is_object() && recommendation["links"].is_object());
            let workloads = recommendation["workloads"].as_array().expect("a list");
            assert!(!workloads.is_empty());
            kinds.extend(workloads.iter().map(|object| text(object, "kind").to_owned()));
        }
    }
    let catalogue = Catalogue::embedded().expect("a valid list");
    let listed = catalogue.workload_recommendations().iter().map(|listed| listed.selector().to_owned());
    assert_eq!(selectors, listed.collect());
    assert!((10..60).contains(&empty), "{empty} of 100 without findings");
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[test]
fn objects_keep_their_uids_and_some_appear_and_disappear() {
    let mut fleet = fleet();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let (mut kept, mut gone, mut new) = (0, 0, 0);
    let mut previous: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); 100];
    for round in 0..8 {
        let now: Vec<_> = fleet.workload_round(time(round)).collect::<Vec<_>>().iter().map(objects).collect();
        for (before, now) in previous.iter().zip(&now).filter(|_| round > 0) {
            kept += now.keys().filter(|key| before.contains_key(*key)).count();
            gone += before.keys().filter(|key| !now.contains_key(*key)).count();
            new += now.keys().filter(|key| !before.contains_key(*key)).count();
        }
        for (key, name) in now.iter().flatten() {
            assert_eq!(names.entry(key.clone()).or_insert_with(|| name.clone()), name, "{key}");
        }
        previous = now;
    }
    assert!(gone > 50 && new > 50 && kept > 10 * (gone + new), "{kept} kept, {gone} gone, {new} new");
}

#[test]
fn several_recommendations_apply_to_one_object() {
    let mut by_object: BTreeMap<String, usize> = BTreeMap::new();
    for message in fleet().workload_round(time(0)) {
        for key in objects(&message).into_keys() {
            let object = key.split_once(' ').expect("a recommendation").1.to_owned();
            *by_object.entry(object).or_default() += 1;
        }
    }
    assert!(by_object.values().filter(|count| **count > 1).count() > 50, "{} objects", by_object.len());
}
