//! Rule content of a running service: readiness, reloads, and what a failed reload leaves in force.

use std::{fs, os::unix::fs::symlink, path::Path};

use insights_results_aggregator::{config::Config, service::Role};
use serde_json::{Value, json};

use crate::{
    content_files::{ContentFolder, write_levels, write_recommendation},
    harness::{Database, Process, Running, default_config, each_database, serve_api, set_config, sqlite, until},
};

const SELECTOR: &str = "ccx.external.a|KEY";
const QUERY: &str = r#"{ recommendation(selector: "ccx.external.a|KEY") { content { description } }
    service { contentVersion contentLoadedAt } }"#;

fn config(database: &Database, content: &ContentFolder) -> Config {
    let mut config = default_config();
    config.database = database.settings.clone();
    config.content = content.settings();
    config
}

/// Waits until the recommendation has this description.
async fn until_described(running: &Running, description: &str) -> Value {
    until(&format!("the description is {description}"), async || {
        let data = running.data(QUERY).await;
        (data["recommendation"]["content"]["description"] == description).then_some(data)
    })
    .await
}

async fn missing(running: &Running) -> Option<String> {
    running.readiness.all_missing().get("content").cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_visible_and_an_invalid_one_leaves_the_previous_content_in_force() {
    for database in each_database().await {
        let folder = ContentFolder::with(&[(SELECTOR, &[])]);
        let running = Running::start(config(&database, &folder), Role::Api).await.ready().await;
        let before = until_described(&running, "Title of ccx.external.a|KEY").await;

        write_recommendation(folder.path(), SELECTOR, "Another title", &[]);
        let after = until_described(&running, "Another title").await;
        assert_ne!(before["service"]["contentVersion"], after["service"]["contentVersion"], "{}", database.name);

        fs::write(folder.path().join("config.yaml"), "impact: [").expect("written");
        until("the failure is counted", async || failures(&running).await).await;
        assert_eq!(running.data(QUERY).await, after, "{}", database.name);
        assert_eq!(missing(&running).await, None, "a failed reload does not end readiness");

        write_levels(folder.path());
        write_recommendation(folder.path(), SELECTOR, "The last title", &[]);
        until_described(&running, "The last title").await;
        running.stop().await.expect("a clean end");
    }
}

/// Whether a load has failed.
async fn failures(running: &Running) -> Option<()> {
    let text = reqwest::get(running.url("/metrics")).await.expect("metrics").text().await.expect("text");
    text.lines().any(|line| line.starts_with("content_failed_loads_total ") && !line.ends_with(" 0")).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_config_the_service_is_not_ready_and_says_why_until_it_is_fixed() {
    let database = sqlite();
    let folder = ContentFolder::with(&[(SELECTOR, &[])]);
    let file = folder.path().join("config.yaml");
    fs::write(&file, "impact:\n  - [\n").expect("written");
    let running = Running::start(config(&database, &folder), Role::Api).await;
    let reason = until("the content is missing", async || {
        missing(&running).await.filter(|reason| reason.contains("config.yaml"))
    })
    .await;
    assert!(reason.contains("config.yaml:"), "the line is known: {reason}");
    let data = running.data(QUERY).await;
    let nothing = json!({ "contentVersion": null, "contentLoadedAt": null });
    assert_eq!(data, json!({ "recommendation": null, "service": nothing }));

    write_levels(folder.path());
    let running = running.ready().await;
    until_described(&running, "Title of ccx.external.a|KEY").await;
    running.stop().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_swapped_like_a_config_map_is_loaded_whole() {
    let database = sqlite();
    let folder = ContentFolder::new();
    let version = |number: u32, description: &str| {
        let data = folder.path().join(format!("..{number}"));
        fs::create_dir_all(&data).expect("a folder");
        write_recommendation(&data, SELECTOR, description, &[]);
        write_recommendation(&data, "ccx.external.b|KEY", description, &[]);
        data
    };
    version(1, "First");
    symlink("..1", folder.path().join("..data")).expect("a link");
    symlink("..data/external", folder.path().join("external")).expect("a link");
    let running = Running::start(config(&database, &folder), Role::Api).await.ready().await;
    until_described(&running, "First").await;

    version(2, "Second");
    swap(folder.path(), "..2");
    until("both are replaced together", async || {
        let query = r#"{ a: recommendation(selector: "ccx.external.a|KEY") { content { description } }
            b: recommendation(selector: "ccx.external.b|KEY") { content { description } } }"#;
        let data = running.data(query).await;
        assert_eq!(data["a"], data["b"], "from one version");
        (data["a"]["content"]["description"] == "Second").then_some(())
    })
    .await;
    running.stop().await.expect("a clean end");
}

/// Points `..data` to another folder at once, as the kubelet does.
fn swap(folder: &Path, target: &str) {
    let new = folder.join("..data_tmp");
    symlink(target, &new).expect("a link");
    fs::rename(new, folder.join("..data")).expect("the link is replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_loads_the_content_again() {
    let folder = ContentFolder::with(&[(SELECTOR, &[])]);
    let database = sqlite();
    let mut command = serve_api(&database);
    set_config(&mut command, "CONTENT__PATH", &folder.path().to_string_lossy());
    let process = Process::spawn(command);
    let address = process.address().await;
    let loaded_at = async || {
        let text = reqwest::get(format!("http://{address}/metrics")).await.ok()?.text().await.ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("content_last_load_timestamp_seconds "))?;
        line.parse::<f64>().ok()
    };
    let first = until("the content is loaded", async || loaded_at().await).await;
    process.signal("HUP");
    until("the content is loaded again", async || loaded_at().await.filter(|again| *again > first)).await;
}
