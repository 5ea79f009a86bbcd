//! Watches the files of content.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::Source;

/// Watches the files that one state of the folders contains. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    _watcher: RecommendedWatcher,
}

impl Watcher {
    /// Signals every change from now on, and blocks until the folders are watched.
    ///
    /// # Errors
    /// If a folder cannot be watched: it is missing, or the system allows no more watches.
    pub(super) fn start(source: &Source, changed: Arc<Notify>) -> notify::Result<Self> {
        let root = source.folder.canonicalize()?;
        let named =
            [Some(&source.folder), source.groups.as_ref()].into_iter().flatten().filter_map(|path| parent(path));
        let named: Vec<_> = named.collect();
        let relevant = Relevant { root: root.clone(), named: named.clone() };
        let handler = move |event: notify::Result<Event>| {
            // An error may mean lost events.
            if event.as_ref().map_or(true, |event| relevant.includes(event)) {
                changed.notify_one();
            }
        };
        // Folders only: every link in the content leads to a folder of it. Links out of it are not followed.
        let mut watcher = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))?;
        watcher.watch(&root, RecursiveMode::Recursive)?;
        // The folder's own name may be a link, and so may the groups' file. Not every parent may be readable.
        for (folder, _) in named.iter().filter(|(folder, _)| !folder.starts_with(&root)) {
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
        Ok(Self { _watcher: watcher })
    }
}

/// The folder of a path without links, and the path's last name.
fn parent(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let path = std::path::absolute(path).ok()?;
    Some((path.parent()?.canonicalize().ok()?, path.file_name()?.into()))
}

struct Relevant {
    root: PathBuf,
    named: Vec<(PathBuf, PathBuf)>,
}

impl Relevant {
    fn includes(&self, event: &Event) -> bool {
        // Reading the files causes these events, too.
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        event.paths.is_empty() || event.paths.iter().any(|path| self.includes_path(path))
    }

    fn includes_path(&self, path: &Path) -> bool {
        let is_named = |(folder, name): &(PathBuf, PathBuf)| {
            let changed = path.strip_prefix(folder).ok();
            // A ConfigMap changes `..data`.
            changed.is_some_and(|changed| changed == name || changed.to_string_lossy().starts_with(".."))
        };
        path.starts_with(&self.root) || self.named.iter().any(is_named)
    }
}
