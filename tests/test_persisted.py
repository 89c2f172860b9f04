"""Persisted documents, and what the public learns of the contract."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import httpx
import orjson
import pytest

from api.settings import DEFAULTS
from tests.asking import Api, Json
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import running_api

ME = "query Me { me { id } }"
HASH = sha256(ME.encode()).hexdigest()
UNKNOWN = "0" * 64


def extension(id_: object) -> Json:
    return {"persistedQuery": {"version": 1, "sha256Hash": id_}}


def hash_only(id_: str) -> list[Json]:
    """The ways to name a document: Apollo's and urql's extension, `documentId` plain and with its algorithm."""
    return [{"extensions": extension(id_)}, {"documentId": id_}, {"documentId": f"sha256:{id_}"}]


async def ask(api: Api, body: Json, *, by_get: bool) -> httpx.Response:
    if not by_get:
        return await api.client.post("/graphql", json=body)
    texts = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in body.items()}
    return await api.client.get("/graphql", params=texts)


def refusal(response: httpx.Response) -> tuple[int, Json]:
    body = response.json()
    assert body.keys() == {"errors"}
    (error,) = body["errors"]
    return response.status_code, (error["message"], error["extensions"]["code"])


@pytest.fixture
async def trusting(database_url: str, keys: Path) -> AsyncGenerator[Api]:
    """The API in the mode of trusted documents."""
    settings = replace(DEFAULTS, documents={HASH: ME, "relay-1": "query Two { __typename }"})
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        yield api


@pytest.mark.parametrize("by_get", [False, True])
async def test_a_hash_without_its_document_is_told_not_to_be_supported(api: Api, by_get: bool) -> None:
    for body in hash_only(HASH):
        response = await ask(api, body, by_get=by_get)
        assert refusal(response) == (400, ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED"))

    both = await ask(api, {"query": ME, "extensions": extension(HASH)}, by_get=by_get)

    assert both.json() == {"data": {"me": None}}


@pytest.mark.parametrize("by_get", [False, True])
async def test_a_trusted_document_is_executed_by_its_id(trusting: Api, by_get: bool) -> None:
    answers = [(await ask(trusting, body, by_get=by_get)).json() for body in hash_only(HASH)]
    relay = await ask(trusting, {"documentId": "relay-1"}, by_get=by_get)
    sent = await ask(trusting, {"query": ME, "extensions": extension(HASH)}, by_get=by_get)

    assert [*answers, sent.json()] == [{"data": {"me": None}}] * 4
    assert relay.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("by_get", [False, True])
async def test_no_other_document_is_executed(trusting: Api, by_get: bool) -> None:
    unknown = [refusal(await ask(trusting, body, by_get=by_get)) for body in hash_only(UNKNOWN)]
    sent = await ask(trusting, {"query": "{ me { id } }", "extensions": extension(HASH)}, by_get=by_get)

    assert unknown == [(400, ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND"))] * 3
    assert refusal(sent) == (400, ("Only documents of the manifest are executed.", "DOCUMENT_NOT_TRUSTED"))


@pytest.mark.parametrize("id_", [None, 1, [], {}])
async def test_an_id_must_be_a_string(trusting: Api, id_: object) -> None:
    for body in ({"documentId": id_}, {"extensions": extension(id_)}, {"extensions": {"persistedQuery": id_}}):
        assert refusal(await ask(trusting, body, by_get=False))[1][1] == "BAD_REQUEST"


TYPO = "{ provincs(first: 1) { totalCount } }"
INTROSPECTIONS = (
    "{ __schema { queryType { name } } }",
    '{ ...a } fragment a on Query { t: __type(name: "Need") { name } }',
)


async def test_the_public_may_be_kept_from_introspection_and_suggestions(
    database_url: str, keys: Path, build: Build
) -> None:
    coordinator = await build.coordinator()
    settings = replace(DEFAULTS, introspection="accounts")
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        for document in INTROSPECTIONS:
            assert await api.errors(document) == [("FORBIDDEN", None)]
            assert "errors" not in await api.post(document, actor=coordinator)
        public, known = await api.post(TYPO), await api.post(TYPO, actor=coordinator)
        both = await api.post(f"query a {{ __typename }} query b {INTROSPECTIONS[0]}")

    assert public["errors"][0]["message"] == "Cannot query field 'provincs' on type 'Query'."
    assert known["errors"][0]["message"].endswith("Did you mean 'province' or 'provinces'?")
    assert "data" not in both
