//! A report in the JSON form in which the pipeline sends it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    catalogue::Catalogue,
    cluster::{Cluster, Hit, later},
    random::SeededRng,
};

const BASE_32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const SECOND: i64 = 1_000_000;

/// A report to be written. The order of keys is the pipeline's.
pub(crate) struct Message<'a> {
    cluster: &'a Cluster,
    catalogue: &'a Catalogue,
    last_checked: DateTime<Utc>,
    started: DateTime<Utc>,
    gathered_at: Option<DateTime<Utc>>,
    request_id: String,
    first_skip: usize,
    skips: usize,
}

impl<'a> Message<'a> {
    /// The report of a cluster's present state; `rng` draws what differs from upload to upload.
    pub(crate) fn new(
        cluster: &'a Cluster,
        catalogue: &'a Catalogue,
        last_checked: DateTime<Utc>,
        rng: &mut SeededRng,
    ) -> Self {
        let gathered_before = i64::from(rng.within(&(60..=600))) * SECOND;
        Self {
            cluster,
            catalogue,
            last_checked,
            started: later(last_checked, -i64::from(rng.within(&(200_000..=4_000_000)))),
            gathered_at: rng.percent(96).then(|| later(last_checked, -gathered_before)),
            request_id: request_id(rng),
            first_skip: rng.index_in(catalogue.skips()),
            skips: rng.within(&(8..=22)) as usize,
        }
    }

    fn write_report(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"{"system": {"metadata": {}, "hostname": null}, "reports": ["#)?;
        write_list(f, &self.cluster.hits, |f, hit| self.write_hit(f, hit))?;
        f.write_str(r#"], "fingerprints": [], "skips": ["#)?;
        let skips = self.catalogue.skips();
        // At most one round through the list, so that no skip occurs twice.
        write_list(f, skips.iter().cycle().skip(self.first_skip).take(self.skips.min(skips.len())), |f, skip| {
            f.write_str(skip)
        })?;
        f.write_str(r#"], "info": ["#)?;
        self.write_info(f)?;
        let (started, last_checked) = (micros(self.started), micros(self.last_checked));
        write!(f, r#"], "pass": [], "analysis_metadata": {{"start": "{started}", "finish": "{last_checked}", "#)?;
        f.write_str(r#""execution_context": "ccx_ocp_core.context.InsightsOperatorContext"}}"#)
    }

    fn write_hit(&self, f: &mut fmt::Formatter<'_>, hit: &Hit) -> fmt::Result {
        let recommendation = &self.catalogue.recommendations()[hit.recommendation];
        f.write_str(&recommendation.head)?;
        recommendation.details.render(f, &mut self.cluster.context(hit))?;
        f.write_str(&recommendation.tail)
    }

    /// The details of information are strings: the pipeline's readers ignore numbers there.
    fn write_info(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cluster { identity, site, reports_version, .. } = self.cluster;
        write_info_item(f, "cluster_id", "CLUSTER_ID", "cluster_id", identity.id)?;
        if *reports_version {
            f.write_str(", ")?;
            write_info_item(f, "version_info", "CLUSTER_VERSION_INFO", "version", site.version)?;
        }
        Ok(())
    }
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, request_id, .. } = self;
        let last_checked = micros(self.last_checked);
        write!(f, r#"{{"OrgID": {}, "#, cluster.identity.organization)?;
        if let Some(account) = cluster.account {
            write!(f, r#""AccountNumber": {account}, "#)?;
        }
        write!(f, r#""ClusterName": "{}", "Report": "#, cluster.identity.id)?;
        self.write_report(f)?;
        write!(f, r#", "LastChecked": "{last_checked}", "Version": 2, "RequestId": "{request_id}""#)?;
        if let Some(gathered_at) = self.gathered_at {
            let gathered_at = gathered_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            write!(f, r#", "Metadata": {{"gathering_time": "{gathered_at}"}}"#)?;
        }
        f.write_str("}")
    }
}

fn micros(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(crate) fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    write_item: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write_item(f, item)?;
    }
    Ok(())
}

fn write_info_item(
    f: &mut fmt::Formatter<'_>,
    module: &str,
    key: &str,
    member: &str,
    value: impl fmt::Display,
) -> fmt::Result {
    write!(f, r#"{{"info_id": "{module}|{key}", "component": "ccx_rules_ocp.external.rules.{module}.report", "#)?;
    write!(f, r#""type": "info", "key": "{key}", "details": {{"type": "info", "info_key": "{key}", "#)?;
    write!(f, r#""{member}": "{value}"}}, "tags": [], "links": {{}}}}"#)
}

/// 26 characters; for one in eight, the form of a gateway with slash and hyphen.
pub(crate) fn request_id(rng: &mut SeededRng) -> String {
    if rng.below(8) > 0 {
        return rng.text(BASE_32, 26);
    }
    let gateway = rng.text(BASE_32, 8);
    format!("{gateway}/{}-{:06}", rng.text(BASE_32, 10), rng.below(1_000_000))
}
