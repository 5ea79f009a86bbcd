// What `npm run generate` makes of the schema and of the queries in src: src/gql, with a type for every answer.

import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/**/*.ts", "!src/gql/**"],
  importExtension: ".js",
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string", // queries stay text: the program needs no GraphQL library when it runs
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true, // a scalar that is not listed here is an error, not an `any`
        scalars: { DateTime: "string", Duration: "string", JSON: "unknown", UUID: "string" },
      },
    },
  },
};

export default config;
