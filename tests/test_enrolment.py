"""How memberships begin: in organizations that stand, and with an event, by whatever way."""

import uuid
from datetime import date, timedelta
from functools import partial

import anyio
import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.files.making import sheet
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_import import ANI, HEADER, Office, counts, office
from tests.test_race import lock_until_waiting, run_concurrently

__all__ = ["office"]

REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ name }} {PROBLEMS} }} }}"""
SUSPEND = f"""mutation($input: SuspendOrganizationInput!) {{ suspendOrganization(input: $input) {{
  organization {{ verification }} {PROBLEMS} }} }}"""
APPROVE = f"mutation($input: ApproveMembershipInput!) {{ approveMembership(input: $input) {{ membershipRequest {{ id }} {PROBLEMS} }} }}"
ANSWER = f"mutation($input: AnswerTransferInput!) {{ answerTransfer(input: $input) {{ membershipTransfer {{ id }} {PROBLEMS} }} }}"
CHANGE = f"mutation($input: ChangeMembershipInput!) {{ changeMembership(input: $input) {{ membership {{ id }} {PROBLEMS} }} }}"
CHANGE_ORGANIZATION = f"mutation($input: ChangeOrganizationInput!) {{ changeOrganization(input: $input) {{ organization {{ id }} {PROBLEMS} }} }}"
TODAY, DAY = NOW.date(), timedelta(days=1)
PERSON = {"name": "Sinta Dewi", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}


async def suspend(api: Api, build: Build, organization: uuid.UUID) -> Json:
    values = {"organization": f"Organization:{organization}", "version": 1, "reason": "Ditinjau"}
    return await api.do(SUSPEND, actor=await build.coordinator(), **values)


@pytest.mark.fuzz
@pytest.mark.parametrize("first", ["suspend", "register"])
async def test_nobody_is_registered_into_an_organization_after_its_suspension(
    api: Api, build: Build, database_url: str, first: str
) -> None:
    for number in range(ROUNDS):
        organization = await build.organization()
        named = {**PERSON, "name": f"Sinta {number}", "organization": f"Organization:{organization}"}
        register = partial(api.do, REGISTER, actor=await build.manager(organization), **named)
        calls = [partial(suspend, api, build, organization), register]

        async with lock_until_waiting(database_url, f"organization WHERE id = '{organization}'", until=2):
            answers = await run_concurrently(calls if first == "suspend" else calls[::-1])

        suspended, registered = answers if first == "suspend" else answers[::-1]
        kinds = await build.connection.fetch(
            "SELECT kind FROM event WHERE organization_id = $1 ORDER BY position", organization
        )
        code, fact = "ORGANIZATION_NOT_VERIFIED", {"organization": {"id": f"Organization:{organization}"}}
        refused = {"volunteer": None, "problems": [problem("Organization", code, "organization", **fact)]}
        done = {"volunteer": {"name": named["name"]}, "problems": []}
        order = [row["kind"] for row in kinds]
        assert suspended["problems"] == []
        assert (registered, order) in [
            (refused, ["organization.suspended"]),
            (done, ["membership.begun", "volunteer.registered", "organization.suspended"]),
        ]


async def test_no_row_is_imported_once_the_organization_is_suspended(office: Office, database_url: str) -> None:
    """The batch has been decided on, and waits for a person, when the suspension is done."""
    person = await office.build.person(name="Ani Wijaya", phone="+6281234567890")
    await office.build.membership(person, office.organization)
    started = await office.start(sheet([HEADER, ANI, ["Tono", "", "", "", "", "Kapuas", "", ""]]), apply=True)
    before = await snapshot(office.build.connection)
    other = await asyncpg.connect(database_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM volunteer WHERE id = $1 FOR UPDATE", person)

    async with anyio.create_task_group() as group:
        group.start_soon(office.work)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with anyio.fail_after(60):
            while not await other.fetchval(waiting):
                await other.execute("SELECT pg_stat_clear_snapshot()")
        suspended = await suspend(office.api, office.build, office.organization)
        await transaction.rollback()
    await other.close()

    job, after = await office.job(started["importJob"]["id"]), await snapshot(office.build.connection)
    assert suspended["problems"] == []
    assert (job["status"], counts(job)) == ("REFUSED", (0, 0, 0, 0, 0))
    assert job["fault"] == "The account may not import members of this organization."
    same = ("volunteer", "membership", "membership_request")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


async def test_a_membership_leaves_an_event_however_it_begins_or_changes(office: Office) -> None:
    registered = await office.api.do(
        REGISTER, actor=office.manager, **PERSON, organization=f"Organization:{office.organization}"
    )
    await office.run([HEADER, ANI], apply=True)
    changed = [*ANI[:2], "0812-0000-1111", *ANI[3:6], "A-9", "Tagana Madya"]
    await office.run([HEADER, changed], apply=True, knownPeople="UPDATE")

    rows = await office.build.connection.fetch(
        """SELECT event.kind, event.change::text AS change, volunteer.name FROM event
        JOIN membership ON membership.id = event.subject_key::uuid
        JOIN volunteer ON volunteer.id = membership.volunteer_id ORDER BY position"""
    )
    told = [(row["kind"], row["name"]) for row in rows]
    history = await office.api.ask(
        "{ memberships(first: 9, orderBy: SINCE_ASC) { nodes { number history { kind } } } }", actor=office.manager
    )

    assert registered["problems"] == []
    assert told == [
        ("membership.begun", "Sinta Dewi"),
        ("membership.begun", "Ani Wijaya"),
        ("membership.changed", "Ani Wijaya"),
    ]
    assert rows[2]["change"] == '{"rank": {"to": "TAGANA_MADYA", "from": "TAGANA_MUDA"}}'
    nodes = {node["number"]: [each["kind"] for each in node["history"]] for node in history["memberships"]["nodes"]}
    assert nodes == {None: ["membership.begun"], "A-9": ["membership.begun", "membership.changed"]}


@pytest.mark.parametrize("way", ["approve", "transfer", "change"])
async def test_who_comes_back_has_the_own_number_again(api: Api, build: Build, way: str) -> None:
    """It goes over to the new membership; somebody else's stays taken."""
    organization, elsewhere = await build.organization(), await build.organization()
    manager, person, other = await build.manager(organization), await build.person(), await build.person()
    former = await build.membership(person, organization, number="A-7", until=TODAY - DAY)
    taken = await build.membership(other, organization, number="A-8", until=TODAY - DAY)
    request = await build.membership_request(person, organization, asked_by="PERSON")
    left = await build.membership(person, elsewhere)
    transfer = await build.membership_transfer(left, organization, person_agreed_at=NOW)
    calls: dict[str, tuple[str, dict[str, object]]] = {
        "approve": (APPROVE, {"membershipRequest": f"MembershipRequest:{request}"}),
        "transfer": (ANSWER, {"membershipTransfer": f"MembershipTransfer:{transfer}", "accept": True}),
    }
    if way == "change":
        calls["change"] = (
            CHANGE,
            {"membership": f"Membership:{await build.membership(person, organization, since=TODAY)}"},
        )
    document, values = calls[way]
    before = await snapshot(build.connection)

    refused = await api.do(document, actor=manager, **values, version=1, number="a-8")
    between = await snapshot(build.connection)
    done = await api.do(document, actor=manager, **values, version=1, number="a-7")

    rows = await build.connection.fetch(
        "SELECT volunteer_id, number, until FROM membership WHERE organization_id = $1 ORDER BY since, volunteer_id = $2",
        *(organization, person),
    )
    assert refused["problems"] == [problem("Simple", "NUMBER_TAKEN", "number")]
    assert {**between, "event": 0} == {**before, "event": 0}
    assert done["problems"] == []
    assert [tuple(row) for row in rows] == [
        *((other, "A-8", TODAY - DAY), (person, None, TODAY - DAY), (person, "a-7", None)),
    ]
    told = "SELECT count(*) FROM event WHERE kind = 'membership.changed' AND subject_key = $1"
    assert [await build.connection.fetchval(told, str(key)) for key in (former, taken)] == [1, 0]


async def test_a_row_with_the_number_of_a_former_member_is_a_request_to_join(office: Office) -> None:
    person = await office.build.person(name="Ani Wijaya", phone="+6281234567890")
    await office.build.membership(person, office.organization, number="A-1", until=TODAY - DAY)

    job = await office.run([["Nama", "No Anggota"], ["Ani Wijaya", "A-1"]], kabupaten=f"Kabupaten:{HOME}")
    other = await office.run([["Nama", "No Anggota"], ["Tono", "A-1"]], kabupaten=f"Kabupaten:{HOME}")

    outcomes = [(each["outcome"], each["code"]) for each in (*job["entries"], *other["entries"])]
    assert outcomes == [("REQUESTED", None), ("REFUSED", "NUMBER_TAKEN")]


# The corps of the organization, what the membership has of a corps, and the constraint that it violates.
OF_CORPS = [
    ("TAGANA", {"rank_code": "TAGANA_MUDA"}, None),
    ("MRI", {"rank_code": "TAGANA_MUDA"}, "rank_of_corps"),
    (None, {"rank_code": "TAGANA_MUDA"}, "rank_of_corps"),
    ("TKSK", {"kecamatan_code": "62.02.01"}, None),
    ("TAGANA", {"kecamatan_code": "62.02.01"}, "kecamatan_of_tksk"),
    (None, {"kecamatan_code": "62.02.01"}, "kecamatan_of_tksk"),
]


@pytest.mark.parametrize(("corps", "terms", "violated"), OF_CORPS)
async def test_plain_sql_meets_the_corps_of_ranks_and_kecamatan(
    build: Build, corps: str | None, terms: dict[str, str], violated: str | None
) -> None:
    organization, person = await build.organization(corps=corps), await build.person()
    member = await build.membership(await build.person(), organization)
    served = {"kecamatan_since": date(2020, 1, 1)} if "kecamatan_code" in terms else {}
    columns = {**terms, **served}
    settings = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
    update = f"UPDATE membership SET {settings} WHERE id = $1"
    found = []

    for attempt in (
        lambda: build.membership(person, organization, **terms),
        partial(build.connection.execute, update, member, *columns.values()),
    ):
        try:
            await attempt()
        except asyncpg.IntegrityConstraintViolationError as error:
            found.append(error.constraint_name)
        else:
            found.append(None)
            await build.connection.execute("UPDATE membership SET kecamatan_code = NULL, kecamatan_since = NULL")

    assert found == [violated, violated]


@pytest.mark.parametrize(
    ("corps", "terms", "is_left"),
    [
        ("TAGANA", {"rank_code": "TAGANA_MUDA"}, False),
        ("TKSK", {"kecamatan_code": "62.02.01"}, False),
        ("TAGANA", {"rank_code": "TAGANA_MUDA", "until": date(2026, 2, 1)}, True),
        ("TAGANA", {}, True),
    ],
)
async def test_the_corps_is_not_changed_under_its_members(
    api: Api, build: Build, corps: str, terms: dict[str, object], is_left: bool
) -> None:
    organization = await build.organization(corps=corps)
    await build.membership(await build.person(), organization, **terms)
    change = partial(
        api.do, CHANGE_ORGANIZATION, actor=await build.coordinator(), organization=f"Organization:{organization}"
    )
    before = await snapshot(build.connection)

    same = await change(version=1, corps=corps)
    answers = [await change(version=2, corps=each) for each in ("MRI", None)]

    assert same["problems"] == []
    if is_left:
        assert [each["problems"] for each in answers] == [
            [],
            [problem("Version", "VERSION_CONFLICT", "version", currentVersion=3)],
        ]
    else:
        assert [each["problems"] for each in answers] == [[problem("Simple", "STILL_USED", "corps")]] * 2
        assert (await snapshot(build.connection))["membership"] == before["membership"]
