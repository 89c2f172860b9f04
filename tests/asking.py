"""A test client for the GraphQL API."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from graphql import GraphQLInputType, get_nullable_type, is_input_object_type, is_list_type
from graphql.pyutils import camel_to_snake

from api.auth import Tokens
from api.resolvers import VERBS
from api.schema.build import core_schema
from api.web.services import Services

# Decoded JSON; the tests assert its shape.
Json = Any

# The facts of each type of problem.
FACTS = """... on CodeProblem { codeInForce } ... on VersionProblem { currentVersion } ... on StatusProblem { currentStatus } ... on DeadlineProblem { deadline }
  ... on RetryProblem { retryAt }
  ... on LimitProblem { count limit } ... on CommitmentProblem { assignment { id } startsAt endsAt }
  ... on AbsenceProblem { absence { id } startsAt endsAt } ... on DutyProblem { dutyStartsAt dutyEndsAt } ... on DuplicateProblem { assignment { id } } ... on TrainingProblem { skill { code } certificate { id } }
  ... on RankProblem { rank { code } } ... on OrganizationProblem { organization { id } }
  ... on EmergencyProblem { emergencyStatus { id } }
  ... on CompositionProblem { minimum { people } count limit } ... on PromiseProblem { assignment { id } pledge { id } }
  ... on NearerProblem { volunteer { id } } ... on PersonProblem { volunteer { id } }
  ... on CampProblem { camp { id } startsAt endsAt } ... on QuotaProblem { quota { id } count limit }
  ... on AgeProblem { minimumAge } ... on CertificateProblem { certificateType { code } }
  ... on RegistrationProblem { registration { id } } ... on BusyPersonProblem { volunteer { id } startsAt endsAt }"""
# The problems of a payload, with all that they say but their messages.
PROBLEMS = f"problems {{ __typename code path {FACTS} }}"


def problem(type_: str, code: str, *path: str, **facts: object) -> Json:
    """A problem as PROBLEMS selects it; `path` is the path within the input."""
    return {"__typename": f"{type_}Problem", "code": code, "path": ["input", *path], **facts}


def leads_to_field(mutation: str, path: list[str]) -> bool:
    """Whether the path begins with `input` and goes on by its fields, and by the places in lists."""
    root = core_schema().mutation_type
    assert root is not None
    first, *steps = path
    found: GraphQLInputType = root.fields[mutation].args[first].type
    for step in steps:
        inner = get_nullable_type(found)
        if is_list_type(inner) and step.isdecimal():
            found = inner.of_type
        elif is_input_object_type(inner) and step in inner.fields:
            found = inner.fields[step].type
        else:
            return False
    return True


def instant(moment: datetime) -> str:
    """The API's format of a DateTime: ISO 8601 in UTC, without trailing zeros in the fraction."""
    whole, _, fraction = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}".partition(".")
    digits = fraction.rstrip("0")
    return f"{whole}.{digits}+00:00" if digits else f"{whole}+00:00"


@dataclass(frozen=True, slots=True)
class Api:
    """Sends requests as the account with the id `actor`, or as the public without one."""

    client: httpx.AsyncClient
    tokens: Tokens
    now: datetime
    services: Services

    def headers(self, actor: uuid.UUID | None) -> dict[str, str]:
        return {} if actor is None else {"Authorization": f"Bearer {self.tokens.issue(actor, self.now)}"}

    async def post(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The complete response body."""
        body = {"query": document, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers=self.headers(actor))
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The `data` of a response; asserts that it has no errors."""
        body = await self.post(document, actor=actor, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def errors(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The code and path of each error of a response."""
        body = await self.post(document, actor=actor, **variables)
        return [(error["extensions"]["code"], error.get("path")) for error in body["errors"]]

    async def do(self, document: str, *, actor: uuid.UUID | None = None, **input_values: object) -> Json:
        """The payload of a mutation that is the document's only field; `input_values` are its `input`.

        Asserts that the verb declares the codes of all problems, and that their paths lead to fields of its input.
        """
        data = await self.ask(document, actor=actor, input=input_values)
        ((name, payload),) = data.items()
        codes = {problem["code"] for problem in payload["problems"]}
        assert codes <= set(VERBS[camel_to_snake(name)].all_codes), name
        for problem in payload["problems"]:
            assert leads_to_field(name, problem.get("path", ["input"])), (name, problem)
        return payload
