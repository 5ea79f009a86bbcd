//! The program on a terminal: its output and exit codes.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Output},
};

use insights_results_aggregator::cli::Exit;
use strum::VariantArray as _;
use tempfile::TempDir;

use crate::harness::{Process, program};

const COMMANDS: [&str; 9] =
    ["serve", "demo", "produce", "dead-letters", "clusters", "migrate", "content", "schema", "config"];

fn run(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

/// Returns the standard output of a command that succeeds without writing to standard error.
fn printed(arguments: &[&str]) -> String {
    let output = run(program().args(arguments));
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    text(&output.stdout)
}

/// Returns the standard error of a command that ends with this code.
fn error_output(command: &mut Command, code: i32) -> String {
    let output = run(command);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    error
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Returns the environment variable of a key.
fn variable(key: &str) -> String {
    format!("INSIGHTS_RESULTS_AGGREGATOR__{key}")
}

/// Returns `serve --role api` with a database in a folder, listening on an address.
fn serve_at(address: &str, folder: &TempDir) -> Command {
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    let mut command = program();
    command.args(["serve", "--role", "api"]).env(variable("DATABASE__URL"), url);
    command.env(variable("HTTP__ADDRESS"), address);
    command
}

#[test]
fn help_lists_every_command_and_each_command_has_help() {
    let help = printed(&["--help"]);
    for command in COMMANDS {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command} in\n{help}");
        let help = printed(&[command, "--help"]);
        assert!(help.contains(&format!("insights-results-aggregator {command}")), "{help}");
    }
    for exit in Exit::VARIANTS {
        assert!(help.contains(&format!("\n  {:<4} ", exit.code())), "{exit:?} in\n{help}");
    }
}

#[test]
fn without_arguments_help_is_printed() {
    assert!(error_output(&mut program(), 1).contains("Usage:"));
}

#[test]
fn the_version_names_the_commit() {
    let version = printed(&["--version"]);
    assert_eq!(version, format!("insights-results-aggregator {}\n", insights_results_aggregator::VERSION));
    assert!(version.starts_with(concat!("insights-results-aggregator ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
}

#[test]
fn a_similar_name_is_suggested_for_a_misspelled_command_or_option() {
    let error_of = |arguments: &[&str]| error_output(program().args(arguments), 1);
    assert!(error_of(&["serv"]).contains("'serve'"));
    assert!(error_of(&["serve", "--rol", "api"]).contains("'--role'"));
    assert!(error_of(&["serve", "--role", "everything"]).contains("[possible values: api, ingest, all]"));
}

#[test]
fn the_printed_schema_is_the_checked_in_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    assert!(printed(&["schema"]) == fs::read_to_string(path).expect("schema.graphql"), "run `make schema`");
}

#[test]
fn the_configuration_is_printed_with_origins_and_without_secrets() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "[kafka]\ngroup = \"from-a-file\"\n").expect("a written file");
    let mut command = program();
    command.arg("config").arg("--config").arg(file.path());
    command.env(variable("DATABASE__URL"), "postgres://user:s3cr3t@host/name");
    let output = run(&mut command);
    assert!(output.status.success(), "{output:?}");
    let printed = text(&output.stdout);
    assert!(!printed.contains("s3cr3t"), "{printed}");
    for line in [
        "http.address = \"127.0.0.1:8080\"   # from default".to_owned(),
        format!("kafka.group = \"from-a-file\"   # from file {}", file.path().display()),
        format!(
            "database.url = \"postgres://user:***@host/name\"   # from environment variable {}",
            variable("DATABASE__URL")
        ),
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} in\n{printed}");
    }
}

#[test]
fn all_errors_of_a_configuration_are_reported_at_once() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "[ingest]\nbatch_mesages = 1\n[http]\naddress = \"here\"\n").expect("a written file");
    let mut command = program();
    command.arg("config").arg("--config").arg(file.path()).env(variable("LOG__FORMAT"), "xml");
    let error = error_output(&mut command, 1);
    for part in [
        "did you mean `ingest.batch_messages`?",
        "`http.address` (from file ",
        "must be an IP address and a port",
        "LOG__FORMAT) must be one of text, json",
    ] {
        assert!(error.contains(part), "{part} in\n{error}");
    }
    let missing = run(program().args(["config", "--config", "/nowhere/insights.toml"]));
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("/nowhere/insights.toml"), "{missing:?}");
}

#[tokio::test]
async fn listening_beyond_loopback_without_authentication_requires_two_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let everywhere = |allowed: bool, flag: bool| {
        let mut command = serve_at("0.0.0.0:0", &folder);
        command.env(variable("HTTP__ALLOW_REMOTE_WITHOUT_AUTH"), allowed.to_string());
        command.args(flag.then_some("--insecure-no-auth"));
        command
    };
    let (setting, option) = ("http.allow_remote_without_auth", "--insecure-no-auth");
    for (allowed, flag, missing) in
        [(false, false, &[setting, option][..]), (true, false, &[option]), (false, true, &[setting])]
    {
        let error = error_output(&mut everywhere(allowed, flag), 1);
        for part in missing.iter().chain(&["0.0.0.0:0"]) {
            assert!(error.contains(part), "{part} in\n{error}");
        }
    }
    let mut served = Process::spawn(everywhere(true, true));
    assert!(served.address().await.ip().is_unspecified());
    served.signal("TERM");
    assert!(served.exit_status().await.success(), "{}", served.output());
}

#[tokio::test]
async fn with_the_identity_header_it_listens_beyond_loopback_without_settings_and_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = serve_at("0.0.0.0:0", &folder);
    command.env(variable("AUTH__MODE"), "identity-header");
    let mut served = Process::spawn(command);
    assert!(served.address().await.ip().is_unspecified());
    served.signal("TERM");
    assert!(served.exit_status().await.success(), "{}", served.output());
    assert!(!served.output().contains("auth.mode"), "{}", served.output());
}

#[test]
fn the_demo_identifies_no_callers() {
    let mut demo = program();
    demo.arg("demo").env(variable("AUTH__MODE"), "identity-header").env(variable("HTTP__ADDRESS"), "127.0.0.1:0");
    assert!(error_output(&mut demo, 1).contains("leave auth.mode at its default"));
}

#[test]
fn an_address_in_use_is_reported_with_exit_code_4() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let error = error_output(&mut serve_at(&address, &folder), 4);
    assert!(error.contains(&format!("cannot listen on {address} (http.address)")), "{error}");
}

#[test]
fn content_is_checked_with_one_line_per_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a written file");
    };
    write("config.yaml", "impact: {Data Loss: 4}\n");
    write("external/a/plugin.yaml", "name: A\npython_module: x.external.a\n");
    write("external/a/generic.md", "Generic");
    write("external/a/reason.md", "Reason");
    write("external/a/KEY/metadata.yaml", "description: D\nimpact: Data Loss\nlikelihood: 4\ntags: [t]\n");
    write("groups.yaml", "g: {name: G, tags: [t]}\n");
    let path = folder.path().to_str().expect("a path");
    let groups = folder.path().join("groups.yaml");
    let check = ["content", "check", path, "--groups", groups.to_str().expect("a path")];
    assert_eq!(printed(&check), "1 recommendations\n");

    write("external/a/OTHER/metadata.yaml", "description: D\nimpact: Mishap\nlikelihood: 5\n");
    write("groups.yaml", "g: {tags: [t]}\n");
    let output = run(program().args(check));
    let expected = format!(
        "{}:1: group \"g\": name is missing\n\
         external/a/OTHER/metadata.yaml:2: impact \"Mishap\" is not a name in config.yaml\n\
         external/a/OTHER/metadata.yaml:3: likelihood must be 1 to 4\n1 recommendations\n",
        groups.display()
    );
    assert_eq!((text(&output.stdout), output.status.code()), (expected, Some(1)));
    assert_eq!(text(&output.stderr), "error: the content has 3 problems\n");

    write("config.yaml", "impact: [\n");
    let error = error_output(program().args(["content", "check", path]), 1);
    assert!(error.starts_with(&format!("error: {path}/config.yaml:")) && error.lines().count() == 1, "{error}");
    assert!(error_output(program().args(["content", "check", "/nowhere"]), 1).contains("/nowhere: cannot be read: "));
}
