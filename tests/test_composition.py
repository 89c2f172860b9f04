"""The minimum composition of a team: six, at least one Madya, at least two women."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import HOME, SET_WANTED, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = NOW + DAY, NOW + 4 * DAY
ROUNDS = 20 if IS_FUZZ else 4
ASKED: list[Json] = [{"people": 1, "rank": "TAGANA_MADYA", "sex": None}, {"people": 2, "rank": None, "sex": "FEMALE"}]
READ = "need { peopleWanted minimums { people rank { code } sex } }"
ACCEPT = f"mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{ assignment {{ status }} {PROBLEMS} }} }}"
OFFER = (
    f"mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{ assignment {{ id }} {PROBLEMS} }} }}"
)
CANDIDATES = "query($id: ID!) { need(id: $id) { candidates(first: 100) { nodes { volunteer { id } } } } }"


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {READ} {PROBLEMS} }} }}"


RAISE, CHANGE, SPLIT, MERGE = (document(name) for name in ("raiseNeed", "changeNeed", "splitNeed", "mergeNeeds"))


def broken(minimum: int | None, count: int, limit: int, path: str) -> Json:
    people = None if minimum is None else {"people": minimum}
    return problem("Composition", "COMPOSITION", path, minimum=people, count=count, limit=limit)


async def person(build: Build, *, sex: str | None = None, rank: str | None = None, **membership: Any) -> uuid.UUID:
    corps = (rank or "TAGANA").partition("_")[0]
    volunteer, organization = await build.person(sex=sex), await build.organization(corps=corps)
    await build.membership(volunteer, organization, rank_code=rank, **membership)
    await build.certificate(volunteer, organization)
    return volunteer


async def team(build: Build, wanted: int = 6, **values: Any) -> uuid.UUID:
    """A need of six, at least one Madya, at least two women."""
    need = await build.need(wanted=wanted, **values)
    await build.minimum(need, 1, rank_code="TAGANA_MADYA")
    await build.minimum(need, 2, sex="FEMALE")
    return need


async def accept(api: Api, build: Build, need: uuid.UUID, volunteer: uuid.UUID, **values: Any) -> Json:
    """The problems of an acceptance."""
    offer = await build.assignment(need, volunteer, **values)
    return await answer(api, offer, await build.volunteer_account(volunteer))


async def answer(api: Api, offer: uuid.UUID, actor: uuid.UUID) -> Json:
    return (await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{offer}", version=1))["problems"]


async def candidates(api: Api, build: Build, need: uuid.UUID) -> set[str]:
    data = await api.ask(CANDIDATES, actor=await build.coordinator(), id=f"Need:{need}")
    return {each["volunteer"]["id"] for each in data["need"]["candidates"]["nodes"]}


async def test_the_last_places_are_for_who_is_still_lacking(api: Api, build: Build) -> None:
    need = await team(build)
    men = [await person(build, sex="MALE") for _ in range(5)]
    unknown, woman = await person(build), await person(build, sex="FEMALE")
    both, chief = await person(build, sex="FEMALE", rank="TAGANA_UTAMA"), await person(build, rank="TAGANA_MADYA")

    first = [await accept(api, build, need, each) for each in men[:4]]
    possible = await candidates(api, build, need)
    fifth, no_sex, no_rank = [await accept(api, build, need, each) for each in (men[4], unknown, chief)]
    rest = [await accept(api, build, need, each) for each in (woman, both)]

    assert first == [[], [], [], []]
    assert possible == {f"Volunteer:{each}" for each in (woman, both)}
    # Two places are left, and two women are lacking: neither a man, nor who has not said it, nor a chief.
    assert fifth == no_sex == no_rank == [broken(2, 5, 4, "assignment")]
    # One person counts towards both minimums.
    assert rest == [[], []]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 6


async def test_the_rank_must_be_held_on_every_day(api: Api, build: Build) -> None:
    need = await build.need(wanted=1)
    await build.minimum(need, 1, rank_code="TAGANA_MADYA")
    leaving = await person(build, rank="TAGANA_UTAMA", until=END.date() - DAY, end_reason="Pindah")
    await build.membership(leaving, await build.organization())
    other_corps = await person(build, rank="MRI_ANGGOTA")
    staying = await person(build, rank="TAGANA_UTAMA")

    answers = [await accept(api, build, need, each) for each in (leaving, other_corps, staying)]

    assert answers == [[broken(1, 1, 0, "assignment")], [broken(1, 1, 0, "assignment")], []]


async def test_places_are_counted_at_each_instant_of_the_duty(api: Api, build: Build) -> None:
    need = await build.need(wanted=2)
    await build.minimum(need, 1, sex="FEMALE")
    early, late, whole = [await person(build, sex="MALE") for _ in range(3)]

    answers = [
        await accept(api, build, need, early, ends_at=START + DAY),
        await accept(api, build, need, late, starts_at=START + DAY),
        await accept(api, build, need, whole, starts_at=START + HOUR, ends_at=START + 2 * HOUR),
    ]

    assert answers == [[], [], [broken(1, 2, 1, "assignment")]]


async def test_the_rule_is_overridden_with_a_reason(api: Api, build: Build) -> None:
    need, man = await build.need(wanted=1), await person(build, sex="MALE")
    await build.minimum(need, 1, sex="FEMALE")
    values: Json = {"actor": await build.coordinator(), "need": f"Need:{need}", "volunteer": f"Volunteer:{man}"}

    refused = await api.do(OFFER, **values)
    offered = await api.do(OFFER, **values, overrideRules=["COMPOSITION"], overrideReason="Tidak ada yang lain")
    offer = offered["assignment"]["id"]
    accepted = await api.do(ACCEPT, actor=await build.volunteer_account(man), assignment=offer, version=1)

    assert refused == {"assignment": None, "problems": [broken(1, 1, 0, "volunteer")]}
    assert accepted == {"assignment": {"status": "ACCEPTED"}, "problems": []}


async def test_of_two_who_accept_at_once_the_second_is_asked_with_the_first(api: Api, build: Build) -> None:
    outcomes = []
    for _ in range(ROUNDS):
        need = await build.need(wanted=2)
        await build.minimum(need, 1, sex="FEMALE")
        men = [await person(build, sex="MALE") for _ in range(2)]
        offers = [(await build.assignment(need, each), await build.volunteer_account(each)) for each in men]
        answers = await run_concurrently(partial(answer, api, *each) for each in offers)
        outcomes.append(sorted(answers, key=len))

    assert outcomes == [[[], [broken(1, 2, 1, "assignment")]]] * ROUNDS


async def test_a_composition_is_asked_for_and_changed(api: Api, build: Build) -> None:
    actor, incident = await build.coordinator(), await build.incident()
    values = {
        "incident": f"Incident:{incident}",
        "skill": "Skill:WATER_RESCUE",
        "cluster": "Cluster:SEARCH_AND_RESCUE",
        "kabupaten": f"Kabupaten:{HOME}",
        "peopleWanted": 6,
        "startsAt": instant(START),
        "endsAt": instant(END),
    }
    asked = [{name: value for name, value in each.items() if value} for each in ASKED]
    shown = [{**each, "rank": each["rank"] and {"code": each["rank"]}} for each in ASKED]

    raised = await api.do(RAISE, actor=actor, **values, minimums=asked)
    need = await build.connection.fetchval("SELECT id FROM need")
    changed = await api.do(CHANGE, actor=actor, need=f"Need:{need}", version=1, minimums=asked[1:])
    emptied = await api.do(CHANGE, actor=actor, need=f"Need:{need}", version=2, minimums=[])

    assert raised == {"need": {"peopleWanted": 6, "minimums": shown}, "problems": []}
    assert changed == {"need": {"peopleWanted": 6, "minimums": shown[1:]}, "problems": []}
    assert emptied == {"need": {"peopleWanted": 6, "minimums": []}, "problems": []}


@pytest.mark.parametrize(
    ("minimums", "code", "path"),
    [
        ([{"people": 7, "sex": "MALE"}], "INVALID", ("0", "people")),
        ([{"people": 0, "sex": "MALE"}], "INVALID", ("0", "people")),
        ([{"people": 1}], "INVALID", ("0",)),
        ([{"people": 1, "sex": "MALE"}, {"people": 2, "sex": "MALE"}], "INVALID", ("1",)),
        ([{"people": 1, "sex": "MALE"}, {"people": 1, "rank": "KAPTEN"}], "NOT_FOUND", ("1", "rank")),
    ],
)
async def test_a_wrong_composition_is_refused(
    api: Api, build: Build, minimums: Json, code: str, path: tuple[str, ...]
) -> None:
    need = await build.need(wanted=6)
    before = await snapshot(build.connection)

    refused = await api.do(CHANGE, actor=await build.coordinator(), need=f"Need:{need}", version=1, minimums=minimums)

    assert refused == {"need": None, "problems": [problem("Simple", code, "minimums", *path)]}
    assert await snapshot(build.connection) == before


async def test_a_change_that_leaves_too_few_places_for_a_minimum_is_refused(api: Api, build: Build) -> None:
    need, actor = await team(build), await build.coordinator()
    for _ in range(4):
        await build.assignment(need, await person(build, rank="TAGANA_MADYA"), status="ACCEPTED")
    values: Json = {"actor": actor, "need": f"Need:{need}", "version": 1}
    women = [{"people": 3, "sex": "FEMALE"}]
    before = await snapshot(build.connection)

    answers = [
        await api.do(CHANGE, **values, peopleWanted=5),
        await api.do(CHANGE, **values, minimums=women),
        await api.do(SPLIT, **values, peopleWanted=1),
    ]

    assert [answer["problems"] for answer in answers] == [
        [broken(2, 4, 3, "peopleWanted")],
        [broken(None, 4, 3, "minimums")],
        [broken(2, 4, 3, "peopleWanted")],
    ]
    assert await snapshot(build.connection) == before
    assert (await api.do(CHANGE, **values, priority="HIGH"))["problems"] == []


async def test_a_part_is_split_off_with_minimums_of_its_own_and_merged_with_the_sum(api: Api, build: Build) -> None:
    need, actor = await team(build), await build.coordinator()

    split = await api.do(
        SPLIT,
        actor=actor,
        need=f"Need:{need}",
        version=1,
        peopleWanted=3,
        minimums=[{"people": 1, "sex": "FEMALE"}, {"people": 1, "sex": "MALE"}],
    )
    part = await build.connection.fetchval("SELECT id FROM need WHERE id <> $1", need)
    merged = await api.do(MERGE, actor=actor, need=f"Need:{part}", version=1, into=f"Need:{need}")
    rows = await build.connection.fetch(
        "SELECT need_id, people, rank_code, sex FROM need_minimum ORDER BY rank_code, sex"
    )

    assert split["need"]["minimums"] == [
        {"people": 1, "rank": None, "sex": "FEMALE"},
        {"people": 1, "rank": None, "sex": "MALE"},
    ]
    assert merged == {"need": {"peopleWanted": 3, "minimums": []}, "problems": []}
    assert [tuple(row) for row in rows] == [
        (need, 1, "TAGANA_MADYA", None),
        (need, 3, None, "FEMALE"),
        (need, 1, None, "MALE"),
    ]


async def test_the_database_refuses_a_minimum_beyond_what_is_wanted(build: Build) -> None:
    need = await team(build)

    for statement, number in ((SET_WANTED, 1), ("UPDATE need_minimum SET people = $2 WHERE need_id = $1", 7)):
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await build.connection.execute(statement, need, number)
        assert caught.value.constraint_name == "minimums_of_need"
