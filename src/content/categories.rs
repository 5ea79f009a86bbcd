//! Categories of recommendations: the file of the groups.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{
    MAX_CATEGORIES, Problem,
    metadata::tags,
    yaml::{self, Field, Name, Scalar},
};
use crate::domain::Digest;

/// A category of recommendations, which has those with one of its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The key, unique among the categories.
    pub key: String,
    /// The name for users.
    pub name: String,
    /// The description for users; empty if there is none.
    pub description: String,
    /// The tags, at most [`super::MAX_TAGS`], as written.
    pub tags: Vec<String>,
}

impl Category {
    /// A digest of all values.
    pub(super) fn digest(&self) -> Digest {
        let Self { key, name, description, tags } = self;
        let texts = [key, name, description].into_iter().chain(tags);
        Digest::of_parts(texts.map(String::as_bytes))
    }
}

#[derive(Debug, Deserialize)]
struct Group {
    #[serde(default)]
    name: Option<Scalar>,
    #[serde(default)]
    description: Option<Scalar>,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// All categories.
#[derive(Debug, Default)]
pub(super) struct Categories {
    /// Ordered by key.
    pub(super) all: Vec<Arc<Category>>,
    /// Places in `all`, ascending.
    by_tag: HashMap<String, Vec<usize>>,
}

impl Categories {
    /// Parses the file of the groups.
    ///
    /// # Errors
    /// If the file cannot be parsed.
    pub(super) fn parse(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Result<Self, Problem> {
        let groups: Option<BTreeMap<Name, Spanned<Option<Group>>>> = yaml::parse(file, text)?;
        let groups = groups.unwrap_or_default();
        if groups.len() > MAX_CATEGORIES {
            let reason = format!("has {} groups: only the first {MAX_CATEGORIES}, by key, are loaded", groups.len());
            problems.push(Problem::new(file, None, reason));
        }
        let mut categories = Self::default();
        for (Name(key), group) in groups.into_iter().take(MAX_CATEGORIES) {
            let line = Some(group.defined.line()).filter(|line| *line > 0);
            match category(file, key.clone(), group.value) {
                Ok(category) => categories.add(category),
                Err(problem) => {
                    let reason = format!("group {key:?}: {}", problem.reason);
                    problems.push(Problem::new(file, problem.line.or(line), reason));
                }
            }
        }
        Ok(categories)
    }

    fn add(&mut self, category: Category) {
        let place = self.all.len();
        for tag in &category.tags {
            let places = self.by_tag.entry(tag.clone()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        self.all.push(Arc::new(category));
    }

    /// The categories with one of these tags, by key.
    pub(super) fn with_tags(&self, tags: &[String]) -> Vec<Arc<Category>> {
        let mut places: Vec<_> = tags.iter().filter_map(|tag| self.by_tag.get(tag)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| Arc::clone(&self.all[place])).collect()
    }
}

fn category(file: &Path, key: String, group: Option<Group>) -> Result<Category, Problem> {
    let group = group.ok_or_else(|| Problem::new(file, None, "is empty"))?;
    let field = |name, scalar| Field { file, name, scalar };
    Ok(Category {
        key,
        name: field("name", group.name.as_ref()).required()?.to_owned(),
        description: field("description", group.description.as_ref()).text().unwrap_or_default().to_owned(),
        tags: tags(file, group.tags.unwrap_or_default())?,
    })
}
