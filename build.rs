//! Tells the program which commit it is, and cargo what else the program is made of.

use std::process::Command;

fn main() {
    // The embedded web files; a build before they exist must not last.
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-changed=examples/queries");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    println!("cargo::rustc-env=BUILD_COMMIT={}", commit().unwrap_or_else(|| "unknown commit".to_owned()));
}

/// `None` where this is no checkout, as in a source archive.
fn commit() -> Option<String> {
    let git =
        Command::new("git").args(["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]).output().ok()?;
    let told = String::from_utf8(git.stdout).ok()?.trim().to_owned();
    (git.status.success() && !told.is_empty()).then_some(told)
}
