//! SQL that is written by hand: where it stands, how much there is, and that it is there for both databases.

use std::collections::BTreeSet;

use crate::{
    breach::Breach,
    code::{Code, Path},
    project::Project,
};

/// The list of the named statements.
const LIST: &str = "src/store/statement.rs";
/// Where their texts are, a folder a database.
const DATABASES: [&str; 2] = ["postgres", "sqlite"];
/// Beyond it the ORM is a costume.
const NAMED: usize = 25;
/// What a statement begins with.
const VERBS: [&str; 12] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "TRUNCATE", "SET", "PRAGMA", "ANALYZE"];

pub(super) fn breaches(project: &Project) -> Vec<Breach> {
    let mut breaches = by_hand(project);
    breaches.extend(named(project));
    breaches
}

/// Statements outside the list; the steps of the schema and tests may have them.
fn by_hand(project: &Project) -> Vec<Breach> {
    let ours = |path: &str| ["src/", "entity/", "generator/"].iter().any(|folder| path.starts_with(folder));
    let mut breaches = Vec::new();
    for (file, code) in project.rust().filter(|(file, _)| ours(&file.path) && file.path != LIST && !file.is_test()) {
        let texts = code.texts.iter().filter(|text| !text.in_test && is_statement(&text.what)).map(|text| text.line);
        let built = code.paths.iter().filter(|path| !path.in_test && is_raw(&path.what)).map(|path| path.line);
        for line in texts.chain(built) {
            breaches.push(file.breach(
                "sql",
                line,
                format!("a statement written by hand belongs into the list in {LIST}"),
            ));
        }
    }
    breaches
}

fn is_statement(text: &str) -> bool {
    let text = text.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    VERBS.iter().any(|verb| text.strip_prefix(verb).is_some_and(|rest| rest.starts_with(char::is_whitespace)))
}

/// `Statement::from_string` and its like.
fn is_raw(path: &Path) -> bool {
    let Path::Outside(segments) = path else { return false };
    matches!(segments.as_slice(), [.., owner, made] if owner == "Statement" && made.starts_with("from_"))
}

/// The list's names, and the texts beside it.
fn named(project: &Project) -> Vec<Breach> {
    let Some(list) = project.file(LIST) else { return Vec::new() };
    let names: BTreeSet<&str> = list.code.iter().flat_map(names).collect();
    let mut breaches = Vec::new();
    if names.len() > NAMED {
        let told = format!("{} named statements, of at most {NAMED}: can the ORM say one of them?", names.len());
        breaches.push(list.breach("statements", 1, told));
    }
    for database in DATABASES {
        let folder = format!("src/store/sql/{database}/");
        for name in names.iter().filter(|name| project.file(&format!("{folder}{name}.sql")).is_none()) {
            breaches.push(list.breach("statements", 1, format!("`{name}` has no text in {folder}")));
        }
        for file in &project.files {
            let Some(name) = file.path.strip_prefix(&folder) else { continue };
            if !names.contains(name.trim_end_matches(".sql")) {
                breaches.push(file.breach("statements", 1, format!("not in the list in {LIST}")));
            }
            if !file.text.starts_with("-- ") {
                breaches.push(file.breach("head", 1, "begin with a comment that says what the statement is for"));
            }
        }
    }
    breaches
}

/// The texts of the list that name statements: those of its macro are parts of paths.
fn names(code: &Code) -> impl Iterator<Item = &str> {
    let is_name =
        |text: &&str| !text.is_empty() && text.chars().all(|character| character.is_lowercase() || character == '_');
    code.texts.iter().map(|text| text.what.as_str()).filter(is_name)
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::statements::breaches};

    fn broken(files: &[(&str, &str)]) -> Vec<String> {
        breaches(&project(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_statement_stands_in_the_list_and_nowhere_else() {
        for (text, is_statement) in [
            ("const A: &str = \"SELECT 1\";", true),
            ("fn f() { g(&format!(\"\n    WITH a AS ({b})\")) }", true),
            ("fn f() { Statement::from_string(a, b) }", true),
            ("const A: &str = \"Select one of these\";", false),
            ("const A: &str = \"SELECTED\";", false),
            ("/// SELECT 1\nfn f() {}", false),
            ("#[cfg(test)] mod tests { const A: &str = \"SELECT 1\"; }", false),
        ] {
            let told = broken(&[("src/store/probe.rs", text), ("migration/src/a.rs", text), ("tests/a.rs", text)]);
            assert_eq!(told.len(), usize::from(is_statement), "{text}: {told:?}");
            let place = "src/store/probe.rs:1: a statement written by hand belongs into the list in ";
            assert!(told.iter().all(|told| told.starts_with(place)), "{told:?}");
        }
    }

    const ONE: &str = "named! { A = \"a\"; }";
    const SQL: &str = "-- Reads.\nSELECT 1\n";

    #[test]
    fn a_named_statement_has_a_text_for_each_database() {
        let told = broken(&[("src/store/statement.rs", ONE), ("src/store/sql/postgres/a.sql", SQL)]);
        assert_eq!(told, ["src/store/statement.rs:1: `a` has no text in src/store/sql/sqlite/ [statements]"]);
    }

    #[test]
    fn a_text_is_in_the_list_and_has_a_head() {
        let told = broken(&[
            ("src/store/statement.rs", ONE),
            ("src/store/sql/postgres/a.sql", SQL),
            ("src/store/sql/sqlite/a.sql", "SELECT 1\n"),
            ("src/store/sql/sqlite/b.sql", SQL),
        ]);
        assert_eq!(
            told,
            [
                "src/store/sql/sqlite/a.sql:1: begin with a comment that says what the statement is for [head]",
                "src/store/sql/sqlite/b.sql:1: not in the list in src/store/statement.rs [statements]",
            ]
        );
    }

    #[test]
    fn there_are_at_most_25() {
        let letters = ('a'..='z').map(|letter| format!("X = \"{letter}\";"));
        let told = broken(&[("src/store/statement.rs", &format!("named! {{ {} }}", letters.collect::<String>()))]);
        assert!(told[0].contains("26 named statements, of at most 25"), "{told:?}");
    }
}
