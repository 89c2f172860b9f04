"""Every list, every filter condition and every pair of person and need, answered like the plain reader."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from graphql import get_named_type, is_enum_type, is_input_object_type, is_object_type

from api.schema.build import core_schema
from tests.asking import Api
from tests.compiler.cursor_catalogue import reader_with_cursors, value_pool
from tests.compiler.reader import Reader
from tests.compiler.rows import NODES
from tests.compiler.sample_data import RepeatableBuild, SampleData
from tests.compiler.test_random import ACTORS, compare
from tests.compiler.test_statements import list_fields, list_selection, selection

WORDS = ("sin", "%", "_", "\\", "BANJIR", "É", "🌋", "")
DAYS = ("2026-03-01", "2026-03-03", "2026-02-28", "2024-01-01", "2200-12-31")


@dataclass(frozen=True, slots=True)
class ApiAndReader:
    """The API and the plain reader over the same data."""

    api: Api
    reader: Reader
    sample_data: SampleData

    async def assert_same_answer(self, document: str, actor: uuid.UUID | None) -> None:
        answer = await self.api.post(document, actor=actor)
        assert "errors" not in answer, (document, answer["errors"])
        compare(answer, self.reader.answer(document, {}, actor))


@pytest.fixture
async def pair(api: Api, connection: "asyncpg.Connection[asyncpg.Record]") -> ApiAndReader:
    sample_data = await SampleData.of(RepeatableBuild(connection, api.now))
    return ApiAndReader(api, await reader_with_cursors(api, connection, sample_data), sample_data)


def quoted(values: Any) -> str:
    return json.dumps(list(values), ensure_ascii=False)


@pytest.mark.parametrize("actor_name", ACTORS)
async def test_every_list_is_answered_like_the_plain_reader(pair: ApiAndReader, actor_name: str) -> None:
    ids = value_pool(pair.reader).ids
    for type_, name, field in list_fields():
        text = list_selection(name, field, pair.sample_data.people[4])
        if type_.name in NODES:
            text = f"nodes(ids: {quoted(ids[type_.name][:20])}) {{ id ... on {type_.name} {{ {text} }} }}"
        elif type_ is not core_schema().query_type or "first" not in field.args:
            continue
        await pair.assert_same_answer(f"{{ {text} }}", pair.sample_data.actors[actor_name])


async def test_every_object_is_read_by_id_like_by_the_plain_reader(pair: ApiAndReader) -> None:
    for name, ids in value_pool(pair.reader).ids.items():
        type_ = core_schema().type_map[name]
        assert is_object_type(type_)
        for actor in pair.sample_data.actors.values():
            await pair.assert_same_answer(
                f"{{ nodes(ids: {quoted(ids)}) {{ ... on {name} {selection(type_)} }} }}", actor
            )


def conditions(named: Any, codes: Any, ids: Any) -> Iterator[str]:
    """Each condition of a filter alone, with several values."""
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if is_input_object_type(inner):
            for code in codes["skill"][:4]:
                yield f'{name}: {{skill: "{code}"}}'
                for day in DAYS:
                    yield f'{name}: {{skill: "{code}", on: "{day}"}}'
        elif is_enum_type(inner):
            yield from (f"{name}: {value}" for value in inner.values)
        else:
            values = {"Code": codes.get(name), "ID": ids.get(name.capitalize()), "Date": DAYS, "String": WORDS}
            found = values.get(inner.name) or (True, False)
            yield from (f"{name}: {json.dumps(value, ensure_ascii=False)}" for value in found[:8])


async def test_every_filter_condition_selects_the_same_rows_as_the_plain_reader(pair: ApiAndReader) -> None:
    pool, query = value_pool(pair.reader), core_schema().query_type
    assert query is not None
    for name, field in query.fields.items():
        if "filter" not in field.args:
            continue
        pages = [
            f"a{number}: {name}(first: 100, filter: {{{condition}}}) {{ totalCount nodes {{ id }} }}"
            for number, condition in enumerate(
                conditions(get_named_type(field.args["filter"].type), pool.codes, pool.ids)
            )
        ]
        for actor in (pair.sample_data.actors["nation"], pair.sample_data.actors["mixed"]):
            await pair.assert_same_answer(f"{{ {' '.join(pages)} }}", actor)


async def test_every_person_and_need_has_the_same_refusals_as_in_the_plain_reader(pair: ApiAndReader) -> None:
    fact = selection(core_schema().type_map["Fact"], 0).replace(
        "}", "assignment { id } certificate { id } organization { id } "
    )
    fact += "volunteer { id } skill { code } rank { code } }"
    needs = quoted(f"Need:{need}" for need in pair.sample_data.needs)
    for person in pair.sample_data.people:
        refusals = f'refusals(volunteer: "Volunteer:{person}") {{ code message(language: EN) overridable fact {fact} }}'
        await pair.assert_same_answer(
            f"{{ nodes(ids: {needs}) {{ ... on Need {{ {refusals} }} }} }}", pair.sample_data.actors["nation"]
        )


@pytest.mark.parametrize("size", ["first: 1", "first: 3", "first: 100", "last: 2", "last: 100"])
async def test_every_need_has_the_same_candidates_as_in_the_plain_reader(pair: ApiAndReader, size: str) -> None:
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    candidates = f"candidates({size}) {{ totalCount nodes {{ tier kilometres volunteer {{ id phone }} }} {page} }}"
    for actor in pair.sample_data.actors.values():
        await pair.assert_same_answer(f"{{ needs(first: 100) {{ nodes {{ id {candidates} }} }} }}", actor)
