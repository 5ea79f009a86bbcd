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
            is_managed: (number / ONE_IN).is_multiple_of(ONE_IN),
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
    use crate::{
        content::{Loaded, Source},
        domain::{Selector, TotalRisk},
    };

    /// The recommendations that have no content on purpose.
    const WITHOUT_CONTENT: usize = 3;

    fn load() -> Loaded {
        let folder = tempfile::tempdir().expect("a folder");
        let config = write_content(folder.path()).expect("the content is written");
        Source::configured(&config).expect("a source").load().expect("content")
    }

    #[test]
    fn the_example_content_loads_without_problems_and_has_all_risks_and_categories() {
        let Loaded { content, problems } = load();
        assert_eq!(problems, []);
        let of_each = || content.recommendations();
        let risks: BTreeSet<TotalRisk> = of_each().map(|of| of.total_risk()).collect();
        let categories: BTreeSet<_> = of_each().flat_map(|of| of.categories.iter().map(|of| of.key.clone())).collect();
        assert_eq!((risks.len(), categories.len(), content.categories().len()), (4, 5, 5));
        assert!(of_each().any(|of| of.selector.is_internal()) && of_each().any(|of| !of.is_active));
    }

    #[test]
    fn the_example_content_has_the_tags_of_generated_messages() {
        let generated: toml::Table = include_str!("../../../generator/src/recommendations.toml").parse().expect("TOML");
        let content = load().content;
        let lists =
            ["recommendation", "workload_recommendation"].map(|list| generated[list].as_array().expect("a list"));
        let entries: Vec<_> = lists.into_iter().flatten().collect();
        let mut without = 0;
        for entry in &entries {
            let text = |name: &str| entry[name].as_str().expect("a text");
            let selector = Selector::new(text("rule"), text("error_key")).expect("a selector");
            let tags = entry.get("tags").and_then(|tags| tags.as_array()).cloned().unwrap_or_default();
            let tags: BTreeSet<_> = tags.iter().map(|tag| tag.as_str().expect("a text").to_owned()).collect();
            match content.recommendation(&selector) {
                Some(content) => assert_eq!(content.tags.iter().cloned().collect::<BTreeSet<_>>(), tags, "{selector}"),
                None => without += 1,
            }
        }
        assert_eq!((without, content.recommendations().len()), (WITHOUT_CONTENT, entries.len() - WITHOUT_CONTENT));
    }

    #[test]
    fn some_recommendations_for_workloads_have_no_content_or_are_not_for_managed_clusters() {
        let generator = generator::Catalogue::embedded().expect("a valid list");
        let content = load().content;
        let selectors = generator.workload_recommendations().iter().map(generator::WorkloadRecommendation::selector);
        let selectors: Vec<Selector> = selectors.map(|selector| selector.parse().expect("a selector")).collect();
        let found: Vec<_> = selectors.iter().filter_map(|selector| content.recommendation(selector)).collect();
        assert_eq!(found.len() + 1, selectors.len());
        let is_for_managed = |tags: &[String]| tags.iter().any(|tag| tag == "osd_customer");
        let for_managed = found.iter().filter(|content| is_for_managed(&content.tags)).count();
        assert!((1..found.len()).contains(&for_managed), "{for_managed} of {}", found.len());
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
