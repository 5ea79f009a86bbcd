//! The text files of the project, read from disk.

use std::{fs, io, path::Path};

use walkdir::{DirEntry, WalkDir};

use crate::{code::Code, violation::Violation};

/// Folders of build results, installed packages and version control.
const SKIPPED_FOLDERS: [&str; 4] = [".git", "target", "node_modules", "dist"];

/// The project's text files.
pub struct Project {
    /// Ordered by path.
    pub files: Vec<File>,
}

/// A file of the project.
pub struct File {
    /// Relative to the project's folder, separated by `/`.
    pub path: String,
    /// The content.
    pub text: String,
    /// The parsed content of a Rust file.
    pub(crate) code: Option<Code>,
}

/// Why the sources cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A folder or file cannot be read.
    #[error("the project's files cannot be read")]
    Io(#[from] io::Error),
    /// A file whose name ends in `.rs` is not valid Rust.
    #[error("{path} is not valid Rust: {message}")]
    Syntax {
        /// The file's path.
        path: String,
        /// The lexer's error.
        message: String,
    },
}

impl Project {
    /// Reads the project in this folder, without build results and installed packages.
    ///
    /// # Errors
    /// When a file cannot be read, or one whose name ends in `.rs` is not valid Rust.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let is_source = |entry: &DirEntry| !SKIPPED_FOLDERS.iter().any(|name| entry.file_name() == *name);
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_source) {
            let entry = entry.map_err(io::Error::from)?;
            if !entry.file_type().is_file() {
                continue;
            }
            // Files that are not UTF-8 are pictures.
            let Ok(text) = String::from_utf8(fs::read(entry.path())?) else { continue };
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            files.push(File::new(&path, &text)?);
        }
        Ok(Self { files })
    }

    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files with their parsed content.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &Code)> {
        self.files.iter().filter_map(|file| Some((file, file.code.as_ref()?)))
    }
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Result<Self, ReadError> {
        let is_rust = Path::new(path).extension().is_some_and(|extension| extension == "rs");
        let code = is_rust.then(|| Code::parse(path, text)).transpose();
        let code = code.map_err(|error| ReadError::Syntax { path: path.to_owned(), message: error.to_string() })?;
        Ok(Self { path: path.to_owned(), text: text.to_owned(), code })
    }

    /// The room of the service: `store` for `src/store.rs` and all files in `src/store/`.
    pub(crate) fn room(&self) -> Option<&str> {
        let within = self.path.strip_prefix("src/")?;
        let room = within.split('/').next()?;
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (!matches!(room, "lib" | "main")).then_some(room)
    }

    /// Whether the whole file is code of tests or benchmarks.
    pub(crate) fn is_test(&self) -> bool {
        let is_inside = |folder: &str| self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"));
        is_inside("tests/") || is_inside("benches/") || self.path.ends_with("/tests.rs")
    }

    pub(crate) fn violation(&self, rule: &'static str, line: usize, message: impl Into<String>) -> Violation {
        Violation { rule, path: self.path.clone(), line, message: message.into(), word: None }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A project of these files, each `(path, text)`.
    pub(crate) fn project(files: &[(&str, &str)]) -> Project {
        let file = |(path, text): &(&str, &str)| File::new(path, text).expect("valid Rust");
        Project { files: files.iter().map(file).collect() }
    }

    #[test]
    fn the_path_of_a_file_determines_its_room() {
        for (path, room) in [
            ("src/store.rs", Some("store")),
            ("src/store/write/reconcile.rs", Some("store")),
            ("src/main.rs", None),
            ("src/lib.rs", None),
            ("tests/end_to_end/store.rs", None),
        ] {
            assert_eq!(project(&[(path, "")]).files[0].room(), room, "{path}");
        }
    }

    #[test]
    fn invalid_rust_is_reported_with_its_path() {
        let error = File::new("src/lib.rs", "fn f( {").err().expect("invalid Rust");
        assert!(error.to_string().starts_with("src/lib.rs is not valid Rust: "), "{error}");
    }
}
