//! Conformance to GraphQL over HTTP: the 61 audits of the npm package graphql-http, run by Node.

use super::*;
use crate::harness::node;

#[tokio::test]
async fn every_audit_of_graphql_over_http_passes() {
    let service = Running::api(&sqlite()).await.ready().await;
    let report = node::stdout("tests/graphql-http", "node", &["audit.js", &service.url("/graphql")]).await;
    println!("{report}");
    assert!(report.ends_with("61 audits; failed: 0 MUST, 0 SHOULD, 0 MAY\n"), "{report}");
}
