//! Where content is, and loading it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Content, Error, Problem,
    categories::Categories,
    levels::Levels,
    rules::Rules,
    tree::{Folder, TextFile, Tree},
};
use crate::config;

/// The file at the root of the folder.
const CONFIG: &str = "config.yaml";
/// The folders with rules, below the root. A missing one is not an error.
const FOLDERS: [&str; 3] = ["external", "internal", "ocs"];
/// How often files that change while they are read are read.
const ATTEMPTS: usize = 5;

/// The files of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The folder with `config.yaml` and the rules.
    pub folder: PathBuf,
    /// The file with the categories.
    pub groups: Option<PathBuf>,
}

/// Content with what is wrong in its files.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What was loaded.
    pub content: Arc<Content>,
    /// What was left out, in the order in which it was found.
    pub problems: Vec<Problem>,
}

impl Source {
    /// Returns the configured files; `None` if no content is configured.
    pub fn configured(config: &config::Content) -> Option<Self> {
        let folder = config.path.clone()?;
        Some(Self { folder, groups: config.groups.clone() })
    }

    /// Loads the content on a thread for blocking work.
    ///
    /// # Errors
    /// As [`Self::load`].
    ///
    /// # Panics
    /// If loading panics.
    pub async fn load_in_background(&self) -> Result<Loaded, Error> {
        let source = self.clone();
        match tokio::task::spawn_blocking(move || source.load()).await {
            Ok(loaded) => loaded,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Loads the content, and blocks meanwhile.
    ///
    /// # Errors
    /// If the folder, its `config.yaml` or the file of the groups is missing or cannot be parsed.
    pub fn load(&self) -> Result<Loaded, Error> {
        for _ in 0..ATTEMPTS {
            let (mut tree, root) = Tree::open(&self.folder).map_err(Error::Unreadable)?;
            let top = tree.list(&root, |name| name == CONFIG || FOLDERS.contains(&name));
            let content = self.read(&mut tree, top.files.get(CONFIG), top.folders.into_values().collect());
            if tree.is_unchanged() {
                let content = Arc::new(content.map_err(Error::Unreadable)?);
                return Ok(Loaded { content, problems: tree.problems });
            }
        }
        Err(Error::Changing(self.folder.clone()))
    }

    fn read(&self, tree: &mut Tree, config: Option<&TextFile>, folders: Vec<Folder>) -> Result<Content, Problem> {
        let in_folder = |problem: Problem| Problem { file: self.folder.join(&problem.file), ..problem };
        let config = config.ok_or_else(|| in_folder(missing_config(&tree.problems)))?;
        let text = tree.read(config).map_err(in_folder)?;
        let levels = Levels::parse(&config.name, &text, &mut tree.problems).map_err(in_folder)?;
        let categories = match &self.groups {
            Some(file) => {
                let text = tree.read_beside(file)?;
                Categories::parse(file, &text, &mut tree.problems)?
            }
            None => Categories::default(),
        };
        let recommendations = Rules::new(tree, &levels, &categories).read(folders);
        Ok(Content::new(recommendations, categories.all))
    }
}

/// Why there is no `config.yaml`: its entry or its folder cannot be read, or it is missing.
fn missing_config(problems: &[Problem]) -> Problem {
    let is_cause = |problem: &&Problem| problem.file.as_os_str().is_empty() || problem.file == Path::new(CONFIG);
    let cause = problems.iter().find(is_cause).cloned();
    cause.unwrap_or_else(|| Problem::new(Path::new(CONFIG), None, "is missing"))
}
