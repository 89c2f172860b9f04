"""Several mutations in one document: each is done and answered by itself, one after another."""

from unittest.mock import ANY

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, NEIGHBOUR, Build
from tests.conftest import NOW

DECLARED = f"incident {{ title needs(first: 0) {{ totalCount }} }} {PROBLEMS}"
TWO = f"""mutation($first: DeclareIncidentInput!, $second: DeclareIncidentInput!) {{
  first: declareIncident(input: $first) {{ {DECLARED} }} second: declareIncident(input: $second) {{ {DECLARED} }} }}"""
FLOOD = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}
WAVE = {**FLOOD, "hazard": "EXTREME_WAVE", "title": "Gelombang"}


def done(title: str) -> Json:
    return {"incident": {"title": title, "needs": {"totalCount": 0}}, "problems": []}


async def titles(build: Build) -> list[str]:
    return [row["title"] for row in await build.connection.fetch("SELECT title FROM incident ORDER BY id")]


async def test_both_are_done_in_their_order(api: Api, build: Build) -> None:
    data = await api.ask(TWO, actor=await build.coordinator(), first=FLOOD, second=WAVE)

    assert data == {"first": done("Banjir"), "second": done("Gelombang")}
    assert await titles(build) == ["Banjir", "Gelombang"]


async def test_a_refusal_of_one_leaves_the_other(api: Api, build: Build) -> None:
    coordinator, refused = await build.coordinator(kabupaten_code=HOME), {**WAVE, "kabupatens": [NEIGHBOUR]}

    second = await api.ask(TWO, actor=coordinator, first=FLOOD, second=refused)
    first = await api.ask(TWO, actor=coordinator, first=refused, second=FLOOD)

    forbidden = {"incident": None, "problems": [problem("Simple", "FORBIDDEN", "kabupatens", "0")]}
    assert second == {"first": done("Banjir"), "second": forbidden}
    assert first == {"first": forbidden, "second": done("Banjir")}
    assert await titles(build) == ["Banjir", "Banjir"]


@pytest.mark.parametrize("fails", ["first", "second"])
async def test_an_unexpected_error_of_one_leaves_the_other(api: Api, build: Build, fails: str) -> None:
    coordinator = await build.coordinator()
    await build.connection.execute("ALTER TABLE incident ADD CONSTRAINT unexpected CHECK (title <> 'Gelombang')")
    inputs = {"first": FLOOD, "second": FLOOD, fails: WAVE}

    answer = await api.post(TWO, actor=coordinator, **inputs)

    other = "second" if fails == "first" else "first"
    assert answer["data"] == {fails: None, other: done("Banjir")}
    assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
        ([fails], {"code": "INTERNAL", "id": ANY})
    ]
    assert await titles(build) == ["Banjir"]


async def test_a_selection_that_cannot_be_read_is_refused_before_its_change_is_made(api: Api, build: Build) -> None:
    document = f"""mutation($first: DeclareIncidentInput!, $second: DeclareIncidentInput!, $size: Int) {{
      first: declareIncident(input: $first) {{ {DECLARED} }}
      second: declareIncident(input: $second) {{ incident {{ needs(first: $size) {{ totalCount }} }} }} }}"""

    answer = await api.post(document, actor=await build.coordinator(), first=FLOOD, second=WAVE, size=101)

    assert answer["data"] == {"first": done("Banjir"), "second": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]) == (["second", "incident", "needs"], {"code": "BAD_USER_INPUT"})
    assert await titles(build) == ["Banjir"]


async def test_without_an_account_neither_is_done(api: Api, build: Build) -> None:
    answer = await api.post(TWO, first=FLOOD, second=WAVE)

    assert answer["data"] == {"first": None, "second": None}
    assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
        ([name], {"code": "UNAUTHENTICATED"}) for name in ("first", "second")
    ]
    assert await titles(build) == []
