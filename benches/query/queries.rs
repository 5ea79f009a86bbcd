//! The queries of front-ends that are measured.

use super::data::{cluster, organization, selector};

/// A query of a front-end, and the path of its hand-written handler.
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) graphql: String,
    pub(crate) path: String,
}

pub(crate) fn queries() -> [Query; 7] {
    let (organization, cluster, selector) = (organization(50), cluster(50, 50), selector(50));
    let hits = |fields: &str| {
        format!(
            "{{ organization(orgId: \"{organization}\") {{ clusters(first: 100) {{ nodes {{ uuid version lastCheckedAt \
             report {{ ruleHits(first: 5) {{ totalCount nodes {{ {fields} }} }} }} }} }} }} }}"
        )
    };
    [
        Query {
            name: "one report",
            graphql: format!(
                "{{ cluster(uuid: \"{cluster}\") {{ version lastCheckedAt report {{ ruleHits(first: 100) {{ totalCount \
                 nodes {{ selector impactedSince details }} }} }} }} }}"
            ),
            path: format!("/report/{cluster}"),
        },
        Query {
            name: "100 clusters, hits, no details",
            graphql: hits("selector impactedSince"),
            path: format!("/clusters/{organization}"),
        },
        Query {
            name: "100 clusters, hits, details",
            graphql: hits("selector impactedSince details"),
            path: format!("/clusters-with-details/{organization}"),
        },
        Query {
            name: "clusters hit by a recommendation",
            graphql: format!(
                "{{ organization(orgId: \"{organization}\") {{ clusters(first: 20, filter: {{hitBy: [\"{selector}\"]}}) \
                 {{ totalCount nodes {{ uuid version lastCheckedAt }} }} }} }}"
            ),
            path: format!("/hit-by/{organization}/{}", selector.as_str().replace('|', "%7C")),
        },
        Query {
            name: "20 recommendations",
            graphql: format!(
                "{{ organization(orgId: \"{organization}\") {{ recommendations(first: 20) {{ totalCount nodes {{ selector \
                 content {{ description publishedAt totalRisk }} impactedClusters {{ totalCount }} }} }} }} }}"
            ),
            path: format!("/recommendations/{organization}"),
        },
        Query {
            name: "50 clusters by risk",
            graphql: format!(
                "{{ organization(orgId: \"{organization}\") {{ clusters(first: 50, orderBy: {{field: TOTAL_RISK, \
                 direction: DESC}}) {{ nodes {{ uuid displayName version lastCheckedAt hitCount hitsByTotalRisk \
                 {{ totalRisk count }} }} }} }} }}"
            ),
            path: format!("/clusters-by-risk/{organization}"),
        },
        Query {
            name: "summary",
            graphql: format!(
                "{{ organization(orgId: \"{organization}\") {{ summary {{ clusterCount hitClusterCount hitCount \
                 hitsByTotalRisk {{ totalRisk count }} hitsByCategory {{ category {{ name }} count }} \
                 hitsByTag {{ tag count }} versions {{ version count }} }} }} }}"
            ),
            path: format!("/summary/{organization}"),
        },
    ]
}
