// Acknowledges a recommendation for the viewer's organization, so that its hits are hidden by default.

import { graphql } from "./gql/gql.js";
import { ask, GraphError } from "./graph.js";

const ACKNOWLEDGE = graphql(`
  mutation Acknowledge($selector: String!, $justification: String) {
    acknowledgeRecommendation(input: { selector: $selector, justification: $justification }) {
      acknowledgement {
        justification
        recommendation {
          selector
        }
      }
      userErrors {
        message
        field
      }
    }
  }
`);

/** Acknowledges a recommendation and returns a line about it. Throws the reasons of a refusal, which the user can fix. */
export async function acknowledge(url: string, selector: string, justification: string): Promise<string> {
  const { acknowledgeRecommendation } = await ask(url, ACKNOWLEDGE, { selector, justification });
  const { acknowledgement, userErrors } = acknowledgeRecommendation;
  // A refusal is part of the data: the HTTP status is 200, and there are no `errors`.
  if (!acknowledgement) {
    const reasons = userErrors.map(({ message, field }) => (field ? `${field.join(".")}: ${message}` : message));
    throw new GraphError(reasons.join("\n"));
  }
  const reason = acknowledgement.justification ? `: ${acknowledgement.justification}` : "";
  return `acknowledged ${acknowledgement.recommendation.selector}${reason}`;
}
