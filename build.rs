//! Passes the commit to the program, and declares the embedded files to cargo.

use std::process::Command;

fn main() {
    // Rebuild when the embedded files change, or appear after a first build without them.
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-changed=examples/queries");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    println!("cargo::rustc-env=BUILD_COMMIT={}", commit().unwrap_or_else(|| "unknown commit".to_owned()));
}

/// The commit; `None` outside of a git checkout, for example in a source archive.
fn commit() -> Option<String> {
    let git =
        Command::new("git").args(["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]).output().ok()?;
    let commit = String::from_utf8(git.stdout).ok()?.trim().to_owned();
    (git.status.success() && !commit.is_empty()).then_some(commit)
}
