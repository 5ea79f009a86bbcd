//! `plugin.yaml`: the name and identity of a rule.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::{
    Problem,
    yaml::{self, Field, Scalar, or_report},
};

/// Most characters of a rule's FQDN, as in messages.
const MAX_FQDN: usize = 255;

const KNOWLEDGE_BASE: &str = "https://access.redhat.com/solutions/";

#[derive(Debug, Deserialize)]
struct PluginFile {
    #[serde(default)]
    name: Option<Scalar>,
    #[serde(default)]
    node_id: Option<Scalar>,
    #[serde(default)]
    python_module: Option<Scalar>,
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plugin {
    pub(super) name: String,
    pub(super) rule_fqdn: String,
    pub(super) knowledge_base: Option<Url>,
}

impl Plugin {
    /// Parses the file. Returns `None` if the rule must be left out. All problems of the file are recorded.
    pub(super) fn parse(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let read: PluginFile = or_report(yaml::parse(file, text), problems)?;
        let field = |name, scalar| Field { file, name, scalar };
        let name = or_report(field("name", read.name.as_ref()).required(), problems);
        let rule_fqdn = or_report(rule_fqdn(field("python_module", read.python_module.as_ref())), problems);
        let knowledge_base = or_report(knowledge_base(field("node_id", read.node_id.as_ref())), problems);
        Some(Self {
            name: name?.to_owned(),
            rule_fqdn: rule_fqdn?.to_owned(),
            knowledge_base: knowledge_base.flatten(),
        })
    }
}

fn rule_fqdn(field: Field<'_>) -> Result<&str, Problem> {
    let fqdn = field.required()?;
    if fqdn.contains('|') || fqdn.contains(char::is_whitespace) {
        return Err(field.problem("must be the name of a Python module"));
    }
    if fqdn.chars().count() > MAX_FQDN {
        return Err(field.problem(&format!("must have at most {MAX_FQDN} characters")));
    }
    Ok(fqdn)
}

fn knowledge_base(field: Field<'_>) -> Result<Option<Url>, Problem> {
    let Some(id) = field.text() else { return Ok(None) };
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(field.problem("must be a number or empty: it is ignored"));
    }
    Url::parse(&format!("{KNOWLEDGE_BASE}{id}")).map(Some).map_err(|_| field.problem("must be a number"))
}
