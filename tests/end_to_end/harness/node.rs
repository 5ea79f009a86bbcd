//! Programs in JavaScript, run by Node as their users run them.

use std::{
    path::Path,
    process::{Command, Output},
};

use tokio::task::spawn_blocking;

/// Runs a command in a folder of the repository; gives all that it said. The service can answer it meanwhile.
pub(crate) async fn run(folder: &str, command: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut process = Command::new(command);
    process.args(arguments).current_dir(folder);
    let ran = spawn_blocking(move || process.output()).await.expect("it is waited for");
    ran.unwrap_or_else(|error| panic!("{command} cannot be run ({error}): `make test` installs what is missing"))
}

/// What a command prints, if it ends well.
pub(crate) async fn printed(folder: &str, command: &str, arguments: &[&str]) -> String {
    let output = run(folder, command, arguments).await;
    let (told, complaint) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{command} {arguments:?} in {folder} ended with {}:\n{told}{complaint}\n(`make test` installs what is missing)",
        output.status
    );
    told
}

/// What was written as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
