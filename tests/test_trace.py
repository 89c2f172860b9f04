import uuid
from typing import Any

import orjson
import pytest

from api.compiler.plan import Planner
from api.execution.execute import DOCUMENTS
from api.resolvers import SOURCES
from api.schema.build import core_schema
from tests.asking import Api, Json
from tests.builders import HOME, Build

VOLUNTEERS = """query($name: String!, $id: ID!) { node(id: $id) { id }
  volunteers(first: 2, filter: {name: {contains: $name}}) { totalCount nodes { name } } }"""
REGISTER = """mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) {
  volunteer { name phone } problems { code } } }"""


@pytest.fixture
def planner() -> Planner:
    """A new one for each test, as some count what it has cached."""
    return Planner(core_schema(), SOURCES)


async def traced(
    api: Api, document: str, actor: uuid.UUID | None, trace: object = True, **variables: object
) -> dict[str, Any]:
    body = {"query": document, "variables": variables, "extensions": {"trace": trace}}
    response = await api.client.post("/graphql", json=body, headers=api.headers(actor))
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    assert "errors" not in answer, answer["errors"]
    return dict(answer)


def without_times(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Removes the times, as they differ between runs."""
    assert all(entry.pop("milliseconds") >= 0 and entry.pop("waited", 0.0) >= 0 for entry in entries)
    return entries


async def test_a_trace_has_statements_and_plans_and_tells_what_was_cached(api: Api, build: Build) -> None:
    nation, person = await build.coordinator(), await build.person(name="Sri Rahasia")
    variables = {"name": "Rahasia", "id": f"Volunteer:{person}"}

    first = await traced(api, VOLUNTEERS, nation, **variables)
    second = await traced(api, VOLUNTEERS, nation, **variables)

    assert (
        first["data"]
        == second["data"]
        == {
            "node": {"id": f"Volunteer:{person}"},
            "volunteers": {"totalCount": 1, "nodes": [{"name": "Sri Rahasia"}]},
        }
    )
    trace, again = first["extensions"]["trace"], second["extensions"]["trace"]
    assert trace["milliseconds"] >= max(entry["milliseconds"] for entry in trace["statements"])
    assert [[entry["remembered"] for entry in each["plans"]] for each in (trace, again)] == [[False] * 2, [True] * 2]
    assert [each["document"]["remembered"] for each in (trace, again)] == [False, True]
    sizes = {len(orjson.dumps(value)) for value in first["data"].values()}
    statements = without_times(trace["statements"])
    assert {entry["bytes"] for entry in statements} == sizes
    assert all("volunteer" in entry.pop("sql") and entry.keys() == {"keys", "rows", "bytes"} for entry in statements)
    assert sorted(entry["keys"] for entry in statements) == [["node"], ["volunteers"]], "in the order of their ends"
    documents, planner = DOCUMENTS.cache.metrics(), api.services.planner
    assert again["caches"] == {
        "documents": documents,
        "plans": {"size": planner.cache.size, "kept": 2, "hits": 2, "misses": 2, "evictions": 0},
        "templates": planner.templates.cache.metrics(),
    }


async def test_a_trace_does_not_contain_values(api: Api, build: Build) -> None:
    nation, person = await build.coordinator(), await build.person(name="Sri Rahasia")

    answer = await traced(api, VOLUNTEERS, nation, name="Rahasia", id=f"Volunteer:{person}")

    trace = orjson.dumps(answer["extensions"]).decode()
    assert "Rahasia" not in trace
    assert str(person) not in trace
    assert str(nation) not in trace


async def test_a_trace_of_a_mutation_has_the_statements_of_the_service(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    input_values = {
        "name": "Sri",
        "kabupaten": HOME,
        "reach": "NATIONAL",
        "phone": "+6281234567890",
        "consentPurpose": "Penugasan",
    }

    answer = await traced(api, REGISTER, nation, input=input_values)

    assert answer["data"]["registerVolunteer"]["problems"] == []
    statements = answer["extensions"]["trace"]["statements"]
    assert any("INSERT INTO volunteer" in entry["sql"] and "rows" in entry for entry in statements)
    assert "bytes" in statements[-1]
    assert "6281234567890" not in str(statements)


@pytest.mark.parametrize("trace", [False, 1, "true", None, {}])
async def test_only_the_value_true_requests_a_trace(api: Api, build: Build, trace: object) -> None:
    answer = await traced(api, "{ me { id } }", await build.coordinator(), trace)

    assert answer.keys() == {"data"}


async def test_actors_who_may_not_trace_get_a_response_without_trace(api: Api, build: Build) -> None:
    actors = [None, await build.coordinator(kabupaten_code=HOME), await build.account()]

    answers = [await traced(api, "{ me { id } }", actor) for actor in actors]

    assert [answer.keys() for answer in answers] == [{"data"}] * 3


async def test_the_trace_of_an_invalid_document_has_no_statements(api: Api, build: Build) -> None:
    body = {"query": "{ nothing }", "extensions": {"trace": True}}

    response = await api.client.post("/graphql", json=body, headers=api.headers(await build.coordinator()))

    assert "data" not in response.json()
    assert response.json()["extensions"]["trace"]["statements"] == []
