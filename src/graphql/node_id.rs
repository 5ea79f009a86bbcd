//! Node ids: opaque to clients. An id encodes the type and the natural key, never a database key.
//!
//! An id grants no access: its node is read within the viewer's scope like everything else. Clients store ids: their format
//! changes only together with the version in front.

use std::{borrow::Cow, fmt, str::FromStr};

use async_graphql::{ID, OutputType, Value};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::{ClusterId, OrgId, Selector};

/// The longest id that is decoded. The longest that is issued is that of a rule hit, whose selector has twice 255
/// four-byte characters, in base64.
const MAX_BYTES: usize = 4096;

/// A decoded id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum NodeId {
    Organization(OrgId),
    Cluster(ClusterId),
    /// The cluster's current report.
    Report(ClusterId),
    RuleHit(ClusterId, Selector),
    /// A recommendation as an organization sees it; `None` if no organization is in scope.
    Recommendation(Option<OrgId>, Selector),
    Acknowledgement(OrgId, Selector),
    /// The toggle that an organization set. It exists while the organization owns the cluster.
    ClusterToggle(OrgId, ClusterId, Selector),
    /// The namespace with this uid, while the organization owns the cluster.
    Namespace(OrgId, ClusterId, String),
}

/// Represents all organizations in the id of a recommendation.
const ALL: &str = "*";

/// A text that is not a node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id that this service issued")]
pub(super) struct InvalidNodeId;

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Organization(organization) => format!("1:Organization:{organization}"),
            Self::Cluster(cluster) => format!("1:Cluster:{cluster}"),
            Self::Report(cluster) => format!("1:Report:{cluster}"),
            Self::RuleHit(cluster, selector) => format!("1:RuleHit:{cluster}:{selector}"),
            Self::Recommendation(None, selector) => format!("1:Recommendation:{ALL}:{selector}"),
            Self::Recommendation(Some(of), selector) => format!("1:Recommendation:{of}:{selector}"),
            Self::Acknowledgement(of, selector) => format!("1:Acknowledgement:{of}:{selector}"),
            Self::ClusterToggle(of, cluster, selector) => format!("1:ClusterToggle:{of}:{cluster}:{selector}"),
            Self::Namespace(of, cluster, uid) => format!("1:Namespace:{of}:{cluster}:{uid}"),
        };
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(id: &str) -> Result<Self, InvalidNodeId> {
        let text = (id.len() <= MAX_BYTES).then(|| URL_SAFE_NO_PAD.decode(id).ok()).flatten().ok_or(InvalidNodeId)?;
        let text = String::from_utf8(text).map_err(|_| InvalidNodeId)?;
        // No key contains NUL, and PostgreSQL rejects text with one.
        if text.contains('\0') {
            return Err(InvalidNodeId);
        }
        let (kind, key) = text.strip_prefix("1:").and_then(|text| text.split_once(':')).ok_or(InvalidNodeId)?;
        let id = match kind {
            "Organization" => Self::Organization(organization(key)?),
            "Cluster" => Self::Cluster(cluster(key)?),
            "Report" => Self::Report(cluster(key)?),
            "RuleHit" => {
                let (key, selector) = with_selector(key)?;
                Self::RuleHit(cluster(key)?, selector)
            }
            "Recommendation" => {
                let (key, selector) = with_selector(key)?;
                let of = if key == ALL { None } else { Some(organization(key)?) };
                Self::Recommendation(of, selector)
            }
            "Acknowledgement" => {
                let (key, selector) = with_selector(key)?;
                Self::Acknowledgement(organization(key)?, selector)
            }
            "ClusterToggle" => {
                let (of, key) = key.split_once(':').ok_or(InvalidNodeId)?;
                let (key, selector) = with_selector(key)?;
                Self::ClusterToggle(organization(of)?, cluster(key)?, selector)
            }
            "Namespace" => {
                let (of, key) = key.split_once(':').ok_or(InvalidNodeId)?;
                let (key, uid) = key.split_once(':').ok_or(InvalidNodeId)?;
                Self::Namespace(organization(of)?, cluster(key)?, uid.to_owned())
            }
            _ => return Err(InvalidNodeId),
        };
        Ok(id)
    }
}

/// Splits a key that ends with a selector.
fn with_selector(key: &str) -> Result<(&str, Selector), InvalidNodeId> {
    let (key, selector) = key.split_once(':').ok_or(InvalidNodeId)?;
    Ok((key, selector.parse().map_err(|_| InvalidNodeId)?))
}

fn organization(text: &str) -> Result<OrgId, InvalidNodeId> {
    text.parse().map_err(|_| InvalidNodeId)
}

/// A UUID in its canonical spelling: each node has exactly one id.
fn cluster(text: &str) -> Result<ClusterId, InvalidNodeId> {
    let cluster: ClusterId = text.parse().map_err(|_| InvalidNodeId)?;
    if cluster.to_string() == text { Ok(cluster) } else { Err(InvalidNodeId) }
}

/// In the schema, an id is GraphQL's `ID`.
impl OutputType for NodeId {
    fn type_name() -> Cow<'static, str> {
        <ID as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
        <ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _: &async_graphql::ContextSelectionSet<'_>,
        _: &async_graphql::Positioned<async_graphql::parser::types::Field>,
    ) -> async_graphql::ServerResult<Value> {
        Ok(Value::String(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";

    fn ids() -> [NodeId; 10] {
        let cluster: ClusterId = CLUSTER.parse().expect("a cluster");
        let selector: Selector = "a.b|KEY:1".parse().expect("a selector");
        let organization: OrgId = "42".parse().expect("an organization");
        [
            NodeId::Organization(organization),
            NodeId::Cluster(cluster),
            NodeId::Report(cluster),
            NodeId::RuleHit(cluster, selector.clone()),
            NodeId::Recommendation(Some(organization), selector.clone()),
            NodeId::Recommendation(None, selector.clone()),
            NodeId::Acknowledgement(organization, selector.clone()),
            NodeId::ClusterToggle(organization, cluster, selector),
            NodeId::Namespace(organization, cluster, "a:b".to_owned()),
            NodeId::Namespace(organization, cluster, String::new()),
        ]
    }

    #[test]
    fn the_format_of_ids_is_stable() {
        assert_eq!(
            ids().map(|id| id.to_string()),
            [
                "MTpPcmdhbml6YXRpb246NDI",
                "MTpDbHVzdGVyOjdmNmUyYzFhLTRiMWQtNGMwZS05YTU1LTBkMWYyZTNhNGI1Yw",
                "MTpSZXBvcnQ6N2Y2ZTJjMWEtNGIxZC00YzBlLTlhNTUtMGQxZjJlM2E0YjVj",
                "MTpSdWxlSGl0OjdmNmUyYzFhLTRiMWQtNGMwZS05YTU1LTBkMWYyZTNhNGI1YzphLmJ8S0VZOjE",
                "MTpSZWNvbW1lbmRhdGlvbjo0MjphLmJ8S0VZOjE",
                "MTpSZWNvbW1lbmRhdGlvbjoqOmEuYnxLRVk6MQ",
                "MTpBY2tub3dsZWRnZW1lbnQ6NDI6YS5ifEtFWTox",
                "MTpDbHVzdGVyVG9nZ2xlOjQyOjdmNmUyYzFhLTRiMWQtNGMwZS05YTU1LTBkMWYyZTNhNGI1YzphLmJ8S0VZOjE",
                "MTpOYW1lc3BhY2U6NDI6N2Y2ZTJjMWEtNGIxZC00YzBlLTlhNTUtMGQxZjJlM2E0YjVjOmE6Yg",
                "MTpOYW1lc3BhY2U6NDI6N2Y2ZTJjMWEtNGIxZC00YzBlLTlhNTUtMGQxZjJlM2E0YjVjOg",
            ]
        );
    }

    #[test]
    fn ids_round_trip() {
        for id in ids() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn an_invalid_id_is_refused() {
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let upper = encoded(&format!("1:Cluster:{}", CLUSTER.to_uppercase()));
        let cut = ids()[1].to_string()[..20].to_owned();
        let bad =
            [String::new(), "x".repeat(5000), encoded("2:Organization:42"), encoded("1:Organization:042"), upper, cut];
        for id in bad.into_iter().chain([
            encoded("1:Recommendation:a|B"),
            encoded("1:Recommendation:042:a|B"),
            encoded("1:Recommendation::a|B"),
            encoded("1:Recommendation:42:a"),
            encoded("1:RuleHit:x:a|B"),
            encoded("1:Acknowledgement:*:a|B"),
            encoded("1:Acknowledgement:42"),
            encoded(&format!("1:ClusterToggle:{CLUSTER}:a|B")),
            encoded(&format!("1:ClusterToggle:042:{CLUSTER}:a|B")),
            encoded("1:ClusterToggle:42:a|B"),
            encoded(&format!("1:RuleHit:{CLUSTER}:a|\0")),
            encoded(&format!("1:Namespace:42:{CLUSTER}")),
            encoded(&format!("1:Namespace:42:{}:a", CLUSTER.to_uppercase())),
            encoded(&format!("1:Namespace:042:{CLUSTER}:a")),
            encoded(&format!("1:Namespace:42:{CLUSTER}:a\0")),
        ]) {
            assert_eq!(id.parse::<NodeId>(), Err(InvalidNodeId), "{id}");
        }
    }
}
