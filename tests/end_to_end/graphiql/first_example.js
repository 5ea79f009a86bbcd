// Opens GraphiQL in a browser, runs the example that it opens with by pressing its button, and prints as JSON the query,
// the response that the page shows, the URLs of all its requests and the errors that it logged.
//
//     node tests/end_to_end/graphiql/first_example.js http://127.0.0.1:8080/graphiql

const { openPage, withBrowser } = require("../../../web/chromium.js");

const textOf = (pane) => `document.querySelector(".${pane} .CodeMirror")?.CodeMirror.getValue()`;

async function firstExample(browser, url) {
  const page = await openPage(browser, url);
  const query = await page.until("GraphiQL opens with an example", textOf("graphiql-query-editor"));
  await page.press(".graphiql-execute-button");
  const answer = await page.until("the answer is shown", textOf("result-window"));
  return { query, answer, requests: page.requests, complaints: page.complaints };
}

withBrowser((browser) => firstExample(browser, process.argv[2])).then(
  (seen) => console.log(JSON.stringify(seen)),
  (reason) => {
    console.error(`GraphiQL in a browser: ${reason.message}`);
    process.exitCode = 1;
  },
);
