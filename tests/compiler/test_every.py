"""Every list, thing, order, condition and pair of person and need is answered like by the second reader."""

import itertools
import uuid
from dataclasses import dataclass
from datetime import timedelta

import anyio.to_thread
import pytest
from graphql import get_named_type, is_input_object_type

from api.schema.build import core_schema
from tests.asking import Api, instant
from tests.builders import HOME
from tests.compiler.comparison import compare
from tests.compiler.documents import ValuePool, value_pool
from tests.compiler.reader import Reader
from tests.compiler.sample_data import SampleData
from tests.compiler.selections import (
    NODES,
    PAGE_INFO,
    conditions,
    list_fields,
    list_selection,
    listed_type,
    orders,
    root_lists,
    selection,
)
from tests.conftest import NOW
from tests.sampling import in_turn, sampled

pytestmark = pytest.mark.fuzz


@dataclass(frozen=True, slots=True)
class ApiAndReader:
    """The API and the second reader over the same data, and the ids and cursors of all of it."""

    api: Api
    reader: Reader
    sample_data: SampleData
    pool: ValuePool

    async def assert_same_answer(self, document: str, actor: uuid.UUID | None, **variables: object) -> None:
        answer = await self.api.post(document, actor=actor, **variables)
        expected = await anyio.to_thread.run_sync(self.reader.view(actor).answer, document, variables)
        compare(answer, expected)

    @property
    def actors(self) -> list[uuid.UUID | None]:
        """One of every kind."""
        return [*self.sample_data.actors.values()]


@pytest.fixture
async def pair(api: Api, reader: Reader, sample_data: SampleData) -> ApiAndReader:
    await anyio.to_thread.run_sync(reader.learn_cursors)
    pool = value_pool(reader, None, has_hidden=True)
    missing = sorted(noun for noun, ids in pool.ids.items() if not ids)
    assert missing == [], "tests/compiler/sample_data.py has no rows of these, so nothing would be compared"
    return ApiAndReader(api, reader, sample_data, pool)


@pytest.mark.parametrize("noun", sorted({type_.name for type_, _, _ in list_fields() if type_.name in NODES}))
async def test_every_list_of_a_thing_is_answered_like_by_the_second_reader(pair: ApiAndReader, noun: str) -> None:
    lists = [(name, field) for type_, name, field in list_fields() if type_.name == noun]
    for (name, field), actor in in_turn(lists, pair.actors, 3):
        text = list_selection(name, field, pair.sample_data.people[4])
        document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {noun} {{ {text} }} }} }}"
        await pair.assert_same_answer(document, actor, ids=pair.pool.ids[noun][:6])


async def test_every_list_at_the_root_is_answered_like_by_the_second_reader(pair: ApiAndReader) -> None:
    for (name, field), actor in in_turn(root_lists().items(), pair.actors, 3):
        await pair.assert_same_answer(f"{{ {list_selection(name, field, None)} }}", actor)


@pytest.mark.parametrize("name", root_lists())
async def test_every_order_is_answered_like_by_the_second_reader(pair: ApiAndReader, name: str) -> None:
    field = root_lists()[name]
    for order, size in itertools.product(orders(field), ("first", "last")):
        cursors = pair.pool.cursors.get(f"{listed_type(field)}.{order}", [])
        document = f"""query($after: String, $before: String) {{ page: {name}(
            {size}: 5, orderBy: {order}, after: $after, before: $before)
            {{ totalCount edges {{ cursor node {{ id }} }} {PAGE_INFO} }} }}"""
        pages = [{way: cursor} for cursor in cursors[3 :: len(cursors) // 2 + 1] for way in ("after", "before")]
        actors = (pair.sample_data.actors["nation"], pair.sample_data.actors["mixed"])
        for actor, page in sampled(itertools.product(actors, [{}, *pages]), 0.4):
            await pair.assert_same_answer(document, actor, **page)


# Some tests take long, so that workers share their parts.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_thing_is_read_by_id_like_by_the_second_reader(pair: ApiAndReader, part: int) -> None:
    for (name, ids), actor in in_turn(pair.pool.ids.items(), pair.actors, 3)[part::PARTS]:
        type_ = core_schema().type_map[name]
        document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {name} {selection(type_)} }} }}"
        await pair.assert_same_answer(document, actor, ids=ids)

    for name, ids in [*pair.pool.ids.items()][part::PARTS]:
        root = name[0].lower() + name[1:]
        for id_ in (*ids[:2], ids[-1], ids[0].partition(":")[2], "Skill:SHELTER", "Nothing:x"):
            for actor in (None, pair.sample_data.actors["mixed"]):
                await pair.assert_same_answer(f"query($id: ID!) {{ {root}(id: $id) {{ id }} }}", actor, id=id_)


@pytest.mark.parametrize("name", [name for name, field in root_lists().items() if "filter" in field.args])
async def test_every_condition_selects_the_same_rows_as_in_the_second_reader(pair: ApiAndReader, name: str) -> None:
    type_ = get_named_type(root_lists()[name].args["filter"].type)
    assert is_input_object_type(type_)
    document = (
        f"query($filter: {type_.name}) {{ page: {name}(first: 100, filter: $filter) {{ totalCount nodes {{ id }} }} }}"
    )
    actors = (pair.sample_data.actors["nation"], pair.sample_data.actors["mixed"])
    for condition, actor in in_turn(conditions(type_, pair.pool.ids), actors, 1):
        await pair.assert_same_answer(document, actor, filter=condition)


# Of duties: what is left of each need, a part of some of them, what lies outside of most, what is over, and what is none.
PERIODS = [
    None,
    *(
        {"since": instant(NOW + since), "until": instant(NOW + until)}
        for since, until in itertools.pairwise(timedelta(hours=hours) for hours in (-30, -1, 5, 29, 80))
    ),
    {"since": instant(NOW), "until": instant(NOW)},
]


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_person_and_need_has_the_same_refusals_as_in_the_second_reader(
    pair: ApiAndReader, part: int
) -> None:
    refusals = f"refusals(volunteer: $volunteer, period: $period) {selection(core_schema().type_map['Problem'])}"
    document = f"""query($needs: [ID!]!, $volunteer: ID!, $period: PeriodInput) {{
        nodes(ids: $needs) {{ ... on Need {{ {refusals} }} }} }}"""
    needs = [f"Need:{need}" for need in pair.sample_data.needs]
    for person, period in in_turn(pair.sample_data.people, PERIODS, 2)[part::PARTS]:
        volunteer = f"Volunteer:{person}"
        actor = pair.sample_data.actors["nation"]
        await pair.assert_same_answer(document, actor, needs=needs, volunteer=volunteer, period=period)


async def test_every_need_has_the_same_candidates_as_in_the_second_reader(pair: ApiAndReader) -> None:
    candidates = f"candidates(SIZE) {{ totalCount nodes {{ tier kilometres volunteer {{ id phone }} }} {PAGE_INFO} }}"
    document = f"query($size: Int!) {{ needs(first: 100) {{ nodes {{ id {candidates} }} }} }}"
    actors = [pair.sample_data.actors[name] for name in ("public", "kabupaten", "nation", "mixed")]
    for way, sizes in (("first: $size", (0, 1, 3, 100)), ("last: $size", (2, 100))):
        for size, actor in itertools.product(sizes, actors):
            await pair.assert_same_answer(document.replace("SIZE", way), actor, size=size)
    document = document.replace("$size: Int!", "$period: PeriodInput").replace("SIZE", "first: 100, period: $period")
    for period in PERIODS:
        await pair.assert_same_answer(document, pair.sample_data.actors["nation"], period=period)


TEXTS = (
    "sinta",
    "Sin",
    "SINAT",
    "sitna",
    "banijr",
    "a",
    "banjir",
    "kab. kotawaringin timur",
    "%",
    "mohamad",
    "0812-0000-0001",
    "\U0001f30b",
)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("near", [None, {"kabupaten": HOME}, {"point": {"latitude": -2.5, "longitude": 113}}])
async def test_everything_is_found_like_by_the_second_reader(pair: ApiAndReader, near: object, part: int) -> None:
    hit = selection(core_schema().type_map["SearchHit"])
    document = f"""query($text: String!, $near: PlaceInput, $kinds: [SearchKind!]) {{
        search(text: $text, near: $near, kinds: $kinds, first: 40) {{
            totalCount nodes {hit} edges {{ cursor }} {PAGE_INFO} }} }}"""
    numbers = [row["number"] for row in pair.reader.rows.tables["membership"] if row["number"]]
    phones = [row["phone"] for row in pair.reader.rows.tables["volunteer"] if row["phone"]]
    texts = (*TEXTS, numbers[0], *phones[:2])
    for text, actor in in_turn(texts, pair.actors, 2 if near is None else 1)[part::PARTS]:
        await pair.assert_same_answer(document, actor, text=text, near=near)
    for actor in pair.actors[part::PARTS]:
        await pair.assert_same_answer(document, actor, text="Sinta", near=near, kinds=["VOLUNTEER", "SITE"])


NEAR = (
    "near: {point: {latitude: -2.5, longitude: 113}}",
    f'near: {{kabupaten: "{HOME}"}}, filter: {{near: {{place: {{kabupaten: "{HOME}"}}, kilometres: 700}}}}',
)


@pytest.mark.parametrize("name", [name for name, field in root_lists().items() if "near" in field.args])
async def test_every_list_near_a_place_is_answered_like_by_the_second_reader(pair: ApiAndReader, name: str) -> None:
    for near, size in zip(NEAR, ("first: 3", "last: 3"), strict=True):
        document = f"""query($at: String) {{ page: {name}({near}, {size}, after: $at) {{
            edges {{ cursor node {{ id }} }} {PAGE_INFO} }} }}"""
        for actor in (pair.sample_data.actors["nation"], pair.sample_data.actors["mixed"]):
            await pair.assert_same_answer(document, actor)
            page = (await pair.api.ask(document, actor=actor))["page"]
            await pair.assert_same_answer(document, actor, at=page["pageInfo"]["startCursor"])
