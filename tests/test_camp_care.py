"""Care data of camps: read by medics while the camp runs, each reading recorded, erased after it; heads by meal and diet."""

import uuid
from datetime import timedelta

import pytest

from api.transport import Transport
from api.worker import Worker, delete_old
from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RECORD = f"""mutation($input: RecordCareInput!) {{ recordCare(input: $input) {{ campRegistration {{ number }} {PROBLEMS} }} }}"""
READ = f"""mutation($input: ReadCareInput!) {{ readCare(input: $input) {{
  report {{ diet fitSeen guardianConsent }} {PROBLEMS} }} }}"""
HEADS = "query($id: ID!, $on: Date!) { camp(id: $id) { heads(on: $on) { item diet people } } }"


async def medic_of(build: Build, camp: uuid.UUID, duty: str = "MEDIC") -> uuid.UUID:
    person = await build.person()
    await build.camp_staff_member(camp, person, duty=duty)
    return await build.volunteer_account(person)


async def test_only_medics_read_care_data_while_the_camp_runs(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW + DAY)
    volunteer = await build.volunteer()
    key = f"CampRegistration:{await build.camp_registration(camp, volunteer)}"
    own = await build.volunteer_account(volunteer)
    medic, cook = await medic_of(build, camp), await medic_of(build, camp, "COOK")

    recorded = await api.do(RECORD, actor=own, campRegistration=key, diet="DIABETIC", fitSeen=True)
    read = await api.do(READ, actor=medic, campRegistration=key)
    refused = [(await api.do(READ, actor=actor, campRegistration=key))["problems"] for actor in (own, cook)]
    await build.connection.execute("UPDATE camp SET status = 'COMPLETED'")
    after = await api.do(READ, actor=medic, campRegistration=key)

    assert recorded == {"campRegistration": {"number": 1}, "problems": []}
    assert read == {"report": {"diet": "DIABETIC", "fitSeen": True, "guardianConsent": False}, "problems": []}
    assert refused == [
        [problem("Simple", "FORBIDDEN", "campRegistration")],
        [problem("Simple", "NOT_FOUND", "campRegistration")],
    ]
    assert after["problems"] == [problem("Status", "WRONG_STATUS", "campRegistration", currentStatus="COMPLETED")]
    kinds = "SELECT kind FROM event WHERE kind LIKE '%care%' ORDER BY at, kind"
    events = [row["kind"] for row in await build.connection.fetch(kinds)]
    assert events == ["camp_registration.care_read", "camp_registration.care_recorded"]


@pytest.mark.parametrize(
    ("ends", "ended", "is_kept"),
    [
        (timedelta(days=-30), None, False),
        (timedelta(days=-30, seconds=1), None, True),
        (timedelta(days=9), timedelta(days=-30), False),
        (timedelta(days=9), timedelta(days=-29), True),
    ],
)
async def test_care_data_are_erased_30_days_after_the_camp(
    api: Api, build: Build, ends: timedelta, ended: timedelta | None, is_kept: bool
) -> None:
    over = {"status": "CANCELLED", "ended_at": NOW + ended} if ended is not None else {"status": "COMPLETED"}
    camp = await build.camp(starts_at=NOW - 40 * DAY, ends_at=NOW + ends, **over)
    registration = await build.camp_registration(camp, await build.person(), status="RELEASED")
    care = {"diet": "DIABETIC", "fit_seen": True, "guardian_consent": False}
    await build.row("camp_care", registration_id=registration, **care)
    services = api.services

    await Worker(services.database, services.vault, services.clock, Transport()).clean(delete_old)

    assert await build.connection.fetchval("SELECT count(*) FROM camp_care") == int(is_kept)


async def test_care_data_go_with_the_person(build: Build) -> None:
    camp, care = await build.camp(), {"diet": "DIABETIC", "fit_seen": True, "guardian_consent": False}
    people = [await build.person() for _ in range(2)]
    for person in people:
        await build.row("camp_care", registration_id=await build.camp_registration(camp, person), **care)

    await build.connection.execute("SELECT erase_person($1)", people[0])

    left = "SELECT volunteer_id FROM camp_care JOIN camp_registration AS r ON r.id = registration_id"
    assert [row["volunteer_id"] for row in await build.connection.fetch(left)] == [people[1]]


async def test_heads_are_counted_by_meal_and_diet(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - 3 * DAY, ends_at=NOW + DAY)
    actor, account = await build.coordinator(), await build.account()
    registrations = [await build.camp_registration(camp, await build.volunteer()) for _ in range(4)]
    for registration, diet in zip(registrations, ("VEGETARIAN", "REGULAR", "REGULAR"), strict=False):
        values = {"diet": diet, "fit_seen": False, "guardian_consent": False}
        await build.row("camp_care", registration_id=registration, **values)

    async def scan(index: int, point: str, ago: timedelta, item: str | None = None) -> None:
        person = await build.connection.fetchval(
            "SELECT volunteer_id FROM camp_registration WHERE id = $1", registrations[index]
        )
        await build.row(
            "scan",
            camp_id=camp,
            volunteer_id=person,
            registration_id=registrations[index],
            point=point,
            item=item,
            text="x",
            at=NOW - ago,
            device="hp",
            nonce=str(uuid.uuid4()),
            is_offline=False,
            account_id=account,
        )

    # The day in Jakarta began eight hours before NOW.
    await scan(0, "ENTRY", 2 * DAY)
    await scan(1, "ENTRY", 2 * DAY)
    await scan(1, "EXIT", 10 * HOUR)
    await scan(2, "ENTRY", 3 * HOUR)
    await scan(2, "EXIT", 2 * HOUR)
    await scan(3, "ENTRY", HOUR)
    await scan(0, "MEAL", 2 * HOUR, "Sarapan")
    await scan(2, "MEAL", 2 * HOUR, "Sarapan")
    await scan(1, "MEAL", 20 * HOUR, "Makan malam")

    heads: Json = (await api.ask(HEADS, actor=actor, id=f"Camp:{camp}", on="2026-03-01"))["camp"]["heads"]
    public = await api.ask(HEADS, id=f"Camp:{camp}", on="2026-03-01")

    assert heads == [
        {"item": None, "diet": "REGULAR", "people": 2},
        {"item": None, "diet": "VEGETARIAN", "people": 1},
        {"item": "Sarapan", "diet": "REGULAR", "people": 1},
        {"item": "Sarapan", "diet": "VEGETARIAN", "people": 1},
    ]
    assert public == {"camp": {"heads": None}}
