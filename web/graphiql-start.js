// Starts GraphiQL on its page, with the service's example queries as tabs.
//
// The examples are optional: GraphiQL must start without them. All URLs are relative to the page, because a gateway may
// serve it below a path of its own.

const EXAMPLES_URL = "graphiql/examples.json";
const GRAPH_URL = new URL("graphql", document.baseURI).href;
const EXAMPLES_TIMEOUT_MS = 3000;

/** Fetches the service's examples, `[{ title, query }]`. Returns an empty list if that fails or times out. */
async function fetchExamples() {
  try {
    const response = await fetch(EXAMPLES_URL, { signal: AbortSignal.timeout(EXAMPLES_TIMEOUT_MS) });
    return response.ok ? await response.json() : [];
  } catch (reason) {
    console.warn(`GraphiQL opens without examples: ${EXAMPLES_URL} failed`, reason);
    return [];
  }
}

/** One tab per example. GraphiQL names a tab after its operation, so the title is a comment at the top. */
function asTabs(examples) {
  if (!Array.isArray(examples)) return [];
  return examples
    .filter((example) => typeof example?.query === "string")
    .map(({ title, query }) => ({ query: title ? `# ${title}\n\n${query}` : query }));
}

async function start() {
  const { createElement } = React;
  const tabs = asTabs(await fetchExamples());
  const page = createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: GRAPH_URL }),
    // Used only on the first visit: later GraphiQL restores the tabs of the previous visit. The first tab is active.
    defaultTabs: tabs.length > 0 ? tabs : undefined,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
}

start();
