// Starts GraphiQL on its page, with the service's example queries as tabs.
//
// The examples are a courtesy: whatever becomes of them, GraphiQL must come up.

const EXAMPLES_URL = "/graphiql/examples.json";
const EXAMPLES_PATIENCE_MS = 3000;

/** The service's examples, `[{ title, query }]`; none when they cannot be had in time. */
async function fetchExamples() {
  try {
    const response = await fetch(EXAMPLES_URL, { signal: AbortSignal.timeout(EXAMPLES_PATIENCE_MS) });
    return response.ok ? await response.json() : [];
  } catch (reason) {
    console.warn(`GraphiQL opens without examples: ${EXAMPLES_URL} failed`, reason);
    return [];
  }
}

/** One tab an example. GraphiQL names a tab after its operation, so the title leads as a comment. */
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
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    // Only a first visit sees them: afterwards GraphiQL opens the tabs that the visitor left. The first is active.
    defaultTabs: tabs.length > 0 ? tabs : undefined,
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
}

start();
