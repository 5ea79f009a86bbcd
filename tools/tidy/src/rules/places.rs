//! Nothing may point at the computer on which it was written.

use crate::{breach::Breach, project::Project};

/// Folders in which people and machines keep what is theirs alone.
const OWN_FOLDERS: [&str; 5] = ["home", "root", "Users", "work", "mnt"];
/// Lock files, what introduces a place in them, and the place that everyone can reach.
const LOCKS: [(&str, &str, &str); 2] = [
    ("Cargo.lock", "source = \"", "registry+https://github.com/rust-lang/crates.io-index"),
    ("package-lock.json", "\"resolved\": \"", "https://registry.npmjs.org/"),
];

pub(super) fn breaches(project: &Project) -> Vec<Breach> {
    let folders = OWN_FOLDERS.map(|name| format!("/{name}/"));
    let mut breaches = Vec::new();
    for file in &project.files {
        let lock = LOCKS.iter().find(|(name, ..)| file.path == *name || file.path.ends_with(&format!("/{name}")));
        for (line, number) in file.text.lines().zip(1..) {
            if let Some(folder) = folders.iter().find(|folder| is_absolute(line, folder)) {
                breaches.push(file.breach("machine", number, format!("`{folder}` is not on every computer")));
            }
            if let Some((_, source, public)) = lock
                && let Some((_, place)) = line.split_once(source)
                && !place.starts_with(public)
            {
                breaches.push(file.breach("lock", number, format!("not from {public}: others cannot reach it")));
            }
        }
    }
    breaches
}

/// Does a path begin with this folder? As a part of another it is something else.
fn is_absolute(line: &str, folder: &str) -> bool {
    let starts = |(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || ".-_}*".contains(before));
    line.match_indices(folder).any(starts)
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::places::breaches};

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        breaches(&project(&[(path, text)])).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn no_file_names_a_folder_of_one_machine() {
        for (line, rules) in [
            (["cd /ho", "me/me/project"].concat(), &["machine"][..]),
            (["\"/wor", "k/data\""].concat(), &["machine"]),
            (["src/ho", "me/page.rs and https://example.com/wor", "k/"].concat(), &[]),
        ] {
            assert_eq!(broken("services/install", &line), rules, "{line}");
        }
    }

    #[test]
    fn locks_name_registries_that_everyone_can_reach() {
        let cargo = |source: &str| broken("fuzz/Cargo.lock", &format!("source = \"{source}\"\n"));
        assert_eq!(cargo("registry+https://github.com/rust-lang/crates.io-index"), [""; 0]);
        assert_eq!(cargo("registry+https://crates.example.com/index"), ["lock"]);
        let npm = |resolved: &str| broken("web/package-lock.json", &format!("  \"resolved\": \"{resolved}\",\n"));
        assert_eq!(npm("https://registry.npmjs.org/a/-/a-1.0.0.tgz"), [""; 0]);
        assert_eq!(npm("https://npm.example.com/a/-/a-1.0.0.tgz"), ["lock"]);
    }
}
