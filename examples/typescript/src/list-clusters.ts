// Lists an organization's clusters with their rule hits, page by page. Or acknowledges a recommendation.
//
//     node dist/list-clusters.js ORG_ID [--url http://127.0.0.1:8080/graphql] [--page 20]
//     node dist/list-clusters.js --acknowledge SELECTOR --because TEXT [--url http://127.0.0.1:8080/graphql]

import { parseArgs } from "node:util";

import { acknowledge } from "./acknowledge.js";
import { graphql } from "./gql/gql.js";
import type { ClustersPageQuery } from "./gql/graphql.js";
import { ask, GraphError } from "./graph.js";

const CLUSTERS_PAGE = graphql(`
  query ClustersPage($orgId: String!, $first: Int!, $after: String) {
    organization(orgId: $orgId) {
      clusters(first: $first, after: $after) {
        totalCount
        nodes {
          uuid
          version
          lastCheckedAt
          report {
            ruleHits(first: 100) {
              totalCount
              nodes {
                selector
                totalRisk
                impactedSince
              }
            }
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

type Page = NonNullable<NonNullable<ClustersPageQuery["organization"]>["clusters"]>;
type Cluster = Page["nodes"][number];

/** A page of an organization's clusters: the first one, or the one after a cursor. */
async function pageOfClusters(url: string, orgId: string, first: number, after?: string): Promise<Page> {
  const { organization } = await ask(url, CLUSTERS_PAGE, { orgId, first, after });
  if (!organization?.clusters) throw new GraphError(`there is no organization ${orgId}`);
  return organization.clusters;
}

/** All pages. Each is queried when the previous one has been consumed. */
async function* pagesOfClusters(url: string, orgId: string, first: number): AsyncGenerator<Page> {
  let page = await pageOfClusters(url, orgId, first);
  yield page;
  while (page.pageInfo.hasNextPage && page.pageInfo.endCursor) {
    page = await pageOfClusters(url, orgId, first, page.pageInfo.endCursor);
    yield page;
  }
}

/** One line for the cluster, and one per hit. */
function describe({ uuid, version, lastCheckedAt, report }: Cluster): string {
  const hits = report?.ruleHits?.nodes ?? [];
  const more = (report?.ruleHits?.totalCount ?? 0) - hits.length;
  return [
    `${uuid}  ${version ?? "unknown version"}  checked ${lastCheckedAt}`,
    ...hits.map(
      ({ selector, totalRisk, impactedSince }) =>
        `  ${totalRisk ?? "unknown risk"}  ${selector}  since ${impactedSince}`,
    ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

/** Prints all pages of an organization's clusters. */
async function list(url: string, orgId: string, first: number): Promise<void> {
  let number = 0;
  for await (const page of pagesOfClusters(url, orgId, first)) {
    console.log(`-- page ${++number}: ${page.nodes.length} of ${page.totalCount} clusters`);
    for (const cluster of page.nodes) console.log(describe(cluster));
  }
}

const USAGE = "usage: node dist/list-clusters.js ORG_ID, or --acknowledge SELECTOR --because TEXT";

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://127.0.0.1:8080/graphql" },
      page: { type: "string", default: "20" },
      acknowledge: { type: "string" },
      because: { type: "string" },
    },
  });
  const [orgId] = positionals;
  const { url, acknowledge: selector, because } = values;
  const size = Number(values.page);
  if ((orgId === undefined) === (selector === undefined)) throw new Error(USAGE);
  if ((selector === undefined) !== (because === undefined)) throw new Error(USAGE);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    throw new Error(`--page ${values.page} is not a number from 1 to 100`);

  if (selector !== undefined && because !== undefined) console.log(await acknowledge(url, selector, because));
  if (orgId !== undefined) await list(url, orgId, size);
}

main().catch((reason: Error) => {
  console.error(`list-clusters: ${reason.message}`);
  process.exitCode = 1;
});
