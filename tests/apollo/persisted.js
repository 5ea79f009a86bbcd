// Queries with Apollo Client's link for persisted queries, which sends the hash of a query first, and the query only if
// the service does not support hashes. Prints the data of two queries and the number of requests that had no query.
//
//     node tests/apollo/persisted.js URL METHOD

import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

async function read(uri, method) {
  let hashes = 0;
  const counted = (url, options) => {
    const sent = method === "GET" ? new URL(url).searchParams.has("query") : "query" in JSON.parse(options.body);
    if (!sent) hashes += 1;
    return fetch(url, options);
  };
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: method === "GET" });
  const http = new HttpLink({ uri, fetch: counted, useGETForQueries: method === "GET" });
  const client = new ApolloClient({ link: ApolloLink.from([persisted, http]), cache: new InMemoryCache() });
  const first = await client.query({ query: gql`query First { viewer { isAdministrator } }` });
  const second = await client.query({ query: gql`query Second { service { databaseVersion } }` });
  return { data: [first.data, second.data], hashes };
}

const [uri, method] = process.argv.slice(2);
console.log(JSON.stringify(await read(uri, method)));
