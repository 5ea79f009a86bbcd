// Configures `npm run generate`: from the schema and the queries in src it generates src/gql, with a type per response.

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
        documentMode: "string", // queries stay text, so the program needs no GraphQL library at run time
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true, // a scalar that is not listed here is an error, not an `any`
        scalars: { DateTime: "string", Duration: "string", JSON: "unknown", URL: "string", UUID: "string" },
      },
    },
  },
};

export default config;
