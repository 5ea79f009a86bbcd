//! Arbitrary bytes in any of the files.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::fuzzing::read_files,
    KEY,
    folder::{CONFIG, METADATA, PLUGIN, RULE, TestFolder},
};

const FILES: [&str; 8] = [
    "config.yaml",
    "../groups.yaml",
    "external/rules/kubelet/plugin.yaml",
    "external/rules/kubelet/generic.md",
    "external/rules/kubelet/summary.md",
    "external/rules/kubelet/KUBELET_OLD/metadata.yaml",
    "external/rules/kubelet/KUBELET_OLD/reason.md",
    "external/rules/kubelet/KUBELET_OLD/more_info.md",
];

/// Parts of YAML with special meaning.
const PARTS: [&str; 18] = [
    "impact: ",
    "likelihood: ",
    "tags: [",
    "status: ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "|\n ",
    "null",
    "{",
    "}",
    "]",
    "\n",
    "---\n",
    "\"\\0\"",
];

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in vec(any::<u8>(), 0..300), parts in vec(select(&PARTS[..]), 0..20)) {
        let parts = parts.concat();
        read_files(&bytes);
        for texts in [[&parts, METADATA, PLUGIN], [CONFIG, &parts, PLUGIN], [CONFIG, METADATA, &parts]] {
            read_files(texts.join("\0").as_bytes());
        }
        read_files(format!("{CONFIG}\0{METADATA}{parts}\0{PLUGIN}{parts}\0{parts}").as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_in_a_file_are_loaded_or_refused(file in select(&FILES[..]), bytes in vec(any::<u8>(), 0..300)) {
        let folder = TestFolder::valid();
        folder.write_groups("all: {name: A, tags: [openshift]}");
        folder.write_bytes(file, &bytes);
        if let Ok(loaded) = folder.load() {
            prop_assert!(loaded.problems.iter().all(|problem| !problem.to_string().contains('\n')));
            prop_assert!(loaded.content.recommendations().len() <= 2);
        }
    }
}

#[test]
fn nested_values_end_in_an_error() {
    let folder = TestFolder::valid();
    for text in ["[".repeat(200_000), "{a: ".repeat(60_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        folder.write(&format!("{KEY}/metadata.yaml"), &text);
        let loaded = folder.load().expect("content");
        assert_eq!((loaded.problems.len(), loaded.content.recommendations().len()), (1, 1));
    }
    assert!(folder.root().join(RULE).exists());
}
