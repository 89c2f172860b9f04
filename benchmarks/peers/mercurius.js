// Mercurius with its JIT and the usual optimizations: one loader and one statement for each relation and batch, named
// (therefore prepared) statements, and nested pages by LATERAL and LIMIT.
import Fastify from "fastify";
import mercurius from "mercurius";
import { randomUUID } from "node:crypto";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: process.env.PEER_SETTINGS });

const names = new Map();

async function select(text, ...values) {
  if (!names.has(text)) names.set(text, `s${names.size}`);
  return (await pool.query({ name: names.get(text), text, values })).rows;
}

const schema = `
  scalar Code
  scalar Date
  scalar DateTime
  interface Node { id: ID! }
  type Query {
    node(id: ID!): Node
    volunteers(first: Int, filter: VolunteerFilter): VolunteerConnection!
    incidents(first: Int!): IncidentConnection!
  }
  type Mutation { declareIncident(input: DeclareIncidentInput!): DeclareIncidentPayload! }
  input IdFilter { eq: ID! }
  input ReachFilter { eq: Reach! }
  input StatusFilter { eq: Status! }
  input VolunteerFilter { kabupaten: IdFilter, province: IdFilter, reach: ReachFilter, status: StatusFilter }
  input DeclareIncidentInput { hazard: ID!, title: String!, kabupatens: [ID!]!, startedAt: DateTime! }
  enum Reach { KABUPATEN PROVINCE NATIONAL }
  enum Status { ACTIVE INACTIVE }
  type VolunteerConnection { nodes: [Volunteer!]!, totalCount: Int! }
  type IncidentConnection { nodes: [Incident!]! }
  type NeedConnection { nodes: [Need!]! }
  type AssignmentConnection { nodes: [Assignment!]! }
  type MembershipConnection { nodes: [Membership!]! }
  type CertificateConnection { nodes: [Certificate!]! }
  type Volunteer implements Node {
    id: ID!, name: String!, reach: Reach!, status: Status!, kabupaten: Kabupaten!, trainedFor(on: Date!): [Skill!]!
    memberships(first: Int!): MembershipConnection!, certificates(first: Int!): CertificateConnection!
  }
  type Kabupaten { code: Code!, name: String!, province: Province! }
  type Province { name: String! }
  type Membership { organization: Organization }
  type Organization { name: String! }
  type Certificate { number: String!, expiresOn: Date, type: CertificateType! }
  type CertificateType { label: String! }
  type Skill { code: Code!, label: String! }
  type Hazard { label: String! }
  type Incident {
    id: ID!, title: String!, status: String!, startedAt: DateTime!, hazard: Hazard!
    needs(first: Int!): NeedConnection!
  }
  type Need { id: ID!, peopleWanted: Int!, skill: Skill!, assignments(first: Int!): AssignmentConnection! }
  type Assignment { status: String!, startsAt: DateTime!, volunteer: Volunteer }
  type DeclareIncidentPayload { incident: Incident, problems: [Problem!]! }
  type Problem { code: String! }
`;

const VOLUNTEER = `'Volunteer:' || v.id AS id, v.id AS key, v.name, v.reach, v.status, v.kabupaten_code`;
const INCIDENT = `'Incident:' || i.id AS id, i.id AS key, i.title, i.status, i.started_at AS "startedAt", i.hazard_code`;

// The columns of the filters. Filters that are left out do not limit the rows.
const FILTERS = { kabupaten: "kabupaten_code", province: "province_code", reach: "reach", status: "status" };

function condition(filter = {}) {
  const names = Object.keys(filter).filter((name) => filter[name] != null);
  const text = names.map((name, number) => `v.${FILTERS[name]} = $${number + 1}`).join(" AND ") || "true";
  return { text, values: names.map((name) => filter[name].eq) };
}

const resolvers = {
  Query: {
    async node(_, { id }) {
      const [type, key] = id.split(":");
      if (type !== "Volunteer") return null;
      const [row] = await select(`SELECT ${VOLUNTEER} FROM volunteer v WHERE v.id = $1`, key);
      return row ? { __typename: "Volunteer", ...row } : null;
    },
    volunteers: (_, { first, filter }) => ({ first, filter }),
    async incidents(_, { first }) {
      const order = "ORDER BY i.started_at DESC, i.id DESC LIMIT $1";
      return { nodes: await select(`SELECT ${INCIDENT} FROM incident i WHERE i.status <> 'REPORTED' ${order}`, first) };
    },
  },
  VolunteerConnection: {
    nodes({ first, filter }) {
      const { text, values } = condition(filter);
      const page = `ORDER BY v.sort_key, v.id LIMIT $${values.length + 1}`;
      return select(`SELECT ${VOLUNTEER} FROM volunteer v WHERE ${text} ${page}`, ...values, first);
    },
    async totalCount({ filter }) {
      const { text, values } = condition(filter);
      return (await select(`SELECT count(*) AS total FROM volunteer v WHERE ${text}`, ...values))[0].total;
    },
  },
  Mutation: {
    async declareIncident(_, { input }) {
      const [incident] = await select(
        `INSERT INTO incident AS i (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)
         SELECT $1, $2, $3, lower($3), lower($3), latitude, longitude, 'ACTIVE', $5 FROM kabupaten WHERE code = $4 RETURNING ${INCIDENT}`,
        randomUUID(), input.hazard, input.title, input.kabupatens[0], input.startedAt,
      );
      return { incident, problems: [] };
    },
  },
};

// A loader gets all parents of a batch; `queries` has the {obj, params} of each.
function one(column, text) {
  return async (queries) => {
    const found = await select(text, [...new Set(queries.map(({ obj }) => obj[column]))]);
    const byKey = new Map(found.map((row) => [row.key, row]));
    return queries.map(({ obj }) => byKey.get(obj[column]) ?? null);
  };
}

function many(argument, text, shape) {
  return async (queries) => {
    const lists = new Map();
    for (const [value, alike] of Map.groupBy(queries, ({ params }) => params[argument])) {
      const found = await select(text, [...new Set(alike.map(({ obj }) => obj.key))], value);
      const byParent = Map.groupBy(found, (row) => row.parent);
      for (const query of alike) lists.set(query, shape(byParent.get(query.obj.key) ?? []));
    }
    return queries.map((query) => lists.get(query));
  };
}

function page(columns, table, column, order) {
  const one = `SELECT ${columns} FROM ${table} WHERE ${column} = parent ORDER BY ${order} LIMIT $2`;
  const text = `SELECT parent, page.* FROM unnest($1::uuid[]) parent CROSS JOIN LATERAL (${one}) page`;
  return many("first", text, (nodes) => ({ nodes }));
}

const skills = `
  SELECT DISTINCT c.volunteer_id AS parent, s.code, s.label_id AS label FROM certificate c
  JOIN certificate_type_grant g ON g.certificate_type_code = c.certificate_type_code JOIN skill s ON s.code = g.skill_code
  WHERE c.volunteer_id = any($1) AND c.revoked_on IS NULL AND daterange(c.issued_on, c.expires_on, '[]') @> $2::date
  ORDER BY 1, 2`;
// An offer past its deadline reads as expired.
const status = "CASE WHEN status = 'OFFERED' AND least(expires_at, ends_at) <= now() THEN 'EXPIRED' ELSE status END";
const labelled = (table) => `SELECT code AS key, code, label_id AS label FROM ${table} WHERE code = any($1)`;

const loaders = {
  Volunteer: {
    kabupaten: one("kabupaten_code", "SELECT code AS key, code, name, province_code FROM kabupaten WHERE code = any($1)"),
    trainedFor: many("on", skills, (rows) => rows),
    memberships: page("organization_id", "membership", "volunteer_id", "since DESC, id DESC"),
    certificates: page(
      'number, expires_on AS "expiresOn", certificate_type_code', "certificate", "volunteer_id", "issued_on DESC, id DESC",
    ),
  },
  Kabupaten: { province: one("province_code", "SELECT code AS key, name FROM province WHERE code = any($1)") },
  Membership: { organization: one("organization_id", "SELECT id AS key, name FROM organization WHERE id = any($1)") },
  Certificate: { type: one("certificate_type_code", labelled("certificate_type")) },
  Incident: {
    hazard: one("hazard_code", labelled("hazard")),
    needs: page(
      `'Need:' || id AS id, id AS key, people_wanted AS "peopleWanted", skill_code`, "need", "incident_id", "starts_at, id",
    ),
  },
  Need: {
    skill: one("skill_code", labelled("skill")),
    assignments: page(
      `${status} AS status, starts_at AS "startsAt", volunteer_id`, "assignment", "need_id", "starts_at DESC, id DESC",
    ),
  },
  Assignment: { volunteer: one("volunteer_id", `SELECT ${VOLUNTEER} FROM volunteer v WHERE v.id = any($1)`) },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
