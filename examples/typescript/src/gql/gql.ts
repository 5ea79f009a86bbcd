/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation Acknowledge($selector: String!, $justification: String) {\n    acknowledgeRecommendation(input: { selector: $selector, justification: $justification }) {\n      acknowledgement {\n        justification\n        recommendation {\n          selector\n        }\n      }\n      userErrors {\n        message\n        field\n      }\n    }\n  }\n": typeof types.AcknowledgeDocument,
    "\n  query ClustersPage($orgId: String!, $first: Int!, $after: String) {\n    organization(orgId: $orgId) {\n      clusters(first: $first, after: $after) {\n        totalCount\n        nodes {\n          uuid\n          version\n          lastCheckedAt\n          report {\n            ruleHits(first: 100) {\n              totalCount\n              nodes {\n                selector\n                totalRisk\n                impactedSince\n              }\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.ClustersPageDocument,
};
const documents: Documents = {
    "\n  mutation Acknowledge($selector: String!, $justification: String) {\n    acknowledgeRecommendation(input: { selector: $selector, justification: $justification }) {\n      acknowledgement {\n        justification\n        recommendation {\n          selector\n        }\n      }\n      userErrors {\n        message\n        field\n      }\n    }\n  }\n": types.AcknowledgeDocument,
    "\n  query ClustersPage($orgId: String!, $first: Int!, $after: String) {\n    organization(orgId: $orgId) {\n      clusters(first: $first, after: $after) {\n        totalCount\n        nodes {\n          uuid\n          version\n          lastCheckedAt\n          report {\n            ruleHits(first: 100) {\n              totalCount\n              nodes {\n                selector\n                totalRisk\n                impactedSince\n              }\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.ClustersPageDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Acknowledge($selector: String!, $justification: String) {\n    acknowledgeRecommendation(input: { selector: $selector, justification: $justification }) {\n      acknowledgement {\n        justification\n        recommendation {\n          selector\n        }\n      }\n      userErrors {\n        message\n        field\n      }\n    }\n  }\n"): typeof import('./graphql.js').AcknowledgeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ClustersPage($orgId: String!, $first: Int!, $after: String) {\n    organization(orgId: $orgId) {\n      clusters(first: $first, after: $after) {\n        totalCount\n        nodes {\n          uuid\n          version\n          lastCheckedAt\n          report {\n            ruleHits(first: 100) {\n              totalCount\n              nodes {\n                selector\n                totalRisk\n                impactedSince\n              }\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.js').ClustersPageDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
