// Asking the graph: one POST, typed from end to end, with nothing but the platform's own fetch.

import type { TypedDocumentString } from "./gql/graphql.js";

/** What the graph complained of, in its own words. */
export class GraphError extends Error {}

interface Answer<Data> {
  data?: Data | null;
  errors?: AnswerError[];
}

interface AnswerError {
  message: string;
  path?: (string | number)[];
}

/** Asks the graph at a URL: gives the answer's data, or throws what went wrong. */
export async function ask<Data, Variables>(
  url: string,
  query: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query: query.toString(), variables }),
  });
  const { data, errors } = await read<Data>(response);
  // The graph answers in part where one relation fails. This client wants all or nothing.
  if (errors) throw new GraphError(errors.map(describe).join("\n"));
  if (!data) throw new GraphError(`${url} answered ${response.status} without data`);
  return data;
}

async function read<Data>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer<Data>;
  } catch {
    throw new GraphError(`${response.url} answered ${response.status} and no JSON: is it the graph?`);
  }
}

function describe({ message, path }: AnswerError): string {
  return path ? `${message} (at ${path.join(".")})` : message;
}
