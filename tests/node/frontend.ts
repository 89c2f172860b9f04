// A frontend in small: lists, filters, pages both ways, offers, and handles problems. What it sees is printed as JSON.
import { Client, fetchExchange } from "@urql/core";
import { graphql } from "./gql/gql.js";

const client = new Client({
  url: process.env.SIGAP!,
  exchanges: [fetchExchange],
  fetchOptions: () => ({ headers: { Authorization: `Bearer ${process.env.TOKEN!}`, "Accept-Language": "en" } }),
});

const Needs = graphql(`
  query Needs($kabupaten: ID!) {
    needs(first: 10, filter: { kabupaten: { eq: $kabupaten }, open: true }, orderBy: STARTS_AT_ASC) {
      totalCount
      nodes {
        id
        timeZone
        skill {
          label
        }
        candidates(first: 1) {
          totalCount
          nodes {
            volunteer {
              id
              name
            }
          }
        }
      }
    }
  }
`);

const Volunteers = graphql(`
  query Volunteers($first: Int, $after: String, $last: Int, $before: String, $name: String!) {
    volunteers(first: $first, after: $after, last: $last, before: $before, filter: { name: { contains: $name } }, orderBy: NAME_ASC) {
      totalCount
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
      nodes {
        name
      }
    }
  }
`);

const Offer = graphql(`
  mutation Offer($input: OfferAssignmentInput!) {
    offerAssignment(input: $input) {
      assignment {
        status
        version
        volunteer {
          name
        }
      }
      problems {
        __typename
        code
        message
        path
        ... on CommitmentProblem {
          startsAt
        }
      }
    }
  }
`);

const Search = graphql(`
  query Search($text: String!, $near: PlaceInput, $after: String) {
    search(text: $text, kinds: [VOLUNTEER, KABUPATEN], near: $near, first: 2, after: $after) {
      nodes {
        match
        text
        kilometres
        thing {
          __typename
          ... on Volunteer {
            id
            status
          }
          ... on Kabupaten {
            id
            code
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

async function search(text: string, after?: string | null) {
  const { data, error } = await client.query(Search, { text, near: { kabupaten: "62.02" }, after });
  if (error) throw error;
  return data!.search!;
}

async function needs(kabupaten: string) {
  const { data, error } = await client.query(Needs, { kabupaten }, { requestPolicy: "network-only" });
  if (error) throw error;
  return data!.needs!;
}

async function volunteers(page: { first: number; after?: string | null } | { last: number; before?: string | null }) {
  const { data, error } = await client.query(Volunteers, { ...page, name: "sukarela" });
  if (error) throw error;
  const { nodes, pageInfo, totalCount } = data!.volunteers!;
  return { names: nodes!.map((node) => node!.name), pageInfo, totalCount };
}

async function offer(need: string, volunteer: string, idempotencyKey: string) {
  const { data, error } = await client.mutation(Offer, { input: { need, volunteer, idempotencyKey } });
  if (error) throw error;
  return data!.offerAssignment!;
}

const open = await needs("62.02");
const need = open.nodes![0]!;
const candidate = need.candidates!.nodes![0]!.volunteer!;
const offered = await offer(need.id, candidate.id, "frontend-1");
const repeated = await offer(need.id, candidate.id, "frontend-1");
const refused = await offer(need.id, candidate.id, "frontend-2");

const first = await volunteers({ first: 2 });
const second = await volunteers({ first: 2, after: first.pageInfo.endCursor });
const back = await volunteers({ last: 2, before: second.pageInfo.startCursor });

const found = await search("sukerela");
const more = await search("sukerela", found.pageInfo.endCursor);

const wrong = await client.query(Volunteers, { first: 1, after: "nonsense", name: "a" });

console.log(
  JSON.stringify({
    need: { timeZone: need.timeZone, skill: need.skill.label, candidates: need.candidates!.totalCount },
    offered,
    isRepeated: JSON.stringify(repeated) === JSON.stringify(offered),
    refused: refused.problems.map(({ __typename, code, message, path }) => ({ __typename, code, message, path })),
    pages: [first.names, second.names, back.names],
    total: first.totalCount,
    found: [...found.nodes!, ...more.nodes!].map((hit) => [hit!.match, hit!.text, hit!.thing?.__typename]),
    wrong: wrong.error?.graphQLErrors.map((each) => each.extensions.code),
  }),
);
