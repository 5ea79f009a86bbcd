//! Folders of content for tests.

use std::{
    cell::Cell,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::super::{Error, Loaded, Source};

pub(super) const CONFIG: &str = "impact: {Data Loss: 4}\nresolution_risk: {Pod Restart: 2}\nother: [anything]\n";
pub(super) const RULE: &str = "external/rules/kubelet";
pub(super) const PLUGIN: &str = "name: Kubelet version\nnode_id: \"6964031\"\nproduct_code: OCP4\n\
                                 python_module: ccx_rules_ocp.external.rules.kubelet\n";
/// Seven lines, of which tests replace one.
pub(super) const METADATA: &str = "description: Node {{=pydata.name}} is old\nimpact: Data Loss\nlikelihood: 3\n\
                                   publish_date: '2024-04-08 00:42:00'\nstatus: active\nresolution_risk: Pod Restart\n\
                                   tags: [openshift, service_availability, osd_customer]\n";

/// A folder of content, with the file of the groups beside it.
pub(super) struct TestFolder {
    folder: TempDir,
    has_groups: Cell<bool>,
}

impl TestFolder {
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("content")).expect("a folder");
        Self { folder, has_groups: Cell::new(false) }
    }

    /// A rule with two error keys and no problems.
    pub(super) fn valid() -> Self {
        let folder = Self::empty();
        folder.write_valid("");
        folder
    }

    /// Writes a rule with two error keys below a folder.
    pub(super) fn write_valid(&self, below: &str) {
        let rule = format!("{below}{RULE}");
        self.write(&format!("{below}config.yaml"), CONFIG);
        self.write(&format!("{rule}/plugin.yaml"), PLUGIN);
        self.write(&format!("{rule}/generic.md"), "Generic of the rule\n");
        self.write(&format!("{rule}/reason.md"), "Reason of the rule\n");
        self.write(&format!("{rule}/resolution.md"), "Update {{=pydata.name}}");
        self.write(&format!("{rule}/KUBELET_OLD/metadata.yaml"), METADATA);
        self.write(&format!("{rule}/KUBELET_OLD/reason.md"), "Reason of the key\n");
        let minimal = "description: Node is new\nimpact: null\nlikelihood: 1\n";
        self.write(&format!("{rule}/KUBELET_NEW/metadata.yaml"), minimal);
    }

    /// Writes a rule with the error key KEY.
    pub(super) fn write_rule(&self, path: &str, module: &str) {
        self.write(&format!("{path}/plugin.yaml"), &format!("name: N\npython_module: {module}\n"));
        self.write(&format!("{path}/generic.md"), "G");
        self.write(&format!("{path}/reason.md"), "R");
        self.write(&format!("{path}/KEY/metadata.yaml"), METADATA);
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("content")
    }

    fn groups(&self) -> PathBuf {
        self.folder.path().join("groups.yaml")
    }

    pub(super) fn write_groups(&self, text: &str) {
        self.has_groups.set(true);
        fs::write(self.groups(), text).expect("a written file");
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        self.write_bytes(path, text.as_bytes());
    }

    pub(super) fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a written file");
    }

    /// Removes a file or a folder.
    pub(super) fn remove(&self, path: &str) {
        let path = self.root().join(path);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.expect("a removed file or folder");
    }

    pub(super) fn link(&self, target: impl AsRef<Path>, path: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        symlink(target, path).expect("a link");
    }

    /// Makes a link lead to another target, as Kubernetes does.
    pub(super) fn relink(&self, target: &str, path: &str) -> io::Result<()> {
        self.link(target, "..data_tmp");
        fs::rename(self.root().join("..data_tmp"), self.root().join(path))
    }

    /// The file of the groups belongs to it once it was written.
    pub(super) fn source(&self) -> Source {
        Source { folder: self.root(), groups: self.has_groups.get().then(|| self.groups()) }
    }

    pub(super) fn load(&self) -> Result<Loaded, Error> {
        self.source().load()
    }
}

/// The problems as lines.
pub(super) fn lines(loaded: &Loaded) -> Vec<String> {
    loaded.problems.iter().map(ToString::to_string).collect()
}

/// The selectors of all recommendations.
pub(super) fn selectors(loaded: &Loaded) -> Vec<String> {
    loaded.content.recommendations().map(|recommendation| recommendation.selector.to_string()).collect()
}
