// Acknowledges a recommendation and deletes the acknowledgement, with Apollo Client. After each mutation it reads a list
// from the client's cache, which may send no request, and with a client of its own from the service. Prints both, and
// the number of requests that the first client has sent until then.
//
//     node tests/apollo/acknowledge.js URL SELECTOR OTHER_ORG_ID

import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

/** What an acknowledgement changes. Everything that has an id is in the cache once. */
const CHANGED = gql`
  fragment Changed on Recommendation {
    id
    selector
    acknowledgement {
      id
      justification
    }
    impactedClusters(first: 10, status: ANY) {
      edges {
        disabledAt
        justification
        node {
          id
          hitCount
        }
        ruleHit {
          id
          acknowledgement {
            id
          }
        }
      }
    }
  }
`;

const LIST = gql`
  query List($other: String!) {
    viewer {
      organization {
        id
        recommendations(first: 10) {
          nodes {
            ...Changed
          }
        }
        clusters(first: 10) {
          nodes {
            id
            hitCount
          }
        }
      }
    }
    other: organization(orgId: $other) {
      id
      recommendations(first: 10) {
        nodes {
          ...Changed
        }
      }
      clusters(first: 10) {
        nodes {
          id
          hitCount
        }
      }
    }
  }
  ${CHANGED}
`;

const ACKNOWLEDGE = gql`
  mutation Acknowledge($input: AcknowledgeRecommendationInput!) {
    acknowledgeRecommendation(input: $input) {
      recommendation {
        ...Changed
      }
      userErrors {
        message
      }
    }
  }
  ${CHANGED}
`;

const DELETE = gql`
  mutation Delete($input: DeleteAcknowledgementInput!) {
    deleteAcknowledgement(input: $input) {
      deletedAcknowledgementId
      recommendation {
        ...Changed
      }
      userErrors {
        message
      }
    }
  }
  ${CHANGED}
`;

/** A client with an empty cache, and the number of requests that it has sent. */
function newClient(uri) {
  const counter = { requests: 0 };
  const counted = (url, options) => {
    counter.requests += 1;
    return fetch(url, options);
  };
  return { client: new ApolloClient({ link: new HttpLink({ uri, fetch: counted }), cache: new InMemoryCache() }), counter };
}

async function act(uri, selector, other) {
  const { client, counter } = newClient(uri);
  const list = { query: LIST, variables: { other } };
  const states = [];
  const compare = async () => {
    const cached = (await client.query({ ...list, fetchPolicy: "cache-only" })).data;
    const read = (await newClient(uri).client.query(list)).data;
    states.push({ cached, read, requests: counter.requests });
  };
  await client.query(list);
  await compare();
  for (const justification of ["first", "second"]) {
    await client.mutate({ mutation: ACKNOWLEDGE, variables: { input: { selector, justification } } });
    await compare();
  }
  await client.mutate({
    mutation: DELETE,
    variables: { input: { selector } },
    update(cache, { data }) {
      const id = data.deleteAcknowledgement.deletedAcknowledgementId;
      cache.evict({ id: cache.identify({ __typename: "Acknowledgement", id }) });
    },
  });
  await compare();
  const left = Object.keys(client.extract()).filter((key) => key.startsWith("Acknowledgement:"));
  return { states, left };
}

const [uri, selector, other] = process.argv.slice(2);
console.log(JSON.stringify(await act(uri, selector, other)));
