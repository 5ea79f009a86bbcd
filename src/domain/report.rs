//! The result of the rules for one cluster at one time.

use std::{fmt, sync::Arc};

use super::{ClusterId, Digest, OrgId, Selector, Timestamp};

/// A validated report, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The organization that owns the cluster according to this report.
    pub organization: OrgId,
    /// The cluster that the rules checked.
    pub cluster: ClusterId,
    /// When the rules ran; it orders the reports of a cluster.
    pub last_checked: Timestamp,
    /// When the data was collected on the cluster, if known.
    pub gathered_at: Option<Timestamp>,
    /// The id of the upload that this report belongs to, if known; never empty.
    pub request_id: Option<String>,
    /// The cluster's version, if the report contains it; never empty.
    pub version: Option<String>,
    hits: Vec<RuleHit>,
    hits_digest: Digest,
}

impl Report {
    /// A report of `cluster` with these hits. If several have the same selector, the last one counts.
    pub fn new(organization: OrgId, cluster: ClusterId, last_checked: Timestamp, hits: Vec<RuleHit>) -> Self {
        let hits = sorted_last_wins(hits);
        let hits_digest = Digest::of_parts(
            hits.iter().flat_map(|hit| [hit.selector.as_str().as_bytes(), hit.digest.as_bytes().as_slice()]),
        );
        Self {
            organization,
            cluster,
            last_checked,
            gathered_at: None,
            request_id: None,
            version: None,
            hits,
            hits_digest,
        }
    }

    /// The hits, ordered by selector; each selector occurs once.
    pub fn hits(&self) -> &[RuleHit] {
        &self.hits
    }

    /// Equal for two reports with the same hits and details, regardless of their order in the message.
    pub fn hits_digest(&self) -> Digest {
        self.hits_digest
    }
}

/// Orders hits by selector. If several have the same selector, the last one counts.
pub(super) fn sorted_last_wins(mut hits: Vec<RuleHit>) -> Vec<RuleHit> {
    hits.reverse();
    hits.sort_by(|a, b| a.selector.cmp(&b.selector));
    hits.dedup_by(|later, kept| later.selector == kept.selector);
    hits
}

/// A recommendation that applies to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// The recommendation.
    pub selector: Selector,
    /// The template data for the recommendation's text; `None` if the message has none.
    pub details: Option<Details>,
    /// Equal for two hits with the same details, byte for byte.
    pub digest: Digest,
}

impl RuleHit {
    /// Computes the digest of the details.
    pub fn new(selector: Selector, details: Option<Details>) -> Self {
        // The empty text is not JSON, so it can represent `None`.
        let digest = Digest::of(details.as_ref().map_or("", Details::as_str).as_bytes());
        Self { selector, details, digest }
    }

    /// The length of the details; 0 without any.
    pub fn details_bytes(&self) -> usize {
        self.details.as_ref().map_or(0, |details| details.as_str().len())
    }
}

/// Template data: JSON text, stored byte for byte, that every strict reader accepts; never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Details(Arc<str>);

impl Details {
    /// Does not check `json`: the message's parser did, or it is from the database.
    pub fn from_checked(json: impl Into<Arc<str>>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints only the size: template data belongs to the customer and must not be logged.
impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Details({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(selector: &str, details: &str) -> RuleHit {
        RuleHit::new(selector.parse().expect("selector"), Some(Details::from_checked(details)))
    }

    fn report(hits: Vec<RuleHit>) -> Report {
        let cluster = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c".parse().expect("uuid");
        let organization = OrgId::try_from(1).expect("organization");
        Report::new(organization, cluster, "2024-05-02T08:15:59Z".parse().expect("time"), hits)
    }

    #[test]
    fn the_last_of_two_hits_with_one_selector_counts() {
        let twice = report(vec![hit("b|B", "1"), hit("a|A", "1"), hit("b|B", "2")]);
        assert_eq!(twice.hits(), [hit("a|A", "1"), hit("b|B", "2")]);
    }

    #[test]
    fn the_digest_depends_on_hits_and_details_but_not_on_their_order() {
        let one = report(vec![hit("a|A", "1"), hit("b|B", "2")]).hits_digest();
        assert_eq!(one, report(vec![hit("b|B", "2"), hit("a|A", "1")]).hits_digest());
        assert_ne!(one, report(vec![hit("a|A", "1"), hit("b|B", "3")]).hits_digest());
        assert_ne!(one, report(vec![hit("a|A", "1")]).hits_digest());
    }
}
