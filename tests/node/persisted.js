// Apollo's link for persisted queries, as it comes: sends the hash, and the document where the server asks for it.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const bodies = [];
const recording = (address, options) => {
  bodies.push(JSON.parse(options.body));
  return fetch(address, options);
};
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const client = new ApolloClient({
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), new HttpLink({ uri: process.env.SIGAP, fetch: recording })]),
  cache: new InMemoryCache(),
});
for (const query of [gql`query A { me { id } }`, gql`query B { hazards(first: 1) { totalCount } }`]) await client.query({ query });
console.log(JSON.stringify(bodies.map((body) => "query" in body)));
