// Answers documents with graphql-js, the reference implementation of GraphQL.
//
//     node tests/graphql-js/answer.js SCHEMA INPUT
//
// SCHEMA is a file with an SDL. INPUT is a JSON file: `data` has all recommendations, and all organizations, each with its
// recommendations, acknowledgements, toggles, namespaces and clusters, their reports, hits, requests and histories; `documents` is a list of `query` and `variables`. Prints a JSON list with an answer for each document:
// null if the document is invalid, otherwise its data as a text, so that the order of fields counts, and the paths of its
// errors.

import { readFileSync } from "node:fs";
import { buildSchema, execute, parse, validate } from "graphql";

const MAX_KEYS = 100;
const [schemaFile, inputFile] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
const { data, documents } = JSON.parse(readFileSync(inputFile, "utf8"));

// A connection's field over all edges of its list.
function connection(edges) {
  return ({ first, last }) => {
    const size = first ?? last ?? 20;
    if (size < 1 || size > 100 || (first != null && last != null)) throw new Error("an invalid page");
    const page = last == null ? edges.slice(0, size) : edges.slice(-size);
    const hasMore = page.length < edges.length;
    return {
      edges: page,
      nodes: () => page.map(({ node }) => (typeof node === "function" ? node() : node)),
      totalCount: edges.length,
      pageInfo: {
        hasNextPage: last == null && hasMore,
        hasPreviousPage: last != null && hasMore,
        startCursor: page.at(0)?.cursor ?? null,
        endCursor: page.at(-1)?.cursor ?? null,
      },
    };
  };
}

const nodes = new Map();
const clusters = new Map();
const organizations = new Map();

function add(__typename, node) {
  nodes.set(node.id, Object.assign(node, { __typename }));
}

// The recommendations by selector, as all organizations together see them.
const recommendations = new Map();

function addRecommendation(recommendation) {
  add("Recommendation", recommendation);
  for (const edge of recommendation.impactedClusters.edges) {
    const { uuid, selector } = { ...edge.node, ...edge.ruleHit };
    // Clusters are added later.
    edge.node = () => clusters.get(uuid);
    edge.ruleHit = () => clusters.get(uuid).ruleHit({ selector });
  }
  recommendation.impactedClusters = connection(recommendation.impactedClusters.edges);
  recommendation.acknowledgement = byId(recommendation.acknowledgement);
  const toggles = recommendation.clusterToggles.edges;
  recommendation.clusterToggles = connection(toggles.map(({ cursor, node }) => ({ cursor, node: byId(node) })));
}

// The node with the id of another object, which may be added later.
function byId(node) {
  return node && (() => nodes.get(node.id));
}

function addToggle(toggle) {
  if (toggle == null) return;
  add("ClusterToggle", toggle);
  toggle.cluster = () => clusters.get(toggle.clusterUuid);
  addRecommendation(toggle.recommendation);
}

function addNamespace(namespace) {
  add("Namespace", namespace);
  const { uuid } = namespace.cluster;
  namespace.cluster = () => clusters.get(uuid);
  for (const { node } of namespace.recommendations.edges) {
    addRecommendation(node.recommendation);
    node.objects = connection(node.objects.edges);
  }
  namespace.recommendations = connection(namespace.recommendations.edges);
}

// The fields of a cluster that find its requests.
function addRequests(cluster) {
  const requests = cluster.gatheringRequests;
  for (const request of requests) {
    for (const { node } of request.ruleHits.edges) addRecommendation(node.recommendation);
    request.ruleHits = connection(request.ruleHits.edges);
  }
  const byId = (id) => requests.find(({ requestId }) => requestId === id) ?? null;
  cluster.gatheringRequest = ({ requestId }) => byId(requestId);
  cluster.gatheringRequests = ({ requestIds, first }) => {
    if (first != null && (first < 1 || first > 100)) throw new Error("an invalid number");
    const found = requestIds == null ? requests : [...new Set(requestIds)].map(byId).filter((request) => request);
    return found.slice(0, first ?? 100);
  };
}

for (const { node: recommendation } of data.recommendations.edges) {
  addRecommendation(recommendation);
  recommendations.set(recommendation.selector, recommendation);
}

for (const { node: organization } of data.organizations.edges) {
  add("Organization", organization);
  organizations.set(organization.orgId, organization);
  for (const { node: recommendation } of organization.recommendations.edges) addRecommendation(recommendation);
  organization.recommendations = connection(organization.recommendations.edges);
  for (const { node: acknowledgement } of organization.acknowledgements.edges) {
    add("Acknowledgement", acknowledgement);
    addRecommendation(acknowledgement.recommendation);
  }
  organization.acknowledgements = connection(organization.acknowledgements.edges);
  for (const { node: toggle } of organization.clusterToggles.edges) addToggle(toggle);
  organization.clusterToggles = connection(organization.clusterToggles.edges);
  for (const { node: namespace } of organization.namespaces.edges) addNamespace(namespace);
  organization.namespaces = connection(organization.namespaces.edges);
  for (const { node: cluster } of organization.clusters.edges) {
    add("Cluster", cluster);
    clusters.set(cluster.uuid, cluster);
    cluster.organization = organization;
    for (const { node: event } of cluster.history.edges) {
      event.cluster = cluster;
      addRecommendation(event.recommendation);
    }
    cluster.history = connection(cluster.history.edges);
    const namespaces = cluster.namespaces.edges.map(({ node }) => node);
    for (const namespace of namespaces) addNamespace(namespace);
    cluster.namespaces = connection(cluster.namespaces.edges);
    cluster.namespace = ({ uid }) => namespaces.find((namespace) => namespace.uid === uid) ?? null;
    addRequests(cluster);
    const hits = cluster.report?.ruleHits.edges.map(({ node }) => node) ?? [];
    cluster.ruleHit = ({ selector }) => hits.find((hit) => hit.selector === selector) ?? null;
    if (cluster.report) {
      add("Report", cluster.report);
      cluster.report.cluster = cluster;
      for (const { node: hit } of cluster.report.ruleHits.edges) {
        add("RuleHit", hit);
        hit.cluster = cluster;
        addRecommendation(hit.recommendation);
        addToggle(hit.toggle);
        hit.acknowledgement = byId(hit.acknowledgement);
      }
      cluster.report.ruleHits = connection(cluster.report.ruleHits.edges);
    }
  }
  organization.clusters = connection(organization.clusters.edges);
}

function byKeys(keys, map) {
  if (keys.length > MAX_KEYS) throw new Error("too many keys");
  return keys.map((key) => map.get(key) ?? null);
}

const rootValue = {
  viewer: data.viewer,
  service: data.service,
  categories: data.categories,
  recommendation: ({ selector }) => recommendations.get(selector) ?? null,
  recommendations: connection(data.recommendations.edges),
  organizations: connection(data.organizations.edges),
  node({ id }) {
    if (!Buffer.from(id, "base64url").toString().startsWith("1:")) throw new Error("an invalid id");
    return nodes.get(id) ?? null;
  },
  nodes: ({ ids }) => byKeys(ids, nodes),
  organization({ orgId }) {
    if (!/^[1-9][0-9]*$/.test(orgId)) throw new Error("an invalid number");
    return organizations.get(orgId) ?? null;
  },
  cluster: ({ uuid }) => clusters.get(uuid) ?? null,
  clusters: ({ uuids }) => byKeys(uuids, clusters),
};

function answer({ query, variables: variableValues }) {
  const document = parse(query);
  if (validate(schema, document).length > 0) return null;
  const result = execute({ schema, document, rootValue, variableValues });
  if (!("data" in result)) return null;
  return { data: JSON.stringify(result.data), errors: (result.errors ?? []).map(({ path }) => path) };
}

console.log(JSON.stringify(documents.map(answer)));
