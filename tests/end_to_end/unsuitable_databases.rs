//! Databases that cannot be used: each is refused at once, with what is wrong and what to do.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use sea_orm::ConnectionTrait as _;
use url::Url;

use crate::harness::{Proxy, postgres, postgres_with, program, set_config};

/// Runs a command with this URL. Returns its exit code and standard error.
fn run(arguments: &[&str], url: &str) -> (Option<i32>, String) {
    let mut command = program();
    command.args(arguments);
    set_config(&mut command, "DATABASE__URL", url);
    output(command)
}

fn output(mut command: Command) -> (Option<i32>, String) {
    set_config(&mut command, "HTTP__ADDRESS", "127.0.0.1:0");
    let output = command.output().expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_encoding_lacks_characters_is_refused_before_the_first_migration() {
    let database = postgres_with("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").await;
    let url = database.settings.url.expose();
    for (arguments, code) in [(&["migrate", "up"][..], 5), (&["serve", "--role", "api"], 2)] {
        let (status, text) = run(arguments, url);
        assert_eq!(status, Some(code), "{arguments:?}: {text}");
        let line = text.lines().last().expect("a line");
        assert!(line.starts_with("error:") && line.contains("LATIN1"), "{line}");
        assert!(line.contains("CREATE DATABASE") && line.contains("ENCODING 'UTF8'"), "{line}");
    }
    let count = "SELECT 1 FROM pg_tables WHERE schemaname = 'public'";
    let tables = database.connect().await.execute_unprepared(count).await.expect("a count").rows_affected();
    assert_eq!(tables, 0, "nothing was migrated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_an_encoding_is_used_with_a_warning() {
    let database = postgres_with("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").await;
    let (status, text) = run(&["migrate", "up"], database.settings.url.expose());
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("WARN") && text.contains("SQL_ASCII"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_without_user_connects_as_the_user_of_the_system() {
    let database = postgres().await;
    let id = Command::new("id").arg("-un").output().expect("id").stdout;
    let user = String::from_utf8(id).expect("text").trim().to_owned();
    let connection = database.connect().await;
    // Another run may have created it.
    let _ = connection.execute_unprepared(&format!("CREATE ROLE \"{user}\" LOGIN")).await;
    let grant = format!("ALTER ROLE \"{user}\" PASSWORD 's3cr3t'; GRANT ALL ON SCHEMA public TO \"{user}\"");
    connection.execute_unprepared(&grant).await.expect("a role");

    let mut url = Url::parse(database.settings.url.expose()).expect("a URL");
    url.set_username("").expect("no user");
    url.set_password(None).expect("no password");
    url.set_query(Some("password=s3cr3t"));
    let (status, text) = run(&["migrate", "up"], url.as_str());
    assert_eq!(status, Some(0), "{text}");
    let drop = format!("DROP OWNED BY \"{user}\"; DROP ROLE \"{user}\"");
    connection.execute_unprepared(&drop).await.expect("drop the role");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_report_why_the_database_cannot_be_reached() {
    let database = postgres().await;
    let proxy = Proxy::closed(database.server());
    let settings = database.settings_through(&proxy);
    for arguments in [&["dead-letters", "list"][..], &["migrate", "status"], &["migrate", "up"]] {
        let (_, text) = run(arguments, settings.url.expose());
        let line = text.lines().last().expect("a line");
        let expected = format!("the database at {} cannot be reached: Connection refused", proxy.address);
        assert!(line.contains(&expected) && line.contains("start it"), "{arguments:?}: {line}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing/insights.db");
    for arguments in [&["dead-letters", "list"][..], &["migrate", "up"], &["serve", "--role", "api"]] {
        let (_, text) = run(arguments, &format!("sqlite://{}?mode=rwc", path.display()));
        let line = text.lines().last().expect("a line");
        let expected = format!("the file {} cannot be opened: unable to open database file", path.display());
        assert!(line.contains(&expected), "{arguments:?}: {line}");
        assert!(line.contains("database.url"), "{arguments:?}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_home_is_not_reported_as_an_error_of_the_password_file() {
    let database = postgres().await;
    let home = tempfile::tempdir().expect("a folder");
    // A file where the folder should be: unreadable even for root.
    let file = home.path().join("home");
    fs::write(&file, "").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("permissions");
    let mut url = Url::parse(database.settings.url.expose()).expect("a URL");
    let password = url.password().expect("a password").to_owned();
    url.set_password(None).expect("no password");
    for password in [Some(password), None] {
        let mut command = program();
        command
            .args(["migrate", "up"])
            .env("HOME", &file)
            .envs(password.iter().map(|password| ("PGPASSWORD", password)));
        set_config(&mut command, "DATABASE__URL", url.as_str());
        let (status, text) = output(command);
        assert_eq!(status == Some(0), password.is_some(), "{text}");
        assert!(!text.contains("Failed to open"), "{text}");
        assert_eq!(text.contains("the URL has no password"), password.is_none(), "{text}");
    }
}
