"""How browsers and HTTP clients reach the API: methods, media types, compression, other origins, headers."""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import orjson
import pytest

from api.settings import DEFAULTS
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.serving import running_api

JSON = {"Content-Type": "application/json"}
NEWER = "application/graphql-response+json"
PROVINCES = "{ provinces(first: 1) { nodes { name } } }"
ACEH = {"data": {"provinces": {"nodes": [{"name": "Aceh"}]}}}
DECLARE = "mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) { problems { code } } }"
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}
SITE = "https://sigap.example"
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


def refusal(response: httpx.Response) -> tuple[int, list[str]]:
    """The status and the error codes of an answer that has nothing but errors."""
    body = response.json()
    assert body.keys() == {"errors"}
    return response.status_code, [error["extensions"]["code"] for error in body["errors"]]


async def get(api: Api, parameters: Mapping[str, str] | str, **headers: str) -> httpx.Response:
    query = parameters if isinstance(parameters, str) else str(httpx.QueryParams(parameters))
    return await api.client.get(f"/graphql?{query}", headers=headers)


# Queries by GET.


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": PROVINCES},
        {"query": PROVINCES, "variables": "", "operationName": "", "extensions": "", "client": "x"},
        {"query": PROVINCES, "variables": "null", "extensions": "null"},
        {"query": f"query a {PROVINCES} query b {{ me {{ id }} }}", "operationName": "a", "extensions": '{"a": 1}'},
        {"query": f"query a {PROVINCES} {DECLARE}".replace("mutation", "mutation b"), "operationName": "a"},
        {
            "query": "query($first: Int) { provinces(first: $first) { nodes { name } } }",
            "variables": '{"first": 1}',
        },
    ],
    ids=str,
)
async def test_a_query_may_be_in_the_address(api: Api, parameters: dict[str, str]) -> None:
    older, newer = await get(api, parameters), await get(api, parameters, Accept=NEWER)

    assert (older.status_code, older.headers["Content-Type"], older.json()) == (200, "application/json", ACEH)
    assert (newer.status_code, newer.headers["Content-Type"], newer.json()) == (200, NEWER, ACEH)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "query=",
        "query=%20",
        "query=%FF",
        "query=%7B+me+%7B+id+%7D+%7D&query=%7B+me+%7B+id+%7D+%7D",
        "query=%7B+me+%7B+id+%7D+%7D&variables=%7B",
        "query=%7B+me+%7B+id+%7D+%7D&variables=%5B%5D",
        "query=%7B+me+%7B+id+%7D+%7D&variables=" + "%5B" * 2_000,
        "query=%7B+me+%7B+id+%7D+%7D&extensions=1",
        "&".join(f"a{number}=1" for number in range(21)),
    ],
    ids=lambda address: address[:70],
)
async def test_an_address_that_is_not_a_graphql_request_is_rejected(api: Api, address: str) -> None:
    assert refusal(await get(api, address)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("accept", ["application/json", NEWER])
async def test_a_mutation_is_never_executed_by_get(api: Api, build: Build, accept: str) -> None:
    coordinator = await build.coordinator()
    variables = orjson.dumps({"input": INCIDENT}).decode()
    named = f"query a {PROVINCES} {DECLARE}".replace("mutation", "mutation b")
    attempts: list[dict[str, str]] = [{"query": DECLARE}, {"query": named, "operationName": "b"}]

    for attempt in attempts:
        headers = {"Accept": accept, **api.headers(coordinator)}
        response = await get(api, {**attempt, "variables": variables}, **headers)
        assert refusal(response) == (405, ["BAD_REQUEST"])
        assert response.headers["Allow"] == "POST"

    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_head_request_is_answered_as_get(api: Api) -> None:
    response = await api.client.head("/graphql", params={"query": PROVINCES})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


# Media types.


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
        (NEWER, NEWER),
        ("Application/GraphQL-Response+JSON", NEWER),
        (f"{NEWER}, application/graphql+json, application/json, text/event-stream, multipart/mixed", NEWER),
        (f"application/json, {NEWER}", NEWER),
        (f"{NEWER};q=0.5, application/json", "application/json"),
        (f"{NEWER};q=0.5, */*;q=0.1", NEWER),
        (f"{NEWER};q=0, */*", "application/json"),
        (f"{NEWER}; q=x, application/json;q=0.1", "application/json"),
        ("application/json;q=0, */*", None),
        ("application/json;q=2", None),
        ("application/json+x", None),
        (f"x{NEWER}", None),
        ("text/html", None),
        ("text/event-stream", None),
        ("," * 600 + NEWER, NEWER),
    ],
    ids=str,
)
async def test_the_answer_has_the_media_type_that_is_wanted_most(api: Api, accept: str, answered: str | None) -> None:
    headers = {**JSON, "Accept": accept}

    response = await api.client.post("/graphql", json={"query": PROVINCES}, headers=headers)

    if answered is None:
        assert refusal(response) == (406, ["BAD_REQUEST"])
    else:
        assert (response.status_code, response.headers["Content-Type"], response.json()) == (200, answered, ACEH)


async def test_a_header_in_several_lines_is_one_list(api: Api) -> None:
    headers = [
        *(("Accept", each) for each in ("text/event-stream", NEWER)),
        *(("Accept-Language", each) for each in ("de", "en")),
    ]
    document = '{ hazard(id: "FLOOD") { label } }'

    response = await api.client.post("/graphql", json={"query": document}, headers=headers)

    assert (response.status_code, response.headers["Content-Type"]) == (200, NEWER)
    assert response.json() == {"data": {"hazard": {"label": "Flood"}}}


@pytest.mark.parametrize(
    ("content_type", "is_accepted"),
    [
        ("application/json;charset=UTF-8", True),
        ('APPLICATION/json ; charset="utf-8"', True),
        ("application/json; charset=utf-16", False),
        ("application/jsonp", False),
        ("application/graphql+json", False),
        ("text/plain; application/json", False),
        ("text/plain, application/json", False),
    ],
)
async def test_the_body_must_be_json(api: Api, content_type: str, is_accepted: bool) -> None:
    content = orjson.dumps({"query": PROVINCES})

    response = await api.client.post("/graphql", content=content, headers={"Content-Type": content_type})

    if is_accepted:
        assert response.json() == ACEH
    else:
        assert refusal(response) == (415, ["BAD_REQUEST"])


async def test_a_compressed_body_is_refused(api: Api) -> None:
    content = gzip.compress(orjson.dumps({"query": PROVINCES}))

    response = await api.client.post("/graphql", content=content, headers={**JSON, "Content-Encoding": "gzip"})
    plain = await api.client.post("/graphql", json={"query": PROVINCES}, headers={"Content-Encoding": "Identity"})

    assert refusal(response) == (415, ["BAD_REQUEST"])
    assert response.headers["Accept-Encoding"] == "identity"
    assert plain.json() == ACEH


@pytest.mark.parametrize("type_", ["ID!", "[ID!]", "KabupatenFilter", "Int", "String"])
@pytest.mark.parametrize("bracket", ["[]", "{}"])
async def test_a_deep_variable_is_a_mistake_of_the_client(api: Api, type_: str, bracket: str) -> None:
    opening = '{"and":' if bracket == "{}" else "["
    deep = f"{opening * 900}1{bracket[1] * 900}"
    document = f"query($x: {type_}) {{ kabupatens(first: 0, filter: $x) {{ totalCount }} }}"

    response = await api.client.post(
        "/graphql", content=f'{{"query": "{document}", "variables": {{"x": {deep}}}}}', headers=JSON
    )

    assert response.status_code in {200, 400}
    assert {error["extensions"]["code"] for error in response.json()["errors"]} <= {"BAD_USER_INPUT", "BAD_REQUEST"}


@pytest.mark.parametrize("content", [b"[]", b'[{"query": "{ me { id } }"}]'])
async def test_a_batch_is_refused_with_its_name(api: Api, content: bytes) -> None:
    response = await api.client.post("/graphql", content=content, headers=JSON)

    message = "Batches are not supported: send each request by itself, over one connection."
    assert (response.status_code, response.json()) == (
        400,
        {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]},
    )


# Compression.


@pytest.mark.parametrize(
    ("accept_encoding", "is_compressed"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("deflate, gzip;q=1.0", True),
        ("gzip;q=0", False),
        ("*", False),
        ("br", False),
        ("", False),
        ("xgzip", False),
    ],
)
async def test_a_large_answer_is_compressed_where_asked_for(
    api: Api, accept_encoding: str, is_compressed: bool
) -> None:
    headers = {"Accept-Encoding": accept_encoding}

    response = await api.client.post("/graphql", json={"query": "{ __schema { types { name } } }"}, headers=headers)

    assert response.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert len(response.json()["data"]["__schema"]["types"]) > 50


async def test_answers_of_up_to_a_kibibyte_are_not_compressed(api: Api) -> None:
    def document(size: int) -> Json:
        alias = "a" * (size - len('{"data":{"":"Query"}}'))
        return {"query": f"{{ {alias}: __typename }}"}

    largest, larger = [await api.client.post("/graphql", json=document(size)) for size in (1024, 1025)]

    assert (len(largest.content), largest.headers.get("Content-Encoding")) == (1024, None)
    assert (len(larger.content), larger.headers.get("Content-Encoding")) == (1025, "gzip")


# Other origins.


async def test_only_pages_of_the_listed_origins_may_read_answers(database_url: str, keys: Path) -> None:
    settings = replace(DEFAULTS, origins=(SITE,))
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        listed = await get(api, {"query": PROVINCES}, Origin=SITE)
        other = await get(api, {"query": PROVINCES}, Origin=f"{SITE}.evil.example")
        refused = await api.client.post("/graphql", content=b"", headers={"Origin": SITE})

    assert (listed.json(), listed.headers["Access-Control-Allow-Origin"]) == (ACEH, SITE)
    assert listed.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = "Content-Disposition, ETag, Retry-After, WWW-Authenticate"
    assert listed.headers["Access-Control-Expose-Headers"] == exposed
    assert "Access-Control-Allow-Origin" not in other.headers
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (415, SITE)


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


async def test_a_preflight_request_of_a_listed_origin_is_answered(database_url: str, keys: Path) -> None:
    settings = replace(DEFAULTS, origins=(SITE,))
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        listed = await api.client.options("/graphql", headers={**PREFLIGHT, "Origin": SITE})
        other = await api.client.options("/graphql", headers={**PREFLIGHT, "Origin": "null"})

    allowed = {name: listed.headers[f"Access-Control-Allow-{name}"] for name in ("Origin", "Methods", "Headers")}
    assert allowed == {"Origin": SITE, "Methods": "GET, POST", "Headers": "authorization,content-type"}
    assert (other.status_code, other.headers.get("Access-Control-Allow-Origin")) == (400, None)


async def test_without_a_listed_origin_no_other_page_may_read(api: Api) -> None:
    preflight = await api.client.options("/graphql", headers={**PREFLIGHT, "Origin": SITE})
    response = await get(api, {"query": PROVINCES}, Origin=SITE)

    assert preflight.status_code == 405
    headers = {*preflight.headers, *response.headers}
    assert [name for name in headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain;,application/json",
    ],
)
async def test_what_a_page_can_send_without_asking_changes_nothing(api: Api, build: Build, content_type: str) -> None:
    headers = {
        **api.headers(await build.coordinator()),
        "X-HTTP-Method-Override": "POST",
        "Origin": "https://evil.example",
    }
    body = {"query": DECLARE, "variables": {"input": INCIDENT}}
    form = str(httpx.QueryParams({"query": DECLARE, "variables": orjson.dumps({"input": INCIDENT}).decode()}))

    for content in (orjson.dumps(body), form.encode(), b"x=" + orjson.dumps(body)):
        response = await api.client.post(
            f"/graphql?{form}", content=content, headers={**headers, "Content-Type": content_type}
        )
        assert refusal(response) == (415, ["BAD_REQUEST"])

    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


# Headers of every answer.


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/graphql?query={__typename}", 200),
        ("GET", "/graphql", 400),
        ("PUT", "/graphql", 405),
        ("POST", "/graphql", 415),
        ("GET", "/nothing", 404),
        ("POST", "/health", 405),
        ("GET", "/health", 200),
    ],
)
async def test_every_answer_has_the_security_headers(api: Api, method: str, path: str, status: int) -> None:
    response = await api.client.request(method, path)

    assert response.status_code == status
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_a_crash_is_answered_in_json_with_the_headers(database_url: str, keys: Path) -> None:
    working = [NOW]

    def clock() -> datetime:
        return working.pop()

    async with running_api(database_url, keys, clock) as api:
        response = await get(api, {"query": PROVINCES})

    assert refusal(response) == (500, ["INTERNAL"])
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


# The language of labels and messages.


@pytest.mark.parametrize(
    ("accept_language", "label"),
    [
        (None, "Banjir"),
        ("", "Banjir"),
        ("en", "Flood"),
        ("en-GB,en;q=0.9", "Flood"),
        ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", "Banjir"),
        ("en;q=0.5, ID;q=0.6", "Banjir"),
        ("de, en;q=0.1", "Flood"),
        ("en;q=0", "Banjir"),
        ("jv, *", "Banjir"),
        ("en;q=x", "Banjir"),
    ],
)
async def test_labels_are_in_the_language_of_the_request_unless_an_argument_names_one(
    api: Api, accept_language: str | None, label: str
) -> None:
    document = """query($language: Language) { hazard(id: "FLOOD") {
      label indonesian: label(language: ID) english: label(language: EN) variable: label(language: $language) } }"""
    headers = {"Accept-Language": accept_language} if accept_language is not None else {}
    bodies = [{"query": document, "variables": {"language": language}} for language in ("EN", "ID", None)]

    answers = [(await api.client.post("/graphql", json=body, headers=headers)).json() for body in bodies]

    fixed = {"label": label, "indonesian": "Banjir", "english": "Flood"}
    assert answers == [{"data": {"hazard": {**fixed, "variable": each}}} for each in ("Flood", "Banjir", label)]


async def test_problems_are_told_in_the_language_of_the_request(api: Api, build: Build) -> None:
    document = DECLARE.replace("code", "message")
    body = {"query": document, "variables": {"input": {**INCIDENT, "kabupatens": []}}}
    headers = api.headers(await build.coordinator())

    english, indonesian = [
        (await api.client.post("/graphql", json=body, headers={**headers, "Accept-Language": language})).json()
        for language in ("en", "id")
    ]

    assert english != indonesian
