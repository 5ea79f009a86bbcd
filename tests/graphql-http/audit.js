// Runs the audits of GraphQL over HTTP that graphql-http defines against the server at a URL, one line an audit.
//
//     node tests/graphql-http/audit.js URL
//
// Ends with 1 when one that is a MUST or a SHOULD fails. What only MAY be is told and left to the server.

import { serverAudits } from "graphql-http";

const EXPECTED = 61;
const MARKS = { ok: "ok", notice: "may", warn: "SHOULD", error: "MUST" };

const url = process.argv[2];
if (!url) {
  console.error("Name the server: node tests/graphql-http/audit.js http://127.0.0.1:8080/graphql");
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
if (audits.length !== EXPECTED) console.error(`There should be ${EXPECTED} audits: look what became of the others.`);
process.exit(error + warn > 0 || audits.length !== EXPECTED ? 1 : 0);
