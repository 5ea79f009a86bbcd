//! The project's files, as they are on disk.

use std::{fs, io, path::Path};

use walkdir::{DirEntry, WalkDir};

use crate::{breach::Breach, code::Code};

/// Folders that others fill: what is built, and what is installed.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "dist"];

/// All files of the project that are text.
pub struct Project {
    /// By their paths.
    pub files: Vec<File>,
}

/// A file of the project.
pub struct File {
    /// From the project's folder on, parted by `/`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The same taken apart, where it is Rust.
    pub(crate) code: Option<Code>,
}

/// Why the sources cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A folder or file cannot be read.
    #[error("the project's files cannot be read")]
    Files(#[from] io::Error),
    /// The lexer does not understand a file.
    #[error("{path} is no Rust: {why}")]
    NoRust {
        /// Which.
        path: String,
        /// What the lexer says.
        why: String,
    },
}

impl Project {
    /// The project in this folder, without what is built or installed.
    ///
    /// # Errors
    /// When a file cannot be read, or is no Rust though its name says so.
    pub fn read(folder: &Path) -> Result<Self, Unreadable> {
        let ours = |entry: &DirEntry| !NOT_OURS.iter().any(|name| entry.file_name() == *name);
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(ours) {
            let entry = entry.map_err(io::Error::from)?;
            if !entry.file_type().is_file() {
                continue;
            }
            // What is no text is a picture.
            let Ok(text) = String::from_utf8(fs::read(entry.path())?) else { continue };
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            files.push(File::new(&path, &text)?);
        }
        Ok(Self { files })
    }

    /// The file of this path, if there is one.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files, each with what the lexer sees in it.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &Code)> {
        self.files.iter().filter_map(|file| Some((file, file.code.as_ref()?)))
    }
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Result<Self, Unreadable> {
        let is_rust = Path::new(path).extension().is_some_and(|extension| extension == "rs");
        let code = is_rust.then(|| Code::of(path, text)).transpose();
        let code = code.map_err(|error| Unreadable::NoRust { path: path.to_owned(), why: error.to_string() })?;
        Ok(Self { path: path.to_owned(), text: text.to_owned(), code })
    }

    /// The room of the service that it belongs to: `store` for `src/store.rs` and all in `src/store/`.
    pub(crate) fn room(&self) -> Option<&str> {
        let within = self.path.strip_prefix("src/")?;
        let room = within.split('/').next()?;
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (!matches!(room, "lib" | "main")).then_some(room)
    }

    /// Is all of it tests, or what tests and measurements stand on?
    pub(crate) fn is_test(&self) -> bool {
        let inside = |folder: &str| self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"));
        inside("tests/") || inside("benches/") || self.path.ends_with("/tests.rs")
    }

    pub(crate) fn breach(&self, rule: &'static str, line: usize, told: impl Into<String>) -> Breach {
        Breach { rule, path: self.path.clone(), line, told: told.into() }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A project of these files, each a path and a text.
    pub(crate) fn project(files: &[(&str, &str)]) -> Project {
        let file = |(path, text): &(&str, &str)| File::new(path, text).expect("Rust where the name says so");
        Project { files: files.iter().map(file).collect() }
    }

    #[test]
    fn a_file_belongs_to_the_room_that_its_path_names() {
        for (path, room) in [
            ("src/store.rs", Some("store")),
            ("src/store/write/fold.rs", Some("store")),
            ("src/main.rs", None),
            ("src/lib.rs", None),
            ("tests/end_to_end/store.rs", None),
        ] {
            assert_eq!(project(&[(path, "")]).files[0].room(), room, "{path}");
        }
    }

    #[test]
    fn what_is_no_rust_is_told_by_its_path() {
        let error = File::new("src/lib.rs", "fn f( {").err().expect("no Rust");
        assert!(error.to_string().starts_with("src/lib.rs is no Rust: "), "{error}");
    }
}
