//! Rules for the length, name and head comment of Rust files.

use crate::{project::Project, violation::Violation};

/// Longer files have more than one responsibility.
const MAX_LINES: usize = 400;
/// The limit for files with an exception.
const MAX_LINES_WITH_EXCEPTION: usize = 450;
/// Names without meaning.
const VAGUE_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "manager"];

pub(super) fn violations(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, code) in project.rust() {
        let lines = file.text.lines().count();
        if lines > MAX_LINES_WITH_EXCEPTION {
            let message = format!("{lines} lines: no exception allows more than {MAX_LINES_WITH_EXCEPTION}");
            violations.push(file.violation("longest", MAX_LINES_WITH_EXCEPTION, message));
        } else if lines > MAX_LINES {
            let message = format!("{lines} lines: split files of more than {MAX_LINES} by responsibility");
            violations.push(file.violation("lines", MAX_LINES, message));
        }
        if !file.text.starts_with("//!") {
            violations.push(file.violation("head", 1, "begin with a `//!` comment on the purpose of the file"));
        }
        let path = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == "mod" {
            violations.push(file.violation("parent", 1, format!("name this file {folder}.rs, beside its folder")));
        }
        let names = path.split('/').map(|name| (name, 1));
        for (name, line) in names.chain(code.modules.iter().map(|module| (module.value.as_str(), module.line))) {
            if VAGUE_NAMES.contains(&name) {
                violations.push(file.violation("names", line, format!("`{name}` is vague: name it by its purpose")));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::files::violations};

    /// The rules that this file breaks.
    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        violations(&project(&[(path, text)])).into_iter().map(|violation| violation.rule).collect()
    }

    fn text_of(lines: usize) -> String {
        "//! Long.\n".repeat(lines)
    }

    #[test]
    fn a_file_has_at_most_400_lines() {
        assert_eq!(broken("src/a.rs", &text_of(400)), [""; 0]);
        assert_eq!(broken("src/a.rs", &text_of(401)), ["lines"]);
        assert_eq!(broken("src/a.rs", &text_of(450)), ["lines"]);
        assert_eq!(broken("src/a.rs", &text_of(451)), ["longest"]);
    }

    #[test]
    fn a_file_begins_with_a_comment_on_its_purpose() {
        assert_eq!(broken("src/a.rs", "use b::C;\n"), ["head"]);
        assert_eq!(broken("docs/a.md", "words\n"), [""; 0]);
    }

    #[test]
    fn a_parent_file_is_beside_its_folder() {
        assert_eq!(broken("src/a/mod.rs", "//! A.\n"), ["parent"]);
    }

    #[test]
    fn vague_names_are_rejected() {
        assert_eq!(broken("src/utils.rs", "//! A.\n"), ["names"]);
        assert_eq!(broken("src/common/a.rs", "//! A.\n"), ["names"]);
        assert_eq!(broken("src/a.rs", "//! A.\nmod helpers { fn f() {} }\n"), ["names"]);
        assert_eq!(broken("src/a.rs", "//! A.\nfn helpers() {}\n"), [""; 0]);
    }
}
