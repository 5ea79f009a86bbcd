//! Loading of valid and invalid content.

mod bounds;
mod cases;
mod folder;
mod links;
mod properties;
mod rendering;
mod template_properties;
mod unknown_constructs;
mod watching;

use super::{Error, Loaded, MAX_CATEGORIES_OF_RECOMMENDATION};
use crate::domain::{Level, RiskOfChange, TotalRisk};
use folder::{RULE, TestFolder, lines, selectors};

const KEY: &str = "external/rules/kubelet/KUBELET_OLD";
const OLD: &str = "ccx_rules_ocp.external.rules.kubelet|KUBELET_OLD";
const NEW: &str = "ccx_rules_ocp.external.rules.kubelet|KUBELET_NEW";

/// The problems and the selectors after a change of the valid folder.
fn after(change: impl FnOnce(&TestFolder)) -> (Vec<String>, Vec<String>) {
    let folder = TestFolder::valid();
    change(&folder);
    let loaded = folder.load().expect("content");
    (lines(&loaded), selectors(&loaded))
}

fn metadata(changed: &str) -> String {
    let field = changed.split_once(':').map_or(changed, |(field, _)| field);
    let kept = folder::METADATA.lines().filter(|line| !line.starts_with(field));
    kept.chain([changed]).fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn all_parts_of_a_recommendation_are_loaded() {
    let Loaded { content, problems } = TestFolder::valid().load().expect("content");
    assert_eq!(problems, []);
    let found: Vec<_> = content.recommendations().map(|recommendation| recommendation.selector.to_string()).collect();
    assert_eq!(found, [NEW, OLD], "in the order of selectors");
    let old = content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
    assert_eq!((old.rule_name.as_str(), old.description()), ("Kubelet version", "Node {{=pydata.name}} is old"));
    assert_eq!((&*old.generic, old.templates.reason.as_written()), ("Generic of the rule\n", "Reason of the key\n"));
    let resolution = old.templates.resolution.as_ref().map(|template| template.as_written());
    assert_eq!((resolution, &old.templates.more_info), (Some("Update {{=pydata.name}}"), &None));
    assert_eq!((old.impact, old.likelihood, old.total_risk()), (Level::Critical, Level::High, TotalRisk::Important));
    assert_eq!(old.risk_of_change, Some(RiskOfChange::Low));
    assert_eq!(old.tags, ["openshift", "service_availability", "osd_customer"]);
    assert!(old.is_active && old.is_for_managed());
    let published = old.published_at.map(|time| time.to_string());
    assert_eq!(published.as_deref(), Some("2024-04-08T00:42:00.000000Z"));
    let article = old.knowledge_base.as_ref().map(ToString::to_string);
    assert_eq!(article.as_deref(), Some("https://access.redhat.com/solutions/6964031"));

    let new = content.recommendation(&NEW.parse().expect("a selector")).expect("loaded");
    assert_eq!((new.templates.reason.as_written(), new.impact), ("Reason of the rule\n", Level::Low));
    assert!(!new.is_active && !new.is_for_managed() && new.published_at.is_none() && new.tags.is_empty());
    let facts = content.facts();
    assert_eq!(facts, [new.facts(), old.facts()]);
    assert!(facts[1].is_for_managed && facts[1].description.contains("pydata"));
}

#[test]
fn rules_are_found_at_any_depth_of_the_three_folders() {
    let folder = TestFolder::empty();
    folder.write("config.yaml", folder::CONFIG);
    for (path, module) in [
        ("external/a", "x.external.a"),
        ("internal/bug_rules/deep/er/b", "x.internal.b"),
        ("ocs/c", "x.ocs.c"),
        ("other/d", "x.d"),
        ("external/a/KEY/nested", "x.nested"),
    ] {
        folder.write_rule(path, module);
    }
    let loaded = folder.load().expect("content");
    assert_eq!(selectors(&loaded), ["x.external.a|KEY", "x.internal.b|KEY", "x.ocs.c|KEY"]);
    assert_eq!(lines(&loaded), [""; 0]);
    let missing = TestFolder::empty();
    missing.write("config.yaml", folder::CONFIG);
    assert_eq!(selectors(&missing.load().expect("no rules are valid")), [""; 0]);
}

#[test]
fn without_a_valid_config_nothing_is_loaded() {
    let error = |change: &dyn Fn(&TestFolder)| {
        let folder = TestFolder::valid();
        change(&folder);
        let error = folder.load().expect_err("no content");
        assert!(matches!(error, Error::Unreadable(_)), "{error:?}");
        error.to_string().replace(&folder.root().display().to_string(), "ROOT")
    };
    assert_eq!(error(&|folder| folder.remove("config.yaml")), "ROOT/config.yaml: is missing");
    let unreadable = error(&|folder| folder.write("config.yaml", "impact:\n  Data Loss: [4\n"));
    assert!(unreadable.starts_with("ROOT/config.yaml:"), "{unreadable}");
    let wrong = error(&|folder| folder.write("config.yaml", "resolution_risk: {a: 1}\nimpact: 4\n"));
    assert!(wrong.starts_with("ROOT/config.yaml:2: "), "{wrong}");
    let large = "#".repeat(1024 * 1024);
    let large = error(&|folder| folder.write("config.yaml", &large));
    assert_eq!(large, "ROOT/config.yaml: has 1048576 bytes, more than 262144");
    let gone = error(&|folder| folder.remove(""));
    assert!(gone.starts_with("ROOT: cannot be read: "), "{gone}");
}

#[test]
fn an_invalid_plugin_leaves_out_the_rule() {
    for (text, problem) in [
        ("name: [", "external/rules/kubelet/plugin.yaml:1: "),
        ("python_module: x.y", "external/rules/kubelet/plugin.yaml: name is missing"),
        ("name: N\npython_module: ''", "external/rules/kubelet/plugin.yaml:2: python_module is missing"),
        ("name: N\npython_module: a|b", "external/rules/kubelet/plugin.yaml:2: python_module must be the name of a"),
        ("name: N\npython_module: \"a\\0b\"", "external/rules/kubelet/plugin.yaml:2: python_module contains a NUL"),
    ] {
        let (problems, selectors) = after(|folder| folder.write("external/rules/kubelet/plugin.yaml", text));
        assert!(problems.len() == 1 && problems[0].starts_with(problem), "{problems:?}");
        assert_eq!(selectors, [""; 0], "{text}");
    }
}

#[test]
fn an_article_that_is_not_a_number_is_reported_and_ignored() {
    for (node_id, expected) in [("''", 0), ("null", 0), ("~", 0), ("abc", 1), ("6964031/../..", 1)] {
        let text = format!("name: N\nnode_id: {node_id}\npython_module: x.y\n");
        let folder = TestFolder::valid();
        folder.write("external/rules/kubelet/plugin.yaml", &text);
        let loaded = folder.load().expect("content");
        assert_eq!(loaded.problems.len(), expected, "{node_id}: {:?}", lines(&loaded));
        assert_eq!(selectors(&loaded).len(), 2, "{node_id}");
        assert!(loaded.content.recommendations().all(|recommendation| recommendation.knowledge_base.is_none()));
    }
}

#[test]
fn an_invalid_error_key_is_left_out_alone() {
    let file = format!("{KEY}/metadata.yaml");
    for (changed, problem) in [
        ("status: retired", "7: status must be active, inactive or empty"),
        ("publish_date: 8 April", "7: publish_date must be YYYY-MM-DD HH:MM:SS or RFC 3339"),
        ("publish_date: 2024-02-30 00:00:00", "7: publish_date must be YYYY-MM-DD HH:MM:SS or RFC 3339"),
        ("impact: Mishap", "7: impact \"Mishap\" is not a name in config.yaml"),
        ("impact: ''", "7: impact is missing"),
        ("impact: Beyond", "7: impact \"Beyond\" is not a name in config.yaml"),
        ("likelihood: 5", "7: likelihood must be 1 to 4"),
        ("likelihood: 0", "7: likelihood must be 1 to 4"),
        ("likelihood: 2.5", "7: likelihood must be 1 to 4"),
        ("likelihood: null", "likelihood is missing"),
        ("description: ' '", "7: description is missing"),
        ("description: \"a\\0b\"", "7: description contains a NUL"),
    ] {
        let (problems, selectors) = after(|folder| {
            // The level of a name in config.yaml is not 1 to 4: an error of that name alone.
            folder.write("config.yaml", &folder::CONFIG.replace("{Data", "{Beyond: 5, Data"));
            folder.write(&file, &metadata(changed));
        });
        let separator = if problem.starts_with('7') { ':' } else { ' ' };
        let expected = format!("{file}:{}{problem}", if separator == ':' { "" } else { " " });
        assert_eq!(
            problems,
            ["config.yaml:1: the level of \"Beyond\" must be 1 to 4".to_owned(), expected],
            "{changed}"
        );
        assert_eq!(selectors, [NEW], "{changed}");
    }
    let (problems, selectors) = after(|folder| folder.write(&file, "tags: [a\nstatus"));
    assert!(problems.len() == 1 && problems[0].starts_with(&format!("{file}:")), "{problems:?}");
    assert_eq!(selectors, [NEW]);
    let (problems, selectors) = after(|folder| folder.remove(&file));
    assert_eq!((problems, selectors), (vec![format!("{KEY}: has no metadata.yaml")], vec![NEW.to_owned()]));
}

#[test]
fn all_problems_of_a_file_are_reported_at_once() {
    let (problems, _) = after(|folder| folder.write(&format!("{KEY}/metadata.yaml"), "status: gone\nlikelihood: 9\n"));
    let reasons: Vec<_> = problems.iter().map(|problem| problem.rsplit(": ").next().expect("a reason")).collect();
    let expected = [
        "description is missing",
        "impact is missing",
        "likelihood must be 1 to 4",
        "status must be active, inactive or empty",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn an_error_key_needs_a_generic_text_and_a_reason() {
    let (problems, selectors) = after(|folder| folder.remove(&format!("{RULE}/generic.md")));
    let missing = |key: &str, file: &str| format!("{RULE}/{key}: has no {file}, nor has its rule");
    let both = [missing("KUBELET_NEW", "generic.md"), missing("KUBELET_OLD", "generic.md")];
    assert_eq!((problems, selectors), (both.to_vec(), vec![]));
    // KUBELET_OLD has a reason of its own. A blank file counts as missing.
    let (problems, selectors) = after(|folder| folder.write(&format!("{RULE}/reason.md"), " \n"));
    assert_eq!((problems, selectors), (vec![missing("KUBELET_NEW", "reason.md")], vec![OLD.to_owned()]));
    let folder = TestFolder::valid();
    folder.write(&format!("{KEY}/reason.md"), "\n");
    let loaded = folder.load().expect("content");
    let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
    assert_eq!(old.templates.reason.as_written(), "Reason of the rule\n", "a blank text overrides nothing");
}

#[test]
fn an_unknown_resolution_risk_is_reported_and_loads_as_unknown() {
    let folder = TestFolder::valid();
    folder.write(&format!("{KEY}/metadata.yaml"), &metadata("resolution_risk: Prayer"));
    let loaded = folder.load().expect("content");
    let reason = "resolution_risk \"Prayer\" is not a name in config.yaml: it is ignored";
    assert_eq!(lines(&loaded), [format!("{KEY}/metadata.yaml:7: {reason}")]);
    let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
    assert_eq!(old.risk_of_change, None);
}

#[test]
fn a_rule_is_defined_once() {
    let (problems, selectors) =
        after(|folder| folder.write_rule("internal/copy", "ccx_rules_ocp.external.rules.kubelet"));
    let reason =
        "defines the rule ccx_rules_ocp.external.rules.kubelet, which external/rules/kubelet/plugin.yaml defines";
    assert_eq!(
        (problems, selectors),
        (vec![format!("internal/copy/plugin.yaml: {reason}")], vec![NEW.to_owned(), OLD.to_owned(),])
    );
}

#[test]
fn dates_are_written_in_two_forms_quoted_or_not() {
    for (written, expected) in [
        ("2024-04-08 00:42:00", Some("2024-04-08T00:42:00.000000Z")),
        ("'2024-04-08 00:42:00'", Some("2024-04-08T00:42:00.000000Z")),
        ("2024-04-08T02:42:00+02:00", Some("2024-04-08T00:42:00.000000Z")),
        ("\"2024-04-08T00:42:00.5Z\"", Some("2024-04-08T00:42:00.500000Z")),
        ("''", None),
        ("null", None),
    ] {
        let folder = TestFolder::valid();
        folder.write(&format!("{KEY}/metadata.yaml"), &metadata(&format!("publish_date: {written}")));
        let loaded = folder.load().expect("content");
        assert_eq!(lines(&loaded), [""; 0], "{written}");
        let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
        assert_eq!(old.published_at.map(|time| time.to_string()).as_deref(), expected, "{written}");
    }
}

#[test]
fn a_status_is_active_inactive_or_empty_in_any_case() {
    for (written, is_active) in [("ACTIVE", true), ("Inactive", false), ("''", false), ("null", false)] {
        let folder = TestFolder::valid();
        folder.write(&format!("{KEY}/metadata.yaml"), &metadata(&format!("status: {written}")));
        let loaded = folder.load().expect("content");
        let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
        assert_eq!((old.is_active, lines(&loaded).len()), (is_active, 0), "{written}");
    }
}

#[test]
fn null_is_the_name_of_an_impact() {
    for (config, written, expected) in [
        (folder::CONFIG, "null", Level::Low),
        (folder::CONFIG, "~", Level::Low),
        (folder::CONFIG, "'null'", Level::Low),
        ("impact: {null: 3}", "null", Level::High),
        ("impact: {'null': 3}", "null", Level::High),
    ] {
        let folder = TestFolder::valid();
        folder.write("config.yaml", config);
        folder.write(&format!("{KEY}/metadata.yaml"), &metadata(&format!("impact: {written}")));
        let loaded = folder.load().expect("content");
        let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
        assert_eq!(old.impact, expected, "{config} {written}");
    }
}

#[test]
fn a_recommendation_belongs_to_each_group_with_one_of_its_tags() {
    let folder = TestFolder::valid();
    folder.write_groups(
        "service:\n  name: Service Availability\n  description: Of services\n  tags: [other, service_availability]\n\
         all:\n  name: Everything\n  tags: [openshift, openshift, osd_customer]\nnone:\n  name: Nothing\n\
         broken:\n  description: no name\n",
    );
    let loaded = folder.load().expect("content");
    let keys = |categories: &[std::sync::Arc<super::Category>]| {
        categories.iter().map(|category| category.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(loaded.content.categories()), ["all", "none", "service"]);
    let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
    assert_eq!(keys(&old.categories), ["all", "service"]);
    let [problem] = &lines(&loaded)[..] else { panic!("{:?}", lines(&loaded)) };
    assert!(problem.ends_with(": group \"broken\": name is missing"), "{problem}");
}

#[test]
fn a_recommendation_has_a_bounded_number_of_categories() {
    let folder = TestFolder::valid();
    let group = |number: usize| format!("group{number:02}: {{name: Group, tags: [openshift]}}\n");
    folder.write_groups(&(0..=MAX_CATEGORIES_OF_RECOMMENDATION).map(group).collect::<Vec<_>>().concat());
    let loaded = folder.load().expect("content");
    let old = loaded.content.recommendation(&OLD.parse().expect("a selector")).expect("loaded");
    assert_eq!(old.categories.len(), MAX_CATEGORIES_OF_RECOMMENDATION);
    assert!(lines(&loaded).iter().all(|line| line.contains("is in 11 categories")), "{:?}", lines(&loaded));
    assert_ne!(loaded.problems, []);
}

#[test]
fn without_a_valid_groups_file_nothing_is_loaded() {
    let folder = TestFolder::valid();
    folder.write_groups("a:\n  name: [");
    let error = folder.load().expect_err("invalid groups").to_string();
    assert!(error.contains("groups.yaml:"), "{error}");
    folder.remove("../groups.yaml");
    let error = folder.load().expect_err("no groups").to_string();
    assert!(error.contains("groups.yaml: cannot be read: "), "{error}");
}

#[test]
fn equal_files_have_equal_versions_and_any_difference_another() {
    let version = |change: &dyn Fn(&TestFolder)| {
        let folder = TestFolder::valid();
        folder.write_groups("all: {name: A, description: D, tags: [openshift]}");
        change(&folder);
        folder.load().expect("content").content.version()
    };
    let valid = version(&|_| {});
    assert_eq!(version(&|_| {}), valid);
    assert_eq!(version(&|folder| folder.write("README.md", "not content")), valid);
    let plugin = format!("{RULE}/plugin.yaml");
    let changes = [
        (plugin.clone(), folder::PLUGIN.replace("Kubelet version", "Kubelet")),
        (plugin.clone(), folder::PLUGIN.replace("6964031", "1")),
        (plugin, folder::PLUGIN.replace("kubelet", "kubelets")),
        (format!("{RULE}/generic.md"), "Other".to_owned()),
        (format!("{RULE}/resolution.md"), "Other".to_owned()),
        (format!("{RULE}/summary.md"), "Other".to_owned()),
        (format!("{RULE}/more_info.md"), "Other".to_owned()),
        (format!("{KEY}/reason.md"), "Other".to_owned()),
        (format!("{KEY}/metadata.yaml"), metadata("description: Other")),
        (format!("{KEY}/metadata.yaml"), metadata("impact: null")),
        (format!("{KEY}/metadata.yaml"), metadata("likelihood: 1")),
        (format!("{KEY}/metadata.yaml"), metadata("resolution_risk: null")),
        (format!("{KEY}/metadata.yaml"), metadata("publish_date: null")),
        (format!("{KEY}/metadata.yaml"), metadata("status: inactive")),
        (format!("{KEY}/metadata.yaml"), metadata("tags: [openshift]")),
        ("../groups.yaml".to_owned(), "all: {name: B, description: D, tags: [openshift]}".to_owned()),
        ("../groups.yaml".to_owned(), "all: {name: A, description: E, tags: [openshift]}".to_owned()),
        ("../groups.yaml".to_owned(), "all: {name: A, description: D, tags: [other]}".to_owned()),
        ("../groups.yaml".to_owned(), "some: {name: A, description: D, tags: [openshift]}".to_owned()),
    ];
    let mut versions = vec![valid];
    for (path, text) in changes {
        let version = version(&|folder| folder.write(&path, &text));
        assert!(!versions.contains(&version), "{path}: {text}");
        versions.push(version);
    }
}
