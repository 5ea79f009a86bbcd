//! Links: `ConfigMap`s, links out of the folder, and cycles.

use std::{fs, os::unix::fs::symlink, sync::Arc, thread};

use super::{
    super::{Error, Recommendation},
    after,
    folder::{RULE, TestFolder, lines, selectors},
};

/// A folder as Kubernetes mounts it: `external -> ..data/external`, `..data -> ..state_0`.
pub(super) fn config_map() -> TestFolder {
    let folder = TestFolder::empty();
    folder.write_valid("..state_0/");
    folder.link("..state_0", "..data");
    folder.link("..data/config.yaml", "config.yaml");
    folder.link("..data/external", "external");
    folder
}

/// Updates it as Kubernetes does, to a state whose number is in its texts.
pub(super) fn swap(folder: &TestFolder, number: u32) {
    let state = format!("..state_{number}/");
    folder.write_valid(&state);
    folder.write(&format!("{state}{RULE}/generic.md"), &format!("Generic {number}"));
    folder.write(&format!("{state}{RULE}/reason.md"), &format!("Reason {number}"));
    folder.relink(&format!("..state_{number}"), "..data").expect("a swapped link");
    folder.remove(&format!("..state_{}", number - 1));
}

#[test]
fn a_config_map_is_loaded_once_and_whole() {
    let folder = config_map();
    let loaded = folder.load().expect("content");
    assert_eq!((lines(&loaded).len(), selectors(&loaded).len()), (0, 2), "{:?}", lines(&loaded));
    assert_eq!(loaded.content.version(), TestFolder::valid().load().expect("content").content.version());
    swap(&folder, 1);
    let swapped = folder.load().expect("content");
    assert_eq!((lines(&swapped).len(), selectors(&swapped).len()), (0, 2), "{:?}", lines(&swapped));
    assert!(swapped.content.recommendations().all(|recommendation| &*recommendation.generic == "Generic 1"));
}

#[test]
fn a_rule_may_be_a_config_map_of_its_own() {
    let (problems, selectors) = after(|folder| {
        folder.write_rule("internal/mounted/..state_0", "x.internal.mounted");
        folder.link("..state_0", "internal/mounted/..data");
        for name in ["plugin.yaml", "generic.md", "reason.md", "KEY"] {
            folder.link(format!("..data/{name}"), &format!("internal/mounted/{name}"));
        }
    });
    assert_eq!(problems, [""; 0]);
    assert_eq!(selectors.last().map(String::as_str), Some("x.internal.mounted|KEY"));
}

#[test]
fn the_folder_itself_may_be_a_link() {
    let folder = TestFolder::valid();
    let renamed = folder.root().with_file_name("release");
    fs::rename(folder.root(), &renamed).expect("a renamed folder");
    symlink("release", folder.root()).expect("a link");
    assert_eq!(selectors(&folder.load().expect("content")).len(), 2);
}

#[test]
fn a_swap_during_a_load_is_never_seen_in_part() {
    let folder = config_map();
    swap(&folder, 1);
    let source = folder.source();
    let mut loads = 0;
    thread::scope(|scope| {
        // It ends in any case, so that a failed assertion ends the test.
        let swaps = scope.spawn(move || {
            (2..=300).for_each(|number| swap(&folder, number));
            folder
        });
        while !swaps.is_finished() {
            match source.load() {
                Ok(loaded) => {
                    loads += 1;
                    assert_eq!((lines(&loaded), selectors(&loaded).len()), (vec![], 2));
                    let generic = |recommendation: &Arc<Recommendation>| recommendation.generic.replace("Generic ", "");
                    let reason = |recommendation: &Arc<Recommendation>| {
                        recommendation.templates.reason.as_written().replace("Reason ", "")
                    };
                    // Only KUBELET_NEW has the reason of the rule.
                    let mut states = loaded.content.recommendations().map(generic);
                    let first = states.next().expect("a recommendation");
                    assert!(states.all(|state| state == first));
                    assert!(loaded.content.recommendations().map(reason).any(|state| state == first));
                }
                Err(Error::Changing(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert!(loads > 2, "{loads} loads beside 300 swaps");
}

#[test]
fn links_out_of_the_folder_are_not_followed() {
    let elsewhere = TestFolder::empty();
    elsewhere.write_rule("rule", "x.elsewhere");
    let (problems, selectors) = after(|folder| {
        folder.link(elsewhere.root().join("rule"), "external/rules/out");
        folder.link("/etc/hostname", "external/rules/kubelet/KUBELET_OLD/more_info.md");
        folder.link("nowhere", "external/rules/dangling");
    });
    let out = "is a link out of the content's folder";
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].starts_with("external/rules/dangling: cannot be read: "), "{problems:?}");
    assert_eq!(problems[1], format!("external/rules/out: {out}"));
    assert_eq!(problems[2], format!("external/rules/kubelet/KUBELET_OLD/more_info.md: {out}"));
    assert_eq!(selectors.len(), 2);
}

#[test]
fn a_cycle_of_links_ends() {
    let (problems, selectors) = after(|folder| {
        folder.link("../..", "external/rules/up");
        folder.link(".", "external/rules/same");
        folder.link("loop", "external/rules/loop");
    });
    let twice = "is a link to a folder that is also elsewhere in the content";
    assert!(problems[0].starts_with("external/rules/loop: cannot be read: "), "{problems:?}");
    assert_eq!(problems[1..], ["same", "up"].map(|name| format!("external/rules/{name}: {twice}")));
    assert_eq!(selectors.len(), 2);
}
