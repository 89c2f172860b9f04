// graphql-eslint's recommended rules for schemas, and its rules for Relay. exceptions.json has the types without an id.
import { readFileSync } from "node:fs";
import graphql from "@graphql-eslint/eslint-plugin";

const { "flat/schema-recommended": schema, "flat/schema-relay": relay } = graphql.configs;
const types = JSON.parse(readFileSync("exceptions.json", "utf8"));

export default [
  {
    files: ["schema.graphql"],
    plugins: { "@graphql-eslint": graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    rules: {
      ...schema.rules,
      ...relay.rules,
      // What is no thing of its own belongs to its parent, and clients cache it there.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        { exceptions: { types, suffixes: ["Connection", "Edge", "PageInfo", "Payload"] } },
      ],
      // `nodes` is there beside `edges` for clients that need no cursors, short lists have no pages, and a candidate is
      // the answer to a question, not a thing with an id.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];
