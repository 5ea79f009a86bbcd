// Runs the GraphQL over HTTP audits of graphql-http against the server at a URL. Prints one line per audit.
//
//     node tests/graphql-http/audit.js URL
//
// Exits with 1 if an audit for a MUST or a SHOULD fails. Failed audits for a MAY are only printed.

import { serverAudits } from "graphql-http";

const EXPECTED = 61;
const MARKS = { ok: "ok", notice: "may", warn: "SHOULD", error: "MUST" };

const url = process.argv[2];
if (!url) {
  console.error("usage: node tests/graphql-http/audit.js http://127.0.0.1:8080/graphql");
  process.exit(2);
}

const audits = serverAudits({ url });
const failures = { notice: 0, warn: 0, error: 0 };
for (const audit of audits) {
  const result = await audit.fn();
  console.log(`${MARKS[result.status]}\t${result.id}\t${result.name}${result.reason ? `: ${result.reason}` : ""}`);
  if (result.status !== "ok") failures[result.status] += 1;
}

const { notice, warn, error } = failures;
console.log(`${audits.length} audits; failed: ${error} MUST, ${warn} SHOULD, ${notice} MAY`);
if (audits.length !== EXPECTED) console.error(`Expected ${EXPECTED} audits: check what changed in graphql-http.`);
process.exit(error + warn > 0 || audits.length !== EXPECTED ? 1 : 0);
