"use strict";
// The explorer: GraphiQL, the accounts of the demo story to ask as, and examples.

const examples = [
  `# Open needs, and how many people each already has.
query OpenNeeds {
  needs(first: 10, filter: {open: true}, orderBy: STARTS_AT_ASC) {
    totalCount
    nodes { id priority skill { label(language: EN) } startsAt endsAt coverage { wanted offered accepted } }
  }
}`,
  `# For each open need, who may be sent: nearest first. Coordinators see it.
query Candidates {
  needs(first: 3, filter: {open: true}) {
    nodes {
      skill { label(language: EN) }
      candidates(first: 3) { totalCount nodes { tier kilometres volunteer { name kabupaten { name } } } }
    }
  }
}`,
  `# Volunteers of one kabupaten, and what they are trained for.
query Volunteers($kabupaten: ID!) {
  volunteers(first: 10, filter: {kabupaten: {eq: $kabupaten}}) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { id name reach trainedFor { label(language: EN) } }
  }
}`,
  `# What happened so far with the newest assignments.
query Assignments {
  assignments(last: 5) {
    nodes { id status allowedActions volunteer { name } history { at kind actorName } }
  }
}`,
  `# Declares an incident, or says in \`problems\` why not. Coordinators may.
mutation Declare($input: DeclareIncidentInput!) {
  declareIncident(input: $input) {
    incident { id title status }
    problems { code message(language: EN) path }
  }
}`,
];
const variables = {
  2: { kabupaten: "62.02" },
  4: { input: { hazard: "FLOOD", title: "Banjir Sampit", kabupatens: ["62.02"], startedAt: new Date().toISOString() } },
};

let token = "";
let isSignedIn = false;

// GraphiQL keeps the name of an operation for a moment after another one is shown.
function names(query, operationName) {
  return new RegExp(`\\b${operationName}\\b`).test(query);
}

async function fetcher(request, options) {
  const { query, operationName } = request;
  const body = { ...request, operationName: names(query, operationName) ? operationName : undefined };
  const response = await post(body, options?.headers);
  const isExpired = response.status === 401 && isSignedIn;
  return (isExpired && await renew() ? await post(body, options?.headers) : response).json();
}

function post(body, headers) {
  return fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

// The payload of a mutation.
async function change(name, input, selection) {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { ${selection} problems { message(language: EN) } } }`;
  const answer = await (await post({ query, variables: { input } })).json();
  return answer.data?.[name] ?? { problems: answer.errors };
}

// An access token lasts ten minutes. The refresh token is in a cookie that no script can read.
async function renew() {
  token = "";
  const { report } = await change("refreshSession", {}, "report { accessToken }");
  if (report) token = report.accessToken; else show("");
  return Boolean(report);
}

// Who is signed in; nobody where the login is empty.
function show(login) {
  isSignedIn = login !== "";
  document.getElementById("sign-in").hidden = isSignedIn;
  const signedIn = document.getElementById("signed-in");
  signedIn.hidden = !isSignedIn;
  signedIn.firstElementChild.textContent = login;
}

function offerSigningIn() {
  const form = document.getElementById("sign-in");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    token = "";
    const { login, password, totpCode } = Object.fromEntries(new FormData(form));
    const { report, problems } = await change("signIn", { login, password, totpCode: totpCode || undefined }, "report { accessToken }");
    form.querySelector("output").textContent = problems.map(({ message }) => message).join(" ");
    if (!report) return;
    token = report.accessToken;
    form.reset();
    show(login);
  });
  document.querySelector("#signed-in button").addEventListener("click", async () => {
    await change("signOut", {}, "sessions { id }");
    token = "";
    show("");
  });
}

async function offerPeople() {
  const people = await (await fetch("/explorer/people.json")).json();
  const select = document.querySelector("#people select");
  for (const { login, role, token } of people) select.add(new Option(`${login}: ${role}`, token));
  select.addEventListener("change", () => { token = select.value; });
  document.getElementById("people").hidden = people.length === 0;
}

offerPeople();
offerSigningIn();
ReactDOM.render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultTabs: examples.map((query, index) => ({
      query,
      variables: variables[index] && JSON.stringify(variables[index], null, 2),
    })),
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
    defaultEditorToolsVisibility: "variables",
  }),
  document.getElementById("explorer"),
);
