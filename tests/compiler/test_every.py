"""What chance may miss: every list, every condition of every filter, every pair of person and need."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from graphql import get_named_type, is_enum_type, is_input_object_type, is_object_type

from api.schema.build import core_schema, schema_definition
from tests.asking import Api
from tests.compiler.learning import learned, pool_of
from tests.compiler.reader import Reader
from tests.compiler.rows import NODES, Rows
from tests.compiler.test_random import compare
from tests.compiler.test_statements import asked, lists, selection
from tests.compiler.world import Same, World

WORDS = ("sin", "%", "_", "\\", "BANJIR", "É", "🌋", "")
DAYS = ("2026-03-01", "2026-03-03", "2026-02-28", "2024-01-01", "2200-12-31")


@dataclass(frozen=True, slots=True)
class Both:
    """The API and the plain reader, asked the same."""

    api: Api
    reader: Reader
    world: World

    async def agree(self, document: str, actor: uuid.UUID | None) -> None:
        answer = await self.api.post(document, actor=actor)
        assert "errors" not in answer, (document, answer["errors"])
        compare(answer, self.reader.answer(document, {}, actor))


@pytest.fixture
async def both(api: Api, connection: "asyncpg.Connection[asyncpg.Record]") -> Both:
    world = await World.of(Same(connection, api.now))
    reader = Reader.of(await Rows.of(connection), api.now, schema_definition())
    reader.learn(await learned(api, reader, world))
    return Both(api, reader, world)


def quoted(values: Any) -> str:
    return json.dumps(list(values), ensure_ascii=False)


async def test_every_list_is_the_plain_readers_for_everybody(both: Both) -> None:
    ids = pool_of(both.reader).ids
    for type_, name, field in lists():
        text = asked(name, field, both.world.people[4])
        if type_.name in NODES:
            text = f"nodes(ids: {quoted(ids[type_.name][:20])}) {{ id ... on {type_.name} {{ {text} }} }}"
        elif type_ is not core_schema().query_type or "first" not in field.args:
            continue
        for actor in both.world.actors.values():
            await both.agree(f"{{ {text} }}", actor)


async def test_every_thing_is_found_by_its_id_by_whom_it_may_be(both: Both) -> None:
    for name, ids in pool_of(both.reader).ids.items():
        type_ = core_schema().type_map[name]
        assert is_object_type(type_)
        for actor in both.world.actors.values():
            await both.agree(f"{{ nodes(ids: {quoted(ids)}) {{ ... on {name} {selection(type_)} }} }}", actor)


def conditions(named: Any, codes: Any, ids: Any) -> Iterator[str]:
    """Each condition of a filter by itself, with several values."""
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


async def test_every_condition_of_every_filter_means_what_it_says(both: Both) -> None:
    pool, query = pool_of(both.reader), core_schema().query_type
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
        for actor in (both.world.actors["nation"], both.world.actors["mixed"]):
            await both.agree(f"{{ {' '.join(pages)} }}", actor)


async def test_every_person_is_refused_for_every_need_by_the_same_rules(both: Both) -> None:
    fact = selection(core_schema().type_map["Fact"], 0).replace(
        "}", "assignment { id } certificate { id } organization { id } "
    )
    fact += "volunteer { id } skill { code } rank { code } }"
    needs = quoted(f"Need:{need}" for need in both.world.needs)
    for person in both.world.people:
        refusals = f'refusals(volunteer: "Volunteer:{person}") {{ code message(language: EN) overridable fact {fact} }}'
        await both.agree(f"{{ nodes(ids: {needs}) {{ ... on Need {{ {refusals} }} }} }}", both.world.actors["nation"])


@pytest.mark.parametrize("size", ["first: 1", "first: 3", "first: 100", "last: 2", "last: 100"])
async def test_every_need_has_the_same_candidates(both: Both, size: str) -> None:
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    candidates = f"candidates({size}) {{ totalCount nodes {{ tier kilometres volunteer {{ id phone }} }} {page} }}"
    for actor in both.world.actors.values():
        await both.agree(f"{{ needs(first: 100) {{ nodes {{ id {candidates} }} }} }}", actor)
