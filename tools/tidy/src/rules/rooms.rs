//! Rooms use exactly the rooms and crates that the tables of `docs/architecture.md` list.

use std::collections::BTreeSet;

use crate::{
    architecture::{Architecture, DOCUMENT},
    code::Path,
    project::Project,
    violation::Violation,
};

const RULE: &str = "rooms";

pub(super) fn violations(project: &Project, architecture: &Architecture) -> Vec<Violation> {
    let (mut violations, mut found) = (Vec::new(), BTreeSet::new());
    for (file, code) in project.rust() {
        let Some(room) = file.room() else { continue };
        if !architecture.rooms.contains(room) {
            violations.push(file.violation(RULE, 1, format!("{DOCUMENT} does not list the room `{room}`")));
        }
        for path in &code.paths {
            let Some(used) = architecture.ruled(&path.value).filter(|used| *used != room) else { continue };
            let pair = (room.to_owned(), used.to_owned());
            if !architecture.uses.contains(&pair) {
                let message = format!("`{room}` may not use `{used}`: see the tables of {DOCUMENT}");
                violations.push(file.violation(RULE, path.line, message));
            }
            found.insert(pair);
        }
    }
    let unused = architecture.uses.difference(&found).map(|(room, used)| {
        let message = format!("the tables allow `{room}` to use `{used}`, which it does not: remove that");
        Violation { rule: RULE, path: DOCUMENT.to_owned(), line: 1, message, word: None }
    });
    violations.extend(unused);
    violations
}

impl Architecture {
    /// The room or crate that a path leads to, if the tables restrict its use.
    fn ruled<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let (first, ruled) = match path {
            Path::Inside(segments) => (segments.first()?, &self.rooms),
            Path::Outside(segments) => (segments.first()?, &self.crates),
        };
        ruled.contains(first).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use crate::{architecture::tests::architecture, project::tests::project, rules::rooms::violations};

    /// The violations in `src/low.rs` of a project whose room `high` uses `low` and sqlx, as its tables allow.
    fn broken(low: &str) -> Vec<String> {
        let architecture = architecture("| `high` | `low` |\n| `low` | none |", "| `sqlx` | `high` |");
        let files = [("src/high/a.rs", "use crate::low::B; use sqlx::C;"), ("src/low.rs", low)];
        violations(&project(&files), &architecture).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_room_uses_the_rooms_that_the_document_allows() {
        assert_eq!(broken("use crate::low::D; use self::e::F;"), [""; 0]);
        for usage in
            ["use crate::high::A;", "use super::high;", "fn f() { crate::high::a() }", "use crate::{high, low};"]
        {
            let message = "src/low.rs:1: `low` may not use `high`: see the tables of docs/architecture.md [rooms]";
            assert_eq!(broken(usage), [message], "{usage}");
        }
    }

    #[test]
    fn a_crate_stays_in_its_rooms() {
        let message = "src/low.rs:2: `low` may not use `sqlx`: see the tables of docs/architecture.md [rooms]";
        assert_eq!(broken("\nuse ::sqlx::Pool;"), [message]);
        assert_eq!(broken("\nfn f(sqlx: u8) -> u8 { sqlx }"), [""; 0]);
    }

    #[test]
    fn a_room_missing_from_the_tables_is_reported() {
        let found = violations(&project(&[("src/b/c.rs", "")]), &architecture("| `a` | none |", "| `sqlx` | none |"));
        assert_eq!(found[0].to_string(), "src/b/c.rs:1: docs/architecture.md does not list the room `b` [rooms]");
    }

    #[test]
    fn an_allowance_that_is_not_used_is_reported() {
        let architecture = architecture("| `a` | `b` |\n| `b` | none |", "| `sqlx` | `a` |");
        let found = violations(&project(&[("src/a.rs", "use crate::b::C;"), ("src/b.rs", "")]), &architecture);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let unused =
            "docs/architecture.md:1: the tables allow `a` to use `sqlx`, which it does not: remove that [rooms]";
        assert_eq!(found, [unused]);
    }
}
