// Sends a query or mutation to the graph: one POST with the platform's fetch, with typed variables and data.

import type { TypedDocumentString } from "./gql/graphql.js";

/** The errors of a response, in the messages of the graph. */
export class GraphError extends Error {}

interface Answer<Data> {
  data?: Data | null;
  errors?: AnswerError[];
}

interface AnswerError {
  message: string;
  path?: (string | number)[];
}

/** Sends a query or mutation to the graph at a URL. Returns the data, or throws the errors. */
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
  // If one relation fails, the graph returns the rest. This client accepts only complete data.
  if (errors) throw new GraphError(errors.map(describe).join("\n"));
  if (!data) throw new GraphError(`${url} answered ${response.status} without data`);
  return data;
}

async function read<Data>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer<Data>;
  } catch {
    throw new GraphError(`${response.url} answered ${response.status} without JSON: is this the URL of the graph?`);
  }
}

function describe({ message, path }: AnswerError): string {
  return path ? `${message} (at ${path.join(".")})` : message;
}
