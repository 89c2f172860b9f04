import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import sqlalchemy as sa

from api.app import LARGEST_BODY
from api.resolvers.limit import DEEPEST, MOST_FIELDS, MOST_TOKENS
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW, command, with_database
from tests.serving import served

JSON = {"Content-Type": "application/json"}
NEWER = {**JSON, "Accept": "application/graphql-response+json"}
PROVINCES = "{ provinces(first: 1) { nodes { name } } }"
ACEH = {"data": {"provinces": {"nodes": [{"name": "Aceh"}]}}}
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { id } problems { code } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupaten": [HOME], "startedAt": NOW.isoformat()}


async def post(api: Api, content: bytes | Json, headers: Mapping[str, str] = JSON) -> httpx.Response:
    raw = content if isinstance(content, bytes) else orjson.dumps(content)
    return await api.client.post("/graphql", content=raw, headers=dict(headers))


def codes(response: httpx.Response) -> list[str]:
    """The code of each error of an answer that has nothing else."""
    body = response.json()
    assert body.get("data") is None
    return [error["extensions"]["code"] for error in body["errors"]]


async def test_a_document_is_answered(api: Api) -> None:
    response = await post(api, {"query": PROVINCES, "variables": None, "operationName": None, "extensions": {}})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == ACEH


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_be_named_with_its_charset(api: Api, content_type: str) -> None:
    response = await post(api, {"query": PROVINCES}, {"Content-Type": content_type})

    assert response.json() == ACEH


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/graphql"},
        {"Content-Type": "multipart/form-data"},
    ],
    ids=str,
)
async def test_what_is_not_sent_as_json_is_refused(api: Api, headers: dict[str, str]) -> None:
    response = await post(api, {"query": PROVINCES}, headers)

    assert (response.status_code, codes(response)) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff\xfe", b"1", b"null", b'"text"', b"[]", b"true", b"NaN", b"{}", b'{"query": null}'),
        *(b'{"query": 1}', b'{"query": ""}', b'{"query": "  "}', b'{"query": ["{ me { id } }"]}'),
        *(b'[{"query": "{ me { id } }"}]', b"[" * 100_000, b'{"query":' * 2_000, b'{"a":' * 500 + b"1" + b"}" * 500),
        *(
            b'{"query": "{ me { id } }", "variables": ' + variables + b"}"
            for variables in (b"[]", b'"x"', b"1", b"true")
        ),
        *(b'{"query": "{ me { id } }", "operationName": ' + name + b"}" for name in (b"1", b"{}", b"[]", b"false")),
        *(b'{"query": "{ me { id } }", "extensions": ' + given + b"}" for given in (b"[]", b"1", b"true", b'"x"')),
    ],
    ids=lambda content: f"{content[:50]!r}",
)
async def test_a_body_that_is_no_request_is_refused(api: Api, content: bytes) -> None:
    response = await post(api, content)

    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


async def test_a_body_has_its_limit(api: Api) -> None:
    fits = orjson.dumps({"query": PROVINCES}).ljust(LARGEST_BODY)

    largest, larger = await post(api, fits), await post(api, fits + b" ")

    assert largest.json() == ACEH
    assert (larger.status_code, codes(larger)) == (413, ["BAD_REQUEST"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_only_post_asks(api: Api, method: str) -> None:
    response = await api.client.request(method, "/graphql", params={"query": PROVINCES})

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


async def test_an_operation_is_chosen_by_its_name(api: Api) -> None:
    document = f"query a {PROVINCES} query b {{ me {{ id }} }}"

    assert (await post(api, {"query": document, "operationName": "a"})).json() == ACEH
    assert (await post(api, {"query": document, "operationName": "b"})).json() == {"data": {"me": None}}


@pytest.mark.parametrize("name", [None, "", "c"])
async def test_an_operation_that_is_not_named_or_not_there_is_refused(api: Api, name: str | None) -> None:
    document = f"query a {PROVINCES} query b {{ me {{ id }} }}"

    response = await post(api, {"query": document, "operationName": name}, NEWER)

    assert response.status_code == 400
    assert codes(response) in (["BAD_REQUEST"], ["BAD_USER_INPUT"])


async def test_of_two_mutations_without_a_name_none_is_done(api: Api, build: Build) -> None:
    declare = DECLARE.partition("{")[2].rpartition("}")[0]
    document = f"mutation a($input: DeclareIncidentInput!) {{ {declare} }} query b {{ me {{ id }} }}"
    body = {"query": document, "variables": {"input": INCIDENT}}

    response = await post(api, body, {**NEWER, **api.headers(await build.coordinator())})

    assert response.status_code == 400
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_document_without_an_operation_is_refused(api: Api) -> None:
    response = await post(api, {"query": "fragment a on Query { me { id } }"}, NEWER)

    assert response.status_code == 400
    assert set(codes(response)) <= {"BAD_REQUEST", "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{", {}),
        ("{ me { id }", {}),
        ("query { nothing }", {}),
        ("{ me }", {}),
        ("{ me { id(x: 1) } }", {}),
        ("{ ...a } fragment a on Query { ...a }", {}),
        ("{ ...missing }", {}),
        ("subscription { me { id } }", {}),
        ("query($id: ID!) { node(id: $id) { id } }", {}),
        ("query($id: ID!) { node(id: $id) { id } }", {"id": None}),
        ("query($id: ID!) { node(id: $id) { id } }", {"id": {"a": 1}}),
        ("query($first: Int) { provinces(first: $first) { totalCount } }", {"first": "ten"}),
        ("query($first: Int) { provinces(first: $first) { totalCount } }", {"first": 2**31}),
        (
            "query($kabupaten: Code!) { volunteers(first: 1, filter: {kabupaten: $kabupaten}) { totalCount } }",
            {"kabupaten": "62 02"},
        ),
        ("query($x: Nothing) { me { id } }", {}),
        ("{ me { id } } # \U0001f600 {", {"unused": 1}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_the_newer_media_type_has_its_own_statuses(api: Api, document: str, variables: dict[str, Any]) -> None:
    body = {"query": document, "variables": variables}

    older, newer = await post(api, body), await post(api, body, NEWER)

    assert (older.headers["Content-Type"], newer.headers["Content-Type"]) == (
        "application/json",
        "application/graphql-response+json",
    )
    assert older.json() == newer.json()
    if "unused" in variables:
        assert (older.status_code, newer.status_code, newer.json()) == (200, 200, {"data": {"me": None}})
    else:
        assert set(codes(newer)) <= {"BAD_USER_INPUT", "BAD_REQUEST"}
        assert newer.status_code == 400
        assert older.status_code in {200, 400}


async def test_an_error_of_one_root_leaves_the_others(api: Api) -> None:
    document = '{ good: provinces(first: 1) { nodes { name } } bad: node(id: "x") { id } }'

    response = await post(api, {"query": document}, NEWER)

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"good": {"nodes": [{"name": "Aceh"}]}, "bad": None}
    assert [(error["extensions"]["code"], error["path"][0]) for error in body["errors"]] == [("BAD_USER_INPUT", "bad")]


# Documents that are too large.


async def timed(api: Api, document: str) -> tuple[httpx.Response, float]:
    start = time.perf_counter()
    response = await post(api, {"query": document})
    return response, time.perf_counter() - start


def bomb(levels: int) -> str:
    parts = [f"fragment f{number} on Query {{ ...f{number + 1} ...f{number + 1} }}" for number in range(levels)]
    return "{ ...f0 } " + " ".join(parts) + f" fragment f{levels} on Query {{ me {{ id }} }}"


async def test_a_bomb_of_fragments_is_refused_within_a_second(api: Api) -> None:
    await post(api, {"query": PROVINCES})

    response, seconds = await timed(api, bomb(22))

    assert codes(response) == ["DOCUMENT_TOO_LARGE"]
    assert seconds < 1


async def test_a_chain_of_fragments_that_is_spread_often_is_looked_into_once(api: Api) -> None:
    chain = " ".join(f"fragment f{number} on Query {{ ...f{number + 1} }}" for number in range(60))
    document = f"{{ {'...f0 ' * 1_500} }} {chain} fragment f60 on Query {{ __typename }}"

    response, seconds = await timed(api, document)

    assert response.json() == {"data": {"__typename": "Query"}}
    assert seconds < 5


def nested(levels: int) -> str:
    """A selection of exactly so many levels."""
    deep = "{ code }"
    for _level in range(levels - 2):
        deep = f"{{ parent {deep} }}"
    return f'{{ node(id: "Hazard:FLOOD") {{ ... on Hazard {deep} }} }}'


async def test_a_document_has_its_depth(api: Api) -> None:
    deepest, deeper = await post(api, {"query": nested(DEEPEST)}), await post(api, {"query": nested(DEEPEST + 1)})

    assert "errors" not in deepest.json()
    assert codes(deeper) == ["DOCUMENT_TOO_LARGE"]


async def test_a_document_has_its_number_of_fields(api: Api) -> None:
    def aliased(number: int) -> str:
        return "{ " + " ".join(f"a{index}: __typename" for index in range(number)) + " }"

    most, more = await post(api, {"query": aliased(MOST_FIELDS)}), await post(api, {"query": aliased(MOST_FIELDS + 1)})

    assert len(most.json()["data"]) == MOST_FIELDS
    assert codes(more) == ["DOCUMENT_TOO_LARGE"]


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "a " * MOST_TOKENS + "}",
        "{ a" * 4_900 + " }" * 4_900,
        "{ me(x: " + "[" * 4_000 + "]" * 4_000 + ") { id } }",
        "query($x: " + "[" * 4_000 + "Int" + "]" * 4_000 + ") { me { id } }",
        "{ me(x: " + "{x: " * 2_000 + "1" + "}" * 2_000 + ") { id } }",
        "{ ...f0 } "
        + " ".join(f"fragment f{number} on Query {{ ...f{number + 1} }}" for number in range(1_100))
        + " fragment f1100 on Query { me { id } }",
        "{ " + "... { " * 2_400 + "me { id }" + " }" * 2_400 + " }",
    ],
    ids=["tokens", "fields", "list", "type", "object", "chain of fragments", "inline fragments"],
)
async def test_what_would_exhaust_the_stack_is_refused(
    api: Api, document: str, caplog: pytest.LogCaptureFixture
) -> None:
    response, seconds = await timed(api, document)

    assert set(codes(response)) <= {"DOCUMENT_TOO_LARGE", "BAD_USER_INPUT"}
    assert response.status_code == 200
    assert seconds < 5
    assert caplog.records == []


async def test_many_aliases_of_one_costly_root_are_answered_or_refused(api: Api) -> None:
    document = "{ " + " ".join(f"a{number}: provinces(first: 1) {{ nodes {{ name }} }}" for number in range(100)) + " }"

    response, seconds = await timed(api, document)

    assert response.json()["data"] == {f"a{number}": {"nodes": [{"name": "Aceh"}]} for number in range(100)}
    assert seconds < 5


# What nobody foresaw, and a database that is gone.


async def test_what_nobody_foresaw_is_not_shown_but_noted(
    api: Api, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    coordinator = await build.coordinator()
    await build.connection.execute("ALTER TABLE event ADD CONSTRAINT secret_of_ours CHECK (false)")

    answer = await api.post(DECLARE, actor=coordinator, input=INCIDENT)

    assert answer == {
        "data": None,
        "errors": [
            {
                "message": "Something went wrong on our side; it has been noted.",
                "locations": answer["errors"][0]["locations"],
                "path": ["declareIncident"],
                "extensions": {"code": "INTERNAL"},
            }
        ],
    }
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "sigap"
    assert record.exc_info
    assert "secret_of_ours" in str(record.exc_info[1])
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_what_nobody_foresaw_in_a_read_is_not_shown_either(
    api: Api, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    await build.connection.execute("DROP TABLE hazard CASCADE")

    response = await post(api, {"query": "{ hazards(first: 1) { nodes { code } } }"})

    assert codes(response) == ["INTERNAL"]
    assert "hazard" not in response.json()["errors"][0]["message"]
    assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == ["sigap"]


async def test_connections_that_were_cut_are_made_again(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    await api.do(DECLARE, actor=coordinator, **INCIDENT)
    await build.connection.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    first = await post(api, {"query": PROVINCES})
    second = await post(api, {"query": PROVINCES})
    written = await api.do(DECLARE, actor=coordinator, **INCIDENT)

    assert first.json() == ACEH or codes(first) == ["UNAVAILABLE"]
    assert second.json() == ACEH
    assert written["problems"] == []


async def test_a_database_that_is_gone_is_said_to_be_unavailable(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    build = Build(connection, NOW)
    account, stranger = await build.coordinator(), await build.coordinator()
    await connection.close()
    mine = sa.make_url(database_url).database
    gone, server = f"{mine}_gone", with_database(database_url, "postgres")
    await command(server, f"CREATE DATABASE {gone} TEMPLATE {mine}")

    async with served(with_database(database_url, gone), keys, lambda: NOW) as api:
        well = await api.client.get("/health")
        known = api.headers(account)
        await post(api, {"query": PROVINCES}, {**JSON, **known})
        await command(server, f"DROP DATABASE {gone} WITH (FORCE)")
        read = await post(api, {"query": PROVINCES})
        read_again = await post(api, {"query": PROVINCES})
        written = await post(api, {"query": DECLARE, "variables": {"input": INCIDENT}}, {**JSON, **known})
        signed_in = await post(api, {"query": PROVINCES}, {**JSON, **api.headers(stranger)})
        ill = await api.client.get("/health")

    assert (well.status_code, well.text) == (200, "ok\n")
    assert codes(read) == ["UNAVAILABLE"]
    assert codes(read_again) == ["UNAVAILABLE"]
    assert codes(written) == ["UNAVAILABLE"]
    assert (signed_in.status_code, codes(signed_in)) == (503, ["UNAVAILABLE"])
    assert (ill.status_code, ill.text) == (503, "The database does not answer.\n")


async def test_the_front_door_says_where_to_ask(api: Api) -> None:
    response = await api.client.get("/")

    assert (response.status_code, response.text) == (200, "Sigap. Ask by POST at /graphql; README.md shows how.\n")
