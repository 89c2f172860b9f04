"""Requesting, issuing, revoking and extending certificates; who holds one in hands can look up whether it is valid."""

import uuid
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
import orjson
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_race import lock_until_waiting, run_concurrently

THING = "certificate { id number state expiresOn revokedOn revocationReason affectedDuties { id } version }"
REVOKE = f"mutation($input: RevokeCertificateInput!) {{ revokeCertificate(input: $input) {{ {THING} {PROBLEMS} }} }}"
ISSUE = f"mutation($input: IssueCertificateInput!) {{ issueCertificate(input: $input) {{ certificate {{ number }} {PROBLEMS} }} }}"
RESULTS = f"results {{ position certificate {{ number }} {PROBLEMS} }} {PROBLEMS}"
ISSUE_ALL = f"mutation($input: IssueCertificatesInput!) {{ issueCertificates(input: $input) {{ {RESULTS} }} }}"
ASKED = "certificateRequest { id status certificate { number issuedOn expiresOn } version }"
REQUEST = f"mutation($input: RequestCertificateInput!) {{ requestCertificate(input: $input) {{ {ASKED} {PROBLEMS} }} }}"
APPROVE = f"mutation($input: ApproveCertificateInput!) {{ approveCertificate(input: $input) {{ {ASKED} {PROBLEMS} }} }}"
DECREE = "certificateExtension { id certificates status version }"
EXTEND = f"mutation($input: ExtendCertificatesInput!) {{ extendCertificates(input: $input) {{ {DECREE} {PROBLEMS} }} }}"
REVERT = f"mutation($input: RevertExtensionInput!) {{ revertExtension(input: $input) {{ {DECREE} {PROBLEMS} }} }}"
ACCEPT = f"""mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{
  assignment {{ id }} {PROBLEMS} }} }}"""
STATUS = """query($code: ID!) { certificateStatus(code: $code) {
  type { code } state issuedOn expiresOn revokedOn initials } }"""

TODAY = NOW.date()
DAY = timedelta(days=1)


async def duty(build: Build, volunteer: uuid.UUID, days: int = 1, **values: Any) -> str:
    """A duty in so many days."""
    start = NOW + days * DAY
    need = await build.need(starts_at=start, ends_at=start + DAY)
    return f"Assignment:{await build.assignment(need, volunteer, **values)}"


# Revoking.


async def test_revoking_lists_and_tells_what_rests_on_the_certificate(api: Api, build: Build) -> None:
    issuer, person = await build.organization(), await build.person()
    await build.membership(person, issuer)
    key = await build.certificate(person, issuer, expires_on=None)
    await build.certificate(person, issuer, issued_on=TODAY + 9 * DAY, expires_on=TODAY + 20 * DAY)
    resting = [await duty(build, person), await duty(build, person, 3, status="ACCEPTED")]
    # Ended, declined, covered by the other certificate, of another skill.
    await duty(build, person, -3, status="COMPLETED")
    await duty(build, person, 5, status="DECLINED")
    await duty(build, person, 12)
    await build.assignment(await build.need(skill_code="LOGISTICS"), person)

    revoked = await api.do(
        REVOKE, actor=await build.manager(issuer), certificate=f"Certificate:{key}", version=1, reason="Palsu"
    )
    statuses = await build.connection.fetch("SELECT status FROM assignment ORDER BY status")
    events = await build.connection.fetch("SELECT kind, subject_key FROM event ORDER BY position")

    thing = revoked["certificate"]
    assert (thing["state"], thing["revokedOn"], thing["revocationReason"]) == ("REVOKED", TODAY.isoformat(), "Palsu")
    assert sorted(each["id"] for each in thing["affectedDuties"]) == sorted(resting)
    assert [row["status"] for row in statuses] == ["ACCEPTED", "COMPLETED", "DECLINED", "OFFERED", "OFFERED", "OFFERED"]
    told = [("assignment.certificate_revoked", each.partition(":")[2]) for each in sorted(resting)]
    assert [tuple(event) for event in events] == [("certificate.revoked", str(key)), *told]


@pytest.mark.parametrize(
    ("who", "code"),
    [("issuer", None), ("home", None), ("own", "FORBIDDEN"), ("other", "NOT_FOUND"), ("neighbour", "FORBIDDEN")],
)
async def test_the_issuer_revokes_once(api: Api, build: Build, who: str, code: str | None) -> None:
    issuer, own = await build.organization(), await build.organization()
    person = await build.volunteer(own)
    key = await build.certificate(person, issuer)
    accounts = {
        "issuer": await build.manager(issuer),
        "home": await build.coordinator(kabupaten_code=HOME),
        "own": await build.manager(own),
        "other": await build.manager(await build.organization()),
        "neighbour": await build.coordinator(kabupaten_code=FAR),
    }
    revoke = partial(api.do, REVOKE, actor=accounts[who], certificate=f"Certificate:{key}", reason="Salah cetak")

    first = await revoke(version=1)
    second = await revoke(version=2)

    if code is None:
        assert first["problems"] == []
        assert second["problems"] == [problem("Simple", "ALREADY_ENDED", "certificate")]
    else:
        assert first["problems"] == [problem("Simple", code, "certificate")]


@pytest.mark.fuzz
@pytest.mark.parametrize("first", ["revoke", "accept"])
async def test_whichever_comes_first_of_revocation_and_acceptance_is_respected(
    api: Api, build: Build, database_url: str, first: str
) -> None:
    issuer = await build.organization()
    for _round in range(ROUNDS):
        person = await build.person()
        await build.membership(person, issuer)
        key = await build.certificate(person, issuer)
        offer = await duty(build, person)
        calls = [
            partial(
                api.do,
                REVOKE,
                actor=await build.manager(issuer),
                certificate=f"Certificate:{key}",
                version=1,
                reason="Palsu",
            ),
            partial(api.do, ACCEPT, actor=await build.volunteer_account(person), assignment=offer, version=1),
        ]

        async with lock_until_waiting(database_url, f"certificate WHERE id = '{key}'", until=2):
            answers = await run_concurrently(calls if first == "revoke" else calls[::-1])

        revoked, accepted = answers if first == "revoke" else answers[::-1]
        assert revoked["problems"] == []
        events = await build.connection.fetch(
            "SELECT kind FROM event WHERE subject_key = $1 ORDER BY position", offer.partition(":")[2]
        )
        kinds = [row["kind"] for row in events]
        if accepted["assignment"] is None:
            assert [each["code"] for each in accepted["problems"]] == ["NOT_TRAINED"]
            assert kinds == ["assignment.certificate_revoked"]
        else:
            assert kinds == ["assignment.accepted", "assignment.certificate_revoked"]


# Issuing to many.


async def test_each_of_many_gets_a_result(api: Api, build: Build) -> None:
    issuer = await build.organization()
    members = [await build.person() for _ in range(3)]
    for member in members:
        await build.membership(member, issuer)
    young = await build.person(birth_date=date(2011, 6, 1))
    await build.membership(young, issuer)
    await build.certificate(members[0], issuer, number="K-0")
    stranger, hidden = await build.person(), uuid.uuid4()
    manager = await build.manager(issuer)
    await build.row("role", account_id=manager, kind="COORDINATOR", kabupaten_code=FAR)
    given = [
        *((members[0], "K-1"), (members[1], " k-1 "), (members[1], "K-2"), (members[2], "k-0"), (members[2], "")),
        *((stranger, "K-3"), (hidden, "K-4"), (young, "K-5")),
    ]

    payload = await api.do(
        ISSUE_ALL,
        actor=manager,
        issuer=f"Organization:{issuer}",
        type=CERTIFICATE_TYPE,
        issuedOn="2026-02-01",
        certificates=[{"volunteer": f"Volunteer:{person}", "number": number} for person, number in given]
        + [{"volunteer": "Volunteer:x", "number": "K-6"}],
    )

    def refused(position: int, code: str, name: str) -> Json:
        problems = [problem("Simple", code, "certificates", str(position), name)]
        return {"position": position, "certificate": None, "problems": problems}

    assert payload["problems"] == []
    assert payload["results"] == [
        {"position": 0, "certificate": {"number": "K-1"}, "problems": []},
        refused(1, "NUMBER_TAKEN", "number"),
        {"position": 2, "certificate": {"number": "K-2"}, "problems": []},
        refused(3, "NUMBER_TAKEN", "number"),
        refused(4, "INVALID", "number"),
        refused(5, "FORBIDDEN", "volunteer"),
        refused(6, "NOT_FOUND", "volunteer"),
        refused(7, "INVALID", "volunteer"),
        refused(8, "NOT_FOUND", "volunteer"),
    ]
    events = await build.connection.fetch("SELECT kind, change ->> 'volunteer' FROM event")
    assert sorted(tuple(event) for event in events) == sorted(
        ("certificate.issued", str(member)) for member in members[:2]
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"issuer": "Organization:x"}, problem("Simple", "NOT_FOUND", "issuer")),
        ({"type": "NOTHING"}, problem("Simple", "NOT_FOUND", "type")),
        ({"issuedOn": "2026-03-02"}, problem("Simple", "INVALID", "issuedOn")),
        ({"expiresOn": "2020-01-01"}, problem("Simple", "INVALID", "expiresOn")),
        (
            {"certificates": [{"volunteer": f"Volunteer:{uuid.UUID(int=7)}", "number": "1"}] * 1_001},
            problem("Simple", "INVALID", "certificates"),
        ),
    ],
)
async def test_what_is_wrong_for_all_refuses_all(api: Api, build: Build, given: Json, expected: Json) -> None:
    issuer = await build.organization()
    values = {"issuer": f"Organization:{issuer}", "type": CERTIFICATE_TYPE, "issuedOn": "2026-02-01"}

    payload = await api.do(ISSUE_ALL, actor=await build.manager(issuer), **{**values, "certificates": [], **given})

    assert payload["problems"] == [expected]


async def test_a_thousand_are_issued_by_as_many_statements_as_one(api: Api, build: Build) -> None:
    issuer = await build.organization()
    await build.connection.execute(
        """INSERT INTO volunteer (id, name, search_key, sort_key, kabupaten_code, reach, status)
           SELECT gen_random_uuid(), 'Orang ' || n, 'orang', 'orang', '62.02', 'NATIONAL', 'ACTIVE' FROM generate_series(1, 1000) n"""
    )
    people = [row["id"] for row in await build.connection.fetch("SELECT id FROM volunteer")]
    coordinator = await build.coordinator()
    values = {"issuer": f"Organization:{issuer}", "type": CERTIFICATE_TYPE, "issuedOn": "2026-02-01"}
    certificates = [{"volunteer": f"Volunteer:{key}", "number": f"N-{n}"} for n, key in enumerate(people)]
    document = """mutation($input: IssueCertificatesInput!) { issueCertificates(input: $input) {
      results { position } problems { code } } }"""

    payload = await api.do(document, actor=coordinator, **values, certificates=certificates)

    assert len(payload["results"]) == 1_000
    assert await build.connection.fetchval("SELECT count(*) FROM certificate") == 1_000
    assert await build.connection.fetchval("SELECT count(*) FROM event") == 1_000


# Requesting.


async def test_a_person_asks_and_the_issuer_answers(api: Api, build: Build) -> None:
    issuer, person = await build.organization(), await build.person(kabupaten_code=FAR, reach="KABUPATEN")
    account, manager = await build.volunteer_account(person), await build.manager(issuer)
    values = {"issuer": f"Organization:{issuer}", "type": CERTIFICATE_TYPE, "number": "L-1", "issuedOn": "2025-01-01"}

    asked = await api.do(REQUEST, actor=account, **values)
    again = await api.do(REQUEST, actor=account, **values)
    key = asked["certificateRequest"]["id"]
    own = await api.do(APPROVE, actor=account, certificateRequest=key, version=1)
    approved = await api.do(APPROVE, actor=manager, certificateRequest=key, version=1)

    assert asked["problems"] == []
    assert again["problems"] == [problem("Simple", "ALREADY_ASKED", "number")]
    # Who is a volunteer only has no right to call the mutation at all.
    assert own["problems"] == [problem("Simple", "FORBIDDEN")]
    assert approved["certificateRequest"]["status"] == "ACCEPTED"
    certificate = approved["certificateRequest"]["certificate"]
    assert (certificate["number"], certificate["issuedOn"]) == ("L-1", "2025-01-01")


async def test_an_issuer_knows_who_asks_but_not_whoever_holds_its_certificate(api: Api, build: Build) -> None:
    issuer, other = await build.organization(), await build.organization()
    person = await build.volunteer(other)
    await build.certificate(person, issuer, number="S-1")
    asked = """{ certificates(first: 9) { nodes { number volunteer { name } } }
      certificateRequests(first: 9) { nodes { status volunteer { name memberships(first: 9) { totalCount } } } } }"""
    manager = await build.manager(issuer)

    before = await api.ask(asked, actor=manager)
    request = await build.certificate_request(person, issuer)
    meanwhile = await api.ask(asked, actor=manager)
    await build.connection.execute("UPDATE certificate_request SET status = 'REFUSED' WHERE id = $1", request)
    afterwards = await api.ask(asked, actor=manager)

    name = await build.connection.fetchval("SELECT name FROM volunteer")
    hidden = {"nodes": [{"number": "S-1", "volunteer": None}]}
    known = {"name": name, "memberships": {"totalCount": 1}}
    assert before == {"certificates": hidden, "certificateRequests": {"nodes": []}}
    assert {each["volunteer"]["name"] for each in meanwhile["certificates"]["nodes"]} == {name}
    assert meanwhile["certificateRequests"] == {"nodes": [{"status": "PENDING", "volunteer": known}]}
    assert afterwards == {
        "certificates": hidden,
        "certificateRequests": {"nodes": [{"status": "REFUSED", "volunteer": None}]},
    }


async def test_a_birth_date_that_is_corrected_meanwhile_counts(api: Api, build: Build) -> None:
    issuer, person = await build.organization(), await build.person()
    values = {"certificate_type_code": CERTIFICATE_TYPE, "number": "1", "issued_on": date(2025, 1, 1)}
    key = await build.certificate_request(person, issuer, **values)
    await build.connection.execute("UPDATE volunteer SET birth_date = '2010-01-02' WHERE id = $1", person)
    manager, before = await build.manager(issuer), await snapshot(build.connection)

    approve = partial(api.do, APPROVE, actor=manager, certificateRequest=f"CertificateRequest:{key}", version=1)
    refused = await approve()
    between = await snapshot(build.connection)
    await build.connection.execute("UPDATE volunteer SET birth_date = '2010-01-01' WHERE id = $1", person)
    accepted = await approve()

    assert refused == {"certificateRequest": None, "problems": [problem("Simple", "INVALID", "certificateRequest")]}
    assert {**between, "event": 0} == {**before, "event": 0}
    assert (accepted["certificateRequest"]["status"], accepted["problems"]) == ("ACCEPTED", [])


@pytest.mark.parametrize(
    ("verification", "corps", "code"),
    [("SUSPENDED", "TAGANA", "ORGANIZATION_NOT_VERIFIED"), ("VERIFIED", "MRI", "TYPE_NOT_ISSUED")],
)
async def test_only_an_issuer_that_may_issues(api: Api, build: Build, verification: str, corps: str, code: str) -> None:
    issuer, person = await build.organization(corps=corps, verification=verification), await build.person()
    request = await build.certificate_request(person, issuer, certificate_type_code="TAGANA_MUDA")
    before = await snapshot(build.connection)

    approved = await api.do(
        APPROVE, actor=await build.coordinator(), certificateRequest=f"CertificateRequest:{request}", version=1
    )

    fact = {"organization": {"id": f"Organization:{issuer}"}}
    assert approved["problems"] == [problem("Organization", code, "certificateRequest", **fact)]
    assert {**await snapshot(build.connection), "account": 0} == {**before, "account": 0}


# Decrees.


async def expiry(build: Build) -> list[date | None]:
    return [
        row["expires_on"] for row in await build.connection.fetch("SELECT expires_on FROM certificate ORDER BY number")
    ]


async def test_a_decree_extends_and_is_taken_back(api: Api, build: Build) -> None:
    issuer, person = await build.organization(), await build.person()
    days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1), None]
    for number, day in enumerate(days):
        await build.certificate(person, issuer, number=str(number), expires_on=day)
    revoked = {"revoked_on": TODAY, "revocation_reason": "Palsu"}
    await build.certificate(person, issuer, number="5", expires_on=date(2026, 5, 1), **revoked)
    nation, province = await build.coordinator(), await build.coordinator(province_code=HOME[:2])
    values = {"type": CERTIFICATE_TYPE, "expiringFrom": "2026-04-01", "expiringUntil": "2026-06-30"}
    first = {**values, "extendedTo": "2026-12-31", "decreeNumber": "SK 7/2026"}

    forbidden = await api.do(EXTEND, actor=province, **first)
    extended = await api.do(EXTEND, actor=nation, **first)
    taken = await api.do(EXTEND, actor=nation, **{**first, "decreeNumber": "sk7/2026"})
    after = await expiry(build)
    second = await api.do(
        EXTEND,
        actor=nation,
        type=CERTIFICATE_TYPE,
        expiringFrom="2026-12-31",
        expiringUntil="2026-12-31",
        extendedTo="2027-03-31",
        decreeNumber="SK 9/2026",
    )
    further = await expiry(build)
    revert = partial(api.do, REVERT, actor=nation, version=1, reason="Dicabut")
    back = await revert(certificateExtension=extended["certificateExtension"]["id"])
    kept = await expiry(build)
    again = await revert(certificateExtension=second["certificateExtension"]["id"])

    assert forbidden["problems"] == [problem("Simple", "FORBIDDEN")]
    assert (extended["certificateExtension"]["certificates"], second["certificateExtension"]["certificates"]) == (2, 2)
    assert taken["problems"] == [problem("Simple", "NUMBER_TAKEN", "decreeNumber")]
    later, latest = date(2026, 12, 31), date(2027, 3, 31)
    assert after == [days[0], later, later, days[3], None, date(2026, 5, 1)]
    assert further == kept == [days[0], latest, latest, days[3], None, date(2026, 5, 1)]
    assert back["certificateExtension"]["status"] == again["certificateExtension"]["status"] == "REVERTED"
    assert await expiry(build) == [*days, date(2026, 5, 1)]


async def test_taking_a_decree_back_lists_and_tells_what_rests_on_it(api: Api, build: Build) -> None:
    issuer, person, spared = await build.organization(), await build.person(), await build.person()
    for member in (person, spared):
        await build.membership(member, issuer)
        for _ in range(2):
            await build.certificate(member, issuer, expires_on=TODAY + 2 * DAY)
    await build.certificate(spared, issuer, issued_on=TODAY + 3 * DAY, expires_on=None)
    nation = await build.coordinator()
    days = {"expiringFrom": TODAY.isoformat(), "expiringUntil": "2026-03-31", "extendedTo": "2026-12-31"}
    extended = await api.do(EXTEND, actor=nation, type=CERTIFICATE_TYPE, **days, decreeNumber="SK 7/2026")
    resting = [await duty(build, person, 2), await duty(build, person, 5, status="ACCEPTED")]
    # Within the days of before, declined, over, of another skill, covered by another certificate.
    await duty(build, person, 1)
    await duty(build, person, 8, status="DECLINED")
    await duty(build, person, -3, status="COMPLETED")
    await build.assignment(await build.need(skill_code="LOGISTICS"), person)
    await duty(build, spared, 2)

    reverted = await api.do(
        REVERT,
        actor=nation,
        certificateExtension=extended["certificateExtension"]["id"],
        version=1,
        reason="Dicabut",
    )
    told = await build.connection.fetch(
        "SELECT subject_key, change ->> 'type' AS type, reason FROM event WHERE kind = 'assignment.certificate_shortened'"
        " ORDER BY position"
    )
    listed = await build.connection.fetchval(
        "SELECT change -> 'duties' FROM event WHERE kind = 'certificate_extension.reverted'"
    )

    keys = sorted(each.partition(":")[2] for each in resting)
    assert reverted["problems"] == []
    assert [tuple(row) for row in told] == [(key, CERTIFICATE_TYPE, "Dicabut") for key in keys]
    assert orjson.loads(listed) == keys


async def test_a_manager_issues_to_members_of_the_issuer_only(api: Api, build: Build) -> None:
    """Not to members of another organization of the manager, nor to former members, nor to the manager."""
    issuer, other = await build.organization(), await build.organization()
    manager = await build.manager(issuer)
    await build.row("role", account_id=manager, kind="MANAGER", organization_id=other)
    people = [await build.person() for _ in range(4)]
    member, elsewhere, former, own = people
    await build.membership(member, issuer)
    await build.membership(elsewhere, other)
    await build.membership(former, issuer, until=TODAY - DAY)
    await build.connection.execute("UPDATE account SET volunteer_id = $1 WHERE id = $2", own, manager)
    common = {"issuer": f"Organization:{issuer}", "type": CERTIFICATE_TYPE, "issuedOn": "2026-02-01"}

    one_by_one = [
        await api.do(ISSUE, actor=manager, **common, volunteer=f"Volunteer:{key}", number=f"A-{number}")
        for number, key in enumerate(people)
    ]
    listed = [{"volunteer": f"Volunteer:{key}", "number": f"B-{number}"} for number, key in enumerate(people)]
    at_once = await api.do(ISSUE_ALL, actor=manager, **common, certificates=listed)

    forbidden = [problem("Simple", "FORBIDDEN", "issuer")]
    assert [each["problems"] for each in one_by_one] == [[], forbidden, forbidden, forbidden]
    of_each = [[problem("Simple", "FORBIDDEN", "certificates", str(number), "volunteer")] for number in range(4)]
    assert [each["problems"] for each in at_once["results"]] == [[], *of_each[1:]]
    holders = await build.connection.fetch("SELECT volunteer_id FROM certificate ORDER BY number")
    assert [row["volunteer_id"] for row in holders] == [member, member]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"expiringUntil": "2026-03-31"}, "extendedTo"),
        ({"extendedTo": "2026-06-30"}, "extendedTo"),
        ({"decreeNumber": " "}, "decreeNumber"),
    ],
)
async def test_days_of_a_decree_are_in_order(api: Api, build: Build, given: Json, path: str) -> None:
    values = {"type": CERTIFICATE_TYPE, "expiringFrom": "2026-04-01", "expiringUntil": "2026-06-30"}

    extended = await api.do(
        EXTEND,
        actor=await build.coordinator(),
        **{**values, "extendedTo": "2026-12-31", "decreeNumber": "SK 7", **given},
    )

    assert extended["problems"] == [problem("Simple", "INVALID", path)]


# What everybody may look up.


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "VALID"),
        ({"expires_on": None}, "VALID"),
        ({"expires_on": TODAY}, "VALID"),
        ({"expires_on": TODAY - DAY}, "EXPIRED"),
        ({"issued_on": TODAY + DAY}, "AHEAD"),
        ({"revoked_on": TODAY, "revocation_reason": "Palsu"}, "REVOKED"),
    ],
)
async def test_who_has_the_code_reads_the_state(api: Api, build: Build, values: Json, state: str) -> None:
    person = await build.person(name="Ni Luh Putu", reach="KABUPATEN")
    await build.certificate(person, await build.organization(), **values)
    code = await build.connection.fetchval("SELECT code FROM certificate")

    found = (await api.ask(STATUS, code=code))["certificateStatus"]
    nothing = await api.ask(STATUS, code="0123456789ABCDEF0123")

    assert (found["state"], found["type"], found["initials"]) == (state, {"code": CERTIFICATE_TYPE}, "N. L. P.")
    assert nothing == {"certificateStatus": None}
    assert len(code) == 20


@pytest.mark.parametrize(("name", "initials"), [("Sinta", "S."), ("d'Arc  ben Ali", "d. b. A."), ("“Q” \\x", "“. \\.")])
async def test_initials(api: Api, build: Build, name: str, initials: str) -> None:
    await build.certificate(await build.person(name=name), await build.organization())
    code = await build.connection.fetchval("SELECT code FROM certificate")

    assert (await api.ask(STATUS, code=code))["certificateStatus"]["initials"] == initials


async def test_what_expires_soon_is_listed_for_each(api: Api, build: Build) -> None:
    organization, person = await build.organization(), await build.person(reach="KABUPATEN")
    await build.membership(person, organization)
    for number, day in enumerate((TODAY, TODAY + 60 * DAY, TODAY + 61 * DAY, None)):
        await build.certificate(person, organization, number=str(number), expires_on=day)
    document = """query($since: Date!, $until: Date!) { certificates(first: 9, orderBy: EXPIRES_ON_ASC,
      filter: {expiresOn: {gte: $since, lte: $until}}) { nodes { number } } }"""
    actors = [
        await build.volunteer_account(person),
        await build.manager(organization),
        await build.coordinator(kabupaten_code=HOME),
        await build.coordinator(kabupaten_code=FAR),
    ]

    days = {"since": TODAY.isoformat(), "until": (TODAY + 60 * DAY).isoformat()}
    listed = [(await api.ask(document, actor=actor, **days))["certificates"]["nodes"] for actor in actors]

    assert listed == [[{"number": "0"}, {"number": "1"}]] * 3 + [[]]


# The catalogue.


@pytest.mark.parametrize("included", ["TAGANA_UTAMA", "TAGANA_MADYA"])
async def test_no_type_includes_itself_by_way_of_others(build: Build, included: str) -> None:
    insert = "INSERT INTO certificate_type_inclusion VALUES ('TAGANA_MUDA', $1)"

    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await build.connection.execute(insert, included)

    assert caught.value.constraint_name == "inclusion_without_cycle"
    assert (
        await build.connection.fetch(
            "SELECT FROM certificate_type_inclusion WHERE certificate_type_code = 'TAGANA_MUDA'"
        )
        == []
    )
