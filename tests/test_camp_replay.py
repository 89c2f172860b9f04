"""Camps that took place, again: Kalimantan Tengah in 2019, and the coaching rounds of Lampung in 2018."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from random import Random
from typing import Any

import pytest

from benchmarks.camp_replay import Replay
from tests.asking import Api, Json
from tests.builders import CERTIFICATE_TYPE, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.test_camp_registration import REGISTER_ALL

# The kabupaten and kota of Kalimantan Tengah, and the organizations of which people came.
KALTENG = [f"62.{number:02}" for number in (*range(1, 14), 71)]
CORPS = ("Pelopor Perdamaian", "Tagana", "MRI", "Karang Taruna")
SCALE = 1 if IS_FUZZ else 10
PEOPLE, CAPACITY = 1_600 // SCALE, 1_000 // SCALE
HOUR = timedelta(hours=1)


async def volunteers(build: Build, organizations: Sequence[uuid.UUID], count: int) -> list[tuple[uuid.UUID, int, str]]:
    """People spread evenly over the organizations and the kabupaten, in a shuffled order of a fixed seed."""
    pairs = [(number, kabupaten) for kabupaten in KALTENG for number in range(len(organizations))]
    made: list[tuple[uuid.UUID, int, str]] = []
    async with build.connection.transaction():
        for (number, kabupaten), _ in zip(cycle(pairs), range(count), strict=False):
            person = await build.person(kabupaten_code=kabupaten)
            await build.membership(person, organizations[number])
            made.append((person, number, kabupaten))
    Random(2019).shuffle(made)
    return made


def replay(api: Api, camp: uuid.UUID, actor: uuid.UUID) -> Replay:
    """Over HTTP, by one account."""

    async def do(name: str, values: Mapping[str, Any], selection: str) -> Json:
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {selection} }} }}"
        return await api.do(document, actor=actor, **values)

    return Replay(do, f"Camp:{camp}")


async def rows_of(build: Build, camp: uuid.UUID) -> list[Any]:
    return await build.connection.fetch("SELECT * FROM camp_registration WHERE camp_id = $1 ORDER BY number", camp)


async def make_kambariat(build: Build, host: uuid.UUID) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """The camp in its second day, with two required sessions, whose issuer has agreed."""
    times = {"starts_at": NOW - timedelta(hours=20), "ends_at": NOW + timedelta(days=2)}
    camp = await build.camp(host, kabupaten_code="62.71", name="Kemah Kambariat", capacity=CAPACITY, **times)
    sessions = [
        await build.row(
            "camp_session",
            camp_id=camp,
            title=title,
            starts_at=NOW - hours * HOUR,
            ends_at=NOW - hours * HOUR + HOUR,
            is_required=True,
        )
        for title, hours in (("Dapur umum", 6), ("Pertolongan pertama", 4))
    ]
    agreed = "UPDATE camp SET issuer_id = $2, issuer_agreed_at = $3, participant_certificate_code = $4 WHERE id = $1"
    await build.connection.execute(agreed, camp, host, NOW, CERTIFICATE_TYPE)
    return camp, sessions


async def codes_in_order(build: Build) -> list[str]:
    """Of those who have a place, by their numbers."""
    rows = await build.connection.fetch(
        """SELECT code FROM scan_code JOIN camp_registration USING (volunteer_id)
        WHERE status = 'REGISTERED' ORDER BY number"""
    )
    return [row["code"] for row in rows]


REPORT = """query($id: ID!) { camp(id: $id) { presentCount
  category: report(by: CATEGORY) { registered came certified } session: report(by: SESSION) { name came }
  organization: report(by: ORGANIZATION) { registered came certified }
  kabupaten: report(by: KABUPATEN) { registered came certified } } }"""


@dataclass(frozen=True, slots=True)
class Kambariat:
    """The camp, its sessions, who is to come, the account that does everything, and the steps."""

    camp: uuid.UUID
    sessions: Sequence[uuid.UUID]
    people: Sequence[uuid.UUID]
    coordinator: uuid.UUID
    steps: Replay

    async def cancel_some(self, build: Build) -> None:
        registered = [row["id"] for row in await rows_of(build, self.camp) if row["status"] == "REGISTERED"]
        await self.steps.cancel(Random(25).sample(registered, 25))


@pytest.fixture
async def kambariat(api: Api, build: Build) -> Kambariat:
    host = await build.organization(kabupaten_code="62.71", kind="GOVERNMENT", corps=None, name="Dinas Sosial")
    organizations = [await build.organization(name=name, kabupaten_code="62.71") for name in CORPS]
    people = [person for person, _, _ in await volunteers(build, organizations, PEOPLE)]
    camp, sessions = await make_kambariat(build, host)
    coordinator = await build.coordinator(province_code="62")
    return Kambariat(camp, sessions, people, coordinator, replay(api, camp, coordinator))


@pytest.mark.fuzz
async def test_the_camp_of_kalimantan_tengah(build: Build, kambariat: Kambariat) -> None:
    camp = kambariat.camp

    await kambariat.steps.register(kambariat.people)
    rows = await rows_of(build, camp)
    await kambariat.cancel_some(build)

    assert [row["number"] for row in rows] == list(range(1, PEOPLE + 1))
    assert [row["status"] for row in rows] == ["REGISTERED"] * CAPACITY + ["WAITLISTED"] * (PEOPLE - CAPACITY)
    after = {row["id"]: row["status"] for row in await rows_of(build, camp)}
    promoted = [row["number"] for row in rows if row["status"] == "WAITLISTED" and after[row["id"]] == "REGISTERED"]
    assert promoted == list(range(CAPACITY + 1, CAPACITY + 26))
    waiting = PEOPLE - CAPACITY - 25
    assert Counter(after.values()) == {"REGISTERED": CAPACITY, "WAITLISTED": waiting, "CANCELLED": 25}
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == CAPACITY


@pytest.mark.fuzz
async def test_the_gate_the_sessions_and_the_certificates_of_kalimantan_tengah(
    api: Api, build: Build, kambariat: Kambariat
) -> None:
    """One of twenty does not come; one of ten of the others misses the second session."""
    camp, steps, ask = kambariat.camp, kambariat.steps, partial(api.ask, actor=kambariat.coordinator)
    await steps.register(kambariat.people)
    await kambariat.cancel_some(build)

    await steps.start(1)
    codes = await codes_in_order(build)
    coming = [code for number, code in enumerate(codes) if number % 20]
    attending = [code for number, code in enumerate(coming) if number % 10]
    await steps.scan(coming, (NOW - 7 * HOUR).isoformat())
    await steps.scan(coming, (NOW - 6 * HOUR).isoformat(), "SESSION", kambariat.sessions[0])
    await steps.scan(attending, (NOW - 4 * HOUR).isoformat(), "SESSION", kambariat.sessions[1])
    present = (await ask(REPORT, id=f"Camp:{camp}"))["camp"]["presentCount"]
    await steps.complete(2)
    found = (await ask(REPORT, id=f"Camp:{camp}"))["camp"]

    came, certified = CAPACITY - CAPACITY // 20, len(attending)
    assert (present, len(coming)) == (came, came)
    ended = Counter(row["status"] for row in await rows_of(build, camp))
    assert ended == {"COMPLETED": came, "NO_SHOW": CAPACITY // 20, "EXPIRED": PEOPLE - CAPACITY - 25, "CANCELLED": 25}
    whole = {"registered": CAPACITY, "came": came, "certified": certified}
    assert found["category"] == [whole]
    assert found["session"] == [
        {"name": "Dapur umum", "came": came},
        {"name": "Pertolongan pertama", "came": certified},
    ]
    for by, count in (("organization", len(CORPS)), ("kabupaten", len(KALTENG))):
        assert len(found[by]) == count
        assert {name: sum(row[name] for row in found[by]) for name in whole} == whole
    assert await build.connection.fetchval("SELECT count(DISTINCT volunteer_id) FROM certificate") == certified
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == came


def held(rows: Iterable[Any], name: str) -> Counter[Any]:
    return Counter(row[name] for row in rows if row["status"] == "REGISTERED")


@pytest.mark.fuzz
async def test_quotas_by_kabupaten_and_by_organization_are_filled_and_not_passed(api: Api, build: Build) -> None:
    host = await build.organization(kabupaten_code="62.71")
    organizations = [await build.organization(name=name, kabupaten_code="62.71") for name in CORPS]
    people = [person for person, _, _ in await volunteers(build, organizations, PEOPLE)]
    camp = await build.camp(host, kabupaten_code="62.71", capacity=CAPACITY)
    by_kabupaten, by_organization = (60, 205) if SCALE == 1 else (6, 20)
    for kabupaten in KALTENG:
        await build.row("camp_quota", camp_id=camp, kabupaten_code=kabupaten, places=by_kabupaten)
    for organization in organizations:
        await build.row("camp_quota", camp_id=camp, organization_id=organization, places=by_organization)
    coordinator = await build.coordinator(province_code="62")

    await replay(api, camp, coordinator).register(people)

    rows = await rows_of(build, camp)
    of_kabupaten, of_organization = held(rows, "kabupaten_code"), held(rows, "organization_id")
    assert max(of_kabupaten.values()) <= by_kabupaten
    assert max(of_organization.values()) <= by_organization
    assert sum(of_kabupaten.values()) == 4 * by_organization
    for row in rows:
        is_free = (
            of_kabupaten[row["kabupaten_code"]] < by_kabupaten
            and of_organization[row["organization_id"]] < by_organization
        )
        assert row["status"] == "REGISTERED" or not is_free
    quotas = await build.connection.fetch("SELECT kabupaten_code, organization_id, taken FROM camp_quota")
    expected: dict[Any, int] = {**of_kabupaten, **of_organization}
    assert {row["kabupaten_code"] or row["organization_id"]: row["taken"] for row in quotas} == expected


# The day of March 2018, the kabupaten of the venue, how many institutions came, and from where.
LAMPUNG = (
    (5, "LKSA Nurul Fatah", "18.05", 50, ("18.11", "18.05", "18.12")),
    (6, "LKS APIK", "18.71", 41, ("18.01", "18.07", "18.72", "18.71")),
    (7, "LKSA Sabilunnajah", "18.02", 42, ("18.03", "18.02", "18.08")),
    (8, "LKSA Darut Tholibin", "18.04", 17, ("18.04", "18.13")),
    (9, "LKS Amanah Bunda", "18.10", 13, ("18.10", "18.06", "18.09")),
)
SERIES = "Pembinaan LKS Provinsi Lampung 2018"
CREATE = """mutation($input: CreateCampInput!) { createCamp(input: $input) { camp { id attendees series } problems { code } } }"""
MOVE = "mutation($input: %(type)sInput!) { %(name)s(input: $input) { camp { status } problems { code path } } }"


async def coaching_round(api: Api, build: Build, host: uuid.UUID, actor: uuid.UUID, round_: tuple[Any, ...]) -> str:
    """The round as it was: announced, its institutions registered by their heads."""
    day, venue, kabupaten, count, homes = round_
    starts_at = datetime(2026, 3, day, 1, tzinfo=UTC)
    created = await api.do(
        CREATE,
        actor=actor,
        kind="COACHING",
        name=f"Pembinaan di {venue}",
        series=SERIES,
        host=f"Organization:{host}",
        kabupaten=kabupaten,
        venue=venue,
        startsAt=starts_at.isoformat(),
        endsAt=(starts_at + timedelta(hours=8)).isoformat(),
        capacity=count,
    )
    camp: str = created["camp"]["id"]
    await api.do(MOVE % {"type": "OpenCamp", "name": "openCamp"}, actor=actor, camp=camp, version=1)
    institutions = [
        await build.organization(
            name=f"LKS {venue} {number}", kind="WELFARE_INSTITUTION", corps=None, kabupaten_code=home
        )
        for number, home in zip(range(count), cycle(homes), strict=False)
    ]
    heads = [
        {"guestName": f"Ketua {number}", "organization": f"Organization:{institution}"}
        for number, institution in enumerate(institutions)
    ]
    payload = await api.do(REGISTER_ALL, actor=actor, camp=camp, participants=heads)
    assert {each["campRegistration"]["status"] for each in payload["results"]} == {"REGISTERED"}
    return camp


async def test_the_five_coaching_rounds_of_lampung_are_a_series(api: Api, build: Build) -> None:
    host = await build.organization(
        name="Dinas Sosial Provinsi Lampung", kind="GOVERNMENT", corps=None, kabupaten_code="18.71"
    )
    coordinator = await build.coordinator(province_code="18")

    for round_ in LAMPUNG:
        await coaching_round(api, build, host, coordinator, round_)
    data = await api.ask(
        """query($series: String!) { camps(first: 10, filter: {series: {eq: $series}}, orderBy: STARTS_AT_ASC) {
          totalCount nodes { venue attendees taken placesLeft kabupaten { code } } } }""",
        actor=coordinator,
        series=SERIES.upper(),
    )

    assert data["camps"] == {
        "totalCount": 5,
        "nodes": [
            {
                "venue": venue,
                "attendees": "INSTITUTIONS",
                "taken": count,
                "placesLeft": 0,
                "kabupaten": {"code": kabupaten},
            }
            for _, venue, kabupaten, count, _ in LAMPUNG
        ],
    }
    assert sum(node["taken"] for node in data["camps"]["nodes"]) == 163
    homes = await build.connection.fetch("SELECT DISTINCT kabupaten_code FROM camp_registration")
    assert len(homes) == 15
