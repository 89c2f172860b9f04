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


async def scan(build: Build, registration: uuid.UUID, point: str, ago: timedelta, item: str | None = None) -> None:
    query = "SELECT camp_id, volunteer_id FROM camp_registration WHERE id = $1"
    registered = await build.connection.fetchrow(query, registration)
    assert registered is not None
    await build.row(
        "scan",
        camp_id=registered["camp_id"],
        volunteer_id=registered["volunteer_id"],
        registration_id=registration,
        point=point,
        item=item,
        text="x",
        at=NOW - ago,
        device="hp",
        nonce=str(uuid.uuid4()),
        is_offline=False,
        account_id=await build.connection.fetchval("SELECT id FROM account LIMIT 1"),
    )


async def eaters(build: Build, camp: uuid.UUID, *diets: str | None) -> list[uuid.UUID]:
    """Registrations of people who eat so; None is somebody of whom nothing was recorded."""
    registrations = [await build.camp_registration(camp, await build.volunteer()) for _ in diets]
    for registration, diet in zip(registrations, diets, strict=True):
        if diet is not None:
            care = {"diet": diet, "fit_seen": False, "guardian_consent": False}
            await build.row("camp_care", registration_id=registration, **care)
    return registrations


async def staff_of(build: Build, camp: uuid.UUID, duty: str) -> uuid.UUID:
    """The account of somebody with this duty at the camp, and the role for it."""
    account = await medic_of(build, camp, duty)
    await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp)
    return account


async def heads_of(api: Api, camp: uuid.UUID, actor: uuid.UUID | None) -> list[Json] | None:
    answer = await api.ask(HEADS, actor=actor, id=f"Camp:{camp}", on="2026-03-01")
    heads: list[Json] | None = answer["camp"]["heads"]
    return heads


async def test_heads_are_counted_by_meal_and_diet(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - 3 * DAY, ends_at=NOW + DAY)
    medic = await staff_of(build, camp, "MEDIC")
    people = await eaters(build, camp, "VEGETARIAN", "REGULAR", "REGULAR", None)
    # The day in Jakarta began eight hours before NOW.
    await scan(build, people[0], "ENTRY", 2 * DAY)
    await scan(build, people[1], "ENTRY", 2 * DAY)
    await scan(build, people[1], "EXIT", 10 * HOUR)
    await scan(build, people[2], "ENTRY", 3 * HOUR)
    await scan(build, people[2], "EXIT", 2 * HOUR)
    await scan(build, people[3], "ENTRY", HOUR)
    await scan(build, people[0], "MEAL", 2 * HOUR, "Sarapan")
    await scan(build, people[2], "MEAL", 2 * HOUR, "Sarapan")
    await scan(build, people[1], "MEAL", 20 * HOUR, "Makan malam")

    heads, public = await heads_of(api, camp, medic), await heads_of(api, camp, None)

    assert heads == [
        {"item": None, "diet": "REGULAR", "people": 2},
        {"item": None, "diet": "VEGETARIAN", "people": 1},
        {"item": "Sarapan", "diet": "REGULAR", "people": 1},
        {"item": "Sarapan", "diet": "VEGETARIAN", "people": 1},
    ]
    assert public is None


async def test_diets_are_told_to_who_plans_the_kitchen_while_the_camp_runs(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(status="RUNNING", starts_at=NOW - 3 * DAY, ends_at=NOW + DAY, host_id=host)
    planners = [await staff_of(build, camp, duty) for duty in ("MEDIC", "COOK")]
    planners += [await build.coordinator(), await build.account()]
    await build.row("role", account_id=planners[-1], kind="MANAGER", organization_id=host)
    others = [await staff_of(build, camp, duty) for duty in ("COMMITTEE", "INSTRUCTOR")]
    others += [await staff_of(build, await build.camp(status="RUNNING"), "MEDIC"), await staff_of(build, camp, "COOK")]
    await build.row("role", account_id=others[2], kind="CAMP_STAFF", camp_id=camp)
    await build.connection.execute(
        "UPDATE camp_staff_member SET ended_at = $1 WHERE volunteer_id = (SELECT volunteer_id FROM account WHERE id = $2)",
        NOW,
        others[3],
    )
    for person in await eaters(build, camp, "DIABETIC", None, "REGULAR"):
        await scan(build, person, "ENTRY", HOUR)
        await scan(build, person, "MEAL", HOUR, "Sarapan")

    told = [await heads_of(api, camp, actor) for actor in planners]
    hidden = [await heads_of(api, camp, actor) for actor in others]
    await build.connection.execute("UPDATE camp SET status = 'COMPLETED'")
    after = [await heads_of(api, camp, actor) for actor in (*planners, *others)]

    apart = [
        {"item": item, "diet": diet, "people": people}
        for item in (None, "Sarapan")
        for diet, people in (("DIABETIC", 1), ("REGULAR", 2))
    ]
    together = [{"item": item, "diet": None, "people": 3} for item in (None, "Sarapan")]
    assert told == [apart] * len(planners)
    assert hidden == [together] * len(others)
    assert after == [together] * (len(planners) + len(others))
