// What is demanded of the schema and of the example queries: the linter's recommendations, Relay's forms, and a
// description for everything. Paths are seen from the repository's root, where `make lint` runs it.

import graphql from "@graphql-eslint/eslint-plugin";

const SCHEMA = "schema.graphql";
const EXAMPLES = "examples/queries/*.graphql";

/** Types without an id: they are part of whatever holds them and cannot be asked for alone. */
const VALUES = ["HistoryEvent", "PageInfo", "Service", "Viewer"];

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
          ignoredSelectors: ["DirectiveDefinition InputValueDefinition"], // those are the specification's own
        },
      ],
      "@graphql-eslint/strict-id-in-types": [
        "error",
        { exceptions: { types: VALUES, suffixes: ["Connection", "Edge"] } },
      ],
      // `nodes` stands beside `edges`, `[Cluster]` where keys were asked for, and events have no id (see VALUES).
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
      "@graphql-eslint/require-selections": "off", // examples are for people; a client that normalises adds ids itself
    },
  },
];
