//! What the demo has beside reports: rule content, and names of clusters.

use std::{collections::BTreeMap, fs, io, path::Path};

use generator::Fleet;
use rust_embed::RustEmbed;

use crate::{
    config,
    domain::OrgId,
    store::{ImportKey, ImportedValues},
};

/// The example content.
#[derive(RustEmbed)]
#[folder = "examples/content"]
struct Content;

/// The file of the content with the categories.
const GROUPS: &str = "groups.yaml";
/// The beginnings of names, each followed by the cluster's number.
const NAMES: [&str; 6] = ["production", "staging", "build", "shop", "payments", "edge"];
/// One in this many clusters has a name, and one in this many of those is managed.
const ONE_IN: usize = 2;

/// Writes the example content into a folder. Returns the configuration that loads it, without organizations that see
/// internal recommendations: without authentication everyone does.
pub(super) fn write_content(folder: &Path) -> io::Result<config::Content> {
    for name in Content::iter() {
        let path = folder.join(&*name);
        let file = Content::get(&name).ok_or(io::ErrorKind::NotFound)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, file.data)?;
    }
    Ok(config::Content {
        path: Some(folder.to_owned()),
        groups: Some(folder.join(GROUPS)),
        internal_organizations: Vec::new(),
    })
}

/// The names of half of the clusters, half of which are managed.
pub(super) fn imported_clusters(fleet: &Fleet) -> BTreeMap<ImportKey, ImportedValues> {
    let named = fleet.clusters().enumerate().step_by(ONE_IN);
    let imported = named.filter_map(|(number, cluster)| {
        let organization = OrgId::try_from(i64::from(cluster.organization)).ok()?;
        let values = ImportedValues {
            display_name: Some(format!("{}-{number:03}", NAMES[number / ONE_IN % NAMES.len()])),
            is_managed: number / ONE_IN % ONE_IN == 0,
            status: Some("Active".to_owned()),
        };
        Some(((organization, cluster.id.into()), values))
    });
    imported.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use generator::{DEFAULT_SEED, FleetSize};

    use super::*;
    use crate::content::Source;

    #[test]
    fn the_example_content_loads_without_problems() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = write_content(folder.path()).expect("the content is written");
        let loaded = Source::configured(&config).expect("a source").load().expect("content");
        assert_eq!(loaded.problems, []);
        assert_eq!(loaded.content.categories().len(), 5);
    }

    #[test]
    fn half_of_the_clusters_have_names_of_their_own() {
        let size = FleetSize { organizations: 2, clusters: 100 };
        let imported = imported_clusters(&Fleet::new(DEFAULT_SEED, size).expect("a fleet"));
        let names: BTreeSet<_> = imported.values().map(|values| values.display_name.clone()).collect();
        assert_eq!((imported.len(), names.len()), (50, 50));
        assert_eq!(imported.values().filter(|values| values.is_managed).count(), 25);
    }
}
