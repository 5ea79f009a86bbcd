//! `migrate`: applying, reverting and listing migrations, and errors of a schema that the program cannot use.

use std::process::{Command, Output};

use sea_orm::ConnectionTrait as _;

use crate::harness::{Database, Process, Proxy, each_database, postgres, program, set_config};

fn migrate(database: &Database, arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("migrate").args(arguments);
    set_config(&mut command, "DATABASE__URL", database.settings.url.expose());
    command
}

/// Runs a command. Returns its exit code with its standard output, or its standard error if it failed.
fn run(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let output = if status.success() { stdout } else { stderr };
    (status.code(), String::from_utf8(output).expect("UTF-8"))
}

fn states(status: &str) -> Vec<&str> {
    status.lines().map(|line| line.split_whitespace().next().expect("a state")).collect()
}

#[tokio::test]
async fn migrations_are_applied_listed_and_reverted() {
    for database in each_database().await {
        let migrate = |arguments: &[&str]| run(migrate(&database, arguments));
        let (code, status) = migrate(&["status"]);
        let steps = states(&status).len();
        assert_eq!((code, states(&status)), (Some(0), vec!["pending"; steps]), "{}: {status}", database.name);
        assert!(steps >= 6, "{status}");

        assert_eq!(migrate(&["up"]), (Some(0), format!("{steps} migrations applied\n")), "{}", database.name);
        assert_eq!(migrate(&["up"]), (Some(0), "0 migrations applied\n".to_owned()), "{}", database.name);
        assert_eq!(states(&migrate(&["status"]).1), vec!["applied"; steps], "{}", database.name);

        assert_eq!(migrate(&["down", "--steps", "2"]), (Some(0), "2 migrations reverted\n".to_owned()));
        let (_, status) = migrate(&["status"]);
        let expected = [vec!["applied"; steps - 2], vec!["pending"; 2]].concat();
        assert_eq!(states(&status), expected, "{}: the newest first: {status}", database.name);
        assert_eq!(migrate(&["up"]), (Some(0), "2 migrations applied\n".to_owned()), "{}", database.name);
    }
}

#[tokio::test]
async fn down_requires_a_number_of_migrations() {
    let [database, _] = each_database().await;
    for arguments in [&["down"][..], &["down", "--steps", "0"], &["sideways"], &[]] {
        let (code, output) = run(migrate(&database, arguments));
        assert_eq!(code, Some(1), "{arguments:?}: {output}");
    }
}

#[tokio::test]
async fn a_database_that_is_newer_than_the_program_is_not_changed() {
    for database in each_database().await {
        database.store().await.close().await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_from_the_future', 0)";
        database.connect().await.execute_unprepared(newer).await.expect("a newer migration");
        for arguments in [&["up"][..], &["down", "--steps", "1"], &["status"]] {
            let (code, output) = run(migrate(&database, arguments));
            assert_eq!(code, Some(5), "{}: {arguments:?}: {output}", database.name);
            assert!(output.contains("newer than this program: m29991231_000001_from_the_future"), "{output}");
        }
        let mut serve = program();
        serve.args(["serve", "--role", "api"]);
        set_config(&mut serve, "HTTP__ADDRESS", "127.0.0.1:0");
        set_config(&mut serve, "DATABASE__URL", database.settings.url.expose());
        let (code, output) = run(serve);
        assert_eq!(code, Some(2), "{}: {output}", database.name);
        assert!(output.contains("error: the database cannot be used: the database is newer"), "{output}");
    }
}

#[tokio::test]
async fn an_unreachable_database_is_named_without_its_password() {
    let door = Proxy::closed(postgres().await.server());
    let url = format!("postgres://user:Pa55word@{}/name", door.address);
    let migrate = |arguments: &[&str]| {
        let mut command = program();
        command.arg("migrate").args(arguments);
        set_config(&mut command, "DATABASE__URL", &url);
        Process::spawn(command)
    };
    // All at the same time, because each retries for some seconds.
    for mut process in [migrate(&["up"]), migrate(&["down", "--steps", "1"]), migrate(&["status"])] {
        let code = process.exit_status().await.code();
        let (output, address) = (process.output(), door.address);
        assert_eq!(code, Some(5), "{output}");
        let expected =
            format!("error: the migration failed: the database at {address} cannot be reached: Connection refused");
        assert!(output.contains(&expected), "{output}");
        assert!(output.contains("; start it, or correct its URL") && !output.contains("Pa55word"), "{output}");
    }
}

#[tokio::test]
async fn a_server_that_rejects_the_connection_is_named_and_its_user_and_database_are_not() {
    let database = postgres().await;
    let (server, url) = (database.server(), database.settings.url.expose());
    let user = url::Url::parse(url).expect("a URL").username().to_owned();
    let (path, _) = url.rsplit_once('/').expect("a name");
    for (url, reason) in [
        (url.replace(&format!("{user}:"), &format!("{user}:not-")), "authentication failed (code 28P01)"),
        (format!("{path}/missing_database"), "it has no database of the URL's name (code 3D000)"),
    ] {
        let mut command = program();
        command.args(["migrate", "status"]);
        set_config(&mut command, "DATABASE__URL", &url);
        let (code, output) = run(command);
        assert_eq!(code, Some(5), "{output}");
        let expected =
            format!("error: the migration failed: the database at {server} cannot be reached: {reason}; start it");
        assert!(output.contains(&expected), "{output}");
        assert!(!output.contains(&user) && !output.contains("missing_database"), "{output}");
    }
}
