"""Asking the API as somebody."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from api.app import Services
from api.auth import Tokens

# JSON as it came: its shape is what the tests assert.
Json = Any


def instant(moment: datetime) -> str:
    """As the API writes it: ISO 8601 in UTC, without zeros at the end of the fraction."""
    whole, _, fraction = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}".partition(".")
    digits = fraction.rstrip("0")
    return f"{whole}.{digits}+00:00" if digits else f"{whole}+00:00"


@dataclass(frozen=True, slots=True)
class Api:
    """`actor` is the id of an account; without one the public asks."""

    client: httpx.AsyncClient
    tokens: Tokens
    now: datetime
    services: Services

    def headers(self, actor: uuid.UUID | None) -> dict[str, str]:
        return {} if actor is None else {"Authorization": f"Bearer {self.tokens.issue(actor, self.now)}"}

    async def post(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The whole answer."""
        body = {"query": document, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers=self.headers(actor))
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The data of an answer without errors."""
        answer = await self.post(document, actor=actor, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def errors(self, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> Json:
        """The errors of an answer: code and path of each."""
        answer = await self.post(document, actor=actor, **variables)
        return [(error["extensions"]["code"], error.get("path")) for error in answer["errors"]]

    async def do(self, document: str, *, actor: uuid.UUID | None = None, **given: object) -> Json:
        """The payload of a mutation, the document's only field, with `given` as its `input`."""
        data = await self.ask(document, actor=actor, input=given)
        (payload,) = data.values()
        return payload
