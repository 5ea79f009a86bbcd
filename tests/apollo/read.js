// Reads two pages of an organization's clusters, and then one of the clusters by its id, with Apollo Client in the
// way that its documentation recommends. Prints the client's store, in which every node must be once.
//
//     node tests/apollo/read.js URL ORG_ID PAGE_SIZE

import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

const PAGE = gql`
  query Page($orgId: String!, $first: Int!, $after: String) {
    organization(orgId: $orgId) {
      id
      clusters(first: $first, after: $after) {
        edges {
          cursor
          node {
            id
            uuid
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;

const NODE = gql`
  query Node($id: ID!) {
    node(id: $id) {
      id
      ... on Cluster {
        displayName
        organization {
          id
          orgId
        }
      }
    }
  }
`;

async function read(url, orgId, first) {
  const client = new ApolloClient({
    link: new HttpLink({ uri: url }),
    cache: new InMemoryCache({ typePolicies: { Organization: { fields: { clusters: relayStylePagination() } } } }),
  });
  const variables = { orgId, first };
  const { data } = await client.query({ query: PAGE, variables });
  const { edges, pageInfo } = data.organization.clusters;

  const list = client.watchQuery({ query: PAGE, variables });
  const watching = list.subscribe(() => {}); // as a page would that shows the list
  await list.fetchMore({ variables: { after: pageInfo.endCursor } });
  watching.unsubscribe();

  await client.query({ query: NODE, variables: { id: edges[0].node.id } });
  return client.extract();
}

const [url, orgId, first] = process.argv.slice(2);
console.log(JSON.stringify(await read(url, orgId, Number(first))));
