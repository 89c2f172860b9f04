"""Filters, orders and counts of lists, through the API."""

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from graphql.pyutils import snake_to_camel

from api.compiler.source import ToConnection
from api.resolvers import ROOTS, SOURCES
from tests.asking import Api, Json, instant
from tests.builders import FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def matching(api: Api, root: str, filter_: Json, actor: uuid.UUID | None, field: str = "id") -> list[Any]:
    """The sorted values of the field of all things that the filter matches; also asserts their count."""
    type_ = f"{root[0].upper()}{root[1:-1]}Filter"
    document = f"query($filter: {type_}) {{ {root}(first: 100, filter: $filter) {{ totalCount nodes {{ {field} }} }} }}"
    data = await api.ask(document, actor=actor, filter=filter_)
    found = sorted(node[field] for node in data[root]["nodes"])
    assert data[root]["totalCount"] == len(found)
    return found


# Operators on each kind of column, and groups of conditions.

# Needs by the number of people wanted, and how they differ.
NEEDS: Mapping[int, Mapping[str, Any]] = {
    1: {"priority": "URGENT", "starts_at": NOW, "ends_at": NOW + DAY, "minimum_rank_code": "TAGANA_MUDA"},
    2: {"priority": "LOW", "starts_at": NOW + DAY, "ends_at": NOW + 2 * DAY, "closed_at": NOW},
    3: {"priority": "LOW", "starts_at": NOW + 2 * DAY, "ends_at": NOW + 9 * DAY, "kabupaten_code": NEIGHBOUR},
    4: {"priority": "HIGH", "starts_at": NOW - 9 * DAY, "ends_at": NOW, "kabupaten_code": FAR},
}
ALL = [1, 2, 3, 4]

NEED_FILTERS: list[tuple[Json, list[int]]] = [
    ({}, ALL),
    # Numbers.
    ({"peopleWanted": {"eq": 2}}, [2]),
    ({"peopleWanted": {"in": [1, 4, 9]}}, [1, 4]),
    ({"peopleWanted": {"in": []}}, []),
    ({"peopleWanted": {"gt": 2}}, [3, 4]),
    ({"peopleWanted": {"gte": 2, "lt": 4}}, [2, 3]),
    ({"peopleWanted": {"lte": 1}}, [1]),
    ({"peopleWanted": {"not": {"eq": 2}}}, [1, 3, 4]),
    ({"peopleWanted": {"not": {"gt": 1, "lt": 4}}}, [1, 4]),
    ({"peopleWanted": {"not": {"not": {"eq": 2}}}}, [2]),
    ({"peopleWanted": {"gt": 1, "not": {"eq": 3}}}, [2, 4]),
    ({"peopleWanted": {"isNull": True}}, []),
    ({"peopleWanted": {"isNull": False}}, ALL),
    # What is null is no condition.
    ({"peopleWanted": None, "and": None, "or": None, "not": None}, ALL),
    ({"peopleWanted": {"eq": None, "gt": None, "in": None, "not": None, "isNull": None}}, ALL),
    ({"peopleWanted": {}}, ALL),
    # Enums.
    ({"priority": {"eq": "LOW"}}, [2, 3]),
    ({"priority": {"in": ["LOW", "URGENT"]}}, [1, 2, 3]),
    ({"priority": {"in": []}}, []),
    ({"priority": {"not": {"in": ["LOW", "URGENT"]}}}, [4]),
    # Instants.
    ({"startsAt": {"eq": instant(NOW)}}, [1]),
    ({"startsAt": {"gte": instant(NOW + DAY)}}, [2, 3]),
    ({"startsAt": {"gt": instant(NOW + DAY)}}, [3]),
    ({"endsAt": {"lt": instant(NOW + 2 * DAY)}}, [1, 4]),
    ({"endsAt": {"in": [instant(NOW), instant(NOW + DAY)]}}, [1, 4]),
    ({"startsAt": {"gte": "2026-03-01T08:00:00+07:00", "lte": "2026-03-02T10:00:00+09:00"}}, [1, 2]),
    # What may be null: a null meets `not` and `isNull` only.
    ({"closedAt": {"isNull": True}}, [1, 3, 4]),
    ({"closedAt": {"isNull": False}}, [2]),
    ({"closedAt": {"gte": instant(NOW)}}, [2]),
    ({"closedAt": {"not": {"gte": instant(NOW)}}}, [1, 3, 4]),
    ({"closedAt": {"not": {"isNull": True}}}, [2]),
    # Things.
    ({"kabupaten": {"eq": HOME}}, [1, 2]),
    ({"kabupaten": {"in": [HOME, f"Kabupaten:{FAR}"]}}, [1, 2, 4]),
    ({"kabupaten": {"in": []}}, []),
    ({"kabupaten": {"not": {"eq": HOME}}}, [3, 4]),
    ({"kabupaten": {"isNull": True}}, []),
    ({"province": {"eq": "62"}}, [1, 2, 3]),
    ({"province": {"not": {"in": ["62"]}}}, [4]),
    ({"minimumRank": {"isNull": True}}, [2, 3, 4]),
    ({"minimumRank": {"isNull": False}}, [1]),
    ({"minimumRank": {"eq": "TAGANA_MUDA"}}, [1]),
    ({"minimumRank": {"not": {"eq": "TAGANA_MUDA"}}}, [2, 3, 4]),
    # Computed.
    ({"open": True}, [1, 3]),
    ({"open": False}, [2, 4]),
    # Periods, which end before the instant of their end.
    ({"period": {"contains": instant(NOW)}}, [1]),
    ({"period": {"contains": instant(NOW + DAY)}}, [2]),
    ({"period": {"contains": instant(NOW - HOUR)}}, [4]),
    ({"period": {"overlaps": {"since": instant(NOW), "until": instant(NOW + DAY)}}}, [1]),
    ({"period": {"overlaps": {"since": instant(NOW - HOUR), "until": instant(NOW + DAY + HOUR)}}}, [1, 2, 4]),
    ({"period": {"overlaps": {"since": instant(NOW + 9 * DAY), "until": instant(NOW + 99 * DAY)}}}, []),
    ({"period": {"contains": None}}, ALL),
    # Groups.
    ({"priority": {"eq": "LOW"}, "kabupaten": {"eq": HOME}}, [2]),
    ({"and": [{"priority": {"eq": "LOW"}}, {"kabupaten": {"eq": HOME}}]}, [2]),
    ({"or": [{"priority": {"eq": "URGENT"}}, {"kabupaten": {"eq": NEIGHBOUR}}]}, [1, 3]),
    ({"or": [{"priority": {"eq": "LOW"}, "open": True}, {"peopleWanted": {"eq": 4}}]}, [3, 4]),
    ({"not": {"priority": {"eq": "LOW"}}}, [1, 4]),
    ({"not": {"closedAt": {"gte": instant(NOW)}}}, [1, 3, 4]),
    ({"not": {"or": [{"open": False}, {"peopleWanted": {"eq": 1}}]}}, [3]),
    ({"priority": {"eq": "LOW"}, "or": [{"peopleWanted": {"lt": 3}}, {"open": False}]}, [2]),
    ({"and": []}, ALL),
    ({"or": []}, []),
    ({"and": [{}]}, ALL),
    ({"or": [{}]}, ALL),
    ({"not": {}}, []),
    ({"and": [{"or": [{"not": {"and": [{"peopleWanted": {"gte": 2}}]}}]}]}, [1]),
]


@pytest.fixture
async def needs(build: Build) -> None:
    for number, values in NEEDS.items():
        await build.need(wanted=number, **values)


@pytest.mark.usefixtures("needs")
async def test_needs_are_filtered(api: Api) -> None:
    found = [(filter_, await matching(api, "needs", filter_, None, "peopleWanted")) for filter_, _ in NEED_FILTERS]

    assert found == NEED_FILTERS


@pytest.mark.usefixtures("needs")
async def test_a_filter_may_also_be_written_in_the_document(api: Api) -> None:
    data = await api.ask(
        f"""query($wanted: Int, $at: DateTime) {{ needs(first: 9, orderBy: STARTS_AT_ASC, filter: {{
          or: [{{peopleWanted: {{eq: $wanted}}}}, {{priority: {{in: [URGENT]}}}}, {{period: {{contains: $at}}}}],
          not: {{kabupaten: {{eq: "{FAR}"}}}} }}) {{ totalCount nodes {{ peopleWanted }} }} }}""",
        wanted=4,
        at=instant(NOW + 2 * DAY),
    )

    assert data == {"needs": {"totalCount": 2, "nodes": [{"peopleWanted": 1}, {"peopleWanted": 3}]}}


def nested(depth: int) -> Json:
    """A filter of this depth."""
    return {"peopleWanted": {"gte": 1}} if depth == 1 else {"and": [nested(depth - 1)]}


def repeated(times: int, **operators: Any) -> Json:
    return {"and": [{"peopleWanted": operators}] * times}


AT_MOST_8: Json = {"not": {"gt": 8}}
MANY_VALUES = "Name at most 100 values at once."
FUTURE = NOW + timedelta(days=999)


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize(
    ("largest", "larger", "message"),
    [
        (nested(5), nested(6), "Conditions may be nested 5 deep."),
        ({"or": [nested(1)] * 50}, {"or": [nested(1)] * 51}, "A filter may have 50 conditions."),
        # Every operator, every `not` and every empty group is a condition.
        (repeated(25, gte=1, lt=9), repeated(26, gte=1, lt=9), "A filter may have 50 conditions."),
        (repeated(16, gte=1, **AT_MOST_8), repeated(17, gte=1, **AT_MOST_8), "A filter may have 50 conditions."),
        ({"and": [{}] * 50}, {"and": [{}] * 51}, "A filter may have 50 conditions."),
        ({"peopleWanted": {"in": list(range(100))}}, {"peopleWanted": {"in": list(range(101))}}, MANY_VALUES),
        (
            {"startsAt": {"not": {"in": [instant(FUTURE)] * 100}}},
            {"startsAt": {"not": {"in": [instant(FUTURE)] * 101}}},
            MANY_VALUES,
        ),
    ],
    ids=["depth", "conditions", "operators", "nots", "groups", "numbers", "instants"],
)
async def test_the_size_of_a_filter_is_limited(api: Api, largest: Json, larger: Json, message: str) -> None:
    answer = await api.post(
        "query($filter: NeedFilter) { needs(first: 9, filter: $filter) { totalCount } }", filter=larger
    )

    assert await matching(api, "needs", largest, None, "peopleWanted") == ALL
    assert answer == {
        "data": {"needs": None},
        "errors": [{"message": message, "path": ["needs"], "extensions": {"code": "BAD_USER_INPUT"}}],
    }


def negated(times: int) -> Json:
    return {"eq": 1} if times == 0 else {"not": negated(times - 1)}


@pytest.mark.usefixtures("needs")
async def test_an_operator_may_be_negated_often(api: Api) -> None:
    found = [await matching(api, "needs", {"peopleWanted": negated(times)}, None, "peopleWanted") for times in (28, 29)]

    assert found == [[1], [2, 3, 4]]


@pytest.mark.parametrize("levels", [33, 150, 300])
async def test_a_value_that_is_nested_too_deep_is_bad_input(
    api: Api, levels: int, caplog: pytest.LogCaptureFixture
) -> None:
    written = "{not: " * levels + "{eq: 1}" + "}" * levels
    group: Json = {"open": True}
    for _level in range(levels):
        group = {"or": [group]}

    answers = [
        await api.post(f"{{ needs(first: 1, filter: {{peopleWanted: {written}}}) {{ totalCount }} }}"),
        await api.post(
            "query($value: IntFilter) { needs(first: 1, filter: {peopleWanted: $value}) { totalCount } }",
            value=negated(levels),
        ),
        await api.post("query($value: NeedFilter) { needs(first: 1, filter: $value) { totalCount } }", value=group),
    ]

    assert [[error["extensions"]["code"] for error in answer["errors"]] for answer in answers] == [
        ["BAD_USER_INPUT"]
    ] * 3
    assert caplog.records == []


# Texts.


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"eq": "Ani 100%"}, ["Ani 100%"]),
        ({"eq": "ani 100%"}, []),
        ({"eq": " Ani\u00a0 100% "}, ["Ani 100%"]),
        ({"in": ["Budi_2", "Citra"]}, ["Budi_2"]),
        ({"contains": "%"}, []),
        ({"contains": "_"}, []),
        ({"contains": "\\"}, []),
        ({"contains": "i-2"}, ["Budi_2"]),
        ({"contains": "\\n"}, ["Ani 100%", "Dewi\\n"]),
        ({"contains": "I"}, ["Ani 100%", "Budi_2", "Dewi\\n"]),
        ({"contains": ""}, ["Ani 100%", "Budi_2", "Dewi\\n"]),
        ({"not": {"contains": "i_2"}}, ["Ani 100%", "Dewi\\n"]),
        ({"isNull": True}, []),
        ({"contains": "x" * 200}, []),
    ],
    ids=str,
)
async def test_texts_are_filtered(api: Api, build: Build, condition: Json, expected: list[str]) -> None:
    for name in ("Ani 100%", "Budi_2", "Dewi\\n"):
        await build.person(name=name)

    found = await matching(api, "volunteers", {"name": condition}, await build.coordinator(), "name")

    assert found == expected


@pytest.mark.parametrize("text", ["x" * 201, "a\x00"], ids=["long", "nul"])
async def test_a_text_that_cannot_be_sought_is_bad_input(api: Api, text: str) -> None:
    errors = await api.errors(
        "query($text: String) { needs(first: 0) { totalCount } incidents(first: 1, filter: {title: {contains: $text}}) { totalCount } }",
        text=text,
    )

    assert errors == [("BAD_USER_INPUT", ["incidents"])]


# Volunteers, by what they can do.


async def test_volunteers_are_filtered(api: Api, build: Build) -> None:
    corps, other = await build.organization(), await build.organization(corps="PELOPOR")
    people: dict[str, uuid.UUID] = {
        "Ani": await build.person(name="Ani"),
        "Budi": await build.person(name="Budi", kabupaten_code=NEIGHBOUR, reach="PROVINCE"),
        "Citra": await build.person(name="Citra", kabupaten_code=FAR, status="INACTIVE"),
    }
    await build.membership(people["Ani"], corps, rank_code="TAGANA_MUDA")
    await build.membership(people["Budi"], corps, rank_code="TAGANA_UTAMA", until=NOW.date())
    await build.membership(people["Citra"], corps, rank_code="TAGANA_UTAMA", until=NOW.date() - DAY)
    await build.membership(people["Citra"], other, rank_code="PELOPOR_KOORDINATOR")
    await build.certificate(people["Ani"], corps, expires_on=date(2026, 3, 1))
    await build.certificate(people["Budi"], corps, issued_on=date(2026, 3, 2), expires_on=None)
    await build.certificate(people["Citra"], corps, revoked_on=date(2026, 1, 1), revocation_reason="Palsu")
    start = NOW + DAY
    await build.assignment(await build.need(starts_at=start, ends_at=start + DAY), people["Ani"], status="ACCEPTED")
    await build.assignment(await build.need(starts_at=start, ends_at=start + DAY), people["Budi"])
    during = {"since": instant(start + HOUR), "until": instant(start + 2 * HOUR)}
    cases: list[tuple[Json, list[str]]] = [
        ({"organization": f"Organization:{corps}"}, ["Ani", "Budi"]),
        ({"organization": f"Organization:{other}"}, ["Citra"]),
        ({"rank": "TAGANA_MUDA"}, ["Ani", "Budi"]),
        ({"rank": "Rank:TAGANA_MADYA"}, ["Budi"]),
        ({"trainedFor": {"skill": SKILL}}, ["Ani"]),
        ({"trainedFor": {"skill": SKILL, "on": None}}, ["Ani"]),
        ({"trainedFor": {"skill": f"Skill:{SKILL}", "on": "2026-03-02"}}, ["Budi"]),
        ({"trainedFor": {"skill": "SHELTER"}}, []),
        ({"freeIn": during}, ["Budi", "Citra"]),
        ({"freeIn": {"since": instant(start + DAY), "until": instant(start + 2 * DAY)}}, ["Ani", "Budi", "Citra"]),
        ({"not": {"freeIn": during}}, ["Ani"]),
        # One instant; a duty holds its start and not its end.
        ({"freeIn": {"since": instant(start), "until": instant(start)}}, ["Budi", "Citra"]),
        ({"freeIn": {"since": instant(start + DAY), "until": instant(start + DAY)}}, ["Ani", "Budi", "Citra"]),
        ({"kabupaten": {"in": [HOME, FAR]}}, ["Ani", "Citra"]),
        ({"province": {"eq": "62"}}, ["Ani", "Budi"]),
        ({"reach": {"eq": "NATIONAL"}}, ["Ani", "Citra"]),
        ({"status": {"not": {"eq": "ACTIVE"}}}, ["Citra"]),
        ({"trainedFor": {"skill": SKILL}, "organization": f"Organization:{corps}", "freeIn": during}, []),
        ({"or": [{"trainedFor": {"skill": SKILL}}, {"status": {"eq": "INACTIVE"}}]}, ["Ani", "Citra"]),
    ]
    coordinator = await build.coordinator()

    found = [(filter_, await matching(api, "volunteers", filter_, coordinator, "name")) for filter_, _ in cases]

    assert found == cases


# Records of volunteers: periods of days.


async def test_memberships_and_certificates_are_filtered(api: Api, build: Build) -> None:
    corps, issuer = await build.organization(), await build.organization()
    person, coordinator = await build.person(), await build.coordinator()
    for number, since, until, rank in (
        ("1", date(2020, 1, 1), date(2021, 12, 31), "TAGANA_MUDA"),
        ("2", date(2022, 1, 1), None, "TAGANA_MADYA"),
        ("3", date(2019, 1, 1), date(2019, 1, 1), None),
    ):
        organization = corps if number == "1" else issuer if number == "2" else await build.organization()
        await build.membership(person, organization, number=number, since=since, until=until, rank_code=rank)
    await build.certificate(person, issuer, number="A", issued_on=date(2024, 1, 1), expires_on=date(2024, 12, 31))
    await build.certificate(person, corps, number="B", expires_on=None, certificate_type_code="TKSK_BASIC")
    await build.certificate(person, corps, number="C", revoked_on=date(2025, 1, 1), revocation_reason="Palsu")
    memberships: list[tuple[Json, list[str]]] = [
        ({"period": {"contains": "2021-12-31"}}, ["1"]),
        ({"period": {"contains": "2022-01-01"}}, ["2"]),
        ({"period": {"contains": "2019-01-01"}}, ["3"]),
        ({"period": {"overlaps": {"since": "2021-12-31", "until": "2022-01-01"}}}, ["1", "2"]),
        ({"period": {"overlaps": {"since": "2099-01-01", "until": "2099-01-01"}}}, ["2"]),
        ({"until": {"isNull": True}}, ["2"]),
        ({"until": {"lte": "2021-12-31"}}, ["1", "3"]),
        ({"since": {"gt": "2019-01-01"}}, ["1", "2"]),
        ({"rank": {"isNull": True}}, ["3"]),
        ({"rank": {"in": ["TAGANA_MUDA", "Rank:TAGANA_MADYA"]}}, ["1", "2"]),
        ({"organization": {"eq": f"Organization:{corps}"}}, ["1"]),
        ({"organization": {"not": {"eq": f"Organization:{corps}"}}}, ["2", "3"]),
        ({"volunteer": {"eq": f"Volunteer:{person}"}, "number": {"in": ["1", "3"]}}, ["1", "3"]),
    ]
    certificates: list[tuple[Json, list[str]]] = [
        ({"validOn": "2024-12-31"}, ["A", "B"]),
        ({"validOn": "2025-01-01"}, ["B"]),
        ({"not": {"validOn": "2025-01-01"}}, ["A", "C"]),
        ({"expiresOn": {"isNull": True}}, ["B"]),
        ({"expiresOn": {"gte": "2025-01-01"}}, ["C"]),
        ({"revokedOn": {"isNull": False}}, ["C"]),
        ({"type": {"eq": "TKSK_BASIC"}}, ["B"]),
        ({"issuer": {"eq": f"Organization:{corps}"}, "issuedOn": {"eq": "2024-01-01"}}, ["B", "C"]),
        ({"number": {"in": ["A"]}}, ["A"]),
    ]

    found = [
        [(filter_, await matching(api, root, filter_, coordinator, "number")) for filter_, _ in cases]
        for root, cases in (("memberships", memberships), ("certificates", certificates))
    ]

    assert found == [memberships, certificates]


async def test_what_refers_to_a_hidden_thing_counts_as_null(api: Api, build: Build) -> None:
    hidden, person = await build.organization(verification="PENDING", kabupaten_code=FAR), await build.person()
    visible = await build.organization()
    for number, organization in (("hidden", hidden), ("visible", visible)):
        await build.membership(person, organization, number=number)
    local, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    filters: list[Json] = [{"organization": {"isNull": True}}, {"organization": {"isNull": False}}]

    for_local = [await matching(api, "memberships", filter_, local, "number") for filter_ in filters]
    for_nation = [await matching(api, "memberships", filter_, nation, "number") for filter_ in filters]

    assert for_local == [["hidden"], ["visible"]]
    assert for_nation == [[], ["hidden", "visible"]]


# Assignments and incidents, by what they belong to.


async def test_assignments_and_incidents_are_filtered(api: Api, build: Build) -> None:
    flood = await build.incident([HOME, NEIGHBOUR], title="Banjir 50%")
    wave = await build.incident([FAR], title="Gelombang", hazard_code="EXTREME_WAVE", status="CLOSED", ended_at=NOW)
    home, neighbour = await build.need(flood), await build.need(flood, kabupaten_code=NEIGHBOUR)
    far = await build.need(wave, kabupaten_code=FAR, starts_at=NOW - 5 * DAY, ends_at=NOW - DAY)
    person, coordinator = await build.volunteer(), await build.coordinator()
    a = f"Assignment:{await build.assignment(home, person)}"
    b = f"Assignment:{await build.assignment(neighbour, await build.volunteer(), status='DECLINED')}"
    c = f"Assignment:{await build.assignment(far, person, status='COMPLETED')}"
    assignments: list[tuple[Json, list[str]]] = [
        ({"incident": {"eq": f"Incident:{flood}"}}, [a, b]),
        ({"incident": {"in": [f"Incident:{wave}"]}}, [c]),
        ({"kabupaten": {"eq": NEIGHBOUR}}, [b]),
        ({"kabupaten": {"not": {"eq": f"Kabupaten:{HOME}"}}}, [b, c]),
        ({"need": {"eq": f"Need:{home}"}}, [a]),
        ({"volunteer": {"eq": f"Volunteer:{person}"}}, [a, c]),
        ({"period": {"overlaps": {"since": instant(NOW - 2 * DAY), "until": instant(NOW)}}}, [c]),
        ({"period": {"contains": instant(NOW + 2 * DAY)}, "status": {"eq": "OFFERED"}}, [a]),
        ({"expiresAt": {"isNull": True}, "startsAt": {"lt": instant(NOW)}}, [c]),
    ]
    incidents: list[tuple[Json, list[str]]] = [
        ({"kabupaten": {"eq": NEIGHBOUR}}, ["Banjir 50%"]),
        ({"kabupaten": {"in": [HOME, NEIGHBOUR]}}, ["Banjir 50%"]),
        ({"kabupaten": {"in": [HOME, FAR]}}, ["Banjir 50%", "Gelombang"]),
        ({"not": {"kabupaten": {"eq": HOME}}}, ["Gelombang"]),
        # Among what belongs to it, `not` means that none of them is it.
        ({"kabupaten": {"not": {"eq": NEIGHBOUR}}}, ["Gelombang"]),
        ({"kabupaten": {"not": {"in": [HOME, FAR]}}}, []),
        ({"kabupaten": {"eq": HOME, "not": {"eq": NEIGHBOUR}}}, []),
        ({"kabupaten": {"eq": HOME, "not": {"eq": FAR}}}, ["Banjir 50%"]),
        ({"kabupaten": {"not": {"not": {"eq": NEIGHBOUR}}}}, ["Banjir 50%"]),
        ({"kabupaten": {}}, ["Banjir 50%", "Gelombang"]),
        ({"kabupaten": {"eq": None, "not": None}}, ["Banjir 50%", "Gelombang"]),
        ({"hazard": {"eq": "EXTREME_WAVE"}}, ["Gelombang"]),
        ({"status": {"in": ["ACTIVE", "VERIFIED"]}}, ["Banjir 50%"]),
        ({"title": {"contains": "50%"}}, ["Banjir 50%"]),
        ({"endedAt": {"isNull": True}, "startedAt": {"lte": instant(NOW)}}, ["Banjir 50%"]),
    ]

    found_assignments = [(each, await matching(api, "assignments", each, coordinator)) for each, _ in assignments]
    found_incidents = [(each, await matching(api, "incidents", each, None, "title")) for each, _ in incidents]

    assert found_assignments == [(filter_, sorted(ids)) for filter_, ids in assignments]
    assert found_incidents == incidents


async def test_reference_data_are_filtered(api: Api) -> None:
    cases: list[tuple[str, Json, list[str]]] = [
        ("hazards", {"parent": {"isNull": True}}, ["NATURAL", "NON_NATURAL", "SOCIAL"]),
        ("ranks", {"corps": {"eq": "TAGANA"}, "level": {"gte": 2}}, ["TAGANA_MADYA", "TAGANA_UTAMA"]),
        ("provinces", {"name": {"contains": "kalimantan t"}}, ["62", "64"]),
        ("provinces", {"timeZone": {"in": ["Asia/Jayapura"]}, "name": {"not": {"contains": "papua"}}}, ["81", "82"]),
        ("kabupatens", {"province": {"eq": "62"}, "kind": {"eq": "KOTA"}}, ["62.71"]),
    ]

    found = [(root, filter_, await matching(api, root, filter_, None, "code")) for root, filter_, _ in cases]

    assert found == cases


# Orders.

# Of things with an id.
LISTS = {
    name: declared.target
    for name, declared in ROOTS.items()
    if isinstance(declared, ToConnection) and SOURCES[declared.target].node
}


async def listed(api: Api, root: str, actor: uuid.UUID, arguments: str) -> list[str]:
    name = snake_to_camel(root, upper=False)
    data = await api.ask(f"{{ {name}({arguments}) {{ nodes {{ id }} }} }}", actor=actor)
    return [node["id"] for node in data[name]["nodes"]]


async def test_lists_are_in_the_order_of_the_key(api: Api, build: Build) -> None:
    for number, values in NEEDS.items():
        await build.need(wanted=number, created_at=NOW - number * HOUR, **values)
    expected = {
        "STARTS_AT_ASC": [4, 1, 2, 3],
        "STARTS_AT_DESC": [3, 2, 1, 4],
        "ENDS_AT_ASC": [4, 1, 2, 3],
        "ENDS_AT_DESC": [3, 2, 1, 4],
        "CREATED_AT_ASC": [4, 3, 2, 1],
        "CREATED_AT_DESC": [1, 2, 3, 4],
    }
    document = "query($order: NeedOrder) { needs(first: 9, orderBy: $order) { nodes { peopleWanted } } }"

    found: dict[str | None, list[int]] = {
        order: [node["peopleWanted"] for node in (await api.ask(document, order=order))["needs"]["nodes"]]
        for order in (*expected, None)
    }

    assert found == dict(expected) | {None: expected["STARTS_AT_ASC"]}


async def test_a_last_day_that_is_null_comes_last(api: Api, build: Build) -> None:
    person, coordinator = await build.person(), await build.coordinator()
    for number, until in (("1", None), ("2", date(2026, 1, 1)), ("3", date(2025, 1, 1))):
        await build.membership(person, await build.organization(), number=number, until=until)
    document = "query($order: MembershipOrder) { memberships(first: 9, orderBy: $order) { nodes { number } } }"

    found = [
        [node["number"] for node in (await api.ask(document, actor=coordinator, order=order))["memberships"]["nodes"]]
        for order in ("UNTIL_ASC", "UNTIL_DESC")
    ]

    assert found == [["3", "2", "1"], ["1", "2", "3"]]


# Counts.

COUNT = """totalCount nodes { id } edges { cursor }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""


@pytest.mark.parametrize("size", ["first: 0", "last: 0"])
async def test_a_page_of_no_items_has_the_count(api: Api, build: Build, size: str) -> None:
    incident = await build.incident()
    for _number in range(3):
        await build.need(incident)
    document = f"query($id: ID!) {{ needs({size}) {{ {COUNT} }} incident(id: $id) {{ needs({size}) {{ {COUNT} }} }} }}"

    data = await api.ask(document, id=f"Incident:{incident}")

    more = {"hasNextPage": size == "first: 0", "hasPreviousPage": size == "last: 0"}
    empty = {
        "totalCount": 3,
        "nodes": [],
        "edges": [],
        "pageInfo": {**more, "startCursor": None, "endCursor": None},
    }
    assert data == {"needs": empty, "incident": {"needs": empty}}


async def test_an_empty_list_has_no_more_items(api: Api) -> None:
    data = await api.ask(f"{{ first: needs(first: 0) {{ {COUNT} }} last: needs(last: 0) {{ {COUNT} }} }}")

    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    empty = {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": info}
    assert data == {"first": empty, "last": empty}


@pytest.mark.parametrize(
    "size", ["", "first: -1", "first: 101", "last: -1", "last: 101", "first: 1, last: 1", "first: null"]
)
async def test_a_wrong_page_size_is_bad_input(api: Api, size: str) -> None:
    arguments = f"({size})" if size else ""

    answer = await api.post(f"{{ needs{arguments} {{ totalCount }} clusters(first: 0) {{ totalCount }} }}")

    assert answer == {
        "data": {"needs": None, "clusters": {"totalCount": 8}},
        "errors": [
            {
                "message": "Give either first or last, 0 to 100.",
                "path": ["needs"],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ],
    }
