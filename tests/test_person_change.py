"""Changing what is known of a volunteer."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

READ = """name phone email birthDate sex reach kabupaten { code } kecamatan { code } position { latitude longitude }
  emergencyContact { name phone relation } version"""
CHANGE = f"""mutation($input: ChangeVolunteerInput!) {{ changeVolunteer(input: $input) {{
  volunteer {{ {READ} }} {PROBLEMS} }} }}"""
HERE = {"latitude": -2.53, "longitude": 112.95}
CONTACT = {"name": "Ibu Sari", "phone": "+6281234567891", "relation": "Ibu"}
STORED: dict[str, Any] = {
    "name": "Sinta Dewi",
    "phone": "+6281234567890",
    "email": "sinta@contoh.id",
    "birth_date": date(1990, 7, 1),
    "sex": "FEMALE",
    "reach": "PROVINCE",
    "kabupaten_code": HOME,
    "kecamatan_code": "62.02.01",
    **HERE,
    **{f"emergency_{name}": value for name, value in CONTACT.items()},
}
BEFORE = {
    "name": "Sinta Dewi",
    "phone": "+6281234567890",
    "email": "sinta@contoh.id",
    "birthDate": "1990-07-01",
    "sex": "FEMALE",
    "reach": "PROVINCE",
    "kabupaten": {"code": HOME},
    "kecamatan": {"code": "62.02.01"},
    "position": HERE,
    "emergencyContact": CONTACT,
    "version": 1,
}
LEFT_BEHIND = {"kecamatan": None, "position": None}


def invalid(*path: str) -> Json:
    return problem("Simple", "INVALID", *path)


def named(volunteer: uuid.UUID) -> str:
    return f"Volunteer:{volunteer}"


# What is given, and what is different afterwards.
CHANGES: list[tuple[Json, Json]] = [
    ({}, {}),
    ({"name": "  Sinta   Dewi Lestari "}, {"name": "Sinta Dewi Lestari"}),
    ({"phone": "0812 3456 7899", "email": "DEWI@contoh.id"}, {"phone": "+6281234567899", "email": "dewi@contoh.id"}),
    ({"phone": None, "email": None, "birthDate": None, "sex": None}, dict.fromkeys(("phone", "email", "birthDate", "sex"))),
    ({"birthDate": "1991-07-01", "sex": "MALE"}, {"birthDate": "1991-07-01", "sex": "MALE"}),
    ({"kecamatan": "62.02.02"}, {"kecamatan": {"code": "62.02.02"}}),
    ({"kecamatan": None, "position": None, "emergencyContact": None}, {**LEFT_BEHIND, "emergencyContact": None}),
    ({"emergencyContact": {"name": "Budi", "phone": "0812-3456-7892"}},
     {"emergencyContact": {"name": "Budi", "phone": "+6281234567892", "relation": None}}),
    ({"reach": "NATIONAL"}, {"reach": "NATIONAL"}),
    ({"kabupaten": HOME}, {}),
    ({"kabupaten": NEIGHBOUR}, {"kabupaten": {"code": NEIGHBOUR}, **LEFT_BEHIND}),
    ({"kabupaten": FAR, "kecamatan": "18.03.05", "position": {"latitude": -4.83, "longitude": 104.9}},
     {"kabupaten": {"code": FAR}, "kecamatan": {"code": "18.03.05"}, "position": {"latitude": -4.83, "longitude": 104.9}}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "changed"), CHANGES, ids=str)
async def test_what_is_left_out_stays_and_null_empties(api: Api, build: Build, given: Json, changed: Json) -> None:
    volunteer = await build.person(**STORED)

    answer = await api.do(CHANGE, actor=await build.coordinator(), volunteer=named(volunteer), version=1, **given)
    event = await build.connection.fetchrow("SELECT kind, change->'changed' AS changed FROM event")

    assert answer == {"volunteer": {**BEFORE, **changed, "version": 2}, "problems": []}
    assert event is not None
    assert event["kind"] == "volunteer.changed"


WRONG: list[tuple[Json, list[Json]]] = [
    ({"name": None}, [invalid("name")]),
    ({"name": " \u200b ", "phone": "12", "email": "sinta"}, [invalid("name"), invalid("phone"), invalid("email")]),
    ({"kabupaten": None, "reach": None}, [invalid("kabupaten"), invalid("reach")]),
    ({"kabupaten": "62.99"}, [problem("Simple", "NOT_FOUND", "kabupaten")]),
    ({"kecamatan": "18.03.05"}, [invalid("kecamatan")]),
    ({"kecamatan": "62.02.99"}, [problem("Simple", "NOT_FOUND", "kecamatan")]),
    ({"kabupaten": FAR, "kecamatan": "62.02.01"}, [invalid("kecamatan")]),
    ({"position": {"latitude": -4.83, "longitude": 104.9}}, [invalid("position")]),
    ({"kabupaten": FAR, "position": HERE}, [invalid("position")]),
    ({"birthDate": "2026-03-02"}, [invalid("birthDate"), invalid("birthDate")]),
    ({"birthDate": "2005-01-02"}, [invalid("birthDate")]),
    ({"emergencyContact": {"name": "", "phone": "x"}},
     [invalid("emergencyContact", "name"), invalid("emergencyContact", "phone")]),
    ({"confirmDistinct": "-"}, [invalid("confirmDistinct")]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "problems"), WRONG, ids=str)
async def test_what_does_not_fit_is_refused_and_nothing_changes(
    api: Api, build: Build, given: Json, problems: list[Json]
) -> None:
    volunteer = await build.person(**STORED)
    await build.membership(volunteer, await build.organization(), since=date(2020, 1, 1))
    coordinator, before = await build.coordinator(), await snapshot(build.connection)

    answer = await api.do(CHANGE, actor=coordinator, volunteer=named(volunteer), version=1, **given)

    assert answer == {"volunteer": None, "problems": problems}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"birthDate": "1990-07-01", "sex": "FEMALE"}, []),
        ({"birthDate": None, "sex": None}, []),
        ({"birthDate": "1990-07-02"}, ["birthDate"]),
        ({"sex": "MALE"}, ["sex"]),
        ({"birthDate": "1991-07-01", "sex": "MALE"}, ["birthDate", "sex"]),
    ],
)
async def test_birth_date_and_sex_agree_with_the_nik(api: Api, build: Build, given: Json, paths: list[str]) -> None:
    nik, vault = "6202014107900001", api.services.vault
    columns = {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik), "nik_tail": nik[-4:]}
    volunteer = await build.person(**STORED, **columns)

    answer = await api.do(CHANGE, actor=await build.coordinator(), volunteer=named(volunteer), version=1, **given)

    assert answer["problems"] == [invalid(path) for path in paths]


async def test_the_person_managers_and_coordinators_of_home_keep_the_record(api: Api, build: Build) -> None:
    organization, former, hidden = [await build.organization() for _ in range(3)]
    volunteer = await build.person(**STORED)
    await build.membership(volunteer, organization)
    await build.membership(volunteer, former, until=date(2026, 1, 1), end_reason="Pindah")
    await build.membership(volunteer, hidden)
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1", hidden)
    not_found, forbidden = (problem("Simple", code, "volunteer") for code in ("NOT_FOUND", "FORBIDDEN"))
    actors: list[tuple[uuid.UUID, list[Json]]] = [
        (await build.volunteer_account(volunteer), []),
        (await build.manager(organization), []),
        (await build.coordinator(kabupaten_code=HOME), []),
        (await build.coordinator(province_code=HOME[:2]), []),
        (await build.coordinator(), []),
        (await build.manager(former), [forbidden]),
        (await build.manager(hidden), [forbidden]),
        (await build.coordinator(kabupaten_code=NEIGHBOUR), [forbidden]),
        (await build.coordinator(kabupaten_code=FAR), [not_found]),
        (await build.volunteer_account(await build.person()), [not_found]),
        (await build.account(), [problem("Simple", "FORBIDDEN")]),
    ]

    found, version = [], 1
    for actor, _problems in actors:
        answer = await api.do(CHANGE, actor=actor, volunteer=named(volunteer), version=version, sex="FEMALE")
        version += answer["volunteer"] is not None
        found.append(
            answer["problems"] and [{**each, "path": each["path"] or ["input"]} for each in answer["problems"]]
        )

    assert found == [problems for _, problems in actors]
    assert await build.connection.fetchval("SELECT version FROM volunteer WHERE id = $1", volunteer) == 6


async def test_of_two_who_change_the_same_version_one_is_told_the_other(api: Api, build: Build) -> None:
    volunteer, coordinator = await build.person(**STORED), await build.coordinator()

    answers = await run_concurrently(
        lambda number=number: api.do(  # type: ignore[misc]  # The number of this round.
            CHANGE, actor=coordinator, volunteer=named(volunteer), version=1, email=f"{number}@contoh.id"
        )
        for number in range(4)
    )

    refused = problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)
    assert sorted(len(each["problems"]) for each in answers) == [0, 1, 1, 1]
    assert [each["problems"] for each in answers if each["problems"]] == [[refused]] * 3


TWIN = {"name": "Sinta Dewi", "phone": "+6281234567890", "birth_date": date(1990, 7, 1)}


@pytest.mark.parametrize(
    ("given", "is_asked"),
    [
        ({"phone": "081234567890"}, True),
        ({"birthDate": "1990-07-01"}, True),
        ({"name": "Shinta Dewi", "phone": "081234567890"}, True),
        ({"phone": "081234567891"}, False),
        ({"email": "sinta@contoh.id"}, False),
        ({"name": "Budi Santoso", "phone": "081234567890"}, False),
    ],
    ids=str,
)
async def test_who_becomes_like_somebody_else_is_asked_about_once(
    api: Api, build: Build, given: Json, is_asked: bool
) -> None:
    twin, coordinator = await build.person(**TWIN), await build.coordinator()
    volunteer = await build.person(name="Sinta Dewi")
    asked = problem("Person", "SAME_PERSON", "confirmDistinct", volunteer={"id": named(twin)})
    ids, before = {"volunteer": named(volunteer)}, await snapshot(build.connection)

    first = await api.do(CHANGE, actor=coordinator, **ids, version=1, **given)
    unchanged = await snapshot(build.connection) == before
    confirmed = await api.do(
        CHANGE, actor=coordinator, **ids, version=1 if is_asked else 2, **given, confirmDistinct="Kakak beradik"
    )
    again = await api.do(CHANGE, actor=coordinator, **ids, version=confirmed["volunteer"]["version"], phone=None)
    last = await api.do(CHANGE, actor=coordinator, **ids, version=again["volunteer"]["version"], **given)
    pairs = await build.connection.fetch("SELECT one_id, other_id, reason FROM distinct_pair")

    assert (first["problems"], unchanged) == (([asked], True) if is_asked else ([], False))
    assert [each["problems"] for each in (confirmed, again, last)] == [[], [], []]
    remembered = [(*sorted((twin, volunteer)), "Kakak beradik")]
    assert [tuple(pair) for pair in pairs] == (remembered if is_asked else [])


async def test_a_difference_confirmed_at_the_registration_is_remembered(api: Api, build: Build) -> None:
    await build.person(**TWIN)
    coordinator = await build.coordinator()
    register = "mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) { volunteer { id } problems { code } } }"

    registered = await api.do(
        register,
        actor=coordinator,
        name="Sinta Dewi",
        kabupaten=HOME,
        reach="NATIONAL",
        consentPurpose="Penugasan",
        phone="081234567890",
        confirmDistinct="Kakak beradik",
    )
    ids = {"volunteer": registered["volunteer"]["id"]}
    changed = await api.do(CHANGE, actor=coordinator, **ids, version=1, name="Sinta Dewi L", birthDate="1990-07-01")

    assert registered["problems"] == changed["problems"] == []


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"reach": "KABUPATEN"}, "reach"),
        ({"kabupaten": FAR}, "kabupaten"),
        ({"kabupaten": FAR, "reach": "NATIONAL"}, None),
        ({"kabupaten": NEIGHBOUR, "reach": "KABUPATEN"}, None),
        ({"name": "Sinta"}, None),
    ],
    ids=str,
)
async def test_a_promise_stays_within_reach(api: Api, build: Build, given: Json, path: str | None) -> None:
    volunteer = await build.volunteer(**STORED)
    duty = await build.assignment(await build.need(kabupaten_code=NEIGHBOUR), volunteer, status="ACCEPTED")
    offered = await build.assignment(await build.need(kabupaten_code=NEIGHBOUR), volunteer)
    excepted = await build.need(kabupaten_code=FAR, starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=10))
    coordinator = await build.coordinator()
    rule = {"rule_code": "BEYOND_REACH", "fact": "{}", "reason": "Mendesak", "account_id": coordinator}
    await build.row("override", assignment_id=await build.assignment(excepted, volunteer, status="ACCEPTED"), **rule)
    before = await snapshot(build.connection)

    answer = await api.do(CHANGE, actor=coordinator, volunteer=named(volunteer), version=1, **given)

    period = {"startsAt": instant(NOW + timedelta(days=1)), "endsAt": instant(NOW + timedelta(days=4))}
    in_the_way = {"assignment": {"id": f"Assignment:{duty}"}, **period}
    assert answer["problems"] == ([problem("Commitment", "PROMISE_BEYOND_REACH", path, **in_the_way)] if path else [])
    assert (await snapshot(build.connection) == before) is (path is not None)
    assert await build.connection.fetchval("SELECT status FROM assignment WHERE id = $1", offered) == "OFFERED"
