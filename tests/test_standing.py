"""A verb that relies on an organization, and a suspension that is committed before the verb ends."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.asking import Api, Json
from tests.builders import Build
from tests.snapshot import snapshot
from tests.test_camp import CREATE, new_camp
from tests.test_contingent import asked
from tests.test_contingent import document as of_contingent
from tests.test_invitation import INVITE
from tests.test_membership import TRANSFER
from tests.test_person import PERSON, REGISTER
from tests.test_pledge import ANSWER, ASK, HAND_OVER, MAKE
from tests.test_site import OPEN, shelter
from tests.test_verb import document as of_verb
from tests.waiting import LOCK_WAITS, wait_until

SUSPEND = "UPDATE organization SET verification = 'SUSPENDED', reason = 'Diperiksa' WHERE id = $1"


@dataclass(frozen=True)
class Case:
    """A mutation that names the organization, the actor, the input, and the field by which the organization is known."""

    mutation: str
    actor: uuid.UUID
    values: Json
    field: str = "organization"


async def make_pledge(build: Build, organization: uuid.UUID) -> Case:
    values = {"organization": f"Organization:{organization}", "need": f"Need:{await build.need(wanted=3)}"}
    return Case(MAKE, await build.manager(organization), {**values, "quantity": 2})


async def ask_for_pledge(build: Build, organization: uuid.UUID) -> Case:
    pledge = await build.pledge(await build.need(wanted=3), await build.organization(), quantity=2)
    values = {"organization": f"Organization:{organization}", "pledge": f"Pledge:{pledge}", "reason": "Kami dekat"}
    return Case(ASK, await build.manager(organization), values)


async def hand_over_pledge(build: Build, organization: uuid.UUID) -> Case:
    holder = await build.organization()
    pledge = await build.pledge(await build.need(wanted=3), holder, quantity=2)
    values = {"organization": f"Organization:{organization}", "pledge": f"Pledge:{pledge}", "version": 1}
    return Case(HAND_OVER, await build.manager(holder), {**values, "reason": "Kurang orang"})


async def offer_under_pledge(build: Build, organization: uuid.UUID) -> Case:
    need, volunteer = await build.need(wanted=3), await build.volunteer(organization)
    pledge = await build.pledge(need, organization, quantity=2)
    values = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}", "pledge": f"Pledge:{pledge}"}
    return Case(of_verb("offerAssignment", "assignment { id }"), await build.coordinator(), values, "pledge")


async def replace_under_pledge(build: Build, organization: uuid.UUID) -> Case:
    need, member, other = await build.need(wanted=3), *[await build.volunteer(organization) for _ in range(2)]
    pledge = await build.pledge(need, organization, quantity=2)
    duty = await build.assignment(need, member, status="ACCEPTED", pledge_id=pledge)
    values = {"assignment": f"Assignment:{duty}", "version": 1, "volunteer": f"Volunteer:{other}"}
    return Case(of_verb("replaceAssignment", "assignment { id }"), await build.coordinator(), values, "assignment")


async def grant_pledge_request(build: Build, organization: uuid.UUID) -> Case:
    holder = await build.organization()
    pledge = await build.pledge(await build.need(wanted=3), holder, quantity=2)
    asked = await build.row(
        "pledge_request", pledge_id=pledge, organization_id=organization, reason="Kami dekat", status="ASKED"
    )
    values = {"pledgeRequest": f"PledgeRequest:{asked}", "grant": True, "answer": "Silakan"}
    return Case(ANSWER, await build.manager(holder), values, "pledgeRequest")


async def create_camp(build: Build, organization: uuid.UUID) -> Case:
    return Case(CREATE, await build.manager(organization), new_camp(organization), "host")


async def name_issuer(build: Build, organization: uuid.UUID) -> Case:
    host = await build.organization()
    return Case(CREATE, await build.manager(host), new_camp(host, issuer=f"Organization:{organization}"), "issuer")


async def ask_contingent(build: Build, organization: uuid.UUID) -> Case:
    camp = await build.camp(await build.organization(), capacity=5)
    return Case(of_contingent("askContingent"), await build.manager(organization), asked(camp, organization))


async def open_site(build: Build, organization: uuid.UUID) -> Case:
    values = shelter(await build.incident(), organization=f"Organization:{organization}")
    return Case(OPEN, await build.manager(organization), values)


async def register_volunteer(build: Build, organization: uuid.UUID) -> Case:
    values = {**PERSON, "organization": f"Organization:{organization}"}
    return Case(REGISTER, await build.manager(organization), values)


async def leave_by_transfer(build: Build, organization: uuid.UUID) -> Case:
    key = await build.membership(await build.person(), organization)
    values = {"membership": f"Membership:{key}", "organization": f"Organization:{await build.organization()}"}
    return Case(TRANSFER, await build.manager(organization), values, "membership")


async def invite(build: Build, organization: uuid.UUID) -> Case:
    values = {"volunteer": f"Volunteer:{await build.volunteer(organization)}"}
    return Case(INVITE, await build.manager(organization), {**values, "organization": f"Organization:{organization}"})


CASES: tuple[Callable[[Build, uuid.UUID], Awaitable[Case]], ...] = (
    *(make_pledge, ask_for_pledge, hand_over_pledge, offer_under_pledge),
    *(replace_under_pledge, grant_pledge_request),
    *(create_camp, name_issuer, ask_contingent, open_site, register_volunteer, leave_by_transfer, invite),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_nobody_relies_on_an_organization_that_is_suspended_meanwhile(
    api: Api, build: Build, case: Callable[[Build, uuid.UUID], Awaitable[Case]]
) -> None:
    organization = await build.organization()
    asks = await case(build, organization)
    suspension = build.connection.transaction()
    await suspension.start()
    await build.connection.execute(SUSPEND, organization)
    before = await snapshot(build.connection)

    answer = asyncio.create_task(api.do(asks.mutation, actor=asks.actor, **asks.values))
    await wait_until(build.connection, LOCK_WAITS, 1)
    await suspension.commit()

    problems = (await answer)["problems"]
    assert [(each["code"], each["path"]) for each in problems] == [("ORGANIZATION_NOT_VERIFIED", ["input", asks.field])]
    assert await snapshot(build.connection) == before
