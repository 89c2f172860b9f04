"""How memberships begin: in organizations that stand, and with an event, by whatever way."""

import uuid
from functools import partial

import anyio
import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
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
