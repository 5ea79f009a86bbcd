//! Bounds of files, recommendations, groups and tags.

use super::{
    super::{MAX_CATEGORIES, MAX_FILE_BYTES, MAX_RECOMMENDATIONS, MAX_TAGS},
    KEY, NEW, OLD, after,
    folder::{CONFIG, METADATA, RULE, TestFolder, lines, selectors},
};

fn text_of(bytes: u64) -> String {
    "x".repeat(usize::try_from(bytes).expect("a length"))
}

fn tags(count: usize) -> String {
    let tags: Vec<_> = (0..count).map(|number| format!("tag{number}")).collect();
    format!("[{}]", tags.join(", "))
}

#[test]
fn a_file_may_have_256_kib() {
    for (file, bytes, left_out) in [
        (format!("{KEY}/reason.md"), MAX_FILE_BYTES, vec![]),
        (format!("{KEY}/reason.md"), MAX_FILE_BYTES + 1, vec![OLD]),
        (format!("{KEY}/summary.md"), 1024 * 1024, vec![OLD]),
        (format!("{KEY}/metadata.yaml"), 1024 * 1024, vec![OLD]),
        (format!("{RULE}/generic.md"), 1024 * 1024, vec![NEW, OLD]),
        (format!("{RULE}/plugin.yaml"), 1024 * 1024, vec![NEW, OLD]),
    ] {
        let (problems, selectors) = after(|folder| folder.write(&file, &text_of(bytes)));
        let reason = format!("{file}: has {bytes} bytes, more than 262144");
        assert_eq!(problems, if left_out.is_empty() { vec![] } else { vec![reason] });
        assert!(selectors.len() + left_out.len() == 2, "{file} {bytes}");
        assert!(left_out.iter().all(|selector| !selectors.iter().any(|found| found == selector)));
    }
}

#[test]
fn a_file_that_is_not_text_is_left_out() {
    let file = format!("{KEY}/reason.md");
    let (problems, selectors) = after(|folder| folder.write_bytes(&file, b"a\xff"));
    assert_eq!((problems, selectors), (vec![format!("{file}: is not UTF-8")], vec![NEW.to_owned()]));
}

#[test]
fn a_recommendation_may_have_50_tags() {
    for (count, problem) in [(MAX_TAGS, None), (MAX_TAGS + 1, Some("has 51 tags, more than 50"))] {
        let file = format!("{KEY}/metadata.yaml");
        let text = METADATA.replace("[openshift, service_availability, osd_customer]", &tags(count));
        let (problems, selectors) = after(|folder| folder.write(&file, &text));
        assert_eq!(problems, problem.map(|problem| format!("{file}: {problem}")).as_slice());
        assert_eq!(selectors.len(), if problem.is_none() { 2 } else { 1 });
    }
}

#[test]
fn a_group_may_have_50_tags_and_100_groups_are_loaded() {
    let folder = TestFolder::valid();
    let group = |number: usize| format!("g{number:03}: {{name: N, tags: [unused]}}\n");
    folder.write_groups(&(0..MAX_CATEGORIES).map(group).collect::<String>());
    let loaded = folder.load().expect("content");
    assert_eq!((lines(&loaded).len(), loaded.content.categories().len()), (0, MAX_CATEGORIES));

    folder.write_groups(&(0..=MAX_CATEGORIES).map(group).collect::<String>());
    let loaded = folder.load().expect("content");
    let [problem] = &lines(&loaded)[..] else { panic!("{:?}", lines(&loaded)) };
    assert!(problem.ends_with("groups.yaml: has 101 groups: only the first 100, by key, are loaded"), "{problem}");
    assert_eq!(loaded.content.categories().len(), MAX_CATEGORIES);

    folder.write_groups(&format!("a: {{name: A, tags: {}}}\nb: {{name: B, tags: {}}}\n", tags(50), tags(51)));
    let loaded = folder.load().expect("content");
    let [problem] = &lines(&loaded)[..] else { panic!("{:?}", lines(&loaded)) };
    assert!(problem.ends_with("groups.yaml:2: group \"b\": has 51 tags, more than 50"), "{problem}");
    assert_eq!(loaded.content.categories().len(), 1);
}

#[test]
fn ten_thousand_recommendations_are_loaded() {
    let folder = TestFolder::empty();
    folder.write("config.yaml", CONFIG);
    folder.write("external/a/plugin.yaml", "name: N\npython_module: x.a\n");
    folder.write("external/a/generic.md", "G");
    folder.write("external/a/reason.md", "R");
    for number in 0..=MAX_RECOMMENDATIONS {
        folder.write(&format!("external/a/K{number:05}/metadata.yaml"), METADATA);
    }
    let loaded = folder.load().expect("content");
    assert_eq!(selectors(&loaded).len(), MAX_RECOMMENDATIONS);
    let reason = "is left out: there are more than 10000 recommendations";
    assert_eq!(lines(&loaded), [format!("external/a/K10000: {reason}")]);
}

#[test]
fn folders_are_read_to_a_depth() {
    let folder = TestFolder::valid();
    folder.write(&format!("external/{}/plugin.yaml", ["d"; 15].join("/")), "name: N\npython_module: x.deep\n");
    assert_eq!(lines(&folder.load().expect("content")), [""; 0]);
    folder.write(&format!("external/e/{}/plugin.yaml", ["e"; 15].join("/")), "name: N\npython_module: x.deeper\n");
    let problems = lines(&folder.load().expect("content"));
    assert!(problems.len() == 1 && problems[0].ends_with("/e: is more than 16 levels deep"), "{problems:?}");
}

#[test]
fn aliases_cannot_multiply_a_text() {
    let bomb =
        format!("description: &a {}\nimpact: null\nlikelihood: 1\ntags: [{}]\n", text_of(1000), ["*a"; 200].join(", "));
    let file = format!("{KEY}/metadata.yaml");
    let (problems, selectors) = after(|folder| folder.write(&file, &bomb));
    assert!(problems.len() == 1 && problems[0].starts_with(&format!("{file}:")), "{problems:?}");
    assert_eq!(selectors, [NEW]);
}
