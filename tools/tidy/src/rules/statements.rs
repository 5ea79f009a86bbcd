//! Rules for hand-written SQL: where it is, how many statements there are, and that both databases have each.

use std::collections::BTreeSet;

use crate::{
    code::{Code, Path},
    project::Project,
    violation::Violation,
};

/// The list of the named statements.
const LIST: &str = "src/store/statement.rs";
/// The folders in `src/store/sql/` with their texts, one per database.
const DATABASES: [&str; 2] = ["postgres", "sqlite"];
/// With more of them, the ORM would be pointless.
const MAX_NAMED: usize = 25;
/// The first words of statements.
const VERBS: [&str; 12] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "TRUNCATE", "SET", "PRAGMA", "ANALYZE"];

pub(super) fn violations(project: &Project) -> Vec<Violation> {
    let mut violations = unlisted(project);
    violations.extend(named(project));
    violations
}

/// Statements outside the list. Migrations and tests may have them.
fn unlisted(project: &Project) -> Vec<Violation> {
    let is_checked = |path: &str| ["src/", "entity/", "generator/"].iter().any(|folder| path.starts_with(folder));
    let mut violations = Vec::new();
    for (file, code) in
        project.rust().filter(|(file, _)| is_checked(&file.path) && file.path != LIST && !file.is_test())
    {
        let written =
            code.strings.iter().filter(|text| !text.in_test && is_statement(&text.value)).map(|text| text.line);
        let built = code.paths.iter().filter(|path| !path.in_test && is_raw(&path.value)).map(|path| path.line);
        for line in written.chain(built) {
            violations.push(file.violation(
                "sql",
                line,
                format!("a hand-written statement belongs in the list in {LIST}"),
            ));
        }
    }
    violations
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    VERBS.iter().any(|verb| text.strip_prefix(verb).is_some_and(|rest| rest.starts_with(char::is_whitespace)))
}

/// `Statement::from_string` and similar functions.
fn is_raw(path: &Path) -> bool {
    let Path::Outside(segments) = path else { return false };
    matches!(segments.as_slice(), [.., owner, function] if owner == "Statement" && function.starts_with("from_"))
}

/// The names in the list, compared with the files.
fn named(project: &Project) -> Vec<Violation> {
    let Some(list) = project.file(LIST) else { return Vec::new() };
    let names: BTreeSet<&str> = list.code.iter().flat_map(names).collect();
    let mut violations = Vec::new();
    if names.len() > MAX_NAMED {
        let message = format!("{} named statements, of at most {MAX_NAMED}: write some with the ORM", names.len());
        violations.push(list.violation("statements", 1, message));
    }
    for database in DATABASES {
        let folder = format!("src/store/sql/{database}/");
        for name in names.iter().filter(|name| project.file(&format!("{folder}{name}.sql")).is_none()) {
            violations.push(list.violation("statements", 1, format!("`{name}` has no text in {folder}")));
        }
        for file in &project.files {
            let Some(name) = file.path.strip_prefix(&folder) else { continue };
            if !names.contains(name.trim_end_matches(".sql")) {
                violations.push(file.violation("statements", 1, format!("not in the list in {LIST}")));
            }
            if !file.text.starts_with("-- ") {
                violations.push(file.violation("head", 1, "begin with a comment on the purpose of the statement"));
            }
        }
    }
    violations
}

/// The names of statements among the list's strings. The other strings are parts of paths in its macro.
fn names(code: &Code) -> impl Iterator<Item = &str> {
    let is_name =
        |text: &&str| !text.is_empty() && text.chars().all(|character| character.is_lowercase() || character == '_');
    code.strings.iter().map(|text| text.value.as_str()).filter(is_name)
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::statements::violations};

    fn broken(files: &[(&str, &str)]) -> Vec<String> {
        violations(&project(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn statements_outside_the_list_are_rejected() {
        for (text, is_statement) in [
            ("const A: &str = \"SELECT 1\";", true),
            ("fn f() { g(&format!(\"\n    WITH a AS ({b})\")) }", true),
            ("fn f() { Statement::from_string(a, b) }", true),
            ("const A: &str = \"Select one of these\";", false),
            ("const A: &str = \"SELECTED\";", false),
            ("/// SELECT 1\nfn f() {}", false),
            ("#[cfg(test)] mod tests { const A: &str = \"SELECT 1\"; }", false),
        ] {
            let found = broken(&[("src/store/probe.rs", text), ("migration/src/a.rs", text), ("tests/a.rs", text)]);
            assert_eq!(found.len(), usize::from(is_statement), "{text}: {found:?}");
            let prefix = "src/store/probe.rs:1: a hand-written statement belongs in the list in ";
            assert!(found.iter().all(|message| message.starts_with(prefix)), "{found:?}");
        }
    }

    const ONE: &str = "named! { A = \"a\"; }";
    const SQL: &str = "-- Reads.\nSELECT 1\n";

    #[test]
    fn a_named_statement_has_a_file_for_each_database() {
        let found = broken(&[("src/store/statement.rs", ONE), ("src/store/sql/postgres/a.sql", SQL)]);
        assert_eq!(found, ["src/store/statement.rs:1: `a` has no text in src/store/sql/sqlite/ [statements]"]);
    }

    #[test]
    fn a_statement_file_is_in_the_list_and_has_a_head_comment() {
        let found = broken(&[
            ("src/store/statement.rs", ONE),
            ("src/store/sql/postgres/a.sql", SQL),
            ("src/store/sql/sqlite/a.sql", "SELECT 1\n"),
            ("src/store/sql/sqlite/b.sql", SQL),
        ]);
        assert_eq!(
            found,
            [
                "src/store/sql/sqlite/a.sql:1: begin with a comment on the purpose of the statement [head]",
                "src/store/sql/sqlite/b.sql:1: not in the list in src/store/statement.rs [statements]",
            ]
        );
    }

    #[test]
    fn there_are_at_most_25() {
        let names = ('a'..='z').map(|name| format!("X = \"{name}\";"));
        let found = broken(&[("src/store/statement.rs", &format!("named! {{ {} }}", names.collect::<String>()))]);
        assert!(found[0].contains("26 named statements, of at most 25"), "{found:?}");
    }
}
