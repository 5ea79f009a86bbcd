//! The table of template cases.

use serde::Deserialize;

use super::super::{Format, Template, render};
use crate::domain::Details;

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    template: String,
    /// JSON; no details if it is absent.
    details: Option<String>,
    markdown: String,
    /// Not compared if it is absent.
    html: Option<String>,
}

#[test]
fn each_case_has_the_expected_markdown_and_html() {
    let cases: Cases = toml::from_str(include_str!("cases.toml")).expect("cases");
    let mut wrong = Vec::new();
    for case in &cases.case {
        let (template, _) = Template::parse(case.template.as_str());
        let details = case.details.as_deref().map(Details::from_checked);
        let mut compare = |format, expected: &str| {
            let rendered = render(&template, details.as_ref(), format);
            if rendered.trim_end() != expected.trim_end() {
                wrong.push(format!("{} as {format:?}:\n{rendered}\nexpected:\n{expected}\n\n", case.name));
            }
        };
        compare(Format::Markdown, &case.markdown);
        if let Some(html) = &case.html {
            compare(Format::Html, html);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
    assert!(cases.case.len() > 50);
}
