//! Rules against references that work on one machine only: absolute paths and private registries.

use crate::{project::Project, violation::Violation};

/// Folders whose content differs between machines.
const MACHINE_FOLDERS: [&str; 5] = ["home", "root", "Users", "work", "mnt"];
/// Lock files: the name, the prefix of a source in it, and the public registry.
const LOCKS: [(&str, &str, &str); 2] = [
    ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index"),
    ("package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
];

pub(super) fn violations(project: &Project) -> Vec<Violation> {
    let folders = MACHINE_FOLDERS.map(|name| format!("/{name}/"));
    let mut violations = Vec::new();
    for file in &project.files {
        let lock = LOCKS.iter().find(|(name, ..)| file.path == *name || file.path.ends_with(&format!("/{name}")));
        for (line, number) in file.text.lines().zip(1..) {
            if let Some(folder) = folders.iter().find(|folder| is_absolute(line, folder)) {
                violations.push(file.violation(
                    "machine",
                    number,
                    format!("`{folder}` does not exist on every machine"),
                ));
            }
            if let Some((_, prefix, public)) = lock
                && let Some((_, source)) = line.split_once(prefix)
                && !source.starts_with(public)
            {
                violations.push(file.violation("lock", number, format!("not from the public registry {public}")));
            }
        }
    }
    violations
}

/// Whether a path in this line begins with this folder, rather than containing it further inside.
fn is_absolute(line: &str, folder: &str) -> bool {
    let starts = |(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || ".-_}*".contains(before));
    line.match_indices(folder).any(starts)
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::portability::violations};

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        violations(&project(&[(path, text)])).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn absolute_paths_of_one_machine_are_rejected() {
        for (line, rules) in [
            (["cd /ho", "me/me/project"].concat(), &["machine"][..]),
            (["\"/wor", "k/data\""].concat(), &["machine"]),
            (["src/ho", "me/page.rs and https://example.com/wor", "k/"].concat(), &[]),
        ] {
            assert_eq!(broken("services/install", &line), rules, "{line}");
        }
    }

    #[test]
    fn lock_files_use_public_registries_only() {
        let cargo = |source: &str| broken("fuzz/Cargo.lock", &format!("source = \"{source}\"\n"));
        assert_eq!(cargo("registry+https://github.com/rust-lang/crates.io-index"), [""; 0]);
        assert_eq!(cargo("registry+https://crates.example.com/index"), ["lock"]);
        let npm = |resolved: &str| broken("web/package-lock.json", &format!("  \"resolved\": \"{resolved}\",\n"));
        assert_eq!(npm("https://registry.npmjs.org/a/-/a-1.0.0.tgz"), [""; 0]);
        assert_eq!(npm("https://npm.example.com/a/-/a-1.0.0.tgz"), ["lock"]);
    }
}
