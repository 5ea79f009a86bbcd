// Rules for the schema and the example queries: the linter's recommendations, Relay's conventions, and a description
// for every element. Paths are relative to the repository's root, where `make lint` runs the linter.

import graphql from "@graphql-eslint/eslint-plugin";

const SCHEMA = "schema.graphql";
const EXAMPLES = "examples/queries/*.graphql";

/** Types without an id: they are part of another object and cannot be queried alone. */
const VALUES = [
  "Category",
  "CategoryCount",
  "ClusterToggleResult",
  "GatheringRequest",
  "GatheringRequestRuleHit",
  "HistoryEvent",
  "OrganizationSummary",
  "PageInfo",
  "RecommendationContent",
  "Service",
  "TagCount",
  "TotalRiskCount",
  "User",
  "UserError",
  "VersionCount",
  "Viewer",
  "Vote",
  "WorkloadObject",
  "WorkloadRecommendation",
];
/** The levels of fields of an example: from organizations to the name of a category. */
const DEPTH = 10;

const rulesOf = (...configs) => Object.assign({}, ...configs.map((name) => graphql.configs[`flat/${name}`].rules));

const graphQLConfig = { schema: SCHEMA, documents: EXAMPLES };
const checked = {
  plugins: { "@graphql-eslint": graphql },
  languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig } },
};

export default [
  {
    ...checked,
    files: [SCHEMA],
    rules: {
      ...rulesOf("schema-recommended", "schema-relay"),
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
          ignoredSelectors: ["DirectiveDefinition InputValueDefinition"], // those of the specification
        },
      ],
      "@graphql-eslint/strict-id-in-types": [
        "error",
        { exceptions: { types: VALUES, suffixes: ["Connection", "Edge", "Payload"] } },
      ],
      // Connections have `nodes` beside `edges`, lookups by key return `[Cluster]`, and events have no id (see VALUES).
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false },
      ],
    },
  },
  {
    ...checked,
    files: [EXAMPLES],
    rules: {
      ...rulesOf("operations-recommended"),
      "@graphql-eslint/selection-set-depth": ["error", { maxDepth: DEPTH }],
      "@graphql-eslint/require-selections": "off", // examples are for people; normalising clients add ids themselves
    },
  },
];
