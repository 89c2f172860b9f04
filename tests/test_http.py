import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.execution.limit import MAX_DEPTH, MAX_FIELDS
from api.settings import Limits
from api.web.request import MAX_BODY_BYTES
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.isolation import WorkerDatabase, command, with_database
from tests.serving import running_api

JSON = {"Content-Type": "application/json"}
NEWER = {**JSON, "Accept": "application/graphql-response+json"}
PROVINCES = "{ provinces(first: 1) { nodes { name } } }"
ACEH = {"data": {"provinces": {"nodes": [{"name": "Aceh"}]}}}
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { id } problems { code } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}


async def post(api: Api, content: bytes | Json, headers: Mapping[str, str] = JSON) -> httpx.Response:
    raw = content if isinstance(content, bytes) else orjson.dumps(content)
    return await api.client.post("/graphql", content=raw, headers=dict(headers))


def codes(response: httpx.Response) -> list[str]:
    """The error codes of a response without data: every root is null."""
    body = response.json()
    assert not any(body.get("data", {}).values())
    return [error["extensions"]["code"] for error in body["errors"]]


async def test_a_query_returns_its_data(api: Api) -> None:
    response = await post(api, {"query": PROVINCES, "variables": None, "operationName": None, "extensions": {}})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == ACEH


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_the_content_type_may_have_a_charset_and_capitals(api: Api, content_type: str) -> None:
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
async def test_other_content_types_are_rejected(api: Api, headers: dict[str, str]) -> None:
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
        *(
            b'{"query": "{ me { id } }", "extensions": ' + extensions + b"}"
            for extensions in (b"[]", b"1", b"true", b'"x"')
        ),
    ],
    ids=lambda content: f"{content[:50]!r}",
)
async def test_a_body_that_is_not_a_graphql_request_is_rejected(api: Api, content: bytes) -> None:
    response = await post(api, content)

    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


async def test_the_size_of_the_body_is_limited(api: Api) -> None:
    fits = orjson.dumps({"query": PROVINCES}).ljust(MAX_BODY_BYTES)

    largest, larger = await post(api, fits), await post(api, fits + b" ")

    assert largest.json() == ACEH
    assert (larger.status_code, codes(larger)) == (413, ["BAD_REQUEST"])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"])
async def test_other_methods_are_rejected(api: Api, method: str) -> None:
    response = await api.client.request(method, "/graphql", params={"query": PROVINCES})

    assert (response.status_code, codes(response)) == (405, ["BAD_REQUEST"])
    assert response.headers["Allow"] == "GET, HEAD, POST"


async def test_the_operation_is_selected_by_its_name(api: Api) -> None:
    document = f"query a {PROVINCES} query b {{ me {{ id }} }}"

    assert (await post(api, {"query": document, "operationName": "a"})).json() == ACEH
    assert (await post(api, {"query": document, "operationName": "b"})).json() == {"data": {"me": None}}


@pytest.mark.parametrize("name", [None, "", "c"])
async def test_a_missing_or_unknown_operation_name_is_rejected(api: Api, name: str | None) -> None:
    document = f"query a {PROVINCES} query b {{ me {{ id }} }}"

    response = await post(api, {"query": document, "operationName": name}, NEWER)

    assert response.status_code == 400
    assert codes(response) in (["BAD_REQUEST"], ["BAD_USER_INPUT"])


async def test_nothing_is_executed_if_one_of_two_operations_is_not_named(api: Api, build: Build) -> None:
    declare = DECLARE.partition("{")[2].rpartition("}")[0]
    document = f"mutation a($input: DeclareIncidentInput!) {{ {declare} }} query b {{ me {{ id }} }}"
    body = {"query": document, "variables": {"input": INCIDENT}}

    response = await post(api, body, {**NEWER, **api.headers(await build.coordinator())})

    assert response.status_code == 400
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_document_without_an_operation_is_rejected(api: Api) -> None:
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
            "query($since: DateTime!) { needs(first: 1, filter: {startsAt: {gte: $since}}) { totalCount } }",
            {"since": "tomorrow"},
        ),
        ("query($x: Nothing) { me { id } }", {}),
        ("{ me { id } } # \U0001f600 {", {"unused": 1}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_request_error_has_status_400_with_the_newer_media_type(
    api: Api, document: str, variables: dict[str, Any]
) -> None:
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
        assert set(codes(newer)) == {"BAD_USER_INPUT"}
        assert newer.json().keys() == {"errors"}
        assert (older.status_code, newer.status_code) == (200, 400)


async def test_an_error_in_one_root_leaves_the_others(api: Api) -> None:
    document = '{ good: provinces(first: 1) { nodes { name } } bad: node(id: "x") { id } }'

    response = await post(api, {"query": document}, NEWER)

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"good": {"nodes": [{"name": "Aceh"}]}, "bad": None}
    assert [(error["extensions"]["code"], error["path"][0]) for error in body["errors"]] == [("BAD_USER_INPUT", "bad")]


# Limits on documents.


async def timed(api: Api, document: str) -> tuple[httpx.Response, float]:
    """The response, and the processor time it took in seconds, which does not depend on what else is running."""
    start = time.process_time()
    response = await post(api, {"query": document})
    return response, time.process_time() - start


def nested_fragments(levels: int) -> str:
    parts = [f"fragment f{number} on Query {{ ...f{number + 1} ...f{number + 1} }}" for number in range(levels)]
    return "{ ...f0 } " + " ".join(parts) + f" fragment f{levels} on Query {{ me {{ id }} }}"


async def test_exponentially_nested_fragments_are_rejected_without_expanding_them(api: Api) -> None:
    await post(api, {"query": PROVINCES})

    response, seconds = await timed(api, nested_fragments(40))

    assert codes(response) == ["DOCUMENT_TOO_LARGE"]
    assert seconds < 5


async def test_a_chain_of_fragments_is_visited_once_however_often_it_is_spread(api: Api) -> None:
    chain = " ".join(f"fragment f{number} on Query {{ ...f{number + 1} }}" for number in range(60))
    document = f"{{ {'...f0 ' * 1_000} }} {chain} fragment f60 on Query {{ __typename }}"

    response, seconds = await timed(api, document)

    assert response.json() == {"data": {"__typename": "Query"}}
    assert seconds < 5


def nested(levels: int) -> str:
    """A document with exactly this many levels."""
    deep = "{ code }"
    for _level in range(levels - 2):
        deep = f"{{ parent {deep} }}"
    return f'{{ node(id: "Hazard:FLOOD") {{ ... on Hazard {deep} }} }}'


async def test_the_depth_of_a_document_is_limited(api: Api) -> None:
    deepest, deeper = await post(api, {"query": nested(MAX_DEPTH)}), await post(api, {"query": nested(MAX_DEPTH + 1)})

    assert "errors" not in deepest.json()
    assert codes(deeper) == ["DOCUMENT_TOO_LARGE"]


async def test_the_number_of_fields_is_limited(api: Api) -> None:
    """Four roots that spread one fragment, and as many fields beside them as are left."""

    def document(number: int) -> str:
        roots = " ".join(f"r{index}: provinces(first: 0) {{ ...f }}" for index in range(4))
        inside = " ".join(f"a{index}: totalCount" for index in range(400))
        beside = " ".join(f"b{index}: __typename" for index in range(number - 4 * 401))
        return f"{{ {roots} {beside} }} fragment f on ProvinceConnection {{ {inside} }}"

    most, more = await post(api, {"query": document(MAX_FIELDS)}), await post(api, {"query": document(MAX_FIELDS + 1)})

    assert len(most.json()["data"]) == MAX_FIELDS - 4 * 400
    assert codes(more) == ["DOCUMENT_TOO_LARGE"]


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "a " * Limits().max_tokens + "}",
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
async def test_a_document_that_would_exhaust_the_stack_is_rejected(
    api: Api, document: str, caplog: pytest.LogCaptureFixture
) -> None:
    response, seconds = await timed(api, document)

    assert set(codes(response)) <= {"DOCUMENT_TOO_LARGE", "BAD_USER_INPUT"}
    assert response.status_code == 200
    assert seconds < 5
    assert caplog.records == []


async def test_a_hundred_aliases_of_one_root_are_answered(api: Api) -> None:
    document = "{ " + " ".join(f"a{number}: provinces(first: 1) {{ nodes {{ name }} }}" for number in range(100)) + " }"

    response, seconds = await timed(api, document)

    assert response.json()["data"] == {f"a{number}": {"nodes": [{"name": "Aceh"}]} for number in range(100)}
    assert seconds < 5


# Unexpected errors, and an unavailable database.


async def test_an_unexpected_error_in_a_mutation_is_found_in_the_log_by_its_id(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    await build.connection.execute("ALTER TABLE event ADD CONSTRAINT internal_constraint CHECK (false)")

    with capture_logs() as lines:
        answer = await api.post(DECLARE, actor=coordinator, input=INCIDENT)

    (error,) = answer["errors"]
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert answer["data"] == {"declareIncident": None}
    assert error["message"] == "An internal error occurred; it has been logged under the id in extensions."
    assert error["extensions"] == {"code": "INTERNAL", "id": line["id"]}
    assert (line["error"], line["constraint_name"]) == ("CheckViolationError", "internal_constraint")
    assert "services/feed.py" in line["traceback"]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_an_unexpected_error_in_a_query_is_found_in_the_log_by_its_id(api: Api, build: Build) -> None:
    await build.connection.execute("DROP TABLE hazard CASCADE")

    with capture_logs() as lines:
        response = await post(api, {"query": "{ hazards(first: 1) { nodes { code } } }"})

    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "id": lines[-1]["id"]}
    assert "hazard" not in error["message"]
    assert lines[-1]["error"].startswith("UndefinedTableError")


async def test_nothing_that_was_sent_or_is_stored_is_in_the_log(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    await build.connection.execute("ALTER TABLE volunteer ADD CONSTRAINT canary CHECK (name <> 'Kenari Kuning')")
    person = {"kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Tujuan kenari", "phone": "0812-3456-7890"}
    document = "mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) { volunteer { id } } }"

    with capture_logs() as lines:
        for name in ("Kenari Kuning", "Kenari Merah"):
            values = {**person, "name": name, "nik": "6202014107900001"}
            await api.post(document, actor=coordinator, input=values)

    text = repr(lines)
    assert [line["event"] for line in lines] == ["request", "unexpected error", "request"]
    assert [word for word in ("enari", "3456", "6202014107900001", "Tujuan") if word in text] == []


@pytest.mark.parametrize("name", ["6202014107900001", "kenari kuning", "kenari" * 40, "kenari\n"])
async def test_what_is_no_name_of_an_operation_is_not_in_the_log(api: Api, name: str) -> None:
    with capture_logs() as lines:
        await api.client.post("/graphql", json={"query": "{ __typename }", "operationName": name})

    assert [(line["event"], line["operation"]) for line in lines] == [("request", None)]


async def test_a_line_for_each_request_says_who_what_and_how_it_went(api: Api, build: Build) -> None:
    coordinator = await build.coordinator(kabupaten_code=HOME)
    body = {"query": f"query Ask {{ me {{ id }} }} {DECLARE.replace('mutation', 'mutation Declare')}"}
    headers = api.headers(coordinator)

    with capture_logs() as lines:
        await api.client.post("/graphql", json={**body, "operationName": "Ask"}, headers=headers)
        variables = {"input": {**INCIDENT, "title": ""}}
        await api.client.post(
            "/graphql", json={**body, "operationName": "Declare", "variables": variables}, headers=headers
        )

        list_query = "query List { kabupatens(first: 3) { nodes { code } } provinces(first: 2) { nodes { code } } }"
        await api.client.post("/graphql", json={"query": list_query, "operationName": "List"})

    told = [(line["operation"], line["actor"], line["rows"], line["problems"], line["errors"]) for line in lines]
    assert told == [
        ("Ask", "COORDINATOR", 0, [], []),
        ("Declare", "COORDINATOR", 10, ["INVALID"], []),
        ("List", "PUBLIC", 5, [], []),
    ]


async def test_terminated_connections_are_replaced(api: Api, build: Build) -> None:
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


async def test_without_its_database_the_api_answers_unavailable(
    database_url: str,
    test_database: WorkerDatabase,
    keys: Path,
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    build = Build(connection, NOW)
    cached_account, other_account = await build.coordinator(), await build.coordinator()
    await connection.close()
    await test_database.disconnect()  # A database that is in use cannot be copied.
    name = sa.make_url(database_url).database
    dropped, server = f"{name}_dropped", with_database(database_url, "postgres")
    await command(server, f"CREATE DATABASE {dropped} TEMPLATE {name}")

    async with running_api(with_database(database_url, dropped), keys, lambda: NOW) as api:
        ready = await api.client.get("/ready")
        cached_headers = api.headers(cached_account)
        await post(api, {"query": PROVINCES}, {**JSON, **cached_headers})
        await command(server, f"DROP DATABASE {dropped} WITH (FORCE)")
        read = await post(api, {"query": PROVINCES})
        read_again = await post(api, {"query": PROVINCES})
        written = await post(api, {"query": DECLARE, "variables": {"input": INCIDENT}}, {**JSON, **cached_headers})
        signed_in = await post(api, {"query": PROVINCES}, {**JSON, **api.headers(other_account)})
        unready = await api.client.get("/ready")
        unhealthy = await api.client.get("/health")

    assert (ready.status_code, ready.json()) == (200, {"database": True, "migrations": True, "disk": True})
    assert codes(read) == ["UNAVAILABLE"]
    assert codes(read_again) == ["UNAVAILABLE"]
    assert codes(written) == ["UNAVAILABLE"]
    assert (signed_in.status_code, codes(signed_in)) == (503, ["UNAVAILABLE"])
    assert (unready.status_code, unready.json()) == (503, {"database": False, "migrations": False, "disk": True})
    assert (unhealthy.status_code, unhealthy.text) == (200, "ok\n")
