//! `clusters import`: what it prints and writes, and its exit codes.

use std::{fs, path::PathBuf, process::Output};

use ::entity::imported_cluster;
use sea_orm::EntityTrait as _;
use tempfile::TempDir;

use crate::harness::{Database, each_database, program, set_config};

const A: &str = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";
const B: &str = "0b9d7c66-2f0a-4d43-8a51-5f4f8f3f7a10";

/// Runs the command with a file of this name and content. Returns its exit code, standard output and standard error.
fn import(database: &Database, folder: &TempDir, name: &str, content: &str, flags: &[&str]) -> (i32, String, String) {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    import_file(database, path, flags)
}

fn import_file(database: &Database, path: PathBuf, flags: &[&str]) -> (i32, String, String) {
    let mut command = program();
    command.args(["clusters", "import"]).arg(path).args(flags);
    set_config(&mut command, "DATABASE__URL", database.settings.url.expose());
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("a code"), text(stdout), text(stderr))
}

/// The rows, each as `organization cluster name managed status`.
async fn rows(database: &Database) -> Vec<String> {
    let connection = database.connect().await;
    let rows = imported_cluster::Entity::find().all(&connection).await.expect("rows");
    connection.close().await.expect("close");
    let line = |row: imported_cluster::Model| {
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let (name, status) = (text(row.display_name), text(row.status));
        format!("{} {} {name} {} {status}", row.org_id, row.cluster_id, row.managed)
    };
    let mut rows: Vec<_> = rows.into_iter().map(line).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_file_is_imported_and_importing_it_again_changes_nothing() {
    for database in each_database().await {
        database.store().await.close().await;
        let folder = tempfile::tempdir().expect("a folder");
        let csv = format!("uuid,org_id,status,managed,display_name\n{A},1,Active,true,\"a, é\"\n{B},2,,false,\n");
        let import = |name, content: &str, flags: &[&str]| import(&database, &folder, name, content, flags);
        let none = String::new();

        let dry = import("a.csv", &csv, &["--dry-run"]);
        let printed = "2 new, 0 changed, 0 unchanged; nothing is written (--dry-run)\n".to_owned();
        assert_eq!(dry, (0, printed, none.clone()), "{}", database.name);
        assert_eq!(rows(&database).await, Vec::<String>::new(), "{}", database.name);

        let written = import("a.csv", &csv, &[]);
        assert_eq!(written, (0, "2 new, 0 changed, 0 unchanged\n".to_owned(), none.clone()), "{}", database.name);
        let stored = [format!("1 {A} a, é true Active"), format!("2 {B} - false -")];
        assert_eq!(rows(&database).await, stored, "{}", database.name);
        let again = import("a.csv", &csv, &[]);
        assert_eq!(again, (0, "0 new, 0 changed, 2 unchanged\n".to_owned(), none), "{}", database.name);

        let line = |uuid: &str, name: &str| {
            format!(r#"{{"org_id":2,"uuid":"{uuid}","display_name":"{name}","managed":true,"status":null}}"#)
        };
        let json = format!("{}\n{}\n", line(B, "first"), line(&B.to_uppercase(), "last"));
        let repeated = "line 1: ignored, because line 2 has the same cluster\n".to_owned();
        let changed = import("b.jsonl", &json, &[]);
        assert_eq!(changed, (0, "0 new, 1 changed, 0 unchanged\n".to_owned(), repeated), "{}", database.name);
        let stored = [format!("1 {A} a, é true Active"), format!("2 {B} last true -")];
        assert_eq!(rows(&database).await, stored, "{}", database.name);
    }
}

#[tokio::test]
async fn with_an_invalid_line_nothing_is_written_and_each_is_reported() {
    for database in each_database().await {
        database.store().await.close().await;
        let folder = tempfile::tempdir().expect("a folder");
        let csv =
            format!("org_id,uuid,display_name,managed,status\n1,{A},a,true,\n0,{A},secret,true,\n1,secret,a,no,\n");
        let (code, stdout, stderr) = import(&database, &folder, "a.csv", &csv, &[]);
        assert_eq!((code, stdout.as_str()), (1, ""), "{}: {stderr}", database.name);
        let expected = "line 3: org_id must be a whole number from 1 to 4294967295, without leading zeros\n\
                        line 4: uuid is not a valid UUID\n\
                        error: 2 lines are invalid, so nothing is written\n";
        assert_eq!(stderr, expected, "{}", database.name);
        assert_eq!(rows(&database).await, Vec::<String>::new(), "{}", database.name);
    }
}

#[tokio::test]
async fn a_file_or_database_that_cannot_be_used_is_an_error() {
    let [_, database] = each_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, stderr) = import_file(&database, folder.path().join("missing.csv"), &[]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("cannot read ") && stderr.contains("missing.csv"), "{stderr}");
    let (code, _, stderr) = import(&database, &folder, "a.csv", "org_id,uuid,display_name,managed,status\n", &[]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("migrate up"), "{stderr}");
}
