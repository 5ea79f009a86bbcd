//! Invariants of the parsers for any input, for the targets in `fuzz/` and for property tests.

use std::path::Path;

use super::{MAX_CATEGORIES, MAX_TAGS, categories::Categories, levels::Levels, metadata::Metadata, plugin::Plugin};

/// Parses bytes as the four YAML files, which NULs separate: `config.yaml`, `metadata.yaml`, `plugin.yaml`, the groups.
///
/// # Panics
/// If an invalid value is accepted, or a file is refused without a problem.
pub fn read_files(bytes: &[u8]) {
    let mut texts = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut next = || texts.next().unwrap_or_default();
    let file = Path::new("file");
    let mut problems = Vec::new();
    let levels = Levels::parse(file, &next(), &mut problems);
    let levels = levels.or_else(|_| Levels::parse(file, "impact: {High: 3}", &mut problems)).expect("valid levels");

    let mut problems = Vec::new();
    match Metadata::parse(file, &next(), &levels, &mut problems) {
        Some(metadata) => {
            let description = metadata.description.as_written();
            assert!(!description.trim().is_empty() && !description.contains('\0'));
            assert!(metadata.tags.len() <= MAX_TAGS);
        }
        None => assert!(!problems.is_empty()),
    }

    let mut problems = Vec::new();
    match Plugin::parse(file, &next(), &mut problems) {
        Some(plugin) => assert!(!plugin.rule_fqdn.contains(['|', '\0']) && !plugin.name.trim().is_empty()),
        None => assert!(!problems.is_empty()),
    }

    if let Ok(categories) = Categories::parse(file, &next(), &mut problems) {
        assert!(categories.all.len() <= MAX_CATEGORIES && categories.all.is_sorted_by(|a, b| a.key < b.key));
    }
    assert!(problems.iter().all(|problem| !problem.to_string().contains('\n')));
}
