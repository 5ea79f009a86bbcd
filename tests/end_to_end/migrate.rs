//! `migrate`: the schema up, down, and how it stands; and what a process says of a schema that it cannot use.

use std::process::{Command, Output};

use sea_orm::ConnectionTrait as _;

use crate::harness::{Database, Process, Proxy, each_database, postgres, program, set_config};

fn migrate(database: &Database, arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("migrate").args(arguments);
    set_config(&mut command, "DATABASE__URL", database.settings.url.expose());
    command
}

/// Runs a command to its end; gives its exit code and its answer, or else its complaint.
fn run(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let told = if status.success() { stdout } else { stderr };
    (status.code(), String::from_utf8(told).expect("UTF-8"))
}

fn states(status: &str) -> Vec<&str> {
    status.lines().map(|line| line.split_whitespace().next().expect("a state")).collect()
}

#[tokio::test]
async fn the_schema_goes_up_tells_how_it_stands_and_comes_down_again() {
    for database in each_database().await {
        let migrate = |arguments: &[&str]| run(migrate(&database, arguments));
        let (code, status) = migrate(&["status"]);
        let steps = states(&status).len();
        assert_eq!((code, states(&status)), (Some(0), vec!["pending"; steps]), "{}: {status}", database.name);
        assert!(steps >= 6, "{status}");

        assert_eq!(migrate(&["up"]), (Some(0), format!("{steps} steps applied\n")), "{}", database.name);
        assert_eq!(migrate(&["up"]), (Some(0), "0 steps applied\n".to_owned()), "{}", database.name);
        assert_eq!(states(&migrate(&["status"]).1), vec!["applied"; steps], "{}", database.name);

        assert_eq!(migrate(&["down", "--steps", "2"]), (Some(0), "2 steps taken back\n".to_owned()));
        let (_, status) = migrate(&["status"]);
        let expected = [vec!["applied"; steps - 2], vec!["pending"; 2]].concat();
        assert_eq!(states(&status), expected, "{}: the newest first: {status}", database.name);
        assert_eq!(migrate(&["up"]), (Some(0), "2 steps applied\n".to_owned()), "{}", database.name);
    }
}

#[tokio::test]
async fn steps_are_taken_back_only_when_it_is_said_how_many() {
    let [database, _] = each_database().await;
    for arguments in [&["down"][..], &["down", "--steps", "0"], &["sideways"], &[]] {
        let (code, told) = run(migrate(&database, arguments));
        assert_eq!(code, Some(1), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn a_database_that_is_newer_than_the_program_is_left_alone() {
    for database in each_database().await {
        database.store().await.close().await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_from_the_future', 0)";
        database.connect().await.execute_unprepared(newer).await.expect("a newer step");
        for arguments in [&["up"][..], &["down", "--steps", "1"], &["status"]] {
            let (code, told) = run(migrate(&database, arguments));
            assert_eq!(code, Some(5), "{}: {arguments:?}: {told}", database.name);
            assert!(told.contains("newer than this program: m29991231_000001_from_the_future"), "{told}");
        }
        let mut serve = program();
        serve.args(["serve", "--role", "api"]);
        set_config(&mut serve, "HTTP__ADDRESS", "127.0.0.1:0");
        set_config(&mut serve, "DATABASE__URL", database.settings.url.expose());
        let (code, told) = run(serve);
        assert_eq!(code, Some(2), "{}: {told}", database.name);
        assert!(told.contains("error: the database cannot be used: the database is newer"), "{told}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_named_and_its_password_is_not() {
    let door = Proxy::closed(postgres().await.server());
    let url = format!("postgres://user:Pa55word@{}/name", door.address);
    let migrate = |arguments: &[&str]| {
        let mut command = program();
        command.arg("migrate").args(arguments);
        set_config(&mut command, "DATABASE__URL", &url);
        Process::spawn(command)
    };
    // All at once: each tries for some seconds.
    for mut process in [migrate(&["up"]), migrate(&["down", "--steps", "1"]), migrate(&["status"])] {
        let code = process.exit_status().await.code();
        let (told, address) = (process.output(), door.address);
        assert_eq!(code, Some(5), "{told}");
        let named = format!("error: migrating failed: the database at {address} does not answer: Connection refused");
        assert!(told.contains(&named), "{told}");
        assert!(told.contains("; start it, or mend its URL") && !told.contains("Pa55word"), "{told}");
    }
}
