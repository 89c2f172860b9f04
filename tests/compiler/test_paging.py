import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from api.resolvers import SOURCES
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.compiler.sample_data import SampleData
from tests.compiler.selections import listed_type, orders, root_lists
from tests.sampling import sampled
from tests.test_filter import LISTS, listed

# Lists of things with an id.
NODES = {name: field for name, field in root_lists().items() if SOURCES[listed_type(field)].node}
WALKS = [(name, order) for name, field in NODES.items() for order in orders(field)]

# The code of every refused argument of a list.
CODE = "BAD_USER_INPUT"


def cursor(*values: object) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


KEY = "0190a5b0-0000-7000-8000-000000000000"
BROKEN = {
    "empty": "",
    "not base64": "~~~",
    "base64 with a line break": "WyJWb2x1bnRlZXIu\nTkFNRSIsICJBIl0=",
    "letters beyond ASCII": "🌋",
    "NUL as it is": "\x00",
    "bytes that are no text": base64.b64encode(b"\xff\xfe\x00").decode(),
    "no JSON": base64.b64encode(b"[").decode(),
    "JSON, but no list": base64.b64encode(b'{"a": 1}').decode(),
    "an empty list": cursor(),
    "deep JSON": base64.b64encode(b"[" * 5_000).decode(),
    "another type": cursor("Organization.NAME_ASC", "A", KEY),
    "another order": cursor("Volunteer.CREATED_AT_DESC", "2026-01-01T00:00:00+00:00", KEY),
    "no such order": cursor("Volunteer.LUCK", "A", KEY),
    "too short": cursor("Volunteer.NAME_ASC", "A"),
    "too long": cursor("Volunteer.NAME_ASC", "A", KEY, 1),
    "a number for a name": cursor("Volunteer.NAME_ASC", 1, KEY),
    "null for a name": cursor("Volunteer.NAME_ASC", None, KEY),
    "a list for a name": cursor("Volunteer.NAME_ASC", ["A"], KEY),
    "NUL in a name": cursor("Volunteer.NAME_ASC", "A\x00", KEY),
    "half a surrogate pair": base64.b64encode(rb'["Volunteer.NAME_ASC", "\ud800", "%s"]' % KEY.encode()).decode(),
    "no UUID for a key": cursor("Volunteer.NAME_ASC", "A", "x"),
    "null for a key": cursor("Volunteer.NAME_ASC", "A", None),
}
BROKEN_INSTANTS = {
    "no instant": "yesterday",
    "an instant without offset": "2026-01-01T00:00:00",
    "a day": "2026-01-01",
    "a number": 1,
    "beyond the calendar": "9999-12-31T23:59:59.999999-23:59",
    "before the calendar": "0001-01-01T00:00:00+23:59",
}
SIZES: dict[str, dict[str, int | None]] = {
    "neither": {},
    "both": {"first": 1, "last": 1},
    "first: null": {"first": None},
    "first: -1": {"first": -1},
    "first: 101": {"first": 101},
    "first: 1000000": {"first": 1_000_000},
    "last: -1": {"last": -1},
    "last: 101": {"last": 101},
}


@dataclass(frozen=True, slots=True)
class Walk:
    """Reads a list page by page, forwards or backwards."""

    api: Api
    actor: Any
    name: str
    order: str = ""
    size: int = 3
    forward: bool = True

    async def page(self, at: str | None) -> Json:
        size, bound = ("first", "after") if self.forward else ("last", "before")
        order = f", orderBy: {self.order}" if self.order else ""
        document = f"""query($size: Int!, $at: String) {{ page: {self.name}({size}: $size, {bound}: $at{order}) {{
            totalCount edges {{ cursor node {{ id }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
        return (await self.api.ask(document, actor=self.actor, size=self.size, at=at))["page"]

    async def pages(self) -> AsyncIterator[Json]:
        """All pages, until the page info says that there are no more."""
        at: str | None = None
        while True:
            page = await self.page(at)
            yield page
            info = page["pageInfo"]
            if not info["hasNextPage" if self.forward else "hasPreviousPage"]:
                return
            at = info["endCursor" if self.forward else "startCursor"]

    async def ids(self) -> list[str]:
        """All ids in the list's own order."""
        found: list[str] = []
        async for page in self.pages():
            ids = [edge["node"]["id"] for edge in page["edges"]]
            found = [*found, *ids] if self.forward else [*ids, *found]
        return found


async def make_volunteers(build: Build, *names: str, **values: Any) -> list[str]:
    return [f"Volunteer:{await build.person(name=name, **values)}" for name in names]


@pytest.mark.fuzz
async def test_paging_forwards_and_backwards_finds_each_row_once_in_the_same_order(
    api: Api, sample_data: SampleData
) -> None:
    actor = sample_data.actors["nation"]
    for name, order in sampled(WALKS, 0.5):
        size = 97 if name == "kabupatens" else 4
        forwards = Walk(api, actor, name, order, size)
        backwards = Walk(api, actor, name, order, size, forward=False)

        pages = [page async for page in forwards.pages()]
        ids = [edge["node"]["id"] for page in pages for edge in page["edges"]]

        assert len(ids) == len(set(ids)) == pages[0]["totalCount"], (name, order)
        assert ids == await backwards.ids(), (name, order)
        assert {page["totalCount"] for page in pages} == {len(ids)}, (name, order)
        assert [len(page["edges"]) for page in pages[:-1]] == [size] * (len(pages) - 1), (name, order)


async def test_ties_in_the_order_are_broken_by_the_key(api: Api, build: Build) -> None:
    ids = await make_volunteers(build, *["Sama"] * 7, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    nation = await build.coordinator()

    by_name = await Walk(api, nation, "volunteers", "NAME_ASC", 2).ids()
    by_age = await Walk(api, nation, "volunteers", "CREATED_AT_DESC", 2).ids()

    assert by_name == sorted(ids)
    assert by_age == sorted(ids, reverse=True)


async def test_timestamps_that_differ_by_a_microsecond_are_distinguished(api: Api, build: Build) -> None:
    instants = [datetime(2026, 1, 1, 0, 0, 0, micro, tzinfo=UTC) for micro in (0, 1, 10, 500_000, 999_999)]
    ids = [f"Volunteer:{await build.person(created_at=instant)}" for instant in instants]
    nation = await build.coordinator()

    assert await Walk(api, nation, "volunteers", "CREATED_AT_DESC", 1).ids() == ids[::-1]
    assert await Walk(api, nation, "volunteers", "CREATED_AT_DESC", 1, forward=False).ids() == ids[::-1]


async def test_certificates_without_an_expiry_come_last_and_can_be_paged(api: Api, build: Build) -> None:
    corps, person = await build.organization(), await build.person()
    for _ in range(3):
        await build.certificate(person, corps)
        await build.certificate(person, corps, expires_on=None)
    nation = await build.coordinator()

    ids = await Walk(api, nation, "certificates", "EXPIRES_ON_ASC", 1).ids()

    endless = await build.connection.fetch("SELECT id FROM certificate WHERE expires_on IS NULL")
    assert set(ids[3:]) == {f"Certificate:{row['id']}" for row in endless}
    assert len(set(ids)) == len(ids) == 6
    assert ids == await Walk(api, nation, "certificates", "EXPIRES_ON_ASC", 1, forward=False).ids()


@pytest.mark.parametrize("forward", [True, False], ids=["forwards", "backwards"])
async def test_rows_that_exist_throughout_are_neither_repeated_nor_lost_by_inserts_and_deletes(
    api: Api, build: Build, *, forward: bool
) -> None:
    stay = await make_volunteers(build, *"BDFHJLN")
    go = await make_volunteers(build, *"CEGIKM")
    nation = await build.coordinator()
    walk = Walk(api, nation, "volunteers", "NAME_ASC", 2, forward=forward)

    seen: list[str] = []
    async for page in walk.pages():
        seen += [edge["node"]["id"] for edge in page["edges"]][:: 1 if forward else -1]
        await make_volunteers(build, "A", "G", "Z")
        # The row of the next cursor may be deleted as well.
        gone = next((id_ for id_ in (*reversed(seen), *go) if id_ in go), None)
        if gone:
            go.remove(gone)
            await build.connection.execute("DELETE FROM volunteer WHERE id = $1", gone.partition(":")[2])

    assert len(seen) == len(set(seen))
    assert [id_ for id_ in seen if id_ in stay] == (stay if forward else stay[::-1])


@pytest.mark.parametrize("forward", [True, False], ids=["forwards", "backwards"])
async def test_candidates_are_paged_through_their_tiers(api: Api, build: Build, *, forward: bool) -> None:
    corps = await build.organization()
    homes = ("18.03", HOME, "62.06", HOME, "62.06", "91.71", HOME)
    for home in homes:
        await build.volunteer(corps, kabupaten_code=home)
    need, nation = await build.need(), await build.coordinator()
    size, bound = ("first", "after") if forward else ("last", "before")
    document = f"""query($id: ID!, $at: String) {{ node(id: $id) {{ ... on Need {{
        candidates({size}: 2, {bound}: $at) {{ totalCount edges {{ cursor node {{ tier kilometres volunteer {{ id }} }} }}
          pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"""

    found: list[Any] = []
    at, sizes = None, []
    while True:
        page = (await api.ask(document, actor=nation, id=f"Need:{need}", at=at))["node"]["candidates"]
        nodes = [edge["node"] for edge in page["edges"]]
        found = [*found, *nodes] if forward else [*nodes, *found]
        sizes.append((page["totalCount"], len(nodes)))
        if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
            break
        at = page["pageInfo"]["endCursor" if forward else "startCursor"]

    assert sizes == [(7, 2), (7, 2), (7, 2), (7, 1)]
    assert [node["tier"] for node in found] == ["KABUPATEN"] * 3 + ["PROVINCE"] * 2 + ["NATIONAL"] * 2
    assert len({node["volunteer"]["id"] for node in found}) == 7
    places = [(node["tier"], node["kilometres"], node["volunteer"]["id"]) for node in found]
    assert places == sorted(
        places, key=lambda place: (["KABUPATEN", "PROVINCE", "NATIONAL"].index(place[0]), *place[1:])
    )


async def page_summary(api: Api, actor: Any, **arguments: Any) -> tuple[str, bool, bool]:
    document = """query($first: Int, $last: Int, $after: String, $before: String) {
        volunteers(first: $first, last: $last, after: $after, before: $before) {
          totalCount nodes { name } pageInfo { hasPreviousPage hasNextPage } } }"""
    page = (await api.ask(document, actor=actor, **arguments))["volunteers"]
    assert page["totalCount"] == 5
    info = page["pageInfo"]
    return "".join(node["name"] for node in page["nodes"]), info["hasPreviousPage"], info["hasNextPage"]


async def test_page_info_says_exactly_whether_there_are_more_rows_on_either_side(api: Api, build: Build) -> None:
    await make_volunteers(build, *"ABCDE")
    nation = await build.coordinator()
    edges = (await Walk(api, nation, "volunteers", "NAME_ASC", 5).page(None))["edges"]
    a, b, c, d, e = (edge["cursor"] for edge in edges)

    cases: list[tuple[Mapping[str, Any], tuple[str, bool, bool]]] = [
        ({"first": 5}, ("ABCDE", False, False)),
        ({"first": 6}, ("ABCDE", False, False)),
        ({"first": 4}, ("ABCD", False, True)),
        ({"first": 2, "after": b}, ("CD", True, True)),
        ({"first": 3, "after": b}, ("CDE", True, False)),
        ({"first": 2, "after": e}, ("", True, False)),
        ({"first": 9, "before": c}, ("AB", False, True)),
        ({"first": 1, "before": c}, ("A", False, True)),
        ({"first": 9, "after": a, "before": e}, ("BCD", True, True)),
        ({"first": 9, "after": d, "before": b}, ("", True, True)),
        ({"first": 9, "before": a}, ("", False, True)),
        ({"first": 0}, ("", False, True)),
        ({"first": 0, "after": c}, ("", True, True)),
        ({"first": 0, "after": e}, ("", True, False)),
        ({"first": 0, "after": d, "before": e}, ("", True, True)),
        ({"last": 5}, ("ABCDE", False, False)),
        ({"last": 4}, ("BCDE", True, False)),
        ({"last": 2, "before": d}, ("BC", True, True)),
        ({"last": 3, "before": d}, ("ABC", False, True)),
        ({"last": 2, "before": a}, ("", False, True)),
        ({"last": 9, "after": c}, ("DE", True, False)),
        ({"last": 1, "after": c}, ("E", True, False)),
        ({"last": 9, "after": a, "before": e}, ("BCD", True, True)),
        ({"last": 9, "after": e}, ("", True, False)),
        ({"last": 0}, ("", True, False)),
        ({"last": 0, "before": a}, ("", False, True)),
        ({"last": 0, "before": c}, ("", True, True)),
    ]
    for arguments, expected in cases:
        assert await page_summary(api, nation, **arguments) == expected, arguments


async def test_an_empty_list_has_no_pages_and_no_cursors(api: Api) -> None:
    page = await Walk(api, None, "volunteers", "NAME_ASC").page(None)

    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page == {"totalCount": 0, "edges": [], "pageInfo": info}


async def test_a_hidden_row_changes_neither_the_count_nor_the_page_info(api: Api, build: Build) -> None:
    hidden = {"kabupaten_code": "18.03", "reach": "KABUPATEN"}
    await make_volunteers(build, "A", "C", "E", **hidden)
    await make_volunteers(build, "B", "D")
    local = await build.coordinator(kabupaten_code=HOME)
    nation = await build.coordinator()
    everybody = await Walk(api, nation, "volunteers", "NAME_ASC", 5).page(None)

    first = await Walk(api, local, "volunteers", "NAME_ASC", 1).page(None)
    before_c = await Walk(api, local, "volunteers", "NAME_ASC", 5, forward=False).page(everybody["edges"][2]["cursor"])

    assert first["totalCount"] == 2
    assert first["edges"] == [everybody["edges"][1]]
    assert before_c["edges"] == [everybody["edges"][1]]
    assert before_c["pageInfo"]["hasPreviousPage"] is False
    assert before_c["pageInfo"]["hasNextPage"] is True


# Refused arguments.

PARTS = {
    "rows": "nodes { id }",
    "the total": "totalCount",
    "the page": "pageInfo { hasNextPage }",
    "nothing": "__typename",
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
async def test_a_broken_or_foreign_cursor_is_bad_input(api: Api, build: Build, part: str) -> None:
    await make_volunteers(build, "A")
    nation = await build.coordinator()
    document = f"""query($after: String, $before: String) {{
        volunteers(first: 1, after: $after, before: $before) {{ {part} }} }}"""
    for what, broken in BROKEN.items():
        for side in ("after", "before"):
            errors = await api.errors(document, actor=nation, **{side: broken})

            assert errors == [(CODE, ["volunteers"])], (what, side)


@pytest.mark.parametrize("value", BROKEN_INSTANTS.values(), ids=BROKEN_INSTANTS)
async def test_a_cursor_without_a_valid_timestamp_is_bad_input(api: Api, build: Build, value: object) -> None:
    nation = await build.coordinator()
    document = "query($after: String) { volunteers(first: 1, orderBy: CREATED_AT_DESC, after: $after) { totalCount nodes { id } } }"

    errors = await api.errors(document, actor=nation, after=cursor("Volunteer.CREATED_AT_DESC", value, KEY))

    assert errors == [(CODE, ["volunteers"])]


@pytest.mark.parametrize("value", [1, "x", None, "2026-02-30", "9999-99-99"])
async def test_a_cursor_without_a_valid_date_is_bad_input(api: Api, value: object) -> None:
    document = "query($after: String) { memberships(first: 1, after: $after) { totalCount } }"

    assert await api.errors(document, after=cursor("Membership.SINCE_DESC", value, KEY)) == [(CODE, ["memberships"])]


@pytest.mark.parametrize("arguments", SIZES.values(), ids=SIZES)
async def test_a_wrong_size_is_bad_input(api: Api, build: Build, arguments: Mapping[str, int | None]) -> None:
    need, nation = await build.need(), await build.coordinator()
    at_root = "query($first: Int, $last: Int) { volunteers(first: $first, last: $last) { totalCount } }"
    nested = """query($first: Int, $last: Int, $id: ID!) { node(id: $id) { ... on Need {
        offers: assignments(first: $first, last: $last) { nodes { id } } } } }"""
    deep = """query($first: Int, $last: Int) { provinces(first: 1) { edges { node {
        places: kabupatens(first: 1) { nodes { volunteers(first: $first, last: $last) { __typename } } } } } } }"""
    candidates = """query($first: Int, $last: Int, $id: ID!) { node(id: $id) { ... on Need {
        candidates(first: $first, last: $last) { nodes { tier } } } } }"""

    id_ = f"Need:{need}"
    assert await api.errors(at_root, actor=nation, **arguments) == [(CODE, ["volunteers"])]
    assert await api.errors(nested, actor=nation, id=id_, **arguments) == [(CODE, ["node", "offers"])]
    assert await api.errors(candidates, actor=nation, id=id_, **arguments) == [(CODE, ["node", "candidates"])]
    path = ["provinces", "edges", "node", "places", "nodes", "volunteers"]
    assert await api.errors(deep, actor=nation, **arguments) == [(CODE, path)]


@pytest.mark.parametrize("arguments", [2_147_483_648, -2_147_483_649, 1.5, "1", True], ids=str)
async def test_a_size_that_is_not_an_int_is_bad_input(api: Api, arguments: object) -> None:
    answer = await api.post("query($first: Int) { volunteers(first: $first) { totalCount } }", first=arguments)

    assert [error["extensions"]["code"] for error in answer["errors"]] == [CODE]
    assert "data" not in answer


async def test_an_error_in_a_nullable_root_leaves_the_other_roots_unchanged(api: Api, build: Build) -> None:
    volunteer = await build.person()
    account = await build.volunteer_account(volunteer)

    answer = await api.post(
        '{ me { name volunteer { assignments(first: 101) { totalCount } } } node(id: "x") { id } cluster: node(id: "Cluster:LOGISTICS") { id } }',
        actor=account,
    )

    assert answer["data"] == {"me": None, "node": None, "cluster": {"id": "Cluster:LOGISTICS"}}
    found = {(error["extensions"]["code"], *error["path"]) for error in answer["errors"]}
    assert found == {(CODE, "me", "volunteer", "assignments"), (CODE, "node")}


async def test_a_wrong_size_is_refused_with_a_cached_plan_too(api: Api) -> None:
    document = "query($first: Int) { ranks(first: $first) { totalCount nodes { id } } }"

    answers = [await api.post(document, first=size) for size in (1, -1, 2, 101, 0)]

    assert ["errors" in answer for answer in answers] == [False, True, False, True, False]


@pytest.mark.parametrize(
    "id_", ["", "x", "Need:", ":x", "Need:x", "Need:\x00", "Organization:00000000-0000-0000-0000-000000000000"]
)
async def test_a_wrong_id_in_a_filter_is_bad_input(api: Api, id_: str) -> None:
    for part in PARTS.values():
        document = f"query($id: ID!) {{ assignments(first: 1, filter: {{need: {{eq: $id}}}}) {{ {part} }} }}"

        assert await api.errors(document, id=id_) == [(CODE, ["assignments"])], part


async def test_reported_incidents_are_hidden_from_the_public(api: Api, build: Build) -> None:
    shown = [f"Incident:{await build.incident(status=status)}" for status in ("VERIFIED", "ACTIVE", "CLOSED")]
    await build.incident(status="REPORTED")

    page = await Walk(api, None, "incidents", "STARTED_AT_DESC", 3).page(None)

    assert {edge["node"]["id"] for edge in page["edges"]} == set(shown)
    assert page["totalCount"] == 3
    assert page["pageInfo"]["hasNextPage"] is False


async def test_each_order_goes_in_both_directions_and_null_is_the_default(api: Api, sample_data: SampleData) -> None:
    nation = sample_data.actors["nation"]
    assert nation is not None
    for root, target in LISTS.items():
        orders = list(SOURCES[target].orders)
        keys = {order.rpartition("_")[0] for order in orders}
        assert sorted(orders) == sorted(f"{key}_{direction}" for key in keys for direction in ("ASC", "DESC"))
        for key in keys:
            ascending = await listed(api, root, nation, f"first: 100, orderBy: {key}_ASC")
            descending = await listed(api, root, nation, f"last: 100, orderBy: {key}_DESC")
            assert ascending, root
            assert ascending == descending[::-1], (root, key)
        default = [
            await listed(api, root, nation, f"first: 100{order}")
            for order in ("", ", orderBy: null", f", orderBy: {orders[0]}")
        ]
        assert default == [default[0]] * 3
