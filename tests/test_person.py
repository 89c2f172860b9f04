"""Registering people: ranks of a corps, days, birth and sex, and one person once."""

from datetime import date, timedelta
from functools import partial

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id birthDate sex memberships(first: 1) {{ nodes {{ since rank {{ code }} }} }} }} {PROBLEMS} }} }}"""
ISSUE = f"mutation($input: IssueCertificateInput!) {{ issueCertificate(input: $input) {{ certificate {{ issuedOn }} {PROBLEMS} }} }}"

PERSON = {"name": "Sinta Dewi", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
WOMAN, MAN = "6202014107900001", "6202010107900001"  # 1 July 1990.
WIT = "91.71"


def invalid(*path: str) -> Json:
    return problem("Simple", "INVALID", *path)


# The corps, the rank, and whether it may be given.
RANKS = [
    ("TAGANA", "TAGANA_MUDA", True),
    ("TAGANA", "TAGANA_MADYA", True),
    ("TAGANA", "TAGANA_UTAMA", True),
    ("PELOPOR", "PELOPOR_ANGGOTA", True),
    ("PELOPOR", "PELOPOR_KOORDINATOR", True),
    ("MRI", "MRI_ANGGOTA", True),
    ("MRI", "MRI_KETUA_REGU", True),
    (None, None, True),
    ("TKSK", None, True),
    ("MRI", None, True),
    (None, "TAGANA_UTAMA", False),
    (None, "MRI_ANGGOTA", False),
    ("TKSK", "TAGANA_MUDA", False),
    ("TAGANA", "MRI_ANGGOTA", False),
    ("TAGANA", "PELOPOR_KETUA_REGU", False),
    ("PELOPOR", "TAGANA_MUDA", False),
    ("PELOPOR", "MRI_KOORDINATOR", False),
    ("MRI", "TAGANA_MADYA", False),
    ("MRI", "PELOPOR_ANGGOTA", False),
    ("TAGANA", "MRI_KOORDINATOR", False),
]


@pytest.mark.parametrize(("corps", "rank", "is_given"), RANKS)
async def test_a_rank_is_given_within_its_corps(
    api: Api, build: Build, corps: str | None, rank: str | None, is_given: bool
) -> None:
    organization = await build.organization(corps=corps, kind="CORPS" if corps else "ZAKAT")
    values = {**PERSON, "organization": f"Organization:{organization}", "rank": rank}

    registered = await api.do(REGISTER, actor=await build.manager(organization), **values)

    assert registered["problems"] == ([] if is_given else [invalid("rank")])


# Type, kind and corps of the issuer, and whether it may issue it.
ISSUERS = [
    ("TAGANA_MUDA", "GOVERNMENT", None, True),
    ("TAGANA_UTAMA", "CORPS", "TAGANA", True),
    ("PELOPOR_BASIC", "CORPS", "PELOPOR", True),
    ("MRI_RESCUE", "CORPS", "MRI", True),
    ("MRI_BASIC", "GOVERNMENT", None, True),
    ("TKSK_BASIC", "GOVERNMENT", None, True),
    ("TKSK_BASIC", "FORUM", "TKSK", True),
    ("FIRST_AID_BASIC", "NGO", None, True),
    ("WATER_RESCUE_BASIC", "CORPS", "MRI", True),
    ("CARE_TRAINING", "WELFARE_INSTITUTION", None, True),
    ("TAGANA_MUDA", "ZAKAT", None, False),
    ("TAGANA_MUDA", "NGO", None, False),
    ("TAGANA_MUDA", "CORPS", "MRI", False),
    ("TAGANA_UTAMA", "CORPS", None, False),
    ("PELOPOR_BASIC", "CORPS", "TAGANA", False),
    ("MRI_BASIC", "CORPS", "PELOPOR", False),
    ("TKSK_BASIC", "FORUM", None, False),
    ("TKSK_BASIC", "CORPS", "TAGANA", False),
    ("FIRST_AID_BASIC", "ZAKAT", None, False),
    ("WATER_RESCUE_BASIC", "WELFARE_INSTITUTION", None, False),
]


@pytest.mark.parametrize(("type_", "kind", "corps", "may"), ISSUERS)
async def test_an_organization_issues_the_types_of_its_kind_and_corps(
    api: Api, build: Build, type_: str, kind: str, corps: str | None, may: bool
) -> None:
    issuer, volunteer = await build.organization(kind=kind, corps=corps), await build.person()
    values = {
        "volunteer": f"Volunteer:{volunteer}",
        "type": type_,
        "issuer": f"Organization:{issuer}",
        "number": "1",
        "issuedOn": "2026-01-01",
    }
    coordinator = await build.coordinator()
    refused = problem("Organization", "TYPE_NOT_ISSUED", "issuer", organization={"id": f"Organization:{issuer}"})

    issued = await api.do(ISSUE, actor=coordinator, **values)
    await build.connection.execute(
        "INSERT INTO certificate_issuer VALUES ($1, $2) ON CONFLICT DO NOTHING", issuer, type_
    )
    granted = await api.do(ISSUE, actor=coordinator, **{**values, "number": "2"})
    listed = await api.ask("query($id: ID!) { organization(id: $id) { issues { code } } }", id=f"Organization:{issuer}")

    assert issued["problems"] == ([] if may else [refused])
    assert granted["problems"] == []
    assert {"code": type_} in listed["organization"]["issues"]


@pytest.mark.parametrize(
    ("revoked", "renewed", "stands"),
    [
        (False, None, True),
        (True, None, False),
        (True, (NOW.date(), None), True),
        (True, (date(2020, 1, 1), date(2026, 2, 28)), False),
    ],
)
async def test_a_struck_off_organization_neither_enrols_nor_issues(
    api: Api, build: Build, revoked: bool, renewed: tuple[date, date | None] | None, stands: bool
) -> None:
    organization, volunteer = await build.organization(), await build.person()
    await build.licence(organization, revoked_on=date(2026, 2, 1) if revoked else None)
    if renewed:
        since, until = renewed
        await build.licence(organization, valid_from=since, valid_until=until)
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    enrolled = await api.do(REGISTER, actor=coordinator, **PERSON, organization=f"Organization:{organization}")
    issued = await api.do(
        ISSUE,
        actor=coordinator,
        volunteer=f"Volunteer:{volunteer}",
        type="FIRST_AID_BASIC",
        issuer=f"Organization:{organization}",
        number="1",
        issuedOn="2026-01-01",
    )

    fact = {"organization": {"id": f"Organization:{organization}"}}
    assert [each["problems"] for each in (enrolled, issued)] == [
        [] if stands else [problem("Organization", "ORGANIZATION_NOT_VERIFIED", path, **fact)]
        for path in ("organization", "issuer")
    ]
    assert (await snapshot(build.connection) == before) is not stands


async def test_today_is_the_day_of_the_organization(api: Api, build: Build) -> None:
    """Where it is still yesterday, today has not come."""
    await build.connection.execute("UPDATE province SET time_zone = 'Pacific/Pago_Pago' WHERE code = $1", HOME[:2])
    east, west = await build.organization(kabupaten_code=WIT), await build.organization()
    volunteer, coordinator = await build.person(), await build.coordinator()
    day = NOW.date()

    found = []
    for organization, number in ((east, "1"), (west, "2")):
        member = {**PERSON, "organization": f"Organization:{organization}", "name": f"Orang {number}"}
        issue = {
            "volunteer": f"Volunteer:{volunteer}",
            "type": "FIRST_AID_BASIC",
            "issuer": f"Organization:{organization}",
        }
        today = await api.do(REGISTER, actor=coordinator, **member)
        asked = await api.do(REGISTER, actor=coordinator, **member, since=day.isoformat())
        issued = await api.do(ISSUE, actor=coordinator, **issue, number=number, issuedOn=day.isoformat())
        found.append((today["volunteer"]["memberships"]["nodes"][0]["since"], asked["problems"], issued["problems"]))

    assert found == [
        (day.isoformat(), [], []),
        ((day - timedelta(days=1)).isoformat(), [invalid("since")], [invalid("issuedOn")]),
    ]


# Birth date, sex and NIK, and the paths of the problems.
IDENTITIES: list[tuple[Json, list[str]]] = [
    ({}, []),
    ({"birthDate": "1990-07-01"}, []),
    ({"sex": "FEMALE"}, []),
    ({"nik": WOMAN}, []),
    ({"nik": WOMAN, "sex": "FEMALE"}, []),
    ({"nik": MAN, "sex": "MALE"}, []),
    ({"nik": WOMAN, "birthDate": "1990-07-01"}, []),
    ({"nik": WOMAN, "birthDate": "1990-07-01", "sex": "FEMALE"}, []),
    ({"nik": "6202010107050001", "birthDate": "1905-07-01"}, []),
    ({"nik": "6202012902040001", "birthDate": "2004-02-29", "sex": "MALE"}, []),
    ({"nik": WOMAN, "sex": "MALE"}, ["nik"]),
    ({"nik": MAN, "sex": "FEMALE"}, ["nik"]),
    ({"nik": WOMAN, "birthDate": "1990-07-02"}, ["nik"]),
    ({"nik": WOMAN, "birthDate": "1991-07-01"}, ["nik"]),
    ({"nik": WOMAN, "birthDate": "1990-01-07"}, ["nik"]),
    ({"nik": MAN, "birthDate": "1909-07-01"}, ["nik"]),
    ({"nik": MAN, "birthDate": "1990-07-01", "sex": "FEMALE"}, ["nik"]),
    ({"birthDate": "2026-03-02"}, ["birthDate"]),
    ({"birthDate": "2199-01-01", "sex": "MALE"}, ["birthDate"]),
    ({"nik": "6202013002900001", "birthDate": "1990-02-28"}, ["nik"]),
]


@pytest.mark.parametrize(("given", "paths"), IDENTITIES, ids=str)
async def test_birth_sex_and_nik_agree(api: Api, build: Build, given: Json, paths: list[str]) -> None:
    registered = await api.do(REGISTER, actor=await build.coordinator(), **PERSON, **given)

    assert registered["problems"] == [invalid(path) for path in paths]
    if not paths:
        volunteer = registered["volunteer"]
        assert (volunteer["birthDate"], volunteer["sex"]) == (given.get("birthDate"), given.get("sex"))


async def test_birth_and_sex_are_seen_by_those_who_know_the_person(api: Api, build: Build) -> None:
    volunteer = await build.person(birth_date=date(1990, 7, 1), sex="FEMALE")
    document = "query($id: ID!) { volunteer(id: $id) { birthDate sex } }"
    viewers = {
        "home": await build.coordinator(kabupaten_code=HOME),
        "self": await build.volunteer_account(volunteer),
        "elsewhere": await build.coordinator(kabupaten_code=FAR),
    }

    seen = {
        name: (await api.ask(document, actor=viewer, id=f"Volunteer:{volunteer}"))["volunteer"]
        for name, viewer in viewers.items()
    }

    known, unknown = {"birthDate": "1990-07-01", "sex": "FEMALE"}, {"birthDate": None, "sex": None}
    assert seen == {"home": known, "self": known, "elsewhere": unknown}


@pytest.mark.parametrize(
    ("given", "is_old_enough"),
    [
        ({"birthDate": "2011-03-01"}, True),
        ({"birthDate": "2011-03-02"}, False),
        ({"nik": "6202010103110001"}, True),
        ({"nik": "6202010203110001"}, False),
        ({"birthDate": "2000-05-05", "since": "2015-05-05"}, True),
        ({"birthDate": "2000-05-05", "since": "2015-05-04"}, False),
    ],
)
async def test_a_member_is_fifteen_on_the_first_day(api: Api, build: Build, given: Json, is_old_enough: bool) -> None:
    organization = await build.organization()

    registered = await api.do(
        REGISTER, actor=await build.coordinator(), **PERSON, **given, organization=f"Organization:{organization}"
    )

    assert registered["problems"] == ([] if is_old_enough else [invalid("since")])


async def test_a_certificate_is_not_from_before_the_fifteenth_birthday(api: Api, build: Build) -> None:
    issuer, volunteer = await build.organization(), await build.person(birth_date=date(2000, 5, 5))
    values = {"volunteer": f"Volunteer:{volunteer}", "type": "FIRST_AID_BASIC", "issuer": f"Organization:{issuer}"}
    coordinator = await build.coordinator()

    issued = [
        (await api.do(ISSUE, actor=coordinator, **values, number=day, issuedOn=day))["problems"]
        for day in ("2015-05-05", "2015-05-04")
    ]

    assert issued == [[], [invalid("issuedOn")]]


# What is stored, what is asked, and whether it is asked first.
STORED = {"name": "Sinta Dewi", "phone": "+6281234567890", "birth_date": date(1990, 7, 1)}
PHONE, BORN = {"phone": "0812 3456 7890"}, {"birthDate": "1990-07-01"}
TWICE: list[tuple[Json, bool]] = [
    (PHONE, True),
    ({**PHONE, "name": "SINTA  DEWI"}, True),
    ({**PHONE, "name": "Shinta Dewi"}, True),
    ({**PHONE, "name": "Sinta"}, True),
    ({**PHONE, "name": "Sinta Dewi Lestari Ratnasari"}, True),
    ({**PHONE, "name": "Dewi Sinta"}, True),
    (BORN, True),
    ({**BORN, "name": "sinta dewi"}, True),
    ({**BORN, "name": "SintaDewi"}, True),
    ({**BORN, "name": "S\u00ednta Dewi"}, True),
    ({**BORN, **PHONE}, True),
    ({**BORN, "kabupaten": FAR}, True),
    ({}, False),
    ({"phone": "081234567891"}, False),
    ({"birthDate": "1990-07-02"}, False),
    ({**PHONE, "name": "Budi Santoso"}, False),
    ({**PHONE, "name": "Rahmat"}, False),
    ({**BORN, "name": "Sinta"}, False),
    ({**BORN, "name": "Shinta Dewi"}, False),
    ({**BORN, "name": "Sinta Dewi Lestari"}, False),
    ({"phone": "081234567891", "birthDate": "1991-07-01"}, False),
    ({**PHONE, "name": "Made Ayu"}, False),
]


@pytest.mark.parametrize(("given", "is_asked"), TWICE, ids=str)
async def test_who_may_be_registered_already_is_asked_about_first(
    api: Api, build: Build, given: Json, is_asked: bool
) -> None:
    other, coordinator = await build.person(**STORED), await build.coordinator()
    before = await snapshot(build.connection)
    asked = problem("Person", "SAME_PERSON", "confirmDistinct", volunteer={"id": f"Volunteer:{other}"})

    registered = await api.do(REGISTER, actor=coordinator, **{**PERSON, **given})

    assert registered["problems"] == ([asked] if is_asked else [])
    assert (await snapshot(build.connection) == before) is is_asked


async def test_a_confirmed_difference_is_recorded(api: Api, build: Build) -> None:
    other, coordinator = await build.person(**STORED), await build.coordinator()
    values = {**PERSON, **PHONE}

    unexplained = await api.do(REGISTER, actor=coordinator, **values, confirmDistinct=" \u200b ")
    confirmed = await api.do(REGISTER, actor=coordinator, **values, confirmDistinct=" Kakak  beradik ")
    (event,) = await build.connection.fetch(
        "SELECT reason, change->'distinct_from' AS distinct_from FROM event WHERE kind <> 'account.call_refused'"
    )

    assert unexplained["problems"] == [invalid("confirmDistinct")]
    assert confirmed["problems"] == []
    assert tuple(event) == ("Kakak beradik", f'["{other}"]')


async def test_nobody_is_named_whom_the_registrar_may_not_see(api: Api, build: Build) -> None:
    """Neither is it told how many they are, nor whether phone or birth date is the same."""
    for _ in range(2):
        await build.person(**STORED, kabupaten_code=FAR, reach="KABUPATEN")
    seen = await build.person(**STORED)
    local = await build.coordinator(kabupaten_code="62.06")

    hidden = [
        (await api.do(REGISTER, actor=local, **{**PERSON, "kabupaten": "62.06"}, **given))["problems"]
        for given in (PHONE, BORN)
    ]
    national = await api.do(REGISTER, actor=await build.coordinator(), **PERSON, **PHONE)

    named = [each["volunteer"] and each["volunteer"]["id"] for each in national["problems"]]
    assert hidden == [[problem("Person", "SAME_PERSON", "confirmDistinct", volunteer={"id": f"Volunteer:{seen}"})]] * 2
    assert len(named) == 3

    await build.connection.execute("UPDATE volunteer SET reach = 'KABUPATEN'")
    unnamed = await api.do(REGISTER, actor=local, **{**PERSON, "kabupaten": "62.06"}, **PHONE)
    assert unnamed["problems"] == [problem("Person", "SAME_PERSON", "confirmDistinct", volunteer=None)]


async def test_who_has_another_nik_is_somebody_else(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()

    registered = [
        (await api.do(REGISTER, actor=coordinator, **PERSON, **PHONE, nik=nik))["problems"]
        for nik in (WOMAN, "6202014107900002", WOMAN)
    ]

    assert registered == [[], [], [problem("Simple", "ALREADY_REGISTERED", "nik")]]


@pytest.mark.fuzz
@pytest.mark.parametrize("given", [PHONE, BORN], ids=["phone", "birth date"])
async def test_of_several_registrations_at_once_one_is_asked(api: Api, build: Build, given: Json) -> None:
    """By several accounts: those of one wait for each other."""
    coordinators = [await build.coordinator() for _ in range(4)]
    for _ in range(ROUNDS):
        registered = await run_concurrently(
            partial(api.do, REGISTER, actor=coordinator, **PERSON, **given) for coordinator in coordinators
        )

        assert sorted(len(each["problems"]) for each in registered) == [0, 1, 1, 1]
        await build.connection.execute("DELETE FROM volunteer")
