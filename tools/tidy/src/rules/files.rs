//! What a Rust file looks like from outside: its length, its name, its head.

use crate::{breach::Breach, project::Project};

/// Beyond it a file has two stories.
const LINES: usize = 400;
/// Beyond it no reason is good enough.
const LINES_WITH_A_REASON: usize = 450;
/// Names that say nothing.
const NO_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "manager"];

pub(super) fn breaches(project: &Project) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (file, code) in project.rust() {
        let lines = file.text.lines().count();
        if lines > LINES_WITH_A_REASON {
            let told = format!("{lines} lines: no reason is good enough for more than {LINES_WITH_A_REASON}");
            breaches.push(file.breach("longest", LINES_WITH_A_REASON, told));
        } else if lines > LINES {
            let told = format!("{lines} lines: above {LINES} a file has two stories; part them");
            breaches.push(file.breach("lines", LINES, told));
        }
        if !file.text.starts_with("//!") {
            breaches.push(file.breach("head", 1, "begin with a `//!` comment that says what the file is for"));
        }
        let path = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == "mod" {
            breaches.push(file.breach("parent", 1, format!("this file is {folder}.rs, beside its folder")));
        }
        let names = path.split('/').map(|name| (name, 1));
        for (name, line) in names.chain(code.modules.iter().map(|module| (module.what.as_str(), module.line))) {
            if NO_NAMES.contains(&name) {
                breaches.push(file.breach("names", line, format!("`{name}` says nothing: name it for what it is")));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::files::breaches};

    /// The rules that a file breaks.
    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        breaches(&project(&[(path, text)])).into_iter().map(|breach| breach.rule).collect()
    }

    fn of_lines(lines: usize) -> String {
        "//! Long.\n".repeat(lines)
    }

    #[test]
    fn a_file_of_400_lines_is_long_enough() {
        assert_eq!(broken("src/a.rs", &of_lines(400)), [""; 0]);
        assert_eq!(broken("src/a.rs", &of_lines(401)), ["lines"]);
        assert_eq!(broken("src/a.rs", &of_lines(450)), ["lines"]);
        assert_eq!(broken("src/a.rs", &of_lines(451)), ["longest"]);
    }

    #[test]
    fn a_file_says_at_its_head_what_it_is_for() {
        assert_eq!(broken("src/a.rs", "use b::C;\n"), ["head"]);
        assert_eq!(broken("docs/a.md", "words\n"), [""; 0]);
    }

    #[test]
    fn a_parent_stands_beside_its_folder() {
        assert_eq!(broken("src/a/mod.rs", "//! A.\n"), ["parent"]);
    }

    #[test]
    fn no_module_has_a_name_that_says_nothing() {
        assert_eq!(broken("src/utils.rs", "//! A.\n"), ["names"]);
        assert_eq!(broken("src/common/a.rs", "//! A.\n"), ["names"]);
        assert_eq!(broken("src/a.rs", "//! A.\nmod helpers { fn f() {} }\n"), ["names"]);
        assert_eq!(broken("src/a.rs", "//! A.\nfn helpers() {}\n"), [""; 0]);
    }
}
