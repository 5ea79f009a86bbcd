//! Messages of the OCP topic, written by hand: what a test sends is what it says, to the byte.

use std::fmt::Write as _;

/// A message about one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    organization: u32,
    cluster: String,
    last_checked: String,
    hits: Vec<String>,
    info: String,
    /// Members after the others, each begun with a comma.
    more: String,
}

impl Message {
    /// A report without hits: a healthy cluster.
    pub(crate) fn new(organization: u32, cluster: &str, last_checked: &str) -> Self {
        Self {
            organization,
            cluster: cluster.to_owned(),
            last_checked: last_checked.to_owned(),
            hits: vec![],
            info: String::new(),
            more: String::new(),
        }
    }

    /// The same, one hit more; `details` is JSON and stays as it is written.
    pub(crate) fn hit(self, rule: &str, key: &str, details: &str) -> Self {
        self.hit_with(rule, key, &format!(r#", "details": {details}"#))
    }

    /// The same, one hit more that has nothing to fill in.
    pub(crate) fn hit_without_details(self, rule: &str, key: &str) -> Self {
        self.hit_with(rule, key, "")
    }

    /// The same, one hit more with a member begun with a comma, or none.
    fn hit_with(mut self, rule: &str, key: &str, member: &str) -> Self {
        let name = format!(r#""rule_id": "{rule}|{key}", "component": "{rule}.report", "key": "{key}""#);
        self.hits.push(format!(r#"{{{name}, "type": "rule"{member}, "tags": [], "links": {{}}}}"#));
        self
    }

    /// The same, telling the cluster's version.
    pub(crate) fn version(mut self, version: &str) -> Self {
        let details = format!(r#""type": "info", "details": {{"version": "{version}"}}"#);
        self.info = format!(r#"{{"info_id": "version_info|CLUSTER_VERSION_INFO", {details}}}"#);
        self
    }

    /// The same, tracked, and telling when the data were collected.
    pub(crate) fn upload(mut self, request_id: &str, gathered_at: &str) -> Self {
        let _ =
            write!(self.more, r#", "RequestId": "{request_id}", "Metadata": {{"gathering_time": "{gathered_at}"}}"#);
        self
    }

    /// The same with a member that nobody reads.
    pub(crate) fn unread(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.more, r#", "{name}": {value}"#);
        self
    }

    /// The message's value.
    pub(crate) fn json(&self) -> Vec<u8> {
        let Self { organization, cluster, last_checked, hits, info, more } = self;
        let hits = hits.join(", ");
        let report = format!(r#"{{"system": {{}}, "fingerprints": [], "info": [{info}], "reports": [{hits}]}}"#);
        let head = format!(r#""OrgID": {organization}, "AccountNumber": 20, "ClusterName": "{cluster}""#);
        format!(r#"{{{head}, "LastChecked": "{last_checked}", "Version": 2, "Report": {report}{more}}}"#).into_bytes()
    }
}

/// The UUID of a cluster that a test knows by this number.
pub(crate) fn cluster(number: u16) -> String {
    format!("00000000-0000-4000-8000-00000000{number:04x}")
}
