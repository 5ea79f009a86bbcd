//! Reads files below a folder: in one state, within it, and each folder once.
//!
//! Kubernetes mounts a `ConfigMap` as links to `..data`, which is a link to a folder whose name begins with `..`. An update
//! replaces the link `..data`. So links are followed, folders whose names begin with `..` are not entered, and a reader
//! checks at the end that each link it followed still has its target.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{MAX_FILE_BYTES, Problem};

/// Most names that are listed in all folders.
const MAX_ENTRIES: usize = 200_000;
/// Most bytes that are read from all files.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// A folder that is being read.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    /// Every link that was followed, with its target if it has one.
    links: Vec<(PathBuf, Option<PathBuf>)>,
    listed: HashSet<PathBuf>,
    entries: usize,
    bytes: u64,
    /// What is wrong with the files so far.
    pub(super) problems: Vec<Problem>,
}

/// A folder in the tree.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The path below the root as it is named there, for people.
    pub(super) name: PathBuf,
}

/// A regular file in the tree.
#[derive(Clone, Debug)]
pub(super) struct TextFile {
    path: PathBuf,
    /// The path below the root as it is named there, for people.
    pub(super) name: PathBuf,
}

/// What a folder contains, by name.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) folders: BTreeMap<String, Folder>,
    pub(super) files: BTreeMap<String, TextFile>,
}

impl Tree {
    /// Opens a folder.
    ///
    /// # Errors
    /// If there is no such folder.
    pub(super) fn open(path: &Path) -> Result<(Self, Folder), Problem> {
        let root = path.canonicalize().map_err(|error| unreadable(path, &error))?;
        if !root.is_dir() {
            return Err(Problem::new(path, None, "is not a folder"));
        }
        let links = vec![(path.to_owned(), Some(root.clone()))];
        let folder = Folder { path: root.clone(), name: PathBuf::new() };
        Ok((Self { root, links, listed: HashSet::new(), entries: 0, bytes: 0, problems: Vec::new() }, folder))
    }

    /// Whether every link that was followed still has its target. If not, what was read may be of two states.
    pub(super) fn is_unchanged(&self) -> bool {
        self.links.iter().all(|(link, target)| link.canonicalize().ok() == *target)
    }

    /// Lists the entries of a folder with these names. Records as problems what cannot be listed.
    pub(super) fn list(&mut self, folder: &Folder, is_used: impl Fn(&str) -> bool) -> Listing {
        let mut listing = Listing::default();
        if !self.listed.insert(folder.path.clone()) {
            self.report(&folder.name, "is a link to a folder that is also elsewhere in the content");
            return listing;
        }
        let entries = match fs::read_dir(&folder.path) {
            Ok(entries) => entries,
            Err(error) => {
                self.problems.push(unreadable(&folder.name, &error));
                return listing;
            }
        };
        for entry in entries {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                self.report(&folder.name, &format!("the content has more than {MAX_ENTRIES} files and folders"));
                break;
            }
            match entry {
                Ok(entry) => self.add(&mut listing, folder, &entry, &is_used),
                Err(error) => self.problems.push(unreadable(&folder.name, &error)),
            }
        }
        listing
    }

    fn add(&mut self, listing: &mut Listing, folder: &Folder, entry: &fs::DirEntry, is_used: impl Fn(&str) -> bool) {
        let name = folder.name.join(entry.file_name());
        let Ok(key) = entry.file_name().into_string() else {
            return self.report(&name, "has a name that is not UTF-8");
        };
        if key.starts_with("..") || !is_used(&key) {
            return;
        }
        match self.resolve(entry) {
            Ok((path, kind)) if kind.is_dir() => _ = listing.folders.insert(key, Folder { path, name }),
            Ok((path, kind)) if kind.is_file() => _ = listing.files.insert(key, TextFile { path, name }),
            Ok((path, _)) if path.starts_with(&self.root) => self.report(&name, "is neither a file nor a folder"),
            Ok(_) => self.report(&name, "is a link out of the content's folder"),
            Err(error) => self.problems.push(unreadable(&name, &error)),
        }
    }

    /// Returns the path of an entry without links, and what is there. Nothing is there if the path is out of the tree.
    fn resolve(&mut self, entry: &fs::DirEntry) -> io::Result<(PathBuf, fs::FileType)> {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if !kind.is_symlink() {
            return Ok((path, kind));
        }
        let target = path.canonicalize();
        self.links.push((path, target.as_ref().ok().cloned()));
        let target = target?;
        // The type of the link is neither a file nor a folder.
        let kind = if target.starts_with(&self.root) { fs::metadata(&target)?.file_type() } else { kind };
        Ok((target, kind))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, has more than [`MAX_FILE_BYTES`], or is not UTF-8.
    pub(super) fn read(&mut self, file: &TextFile) -> Result<String, Problem> {
        let text = read(&file.path, &file.name)?;
        self.bytes += text.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(Problem::new(&file.name, None, format!("the content has more than {MAX_BYTES} bytes")));
        }
        Ok(text)
    }

    /// Reads a file that is not in the tree, at a path that may be a link.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_beside(&mut self, path: &Path) -> Result<String, Problem> {
        let target = path.canonicalize().map_err(|error| unreadable(path, &error))?;
        self.links.push((path.to_owned(), Some(target.clone())));
        if !target.is_file() {
            return Err(Problem::new(path, None, "is not a file"));
        }
        read(&target, path)
    }

    /// Records a problem of a file or folder.
    pub(super) fn report(&mut self, name: &Path, reason: &str) {
        self.problems.push(Problem::new(name, None, reason));
    }
}

fn read(path: &Path, name: &Path) -> Result<String, Problem> {
    let too_long = |length: u64| Problem::new(name, None, format!("has {length} bytes, more than {MAX_FILE_BYTES}"));
    let file = fs::File::open(path).map_err(|error| unreadable(name, &error))?;
    let length = file.metadata().map_err(|error| unreadable(name, &error))?.len();
    if length > MAX_FILE_BYTES {
        return Err(too_long(length));
    }
    let mut bytes = Vec::new();
    // It may have grown since.
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_long(bytes.len() as u64));
    }
    String::from_utf8(bytes).map_err(|_| Problem::new(name, None, "is not UTF-8"))
}

fn unreadable(name: &Path, error: &io::Error) -> Problem {
    Problem::new(name, None, format!("cannot be read: {error}"))
}
