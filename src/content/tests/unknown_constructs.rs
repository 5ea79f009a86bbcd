//! Problems of templates, and the example content.

use std::path::Path;

use generator::{Fleet, FleetSize};
use serde_json::Value;

use super::{
    super::{Format, Source, render},
    KEY, after,
    folder::{METADATA, RULE},
};
use crate::domain::Details;

#[test]
fn constructs_that_are_not_known_are_reported_with_their_line_and_leave_nothing_out() {
    let (problems, selectors) = after(|folder| {
        folder.write(
            &format!("{RULE}/resolution.md"),
            "a\n\n{{ constructor }} b {{=pydata.a}}\n{{? a }}x{{?}}{{~ pydata :x }}",
        );
        folder.write(&format!("{KEY}/more_info.md"), "{{=pydata.a.map(x)}}\n{{=\n1 - 2}}\n{{?}}{{=a");
        folder.write(&format!("{KEY}/metadata.yaml"), &METADATA.replace("{{=pydata.name}}", "{{= name }}"));
        folder.write(&format!("{RULE}/generic.md"), "{{ not a template }}");
    });
    assert_eq!(selectors.len(), 2);
    assert_eq!(
        problems,
        [
            format!("{RULE}/resolution.md:3: `{{{{ constructor }}}}` is not known: it stays as written"),
            format!("{RULE}/resolution.md:4: `{{{{? a }}}}` is not known: `a` is not known here: it stays as written"),
            format!("{RULE}/resolution.md:4: `{{{{~ pydata :x }}}}` is not closed: it stays as written"),
            format!(
                "{KEY}/metadata.yaml:1: `{{{{= name }}}}` is not known: `name` is not known here: it stays as written"
            ),
            format!(
                "{KEY}/more_info.md:1: `{{{{=pydata.a.map(x)}}}}` is not known: `x` is not known here: it stays as written"
            ),
            format!("{KEY}/more_info.md:2: `{{{{=\\n1 - 2}}}}` is not known: `-` is not expected: it stays as written"),
            format!("{KEY}/more_info.md:4: `{{{{?}}}}` has no opening tag: it stays as written"),
            format!("{KEY}/more_info.md:4: `{{{{=a` is not closed by `}}}}`: it stays as written"),
        ]
    );
}

#[test]
fn a_text_has_a_bounded_number_of_problems() {
    let (problems, selectors) = after(|folder| {
        folder.write(&format!("{KEY}/reason.md"), &"{{ x }}\n".repeat(10_000));
        folder.write(&format!("{RULE}/resolution.md"), &format!("\n{}", "{{? pydata }}".repeat(1_000)));
    });
    assert_eq!(selectors.len(), 2);
    let of = |file: &str| problems.iter().filter(|problem| problem.starts_with(file)).count();
    assert_eq!((of(&format!("{KEY}/reason.md:")), of(&format!("{RULE}/resolution.md:2: "))), (20, 20));
}

#[test]
fn the_examples_are_complete_with_generated_details() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/content");
    let groups = Some(folder.join("groups.yaml"));
    let loaded = Source { folder, groups }.load().expect("content");
    assert_eq!(loaded.problems, []);
    let mut unseen: Vec<_> = loaded.content.recommendations().map(|recommendation| &recommendation.selector).collect();
    let size = FleetSize { organizations: 5, clusters: 400 };
    let mut fleet = Fleet::new(1, size).expect("a fleet");
    let mut messages: Vec<_> = fleet.round(chrono::Utc::now()).collect();
    messages.extend(fleet.workload_round(chrono::Utc::now()));
    for message in messages {
        let message: Value = serde_json::from_slice(&message.value).expect("JSON");
        let lists = [&message["Report"]["reports"], &message["Metrics"]["workload_recommendations"]];
        for hit in lists.into_iter().filter_map(Value::as_array).flatten() {
            let component = hit["component"].as_str().expect("a component");
            let rule = component.trim_end_matches(".report").trim_end_matches(".recommendation");
            let selector = format!("{rule}|{}", hit["key"].as_str().expect("a key")).parse().expect("a selector");
            let Some(recommendation) = loaded.content.recommendation(&selector) else { continue };
            unseen.retain(|unseen| **unseen != selector);
            let details = Details::from_checked(hit["details"].to_string());
            let templates = &recommendation.templates;
            let required = [&templates.description, &templates.reason].into_iter();
            for template in required.chain(&templates.resolution).chain(&templates.more_info) {
                for format in [Format::Markdown, Format::Html] {
                    let text = render(template, Some(&details), format);
                    assert!(!text.contains("{{") && !text.contains("undefined"), "{selector}: {text}");
                    assert!(
                        !text.contains("[object") && !text.contains("NaN") && !text.contains("&#"),
                        "{selector}: {text}"
                    );
                }
            }
        }
    }
    assert!(unseen.is_empty(), "not generated: {unseen:?}");
}
