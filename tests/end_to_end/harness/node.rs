//! JavaScript programs, run with Node as users run them.

use std::{
    path::Path,
    process::{Command, Output},
};

use tokio::task::spawn_blocking;

/// Runs a command in a folder of the repository and returns its output. The test's runtime is not blocked, so a service
/// in this process can answer the command.
pub(crate) async fn run(folder: &str, command: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut process = Command::new(command);
    process.args(arguments).current_dir(folder);
    let ran = spawn_blocking(move || process.output()).await.expect("the task does not panic");
    ran.unwrap_or_else(|error| panic!("{command} cannot be run ({error}): `make test` installs what is missing"))
}

/// Runs a command that must succeed and returns what it prints.
pub(crate) async fn stdout(folder: &str, command: &str, arguments: &[&str]) -> String {
    let output = run(folder, command, arguments).await;
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{command} {arguments:?} in {folder} ended with {}:\n{stdout}{stderr}\n(`make test` installs what is missing)",
        output.status
    );
    stdout
}

/// The bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
