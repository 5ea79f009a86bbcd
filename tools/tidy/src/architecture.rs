//! The two tables of `docs/architecture.md`: which room may use which rooms and crates.

use std::collections::BTreeSet;

use crate::project::Project;

/// The document with the tables.
pub(crate) const DOCUMENT: &str = "docs/architecture.md";
const ROOMS: &str = "| room | uses |";
const CRATES: &str = "| crates | only in |";

/// Which room may use which rooms and crates.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Architecture {
    pub(crate) rooms: BTreeSet<String>,
    /// The crates that only some rooms may use.
    pub(crate) crates: BTreeSet<String>,
    /// Pairs of a room and a room or crate that it uses.
    pub(crate) uses: BTreeSet<(String, String)>,
}

/// The document has no table with this head.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{DOCUMENT} has no table that begins with `{0}`")]
pub struct MissingTable(&'static str);

impl Architecture {
    /// Reads the tables of the project's document.
    ///
    /// # Errors
    /// When one is missing.
    pub fn read(project: &Project) -> Result<Self, MissingTable> {
        let document = project.file(DOCUMENT).map_or("", |file| &file.text);
        let mut architecture = Self::default();
        for (users, used) in rows(document, ROOMS)? {
            architecture.allow(&users, &used);
            architecture.rooms.extend(users);
        }
        for (crates, users) in rows(document, CRATES)? {
            architecture.allow(&users, &crates);
            architecture.crates.extend(crates);
        }
        Ok(architecture)
    }

    fn allow(&mut self, users: &[String], used: &[String]) {
        self.uses.extend(users.iter().flat_map(|user| used.iter().map(|used| (user.clone(), used.clone()))));
    }
}

/// The names in a row's first and second cell. Names are in backticks.
type Row = (Vec<String>, Vec<String>);

/// The rows of the table with this head.
fn rows(document: &str, head: &'static str) -> Result<Vec<Row>, MissingTable> {
    let mut lines = document.lines().skip_while(|line| *line != head).skip(2).peekable();
    lines.peek().ok_or(MissingTable(head))?;
    let cells = lines.map_while(|line| line.strip_prefix('|')?.split_once('|'));
    Ok(cells.map(|(left, right)| (names(left), names(right))).collect())
}

fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::project::tests::project;

    /// The architecture of a document with these rows.
    pub(crate) fn architecture(rooms: &str, crates: &str) -> Architecture {
        let document = format!("{ROOMS}\n|---|---|\n{rooms}\n\nwords\n\n{CRATES}\n|---|---|\n{crates}\n");
        Architecture::read(&project(&[(DOCUMENT, &document)])).expect("two tables")
    }

    #[test]
    fn both_tables_are_read() {
        let read = architecture("| `a` | `b`, `c` for a reason |\n| `b` | no other |", "| `x`, `y` | `a` |");
        let uses = [("a", "b"), ("a", "c"), ("a", "x"), ("a", "y")];
        assert_eq!(read.uses, uses.map(|(user, used)| (user.to_owned(), used.to_owned())).into());
        assert_eq!(read.rooms, ["a", "b"].map(str::to_owned).into());
        assert_eq!(read.crates, ["x", "y"].map(str::to_owned).into());
    }

    #[test]
    fn a_document_without_its_tables_is_an_error() {
        assert_eq!(Architecture::read(&project(&[(DOCUMENT, "words\n")])), Err(MissingTable(ROOMS)));
    }
}
