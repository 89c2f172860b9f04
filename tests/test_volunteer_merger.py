"""Two records of one person become one."""

import asyncio
import json
import uuid
from datetime import date, timedelta
from typing import Any

import anyio
import asyncpg
import pytest

from api.services.volunteer_move import MOVED, PAIRED
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_race import run_concurrently
from tests.test_scan import ANNUL, RECORD, code_of, participant, record, running_camp, scan
from tests.waiting import LOCK_WAITS, wait_until

MERGE = f"""mutation($input: MergeVolunteersInput!) {{ mergeVolunteers(input: $input) {{
  volunteer {{ id version }} {PROBLEMS} }} }}"""
ACCEPT = f"mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{ assignment {{ volunteer {{ id }} }} {PROBLEMS} }} }}"
OFFER = f"mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{ assignment {{ volunteer {{ id }} }} {PROBLEMS} }} }}"
REGISTER = f"mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = NOW.date()


def named(volunteer: uuid.UUID) -> str:
    return f"Volunteer:{volunteer}"


async def merge(api: Api, build: Build, old: uuid.UUID, new: uuid.UUID, **values: Any) -> Json:
    actor = values.pop("actor", None) or await build.coordinator()
    given = {"volunteer": named(old), "into": named(new), "version": 1, "reason": "Orang yang sama"}
    return await api.do(MERGE, actor=actor, **{**given, **values})


async def register(api: Api, coordinator: uuid.UUID, organization: uuid.UUID) -> uuid.UUID:
    """Somebody new, a member of the organization from today on."""
    person = {"name": "Sinta Dewi", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
    done = await api.do(REGISTER, actor=coordinator, **person, organization=f"Organization:{organization}")
    return uuid.UUID(done["volunteer"]["id"].partition(":")[2])


def merged_into(new: uuid.UUID) -> Json:
    return {"volunteer": {"id": named(new), "version": 2}, "problems": []}


async def test_merge_knows_every_foreign_key_to_a_volunteer(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        """SELECT conrelid::regclass::text AS owner, attname AS name
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
        WHERE contype = 'f' AND confrelid = 'volunteer'::regclass"""
    )

    known = {(column.table.name, column.name) for column in (*MOVED, *PAIRED)}
    assert known == {(row["owner"], row["name"]) for row in rows}, (
        "name it in MOVED of services/volunteer_move.py, in the order of decision record 0019, and settle there what may"
        " clash when two records are merged"
    )


async def test_everything_goes_over_and_the_old_id_leads_to_the_person(api: Api, build: Build) -> None:
    organization = await build.organization()
    old, new = await build.volunteer(organization, phone="+6281234567890"), await build.person()
    other = await build.person()
    account = await build.volunteer_account(old)
    duty = await build.assignment(await build.need(), old, status="ACCEPTED")
    await build.absence(old, since=TODAY + 20 * DAY, until=TODAY + 21 * DAY)
    await build.insurance(old)
    await build.declared_skill(old, "FIRST_AID")
    await build.row("invitation", volunteer_id=old, organization_id=organization, digest=b"x", expires_at=NOW + DAY)
    await build.connection.execute(
        "INSERT INTO distinct_pair VALUES ($1, $2, 'Bukan', $3, now())", *sorted((old, other)), account
    )

    answer = await merge(api, build, old, new)

    left = [await count(build, column.table.name, column.name, old) for column in (*MOVED, *PAIRED)]
    assert answer == merged_into(new)
    assert left == [0] * len(left)
    tables = (
        "account",
        "assignment",
        "absence",
        "insurance",
        "declared_skill",
        "invitation",
        "membership",
        "certificate",
    )
    assert [await count(build, table, "volunteer_id", new) for table in tables] == [1] * len(tables)
    pair = await build.connection.fetchrow("SELECT one_id, other_id FROM distinct_pair")
    assert tuple(pair or ()) == tuple(sorted((new, other)))

    coordinator = await build.coordinator()
    read = """query($id: ID!, $ids: [ID!]!) { volunteer(id: $id) { id phone } node(id: $id) { id } nodes(ids: $ids) { id }
      assignments(first: 9, filter: {volunteer: {eq: $id}}) { nodes { id } }
      listed: assignments(first: 9, filter: {volunteer: {in: [$id]}}) { totalCount } }"""
    data = await api.ask(read, actor=coordinator, id=named(old), ids=[named(old), named(new), named(other)])
    declared = await api.do(
        f"mutation($input: DeclareSkillInput!) {{ declareSkill(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}",
        actor=account,
        volunteer=named(old),
        skill="SHELTER",
    )

    survivor = {"id": named(new)}
    assert data == {
        "volunteer": {**survivor, "phone": "+6281234567890"},
        "node": survivor,
        "nodes": [survivor, survivor, {"id": named(other)}],
        "assignments": {"nodes": [{"id": f"Assignment:{duty}"}]},
        "listed": {"totalCount": 1},
    }
    assert declared == {"volunteer": survivor, "problems": []}


async def test_scans_go_over_those_of_duties_and_annulled_ones_too(api: Api, build: Build) -> None:
    old, new, coordinator = await build.volunteer(), await build.volunteer(), await build.coordinator()
    site = await build.site(incident := await build.incident())
    need = await build.need(incident, site_id=site, starts_at=NOW - 10 * HOUR, ends_at=NOW + 10 * HOUR)
    duty = await build.assignment(need, old, status="ACCEPTED")
    camp = await build.camp(status="RUNNING", starts_at=NOW + 11 * HOUR, ends_at=NOW + 2 * DAY)
    await build.camp_registration(camp, old)
    code = await code_of(api, coordinator, volunteer=named(old))
    for place in ({"site": f"Site:{site}"}, {"camp": f"Camp:{camp}"}):
        times = [instant(NOW - 5 * HOUR), instant(NOW - 4 * HOUR)]
        scans = [scan(code, at, at=at) for at in times]
        answer = await api.do(RECORD, actor=coordinator, device="hp", scans=scans, isOffline=True, **place)
        wrong = answer["results"][0]["scan"]["id"]
        assert (await api.do(ANNUL, actor=coordinator, scan=wrong, reason="Salah orang"))["problems"] == []
    unchanged = "SELECT place_id, assignment_id, at, annulled_at, reason, counts FROM scan ORDER BY id"
    before = await build.connection.fetch(unchanged)

    answer = await merge(api, build, old, new)

    people = await build.connection.fetch("SELECT volunteer_id, person_id FROM scan")
    assert answer == merged_into(new)
    assert [tuple(row) for row in people] == [(new, new)] * 4
    told = await build.connection.fetchval("SELECT change FROM event WHERE kind = 'volunteer.merged'")
    assert json.loads(told)["scan"] == 4
    assert await build.connection.fetch(unchanged) == before
    assert [(row["assignment_id"], row["annulled_at"]) for row in before if row["place_id"] == site] == [
        (duty, NOW),
        (duty, None),
    ]


@pytest.mark.parametrize("change", ["text = 'x'", "annulled_at = now(), reason = 'x'", "account_id = volunteer_id"])
async def test_a_merge_changes_nothing_of_a_scan_but_the_person(api: Api, build: Build, change: str) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    await record(api, actor, camp, scan(await participant(api, build, actor, camp), "1"))

    allow = "SELECT set_config('sigap.merges_person', 'on', true)"
    with pytest.raises(asyncpg.RestrictViolationError):
        await build.connection.execute(f"{allow}; UPDATE scan SET {change}")  # Our own words.


async def count(build: Build, table: str, column: str, key: uuid.UUID) -> int:
    found: int = await build.connection.fetchval(
        f'SELECT count(*) FROM "{table}" WHERE {column} = $1', key
    )  # Our own names.
    return found


# Whether the account of the record that goes has a role of its own, and whether it goes on without the person.
@pytest.mark.parametrize("has_role", [False, True])
async def test_of_two_accounts_that_of_the_record_that_stays_is_the_persons(
    api: Api, build: Build, has_role: bool
) -> None:
    organization = await build.organization()
    old, new = await build.volunteer(organization), await build.volunteer(organization)
    other, own = [await build.volunteer_account(person) for person in (old, new)]
    if has_role:
        await build.row("role", account_id=other, kind="MANAGER", organization_id=organization)
    camp = await build.camp(organization)
    role = await build.row("role", account_id=other, kind="CAMP_STAFF", camp_id=camp)
    await build.camp_staff_member(camp, old, role_id=role)
    opened = {"created_at": NOW, "last_used_at": NOW, "expires_at": NOW + DAY, "address_digest": b"x"}
    for account in (other, own):
        await build.row("session", account_id=account, **opened)
    count = await build.connection.fetchval("SELECT count(*) FROM event")

    answer = await merge(api, build, old, new)

    fetch, columns = build.connection.fetch, "SELECT volunteer_id, active FROM account WHERE id = $1"
    accounts = [tuple((await fetch(columns, account))[0]) for account in (other, own)]
    ended = [row["ended_at"] for row in await fetch("SELECT ended_at FROM session ORDER BY account_id = $1", own)]
    roles = {tuple(row) for row in await fetch("SELECT kind, account_id FROM role WHERE kind <> 'COORDINATOR'")}
    events = [row["kind"] for row in await fetch("SELECT kind FROM event ORDER BY position OFFSET $1", count)]
    assert answer == merged_into(new)
    assert accounts == [(None, has_role), (new, True)]
    assert ended == [NOW, None]
    assert roles == {("CAMP_STAFF", own), *([("MANAGER", other)] if has_role else [])}
    assert [kind for kind in events if kind != "membership.merged"] == [
        *("role.moved", "account.separated", "account.signed_out", "volunteer.merged")
    ]
    mine = await api.ask("{ me { volunteer { id } } }", actor=own)
    assert mine == {"me": {"volunteer": {"id": named(new)}}}


async def test_a_record_that_was_merged_twice_leads_to_the_last(api: Api, build: Build) -> None:
    first, second, third = [await build.person() for _ in range(3)]
    coordinator = await build.coordinator()

    await merge(api, build, first, second)
    await merge(api, build, second, third, version=2)
    data = await api.ask("query($id: ID!) { volunteer(id: $id) { id } }", actor=coordinator, id=named(first))
    itself = await merge(api, build, first, third, version=2)

    assert data == {"volunteer": {"id": named(third)}}
    assert itself["problems"] == [problem("Simple", "INVALID", "into")]


# What the record that goes has, what the other has, and what is left of it.
JOINED: list[tuple[Json, Json, Json]] = [
    ({"phone": "+6281234567890", "email": "a@contoh.id"}, {"email": "b@contoh.id"},
     {"phone": "+6281234567890", "email": "b@contoh.id"}),
    ({"reach": "KABUPATEN"}, {"reach": "NATIONAL"}, {"reach": "KABUPATEN"}),
    ({"reach": "NATIONAL"}, {"reach": "PROVINCE"}, {"reach": "PROVINCE"}),
    ({"consent_withdrawn_at": NOW - DAY}, {}, {"consent_withdrawn_at": NOW - DAY}),
    ({}, {"consent_withdrawn_at": NOW - DAY}, {"consent_withdrawn_at": NOW - DAY}),
    ({"consent_given_at": NOW - DAY, "consent_purpose": "Baru"}, {}, {"consent_given_at": NOW - DAY, "consent_purpose": "Baru"}),
    ({}, {"consent_given_at": None, "consent_purpose": None}, {"consent_purpose": "Penugasan relawan"}),
    ({"kecamatan_code": "62.02.01", "latitude": -2.5, "longitude": 112.9}, {},
     {"kecamatan_code": "62.02.01", "latitude": -2.5, "longitude": 112.9}),
    ({"kabupaten_code": NEIGHBOUR, "kecamatan_code": "62.06.01"}, {}, {"kabupaten_code": HOME, "kecamatan_code": None}),
    ({"nik_cipher": b"x", "nik_index": b"y", "nik_tail": "0001"}, {}, {"nik_index": b"y", "nik_tail": "0001"}),
    ({"birth_date": date(1990, 7, 1)}, {"birth_date": date(1990, 1, 7)}, {"birth_date": date(1990, 1, 7)}),
]  # fmt: skip


@pytest.mark.parametrize(("goes", "stays", "left"), JOINED, ids=str)
async def test_the_record_that_stays_takes_what_it_lacks_and_the_stricter_consent(
    api: Api, build: Build, goes: Json, stays: Json, left: Json
) -> None:
    old, new = await build.person(**goes), await build.person(**stays)

    answer = await merge(api, build, old, new)
    row = await build.connection.fetchrow("SELECT * FROM volunteer WHERE id = $1", new)

    assert answer == merged_into(new)
    assert row is not None
    assert {name: row[name] for name in left} == left


# Days of memberships of one organization: of the record that goes, of the one that stays, and what is left.
Days = tuple[int, int | None]
MEMBERSHIPS: list[tuple[list[Days], list[Days], list[Days]]] = [
    ([(0, None)], [(10, None)], [(0, None)]),
    ([(10, None)], [(0, None)], [(0, None)]),
    ([(0, 10)], [(5, 20)], [(0, 20)]),
    ([(0, 10)], [(10, None)], [(0, None)]),
    ([(0, 10)], [(11, 20)], [(0, 10), (11, 20)]),
    ([(0, 30)], [(5, 10), (20, 40)], [(0, 40)]),
    ([(0, 5), (8, 20)], [(4, 9)], [(0, 20)]),
    ([(0, 5)], [(0, 5)], [(0, 5)]),
]


def days(build: Build, number: int | None) -> date | None:
    return None if number is None else date(2025, 1, 1) + number * DAY


@pytest.mark.parametrize(("goes", "stays", "left"), MEMBERSHIPS)
async def test_of_overlapping_memberships_the_earlier_one_stays_until_the_later_end(
    api: Api, build: Build, goes: list[Days], stays: list[Days], left: list[Days]
) -> None:
    organization, elsewhere = await build.organization(), await build.organization()
    old, new = await build.person(), await build.person()
    for person, periods in ((old, goes), (new, stays)):
        await build.membership(person, elsewhere if person == old else await build.organization())
        for number, (since, until) in enumerate(periods):
            await build.membership(
                person, organization, since=days(build, since), until=days(build, until), number=f"{person}{number}"
            )

    answer = await merge(api, build, old, new)
    rows = await build.connection.fetch(
        "SELECT since, until FROM membership WHERE volunteer_id = $1 AND organization_id = $2 ORDER BY since",
        *(new, organization),
    )

    assert answer == merged_into(new)
    assert [tuple(row) for row in rows] == [(days(build, since), days(build, until)) for since, until in left]
    assert await count(build, "membership", "volunteer_id", new) == len(left) + 2


async def test_an_earlier_membership_takes_number_and_rank_of_the_later_one_where_it_lacks_them(
    api: Api, build: Build
) -> None:
    organization = await build.organization()
    old, new = await build.person(), await build.person()
    kept = await build.membership(old, organization, since=date(2020, 1, 1))
    await build.membership(new, organization, since=date(2022, 1, 1), number="7/A", rank_code="TAGANA_MADYA")

    await merge(api, build, old, new)
    row = await build.connection.fetchrow(
        "SELECT id, volunteer_id, number, number_key, rank_code, version FROM membership"
    )

    assert tuple(row or ()) == (kept, new, "7/A", "7/a", "TAGANA_MADYA", 2)


async def test_of_two_ranks_that_of_the_membership_that_began_last_is_left(api: Api, build: Build) -> None:
    organization = await build.organization()
    old, new = await build.person(), await build.person()
    await build.membership(old, organization, since=date(2020, 1, 1), number="1", rank_code="TAGANA_MUDA")
    await build.membership(new, organization, since=date(2022, 1, 1), number="2", rank_code="TAGANA_MADYA")

    await merge(api, build, old, new)
    row = await build.connection.fetchrow("SELECT since, number, rank_code FROM membership")

    assert tuple(row or ()) == (date(2020, 1, 1), "1", "TAGANA_MADYA")


# Days, and from when in a kecamatan: of the earlier and of the later membership; whose kecamatan is left.
KECAMATAN: list[tuple[tuple[int, int | None], str | None, tuple[int, int | None], str | None, str | None]] = [
    ((0, None), None, (10, None), "62.02.01", "62.02.01"),
    ((0, None), "62.02.02", (10, None), "62.02.01", "62.02.02"),
    ((0, None), "62.02.02", (10, 20), "62.02.01", "62.02.02"),
    ((0, 15), "62.02.02", (10, 20), "62.02.01", "62.02.01"),
    ((0, None), None, (10, 20), "62.02.01", None),
    ((0, 15), "62.02.01", (10, None), None, None),
]


@pytest.mark.parametrize(("first", "one", "second", "other", "left"), KECAMATAN)
async def test_a_kecamatan_that_was_left_stays_with_whoever_has_it_since(
    api: Api,
    build: Build,
    first: tuple[int, int | None],
    one: str | None,
    second: tuple[int, int | None],
    other: str | None,
    left: str | None,
) -> None:
    forum = await build.organization(kind="FORUM", corps="TKSK")
    old, new, successor = await build.person(), await build.person(), await build.person()
    for person, (since, until), kecamatan in ((old, first, one), (new, second, other)):
        served = {} if kecamatan is None else {"kecamatan_code": kecamatan}
        await build.membership(person, forum, since=days(build, since), until=days(build, until), **served)
    if left is None:
        await build.membership(successor, forum, since=days(build, 21), kecamatan_code="62.02.01")

    answer = await merge(api, build, old, new)
    row = await build.connection.fetchrow(
        "SELECT since, kecamatan_code, kecamatan_since FROM membership WHERE volunteer_id = $1", new
    )

    served_since = left and days(build, second[0] if left == other else first[0])
    assert answer == merged_into(new)
    assert tuple(row or ()) == (days(build, first[0]), left, served_since)


# What the two know of one person, on which they do not agree.
NOT_ONE = [
    ({"birth_date": date(2012, 1, 1)}, {}),
    ({}, {"birth_date": date(2012, 1, 1)}),
    ({"nik": "6202014107900001"}, {"birth_date": date(1991, 7, 1)}),
    ({"nik": "6202014107900001"}, {"sex": "MALE"}),
    ({"birth_date": date(1991, 7, 1)}, {"nik": "6202014107900001"}),
]


@pytest.mark.parametrize(("goes", "stays"), NOT_ONE)
async def test_what_two_records_say_of_one_person_agrees(api: Api, build: Build, goes: Json, stays: Json) -> None:
    organization, vault = await build.organization(), api.services.vault
    people = []
    for given in (goes, stays):
        nik = given.get("nik")
        cipher = {} if nik is None else {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik)}
        about = {name: value for name, value in given.items() if name != "nik"}
        people.append(await build.volunteer(organization if given is goes else None, **about, **cipher))
    before = await snapshot(build.connection)

    answer = await merge(api, build, *people)

    assert answer == {"volunteer": None, "problems": [problem("Simple", "INVALID", "into")]}
    unchanged = ("volunteer", "membership", "certificate")
    after = await snapshot(build.connection)
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


async def test_what_was_recorded_twice_is_there_once(api: Api, build: Build) -> None:
    organization, old, new = await build.organization(), await build.person(), await build.person()
    since = {"since": TODAY, "until": TODAY + 5 * DAY}
    await build.absence(old, **since)
    await build.absence(new, since=TODAY + 3 * DAY, until=TODAY + 9 * DAY)
    await build.insurance(old, until=None)
    await build.insurance(new, until=date(2026, 12, 31))
    for person in (old, new):
        await build.declared_skill(person, "FIRST_AID")
        asked = {"organization_id": organization, "asked_by": "PERSON", "status": "PENDING"}
        await build.row("membership_request", volunteer_id=person, **asked)

    answer = await merge(api, build, old, new)
    absences = await build.connection.fetch("SELECT since, until FROM absence WHERE cancelled_at IS NULL")
    insurances = await build.connection.fetch("SELECT until FROM insurance")
    requests = await build.connection.fetch("SELECT status FROM membership_request ORDER BY status")

    assert answer == merged_into(new)
    assert [tuple(row) for row in absences] == [(TODAY, TODAY + 9 * DAY)]
    assert [row["until"] for row in insurances] == [None]
    assert [row["status"] for row in requests] == ["PENDING", "WITHDRAWN"]
    assert await count(build, "declared_skill", "volunteer_id", new) == 1


async def test_what_cannot_be_one_person_is_refused_with_the_list(api: Api, build: Build) -> None:
    need = await build.need()
    niks = [{"nik_cipher": b"x", "nik_index": each, "nik_tail": "0001"} for each in (b"1", b"2")]
    old, new = [await build.person(**nik) for nik in niks]
    offered = await build.assignment(need, old)
    await build.assignment(need, new)
    later = await build.need(starts_at=NOW + 10 * DAY, ends_at=NOW + 12 * DAY)
    busy = await build.assignment(later, old, status="ACCEPTED")
    last = await build.need(starts_at=NOW + 11 * DAY, ends_at=NOW + 13 * DAY)
    await build.assignment(last, new, status="ACCEPTED")
    served = []
    for person, since, until in ((old, 10, 8), (new, 8, 6)):
        past = await build.need(starts_at=NOW - since * DAY, ends_at=NOW - until * DAY)
        served.append(await build.assignment(past, person, status="COMPLETED"))
        times = {"starts_at": NOW - since * DAY, "ends_at": NOW - 7 * DAY, "source": "ATTENDANCE", "status": "COUNTED"}
        await build.row("served_hours", assignment_id=served[-1], volunteer_id=person, **times)
    coordinator, before = await build.coordinator(), await snapshot(build.connection)

    answer = await merge(api, build, old, new, actor=coordinator)

    hours = {"startsAt": instant(NOW - 8 * DAY), "endsAt": instant(NOW - 7 * DAY)}
    overlap = {"startsAt": instant(NOW + 11 * DAY), "endsAt": instant(NOW + 12 * DAY)}
    assert answer == {
        "volunteer": None,
        "problems": [
            problem("Simple", "DIFFERENT_NIK", "into"),
            problem("Duplicate", "ALREADY_OFFERED", "volunteer", assignment={"id": f"Assignment:{offered}"}),
            problem("Commitment", "PERSON_ELSEWHERE", "volunteer", assignment={"id": f"Assignment:{busy}"}, **overlap),
            problem(
                "Commitment", "PERSON_ELSEWHERE", "volunteer", assignment={"id": f"Assignment:{served[0]}"}, **hours
            ),
        ],
    }
    assert await snapshot(build.connection) == before


async def test_camps_that_are_in_the_way_are_named(api: Api, build: Build) -> None:
    old, new = await build.person(), await build.person()
    both, other = await build.camp(), await build.camp(starts_at=NOW + 4 * DAY, ends_at=NOW + 6 * DAY)
    await build.camp_registration(both, old, status="WAITLISTED")
    await build.camp_registration(both, new)
    await build.camp_staff_member(other, old)
    coordinator, before = await build.coordinator(), await snapshot(build.connection)

    answer = await merge(api, build, old, new, actor=coordinator)

    same, meanwhile = {"id": f"Camp:{both}"}, {"id": f"Camp:{other}"}
    overlap = {"startsAt": instant(NOW + 4 * DAY), "endsAt": instant(NOW + 5 * DAY)}
    assert answer["problems"] == [
        problem("Camp", "ALREADY_AT_CAMP", "volunteer", camp=same, startsAt=None, endsAt=None),
        problem("Camp", "IN_CAMP", "volunteer", camp=meanwhile, **overlap),
    ]
    assert await snapshot(build.connection) == before


async def test_an_offer_that_has_lapsed_is_in_nobodys_way(api: Api, build: Build) -> None:
    need, old, new = await build.need(), await build.person(), await build.person()
    lapsed = await build.assignment(need, old, expires_at=NOW)
    await build.assignment(need, new)

    answer = await merge(api, build, old, new)

    assert answer == merged_into(new)
    assert await build.connection.fetchval("SELECT status FROM assignment WHERE id = $1", lapsed) == "EXPIRED"


async def test_a_narrower_reach_that_a_promise_lies_beyond_is_refused(api: Api, build: Build) -> None:
    old, new = await build.person(reach="KABUPATEN"), await build.volunteer(reach="NATIONAL")
    duty = await build.assignment(await build.need(kabupaten_code=FAR), new, status="ACCEPTED")

    answer = await merge(api, build, old, new)

    period = {"startsAt": instant(NOW + DAY), "endsAt": instant(NOW + 4 * DAY)}
    refused = problem("Commitment", "PROMISE_BEYOND_REACH", "into", assignment={"id": f"Assignment:{duty}"}, **period)
    assert answer == {"volunteer": None, "problems": [refused]}


async def test_coordinators_of_both_homes_merge(api: Api, build: Build) -> None:
    old, new = await build.person(), await build.person(kabupaten_code=NEIGHBOUR)
    organization = await build.organization()
    await build.membership(old, organization)
    forbidden = {path: problem("Simple", "FORBIDDEN", path) for path in ("volunteer", "into")}
    actors = [
        (await build.coordinator(kabupaten_code=HOME), [forbidden["into"]]),
        (await build.coordinator(kabupaten_code=NEIGHBOUR), [forbidden["volunteer"]]),
        (await build.coordinator(province_code=FAR[:2]), None),
        (await build.manager(organization), [problem("Simple", "FORBIDDEN")]),
        (await build.coordinator(province_code=HOME[:2]), []),
    ]

    found = [(await merge(api, build, old, new, actor=actor))["problems"] for actor, _problems in actors]

    assert found[2][0]["code"] == "FORBIDDEN"
    assert [each for index, each in enumerate(found) if index not in (2, 3)] == [
        [forbidden["into"]],
        [forbidden["volunteer"]],
        [],
    ]
    assert [each["code"] for each in found[3]] == ["FORBIDDEN"]


@pytest.mark.parametrize("stays", ["existing", "registered"])
async def test_who_registered_a_member_binds_nobody_else_by_a_merger(api: Api, build: Build, stays: str) -> None:
    organization, coordinator = await build.organization(), await build.coordinator(kabupaten_code=HOME)
    existing, made = await build.person(), await register(api, coordinator, organization)
    old, new = (made, existing) if stays == "existing" else (existing, made)
    before = await snapshot(build.connection)

    refused = await merge(api, build, old, new, actor=coordinator)
    unchanged = await snapshot(build.connection) == before
    by_another = await merge(api, build, old, new, actor=await build.coordinator(kabupaten_code=HOME))

    path, place = "volunteer" if stays == "existing" else "into", {"id": f"Organization:{organization}"}
    begun = problem("Organization", "MEMBERSHIP_BEGUN_BY_YOU", path, organization=place)
    assert refused == {"volunteer": None, "problems": [begun]}
    assert unchanged
    assert by_another == merged_into(new)


@pytest.mark.parametrize(("until", "is_refused"), [(None, False), (TODAY - DAY, True)])
async def test_who_registered_a_member_merges_it_with_a_member_of_the_same_organization(
    api: Api, build: Build, until: date | None, is_refused: bool
) -> None:
    """But with nobody who has left it."""
    organization, coordinator = await build.organization(), await build.coordinator(kabupaten_code=HOME)
    old, new = await register(api, coordinator, organization), await build.person()
    await build.membership(new, organization, until=until)

    answer = await merge(api, build, old, new, actor=coordinator)

    assert [each["code"] for each in answer["problems"]] == (["MEMBERSHIP_BEGUN_BY_YOU"] if is_refused else [])


async def test_events_stay_and_are_read_through_the_person(api: Api, build: Build) -> None:
    old, new = await build.person(), await build.person()
    coordinator = await build.coordinator()
    declare = (
        f"mutation($input: DeclareSkillInput!) {{ declareSkill(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
    )
    await api.do(declare, actor=coordinator, volunteer=named(old), skill="SHELTER")
    read = (
        """query($id: ID!) { volunteer(id: $id) { activity(first: 9) { nodes { kind subject volunteer { id } } } } }"""
    )

    await merge(api, build, old, new)
    stored = await build.connection.fetchval("SELECT subject_key FROM event WHERE kind = 'volunteer.skill_declared'")
    found = [(await api.ask(read, actor=coordinator, id=named(each)))["volunteer"] for each in (old, new)]

    nodes = [
        {"kind": "volunteer.merged", "subject": named(new), "volunteer": {"id": named(new)}},
        {"kind": "volunteer.skill_declared", "subject": named(old), "volunteer": {"id": named(new)}},
    ]
    assert stored == str(old)
    assert found == [{"activity": {"nodes": nodes}}] * 2


OFFER_ALL = f"""mutation($input: OfferAssignmentsInput!) {{ offerAssignments(input: $input) {{
  results {{ assignment {{ volunteer {{ id }} }} {PROBLEMS} }} {PROBLEMS} }} }}"""


@pytest.mark.parametrize("in_bulk", [False, True])
async def test_who_is_merged_while_an_offer_waits_is_offered_the_duty(
    api: Api, build: Build, database_url: str, in_bulk: bool
) -> None:
    need, old, new = await build.need(), await build.volunteer(), await build.volunteer()
    coordinator, offered = await build.coordinator(), list[Json]()
    text, people = (OFFER_ALL, {"volunteers": [named(old)]}) if in_bulk else (OFFER, {"volunteer": named(old)})
    other = await asyncpg.connect(database_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM need WHERE id = $1 FOR UPDATE", need)

    async def offer() -> None:
        offered.append(await api.do(text, actor=coordinator, need=f"Need:{need}", **people))

    async with anyio.create_task_group() as group:
        group.start_soon(offer)
        await wait_until(other, LOCK_WAITS, 1)
        merged = await merge(api, build, old, new)
        await transaction.rollback()
    await other.close()

    done = {"assignment": {"volunteer": {"id": named(new)}}, "problems": []}
    assert merged == merged_into(new)
    assert offered == [{"results": [done], "problems": []} if in_bulk else done]


async def test_who_is_merged_while_scans_are_recorded_is_checked_in(api: Api, build: Build) -> None:
    old, new, coordinator = await build.volunteer(), await build.volunteer(), await build.coordinator()
    site = await build.site(incident := await build.incident())
    need = await build.need(incident, site_id=site, starts_at=NOW - 10 * HOUR, ends_at=NOW + 10 * HOUR)
    duty = await build.assignment(need, old, status="ACCEPTED")
    code, at = await code_of(api, coordinator, volunteer=named(old)), instant(NOW - HOUR)
    answers: dict[str, Json] = {}

    async def merge_both() -> None:
        answers["merged"] = await merge(api, build, old, new, actor=coordinator)

    async def record_both() -> None:
        scans = [scan("unknown", "1", at=at), scan(code, "2", at=at)]
        answers["recorded"] = await api.do(RECORD, actor=coordinator, site=f"Site:{site}", device="hp", scans=scans)

    async with anyio.create_task_group() as group, build.connection.transaction():
        # The merge has moved the duty when it waits for this.
        await build.connection.execute("SELECT FROM scan_code FOR NO KEY UPDATE")
        group.start_soon(merge_both)
        await wait_until(build.connection, LOCK_WAITS, 1)
        group.start_soon(record_both)
        await wait_until(build.connection, LOCK_WAITS, 2)

    assert answers["merged"] == merged_into(new)
    assert [each["scan"]["finding"] for each in answers["recorded"]["results"]] == ["UNKNOWN_CODE", None]
    row = await build.connection.fetchrow(
        "SELECT volunteer_id, assignment_id, (SELECT status FROM assignment) FROM scan WHERE volunteer_id IS NOT NULL"
    )
    assert tuple(row or ()) == (new, duty, "ON_DUTY")


async def test_a_merge_waits_for_no_need_and_no_camp(api: Api, build: Build) -> None:
    """They come before volunteers in the order of locks; nothing changes the places that are taken there."""
    old, new, coordinator = await build.volunteer(), await build.volunteer(), await build.coordinator()
    organization, camp = await build.organization(), await build.camp(starts_at=NOW + 60 * DAY, ends_at=NOW + 63 * DAY)
    await build.assignment(await build.need(), old, status="ACCEPTED")
    await build.camp_registration(camp, old)
    await build.contingent(camp, organization, leader_id=old)

    async with build.connection.transaction():
        await build.connection.execute("SELECT FROM need FOR NO KEY UPDATE; SELECT FROM camp FOR NO KEY UPDATE")
        async with asyncio.timeout(30):
            answer = await merge(api, build, old, new, actor=coordinator)

    assert answer == merged_into(new)
    assert await build.connection.fetchval("SELECT leader_id FROM contingent") == new
    assert await build.connection.fetchval("SELECT taken FROM camp") == 4


@pytest.mark.fuzz
@pytest.mark.parametrize("attempt", range(ROUNDS))
async def test_a_merge_meets_an_acceptance(api: Api, build: Build, attempt: int) -> None:
    """Whoever is first, at most one duty is promised for a time, and nothing is left under the old record."""
    old, new = await build.volunteer(), await build.volunteer()
    need, other = await build.need(), await build.need()
    later = await build.need(starts_at=NOW + 20 * DAY, ends_at=NOW + 21 * DAY)
    offer = await build.assignment(need, old)
    await build.assignment(other, new, status="ACCEPTED" if attempt % 3 == 0 else "OFFERED")
    coordinator, person = await build.coordinator(), await build.volunteer_account(old)
    calls = [
        lambda: merge(api, build, old, new, actor=coordinator),
        lambda: api.do(ACCEPT, actor=person, assignment=f"Assignment:{offer}", version=1),
        lambda: api.do(OFFER, actor=coordinator, need=f"Need:{later}", volunteer=named(old)),
    ]

    answers = await run_concurrently(calls if attempt % 2 else calls[::-1])
    merged, accepted, offered = answers if attempt % 2 else answers[::-1]

    promised = await build.connection.fetch(
        "SELECT volunteer_id FROM commitment JOIN assignment USING (volunteer_id) WHERE assignment_id = $1", offer
    )
    if merged["problems"]:
        assert [each["code"] for each in merged["problems"]] == ["PERSON_ELSEWHERE"]
        assert accepted["problems"] == []
        assert {row["volunteer_id"] for row in promised} == {old}
    else:
        assert [await count(build, column.table.name, column.name, old) for column in MOVED] == [0] * len(MOVED)
        codes = {each["code"] for each in accepted["problems"]}
        assert codes == ({"PERSON_ELSEWHERE"} if attempt % 3 == 0 else set())
        assert {row["volunteer_id"] for row in promised} == (set() if codes else {new})
    assert offered["problems"] == []
    holder = new if not merged["problems"] else old
    assert await build.connection.fetchval("SELECT volunteer_id FROM assignment WHERE need_id = $1", later) == holder
