//! What `docs/architecture.md` says of the rooms: its two tables, read as they stand.

use std::collections::BTreeSet;

use crate::project::Project;

/// Where the tables stand.
pub(crate) const DOCUMENT: &str = "docs/architecture.md";
const ROOMS: &str = "| room | uses |";
const CRATES: &str = "| crates | only in |";

/// Who may use what.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Architecture {
    pub(crate) rooms: BTreeSet<String>,
    /// The crates that are confined to rooms.
    pub(crate) crates: BTreeSet<String>,
    /// Each a room, and a room or crate that it uses.
    pub(crate) uses: BTreeSet<(String, String)>,
}

/// The document has no such table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{DOCUMENT} has no table that begins with `{0}`")]
pub struct NoTable(&'static str);

impl Architecture {
    /// Reads the tables of the project's document.
    ///
    /// # Errors
    /// When one is not there.
    pub fn of(project: &Project) -> Result<Self, NoTable> {
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

/// The names in a row's first cell, and those in its second. Names stand in backticks.
type Row = (Vec<String>, Vec<String>);

/// The rows below a head.
fn rows(document: &str, head: &'static str) -> Result<Vec<Row>, NoTable> {
    let mut lines = document.lines().skip_while(|line| *line != head).skip(2).peekable();
    lines.peek().ok_or(NoTable(head))?;
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

    /// What a document with these rows says.
    pub(crate) fn architecture(rooms: &str, crates: &str) -> Architecture {
        let document = format!("{ROOMS}\n|---|---|\n{rooms}\n\nwords\n\n{CRATES}\n|---|---|\n{crates}\n");
        Architecture::of(&project(&[(DOCUMENT, &document)])).expect("two tables")
    }

    #[test]
    fn the_tables_are_read_as_they_stand() {
        let told = architecture("| `a` | `b`, `c` for a reason |\n| `b` | no other |", "| `x`, `y` | `a` |");
        let uses = [("a", "b"), ("a", "c"), ("a", "x"), ("a", "y")];
        assert_eq!(told.uses, uses.map(|(user, used)| (user.to_owned(), used.to_owned())).into());
        assert_eq!(told.rooms, ["a", "b"].map(str::to_owned).into());
        assert_eq!(told.crates, ["x", "y"].map(str::to_owned).into());
    }

    #[test]
    fn a_document_without_its_tables_is_told() {
        assert_eq!(Architecture::of(&project(&[(DOCUMENT, "words\n")])), Err(NoTable(ROOMS)));
    }
}
