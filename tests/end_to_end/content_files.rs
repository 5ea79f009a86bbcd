//! Files of rule content for tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use insights_results_aggregator::{
    config,
    content::{CurrentContent, Source},
    domain::Selector,
    store::Store,
};
use tempfile::TempDir;

/// The tag of recommendations for managed clusters.
pub(crate) const FOR_MANAGED: &str = "osd_customer";

/// A folder with content, which is removed when the test ends.
pub(crate) struct ContentFolder(TempDir);

impl ContentFolder {
    /// A folder with levels and two categories, and no recommendation yet.
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        write_levels(folder.path());
        let groups = "security:\n  name: Security\n  description: What attackers may use.\n  tags: [security]\n\
                      performance:\n  name: Performance\n  description: What slows down.\n  tags: [performance]\n";
        fs::write(folder.groups(), groups).expect("the groups are written");
        folder
    }

    /// A folder with these recommendations, each with its tags.
    pub(crate) fn with(recommendations: &[(&str, &[&str])]) -> Self {
        let folder = Self::new();
        for (selector, tags) in recommendations {
            write_recommendation(folder.path(), selector, &format!("Title of {selector}"), tags);
        }
        folder
    }

    /// Adds a category of a tag. Its key, name and description are the tag.
    pub(crate) fn add_category(&self, tag: &str) {
        let groups = fs::read_to_string(self.groups()).expect("the groups are read");
        let category = format!("{tag}:\n  name: {tag}\n  description: {tag}\n  tags: [{tag}]\n");
        fs::write(self.groups(), groups + &category).expect("the groups are written");
    }

    /// Writes a recommendation into the folder.
    pub(crate) fn write(&self, recommendation: &RecommendationFiles<'_>) {
        recommendation.write(self.path());
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn groups(&self) -> PathBuf {
        self.path().join("groups.yaml")
    }

    /// The configuration that loads the content.
    pub(crate) fn settings(&self) -> config::Content {
        config::Content {
            path: Some(self.path().to_owned()),
            groups: Some(self.groups()),
            internal_organizations: Vec::new(),
        }
    }

    /// Loads the content, as a service with this database does.
    pub(crate) async fn load_into(&self, store: &Store) -> CurrentContent {
        load_into(&self.settings(), store).await
    }
}

/// Loads content, as a service with this configuration and database does.
pub(crate) async fn load_into(settings: &config::Content, store: &Store) -> CurrentContent {
    let loaded = Source::configured(settings).expect("a source").load().expect("the content loads");
    assert_eq!(loaded.problems, []);
    let facts = loaded.content.facts();
    store.save_recommendation_facts(loaded.content.version(), &facts).await.expect("the facts are written");
    let current = CurrentContent::default();
    current.set(loaded.content);
    current
}

/// The configuration that loads `examples/content`, which the demo uses.
pub(crate) fn example_content() -> config::Content {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/content");
    config::Content { groups: Some(folder.join("groups.yaml")), path: Some(folder), internal_organizations: Vec::new() }
}

/// The files of one recommendation.
pub(crate) struct RecommendationFiles<'a> {
    pub(crate) selector: &'a str,
    pub(crate) rule_name: &'a str,
    pub(crate) description: &'a str,
    /// A name of [`write_levels`], as is the risk of the change.
    pub(crate) impact: &'a str,
    pub(crate) likelihood: usize,
    pub(crate) risk_of_change: Option<&'a str>,
    pub(crate) published: Option<&'a str>,
    pub(crate) is_active: bool,
    pub(crate) tags: &'a [&'a str],
}

/// Writes the levels of impact and of the risk of changes.
pub(crate) fn write_levels(folder: &Path) {
    let text = "impact: {Slow: 1, Drift: 2, Outage: 3, Data Loss: 4}\n\
                resolution_risk: {Retry: 1, Restart: 2, Rebuild: 3, Rollback: 4}\n";
    fs::write(folder.join("config.yaml"), text).expect("the levels are written");
}

/// Writes a recommendation of impact 4 and likelihood 2, so of total risk 3.
pub(crate) fn write_recommendation(folder: &Path, selector: &str, description: &str, tags: &[&str]) {
    let files = RecommendationFiles {
        selector,
        rule_name: "A rule",
        description,
        impact: "Data Loss",
        likelihood: 2,
        risk_of_change: Some("Restart"),
        published: Some("2024-04-08 00:42:00"),
        is_active: true,
        tags,
    };
    files.write(folder);
}

impl RecommendationFiles<'_> {
    fn write(&self, folder: &Path) {
        let selector: Selector = self.selector.parse().expect("a selector");
        let part = if selector.is_internal() { "internal" } else { "external" };
        let rule = folder.join(part).join(selector.rule_fqdn());
        let key = rule.join(selector.error_key());
        fs::create_dir_all(&key).expect("folders");
        let plugin = format!(
            "name: {}\nnode_id: \"1234\"\nproduct_code: OCP4\npython_module: {}\n",
            self.rule_name,
            selector.rule_fqdn()
        );
        let optional = |name: &str, value: Option<&str>| value.map_or(String::new(), |it| format!("{name}: '{it}'\n"));
        let metadata = format!(
            "description: {}\nimpact: {}\nlikelihood: {}\n{}{}status: {}\ntags: [{}]\n",
            serde_json::to_string(self.description).expect("JSON"),
            self.impact,
            self.likelihood,
            optional("publish_date", self.published),
            optional("resolution_risk", self.risk_of_change),
            if self.is_active { "active" } else { "inactive" },
            self.tags.join(", ")
        );
        for (file, text) in [
            (rule.join("plugin.yaml"), plugin.as_str()),
            (rule.join("generic.md"), "What it is."),
            (rule.join("reason.md"), "Why {{=pydata.name}}."),
            (rule.join("resolution.md"), "How."),
            (key.join("metadata.yaml"), &metadata),
        ] {
            fs::write(file, text).expect("a file is written");
        }
    }
}
