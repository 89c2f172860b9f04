import uuid
from typing import Any

import orjson
import pytest

from api.resolvers.document import Compiled
from tests.asking import Api, Json
from tests.builders import HOME, Build

VOLUNTEERS = """query($name: String!, $id: ID!) { node(id: $id) { id }
  volunteers(first: 2, filter: {name: $name}) { totalCount nodes { name } } }"""
REGISTER = """mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) {
  volunteer { name phone } problems { code } } }"""


async def answered(
    api: Api, document: str, actor: uuid.UUID | None, trace: object = True, **variables: object
) -> dict[str, Any]:
    body = {"query": document, "variables": variables, "extensions": {"trace": trace}}
    response = await api.client.post("/graphql", json=body, headers=api.headers(actor))
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    assert "errors" not in answer, answer["errors"]
    return dict(answer)


def shape(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what differs from time to time."""
    assert all(note.pop("milliseconds") >= 0 and note.pop("waited", 0.0) >= 0 for note in notes)
    return notes


async def test_a_trace_tells_of_statements_and_plans_and_of_what_was_remembered(api: Api, build: Build) -> None:
    nation, person = await build.coordinator(), await build.person(name="Sri Rahasia")
    asked = {"name": "Rahasia", "id": f"Volunteer:{person}"}

    first = await answered(api, VOLUNTEERS, nation, **asked)
    second = await answered(api, VOLUNTEERS, nation, **asked)

    assert (
        first["data"]
        == second["data"]
        == {
            "node": {"id": f"Volunteer:{person}"},
            "volunteers": {"totalCount": 1, "nodes": [{"name": "Sri Rahasia"}]},
        }
    )
    trace, again = first["extensions"]["trace"], second["extensions"]["trace"]
    assert trace["milliseconds"] >= max(note["milliseconds"] for note in trace["statements"])
    assert [[note["remembered"] for note in each["plans"]] for each in (trace, again)] == [[False] * 2, [True] * 2]
    assert [each["document"]["remembered"] for each in (trace, again)] == [False, True]
    sizes = {len(orjson.dumps(value)) for value in first["data"].values()}
    statements = shape(trace["statements"])
    assert {note["bytes"] for note in statements} == sizes
    assert all("volunteer" in note.pop("sql") and note.keys() == {"keys", "rows", "bytes"} for note in statements)
    assert [note["keys"] for note in statements] == [["node"], ["volunteers"]]
    documents, planner = Compiled.documents.cache.metrics(), api.services.planner
    assert again["caches"] == {
        "documents": documents,
        "plans": {"size": planner.cache.size, "kept": 2, "hits": 2, "misses": 2, "evictions": 0},
        "templates": planner.templates.cache.metrics(),
    }


async def test_a_trace_has_no_values(api: Api, build: Build) -> None:
    nation, person = await build.coordinator(), await build.person(name="Sri Rahasia")

    answer = await answered(api, VOLUNTEERS, nation, name="Rahasia", id=f"Volunteer:{person}")

    trace = orjson.dumps(answer["extensions"]).decode()
    assert "Rahasia" not in trace
    assert str(person) not in trace
    assert str(nation) not in trace


async def test_a_trace_of_a_mutation_tells_of_what_the_service_asked(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    given = {
        "name": "Sri",
        "kabupaten": HOME,
        "reach": "NATIONAL",
        "phone": "+6281234567890",
        "consentPurpose": "Penugasan",
    }

    answer = await answered(api, REGISTER, nation, input=given)

    assert answer["data"]["registerVolunteer"]["problems"] == []
    statements = answer["extensions"]["trace"]["statements"]
    assert any("INSERT INTO volunteer" in note["sql"] and "rows" in note for note in statements)
    assert "bytes" in statements[-1]
    assert "6281234567890" not in str(statements)


@pytest.mark.parametrize("trace", [False, 1, "true", None, {}])
async def test_a_trace_is_asked_for_by_true_alone(api: Api, build: Build, trace: object) -> None:
    answer = await answered(api, "{ me { id } }", await build.coordinator(), trace)

    assert answer.keys() == {"data"}


async def test_those_who_may_not_see_a_trace_are_answered_without(api: Api, build: Build) -> None:
    actors = [None, await build.coordinator(kabupaten_code=HOME), await build.account()]

    answers = [await answered(api, "{ me { id } }", actor) for actor in actors]

    assert [answer.keys() for answer in answers] == [{"data"}] * 3


async def test_a_trace_tells_nothing_of_a_document_that_is_refused_but_that_it_was(api: Api, build: Build) -> None:
    body = {"query": "{ nothing }", "extensions": {"trace": True}}

    response = await api.client.post("/graphql", json=body, headers=api.headers(await build.coordinator()))

    assert response.json()["data"] is None
    assert response.json()["extensions"]["trace"]["statements"] == []
