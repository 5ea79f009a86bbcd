//! Invariants of the parsers and of rendering for any input, for the targets in `fuzz/` and for property tests.

use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{
    Format, MAX_CATEGORIES, MAX_TAGS, Template, categories::Categories, levels::Levels, metadata::Metadata,
    plugin::Plugin, render,
};
use crate::domain::Details;

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

/// Fills in a template with details, which a NUL separates. Values that are markup begin with `<evil` or
/// `javascript:evil`.
///
/// # Panics
/// If the result is larger than its bound, has markup of a value, or HTML that is not expected.
pub fn render_template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (template, details) = text.split_once('\0').unwrap_or((&text, "null"));
    // What the author of a template writes is not checked as Markdown.
    if template.contains("evil") {
        return;
    }
    let (template, _) = Template::parse(template);
    let details = Details::from_checked(details);
    let markdown = render(&template, Some(&details), Format::Markdown);
    assert!(markdown.len() < 2 * 1024 * 1024, "a character has at most six bytes as a reference");
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(!html.contains("<evil") && !html.contains("javascript:evil"), "{markdown}");
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                assert!(!dest_url.trim_start().starts_with("javascript:evil"), "{markdown}");
            }
            _ => {}
        }
    }
    let html = render(&template, Some(&details), Format::Html);
    assert!(html.len() < 6 * 1024 * 1024);
    for tag in html.split('<').skip(1) {
        assert!(is_expected(tag), "<{tag}");
    }
}

/// Whether text after `<` begins with an element that texts may have.
fn is_expected(tag: &str) -> bool {
    let Some((tag, _)) = tag.split_once('>') else { return false };
    match tag.split_once(' ') {
        None => tag.trim_start_matches('/').chars().all(|c| c.is_ascii_alphanumeric()) && tag != "script",
        Some(("a", attributes)) => ["http:", "https:", "mailto:"]
            .iter()
            .any(|scheme| attributes.to_lowercase().starts_with(&format!("href=\"{scheme}"))),
        Some((name, attributes)) => name == "ol" && attributes.starts_with("start="),
    }
}
