//! Which room may use which, and which crates: as `docs/architecture.md` says, no more and no less.

use std::collections::BTreeSet;

use crate::{
    architecture::{Architecture, DOCUMENT},
    breach::Breach,
    code::Path,
    project::Project,
};

const RULE: &str = "rooms";

pub(super) fn breaches(project: &Project, architecture: &Architecture) -> Vec<Breach> {
    let (mut breaches, mut done) = (Vec::new(), BTreeSet::new());
    for (file, code) in project.rust() {
        let Some(room) = file.room() else { continue };
        if !architecture.rooms.contains(room) {
            breaches.push(file.breach(RULE, 1, format!("{DOCUMENT} does not tell of the room `{room}`")));
        }
        for seen in &code.paths {
            let Some(used) = architecture.ruled(&seen.what).filter(|used| *used != room) else { continue };
            let pair = (room.to_owned(), used.to_owned());
            if !architecture.uses.contains(&pair) {
                let told = format!("`{room}` may not use `{used}`, say the tables of {DOCUMENT}");
                breaches.push(file.breach(RULE, seen.line, told));
            }
            done.insert(pair);
        }
    }
    let unused = architecture.uses.difference(&done).map(|(room, used)| {
        let told = format!("`{room}` uses `{used}`, say the tables, which is no longer so: take it out");
        Breach { rule: RULE, path: DOCUMENT.to_owned(), line: 1, told }
    });
    breaches.extend(unused);
    breaches
}

impl Architecture {
    /// The room or crate that a path leads to, where the document rules its use.
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
    use crate::{architecture::tests::architecture, project::tests::project, rules::rooms::breaches};

    /// What is wrong with `src/low.rs`, where `high` may use `low` and sqlx, and does.
    fn broken(low: &str) -> Vec<String> {
        let architecture = architecture("| `high` | `low` |\n| `low` | none |", "| `sqlx` | `high` |");
        let files = [("src/high/a.rs", "use crate::low::B; use sqlx::C;"), ("src/low.rs", low)];
        breaches(&project(&files), &architecture).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_room_uses_the_rooms_that_the_document_allows() {
        assert_eq!(broken("use crate::low::D; use self::e::F;"), [""; 0]);
        for way in ["use crate::high::A;", "use super::high;", "fn f() { crate::high::a() }", "use crate::{high, low};"]
        {
            let told = "src/low.rs:1: `low` may not use `high`, say the tables of docs/architecture.md [rooms]";
            assert_eq!(broken(way), [told], "{way}");
        }
    }

    #[test]
    fn a_crate_stays_in_its_rooms() {
        let told = "src/low.rs:2: `low` may not use `sqlx`, say the tables of docs/architecture.md [rooms]";
        assert_eq!(broken("\nuse ::sqlx::Pool;"), [told]);
        assert_eq!(broken("\nfn f(sqlx: u8) -> u8 { sqlx }"), [""; 0]);
    }

    #[test]
    fn a_room_that_the_document_does_not_tell_of_is_found() {
        let told = breaches(&project(&[("src/b/c.rs", "")]), &architecture("| `a` | none |", "| `sqlx` | none |"));
        assert_eq!(told[0].to_string(), "src/b/c.rs:1: docs/architecture.md does not tell of the room `b` [rooms]");
    }

    #[test]
    fn what_the_document_allows_and_nobody_does_is_found() {
        let architecture = architecture("| `a` | `b` |\n| `b` | none |", "| `sqlx` | `a` |");
        let told = breaches(&project(&[("src/a.rs", "use crate::b::C;"), ("src/b.rs", "")]), &architecture);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        let unused =
            "docs/architecture.md:1: `a` uses `sqlx`, say the tables, which is no longer so: take it out [rooms]";
        assert_eq!(told, [unused]);
    }
}
