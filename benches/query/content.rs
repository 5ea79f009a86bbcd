//! Content of the recommendations that hit: a folder of files, as a service loads it.

use std::{fs, path::Path};

use insights_results_aggregator::config::Content;
use tempfile::TempDir;

use super::data::selector;

/// The keys of the categories, each with its tag of the same name.
pub(crate) const CATEGORIES: [&str; 4] = ["fault_tolerance", "performance", "security", "service_availability"];

/// Writes content of this many recommendations. Returns the folder, and the settings that load it.
pub(crate) fn write(recommendations: u32) -> (TempDir, Content) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &Path, text: &str| fs::write(folder.path().join(path), text).expect("a file is written");
    let levels = "{One: 1, Two: 2, Three: 3, Four: 4}";
    write("config.yaml".as_ref(), &format!("impact: {levels}\nresolution_risk: {levels}\n"));
    let groups = CATEGORIES.map(|key| format!("{key}:\n  name: {key}\n  description: About it.\n  tags: [{key}]\n"));
    write("groups.yaml".as_ref(), &groups.concat());
    for number in 0..recommendations {
        let selector = selector(number);
        let rule = Path::new("external").join(selector.rule_fqdn());
        let key = rule.join(selector.error_key());
        fs::create_dir_all(folder.path().join(&key)).expect("folders");
        let module = selector.rule_fqdn();
        let plugin = format!("name: Rule {number}\nnode_id: \"1234\"\nproduct_code: OCP4\npython_module: {module}\n");
        write(&rule.join("plugin.yaml"), &plugin);
        for file in ["generic.md", "reason.md", "resolution.md"] {
            write(&rule.join(file), &format!("A text about {{{{=pydata.op}}}} of rule {number}."));
        }
        let (level, tags) = (level(number), tags(number).join(", "));
        let metadata = format!(
            "description: What rule {number} finds\nimpact: {}\nlikelihood: {level}\npublish_date: '2025-03-04 05:06:07'\n\
             resolution_risk: Two\nstatus: active\ntags: [{tags}]\n",
            ["One", "Two", "Three", "Four"][level - 1],
        );
        write(&key.join("metadata.yaml"), &metadata);
    }
    let settings = Content {
        path: Some(folder.path().to_owned()),
        groups: Some(folder.path().join("groups.yaml")),
        internal_organizations: Vec::new(),
    };
    (folder, settings)
}

/// The tags of a recommendation.
pub(crate) fn tags(number: u32) -> Vec<&'static str> {
    let all = [CATEGORIES[number as usize / 3 % 4], "osd_customer"];
    // Some recommendations do not apply to managed clusters.
    all[..if number.is_multiple_of(3) { 1 } else { 2 }].to_vec()
}

/// Impact and likelihood of a recommendation, which are the same, so that its total risk is too.
fn level(number: u32) -> usize {
    number as usize % 7 % 4 + 1
}
