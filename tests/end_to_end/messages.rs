//! Messages of the OCP topic, built as text, so that a test controls every byte.

use std::fmt::Write as _;

/// A message about one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    organization: u32,
    cluster: String,
    last_checked: String,
    hits: Vec<String>,
    info: String,
    /// Further JSON members, each with a leading comma.
    extra_members: String,
}

impl Message {
    /// A report without hits, as a healthy cluster sends it.
    pub(crate) fn new(organization: u32, cluster: &str, last_checked: &str) -> Self {
        Self {
            organization,
            cluster: cluster.to_owned(),
            last_checked: last_checked.to_owned(),
            hits: vec![],
            info: String::new(),
            extra_members: String::new(),
        }
    }

    /// Adds a hit. `details` is JSON, which is sent exactly as given.
    pub(crate) fn hit(self, rule: &str, key: &str, details: &str) -> Self {
        self.hit_with(rule, key, &format!(r#", "details": {details}"#))
    }

    /// Adds a hit without details.
    pub(crate) fn hit_without_details(self, rule: &str, key: &str) -> Self {
        self.hit_with(rule, key, "")
    }

    /// Adds a hit with a further JSON member, which has a leading comma or is empty.
    fn hit_with(mut self, rule: &str, key: &str, member: &str) -> Self {
        let name = format!(r#""rule_id": "{rule}|{key}", "component": "{rule}.report", "key": "{key}""#);
        self.hits.push(format!(r#"{{{name}, "type": "rule"{member}, "tags": [], "links": {{}}}}"#));
        self
    }

    /// Sets the cluster's version.
    pub(crate) fn version(mut self, version: &str) -> Self {
        let details = format!(r#""type": "info", "details": {{"version": "{version}"}}"#);
        self.info = format!(r#"{{"info_id": "version_info|CLUSTER_VERSION_INFO", {details}}}"#);
        self
    }

    /// Sets the request id and the time when the data were gathered.
    pub(crate) fn upload(mut self, request_id: &str, gathered_at: &str) -> Self {
        let _ = write!(
            self.extra_members,
            r#", "RequestId": "{request_id}", "Metadata": {{"gathering_time": "{gathered_at}"}}"#
        );
        self
    }

    /// Adds a member that the service does not read.
    pub(crate) fn extra_member(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.extra_members, r#", "{name}": {value}"#);
        self
    }

    /// The message's value.
    pub(crate) fn json(&self) -> Vec<u8> {
        let Self { organization, cluster, last_checked, hits, info, extra_members } = self;
        let hits = hits.join(", ");
        let report = format!(r#"{{"system": {{}}, "fingerprints": [], "info": [{info}], "reports": [{hits}]}}"#);
        let head = format!(r#""OrgID": {organization}, "AccountNumber": 20, "ClusterName": "{cluster}""#);
        format!(r#"{{{head}, "LastChecked": "{last_checked}", "Version": 2, "Report": {report}{extra_members}}}"#)
            .into_bytes()
    }
}

/// The UUID of the cluster with this number.
pub(crate) fn cluster(number: u16) -> String {
    format!("00000000-0000-4000-8000-00000000{number:04x}")
}
