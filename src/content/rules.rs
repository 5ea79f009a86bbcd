//! Finds rules in a folder and reads their error keys.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
    sync::Arc,
};

use super::{
    MAX_CATEGORIES_OF_RECOMMENDATION, MAX_RECOMMENDATIONS, Problem, Recommendation,
    categories::Categories,
    levels::Levels,
    metadata::Metadata,
    plugin::Plugin,
    texts::Texts,
    tree::{Folder, Listing, TextFile, Tree},
    yaml::or_report,
};
use crate::domain::Selector;

/// The file that makes a folder a rule.
const PLUGIN: &str = "plugin.yaml";
/// The file of an error key.
const METADATA: &str = "metadata.yaml";
/// Most levels of folders above a rule's folder.
const MAX_DEPTH: usize = 16;

/// The rules that were read so far.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    tree: &'a mut Tree,
    levels: &'a Levels,
    categories: &'a Categories,
    /// The plugin's file of each rule.
    defined: BTreeMap<String, PathBuf>,
    found: BTreeMap<Selector, Arc<Recommendation>>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(tree: &'a mut Tree, levels: &'a Levels, categories: &'a Categories) -> Self {
        Self { tree, levels, categories, defined: BTreeMap::new(), found: BTreeMap::new() }
    }

    /// Reads the rules in folders and returns their recommendations.
    pub(super) fn read(mut self, folders: impl IntoIterator<Item = Folder>) -> BTreeMap<Selector, Arc<Recommendation>> {
        for folder in folders {
            self.read_folder(&folder, 1);
        }
        self.found
    }

    fn read_folder(&mut self, folder: &Folder, depth: usize) {
        if depth > MAX_DEPTH {
            return self.tree.report(&folder.name, &format!("is more than {MAX_DEPTH} levels deep"));
        }
        let listing = self.tree.list(folder, |_| true);
        match listing.files.get(PLUGIN) {
            Some(plugin) => self.read_rule(plugin, &listing),
            None => listing.folders.values().for_each(|folder| self.read_folder(folder, depth + 1)),
        }
    }

    fn read_rule(&mut self, file: &TextFile, listing: &Listing) {
        let Some(text) = or_report(self.tree.read(file), &mut self.tree.problems) else { return };
        let Some(plugin) = Plugin::parse(&file.name, &text, &mut self.tree.problems) else { return };
        match self.defined.entry(plugin.rule_fqdn.clone()) {
            Entry::Vacant(vacant) => _ = vacant.insert(file.name.clone()),
            Entry::Occupied(first) => {
                let reason = format!("defines the rule {}, which {} defines", first.key(), first.get().display());
                return self.tree.report(&file.name, &reason);
            }
        }
        let texts = Texts::read(self.tree, &listing.files);
        let Some(defaults) = or_report(texts, &mut self.tree.problems) else { return };
        for (error_key, folder) in &listing.folders {
            if let Some(recommendation) = self.read_error_key(error_key, folder, &plugin, &defaults) {
                self.add(folder, recommendation);
            }
        }
    }

    fn read_error_key(
        &mut self,
        error_key: &str,
        folder: &Folder,
        plugin: &Plugin,
        defaults: &Texts,
    ) -> Option<Recommendation> {
        let listing = self.tree.list(folder, |_| true);
        let Some(file) = listing.files.get(METADATA) else {
            self.tree.report(&folder.name, &format!("has no {METADATA}"));
            return None;
        };
        let text = or_report(self.tree.read(file), &mut self.tree.problems);
        let parse = |text: String| Metadata::parse(&file.name, &text, self.levels, &mut self.tree.problems);
        let metadata = text.and_then(parse);
        let texts = or_report(Texts::read(self.tree, &listing.files), &mut self.tree.problems)?.or(defaults);
        if let Some(missing) = texts.missing() {
            self.tree.report(&folder.name, &format!("has no {missing}, nor has its rule"));
        }
        let metadata = metadata?;
        let selector = Selector::new(&plugin.rule_fqdn, error_key);
        let selector = selector.map_err(|error| Problem::new(&folder.name, None, error.to_string()));
        let selector = or_report(selector, &mut self.tree.problems)?;
        let mut categories = self.categories.with_tags(&metadata.tags);
        if categories.len() > MAX_CATEGORIES_OF_RECOMMENDATION {
            let found = categories.len();
            let reason =
                format!("is in {found} categories: only the first {MAX_CATEGORIES_OF_RECOMMENDATION}, by key, count");
            self.tree.report(&file.name, &reason);
            categories.truncate(MAX_CATEGORIES_OF_RECOMMENDATION);
        }
        Recommendation::new(selector, plugin, metadata, texts, categories)
    }

    fn add(&mut self, folder: &Folder, recommendation: Recommendation) {
        if self.found.len() == MAX_RECOMMENDATIONS {
            let reason = format!("is left out: there are more than {MAX_RECOMMENDATIONS} recommendations");
            return self.tree.report(&folder.name, &reason);
        }
        self.found.insert(recommendation.selector.clone(), Arc::new(recommendation));
    }
}
