"""Days before 1945 or before the age of fifteen, and organizations that are struck off."""

from datetime import date, timedelta

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.writing import PERSON, Symbol, do_both, invalid, literal

TODAY = NOW.date()
DAY = timedelta(days=1)
FIRST, BEFORE = date(1945, 1, 1), (date(1900, 1, 1), date(1944, 12, 31))


async def dated_inputs(build: Build, day: date) -> list[tuple[str, str, Json, tuple[str, ...]]]:
    """Mutations with a day of the past in them: name, selection, input and the path of the day."""
    organization, holder = await build.organization(), await build.person()
    incident = f"Incident:{await build.incident(has_decree=False)}"
    owner, noon = f"Organization:{organization}", f"{day}T12:00:00Z"
    await build.account(login="petugas")
    licence = {"kind": Symbol("REGISTRATION"), "number": str(day), "issuer": "Dinsos", "validFrom": str(day)}
    certificate = {"volunteer": f"Volunteer:{holder}", "type": "FIRST_AID_BASIC", "issuer": owner, "number": str(day)}
    event = {"hazard": "FLOOD", "title": "Banjir lama", "kabupatens": [HOME], "startedAt": noon}
    asked = {"name": f"Yayasan {day}", "kind": Symbol("NGO"), "kabupaten": HOME, "licences": [licence]}
    decree = {"incident": incident, "kind": Symbol("SIAGA_DARURAT"), "level": Symbol("KABUPATEN"), "kabupaten": HOME}
    decree |= {"decreeNumber": "1", "startsOn": str(day), "endsOn": str(day + DAY)}
    role = {"login": "petugas", "kind": Symbol("MANAGER"), "organization": owner, "since": noon}
    figures = {"incident": incident, "kabupaten": HOME, "at": noon, "source": "BPBD", "displaced": 1}
    member = {**PERSON, "organization": owner, "since": str(day)}
    return [
        ("registerVolunteer", "volunteer { id }", member, ("since",)),
        ("issueCertificate", "certificate { id }", {**certificate, "issuedOn": str(day)}, ("issuedOn",)),
        ("recordLicence", "licence { id }", {**licence, "organization": owner}, ("validFrom",)),
        ("requestOrganization", "organization { id }", asked, ("licences", "0", "validFrom")),
        ("declareIncident", "incident { id }", event, ("startedAt",)),
        ("reportIncident", "incident { id }", event, ("startedAt",)),
        ("declareEmergencyStatus", "emergencyStatus { id }", decree, ("startsOn",)),
        ("recordSituation", "situationReport { id }", figures, ("at",)),
        ("grantRole", "role { id }", role, ("since",)),
    ]


@pytest.mark.parametrize("day", BEFORE, ids=str)
async def test_nothing_begins_before_1945(api: Api, build: Build, day: date) -> None:
    actor, inputs = await build.coordinator(), await dated_inputs(build, day)
    before = await snapshot(build.connection)

    found = {}
    for verb, selection, values, _ in inputs:
        payloads = await do_both(api, build, verb, selection, values, actor=actor)
        found[verb] = [each["problems"] for each in payloads]

    assert found == {verb: [[invalid(*path)]] * 2 for verb, _, _, path in inputs}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("day", [FIRST, FIRST + DAY], ids=str)
async def test_what_began_in_1945_is_recorded(api: Api, build: Build, day: date) -> None:
    actor = await build.coordinator()

    found = {}
    for verb, selection, values, _ in await dated_inputs(build, day):
        document = f"mutation {{ {verb}(input: {literal(values)}) {{ {selection} {PROBLEMS} }} }}"
        found[verb] = (await api.ask(document, actor=actor))[verb]["problems"]

    assert found == {key: [] for key in found}


# The day of birth or the NIK, and a day; a NIK of 2000-05-05 for a woman.
BORN, NIK = {"birthDate": "2000-05-05"}, {"nik": "6202014505000001"}
LEAP = {"birthDate": "2004-02-29"}
FIFTEEN: list[tuple[Json, str, bool]] = [
    (BORN, "2015-05-05", True),
    (BORN, "2015-05-06", True),
    (BORN, "2026-03-01", True),
    (NIK, "2015-05-05", True),
    (NIK, "2020-01-01", True),
    ({**BORN, **NIK}, "2015-05-05", True),
    (LEAP, "2019-02-28", True),
    (LEAP, "2019-03-01", True),
    ({"birthDate": "1930-01-01"}, "1945-01-01", True),
    ({}, "1945-01-01", True),
    (BORN, "2015-05-04", False),
    (BORN, "2015-01-01", False),
    (BORN, "2000-05-05", False),
    (BORN, "1999-12-31", False),
    (BORN, "1945-01-01", False),
    (NIK, "2015-05-04", False),
    ({**BORN, **NIK}, "2015-05-04", False),
    (LEAP, "2019-02-27", False),
    ({"birthDate": "1930-01-02"}, "1945-01-01", False),
    ({"birthDate": "2011-03-02"}, "2026-03-01", False),
]


@pytest.mark.parametrize(("known", "day", "is_old_enough"), FIFTEEN, ids=str)
async def test_nobody_joins_or_is_certified_before_fifteen(
    api: Api, build: Build, known: Json, day: str, is_old_enough: bool
) -> None:
    organization, actor = await build.organization(), await build.coordinator()
    owner = f"Organization:{organization}"
    member = {**PERSON, **known, "organization": owner, "since": day}

    joined = await do_both(api, build, "registerVolunteer", "volunteer { id }", member, actor=actor)
    born = known.get("birthDate") or ("2000-05-05" if known else None)
    holder = await build.person(birth_date=born and date.fromisoformat(born))
    certificate = {"volunteer": f"Volunteer:{holder}", "type": "FIRST_AID_BASIC", "issuer": owner, "issuedOn": day}
    document = f"mutation($input: IssueCertificateInput!) {{ issueCertificate(input: $input) {{ {PROBLEMS} }} }}"
    issued = await api.do(document, actor=actor, **certificate, number="1")

    assert [each["problems"] for each in joined] == [[] if is_old_enough else [invalid("since")]] * 2
    assert issued["problems"] == ([] if is_old_enough else [invalid("issuedOn")])


REVOKED = {"revoked_on": date(2026, 2, 1)}
VALID = {"valid_from": date(2020, 1, 1)}
EXPIRED = {**VALID, "valid_until": TODAY - DAY}
OTHER = {"kind": "FUNDRAISING"}
# What an organization has, and whether it stands.
STANDINGS: list[tuple[str, list[Json], bool]] = [
    ("VERIFIED", [], True),
    ("VERIFIED", [VALID], True),
    ("VERIFIED", [EXPIRED], True),
    ("VERIFIED", [{"status": "PENDING"}], True),
    ("VERIFIED", [{"status": "REFUSED"}], True),
    ("VERIFIED", [{**OTHER, **REVOKED}], True),
    ("VERIFIED", [REVOKED, VALID], True),
    ("VERIFIED", [REVOKED, {"valid_from": TODAY}], True),
    ("VERIFIED", [REVOKED, {**VALID, "valid_until": TODAY}], True),
    ("VERIFIED", [REVOKED, REVOKED, VALID], True),
    ("VERIFIED", [REVOKED], False),
    ("VERIFIED", [REVOKED, REVOKED], False),
    ("VERIFIED", [REVOKED, EXPIRED], False),
    ("VERIFIED", [REVOKED, {"valid_from": TODAY + DAY}], False),
    ("VERIFIED", [REVOKED, {"status": "PENDING"}], False),
    ("VERIFIED", [REVOKED, {"status": "REFUSED"}], False),
    ("VERIFIED", [REVOKED, OTHER], False),
    ("SUSPENDED", [], False),
    ("SUSPENDED", [VALID], False),
    ("PENDING", [VALID], False),
]


@pytest.mark.parametrize(("verification", "licences", "stands"), STANDINGS, ids=str)
async def test_only_who_stands_enrols_issues_promises_and_runs_sites(
    api: Api, build: Build, verification: str, licences: list[Json], stands: bool
) -> None:
    organization, holder = await build.organization(verification=verification), await build.person()
    for licence in licences:
        await build.licence(organization, **licence)
    incident = await build.incident()
    need = await build.need(incident)
    owner, coordinator, manager = (
        f"Organization:{organization}",
        await build.coordinator(),
        await build.manager(organization),
    )
    certificate = {"volunteer": f"Volunteer:{holder}", "type": "FIRST_AID_BASIC", "issuer": owner, "number": "1"}
    site = {"incident": f"Incident:{incident}", "kind": Symbol("SHELTER"), "name": "Posko", "kabupaten": HOME}
    inputs = [
        ("registerVolunteer", {**PERSON, "organization": owner}, coordinator, "organization"),
        ("issueCertificate", {**certificate, "issuedOn": "2026-01-01"}, coordinator, "issuer"),
        ("openSite", {**site, "organization": owner}, coordinator, "organization"),
        ("makePledge", {"need": f"Need:{need}", "organization": owner, "quantity": 1}, manager, "organization"),
    ]
    before = await snapshot(build.connection)

    found = {}
    for verb, values, actor, _ in inputs:
        document = f"mutation {{ {verb}(input: {literal(values)}) {{ {PROBLEMS} }} }}"
        found[verb] = (await api.ask(document, actor=actor))[verb]["problems"]

    fact = {"organization": {"id": owner}}
    refused = {
        verb: [problem("Organization", "ORGANIZATION_NOT_VERIFIED", path, **fact)] for verb, _, _, path in inputs
    }
    assert found == ({key: [] for key in found} if stands else refused)
    assert (await snapshot(build.connection) == before) is not stands
