"""The staff of camps: their days, and what their accounts may do there."""

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Account, Camp, CampStaffMember, Commitment, Role, Volunteer
from api.models.account import RoleKind
from api.models.base import new_id
from api.models.camp import CAMP, CampStatus
from api.rules.absence import PRESENT
from api.rules.camp import case_of_camp
from api.rules.code import ProblemCode
from api.rules.commitment import NOT_COMMITTED_ELSEWHERE
from api.rules.refusal import codes_of, refusals
from api.rules.sending import ACTIVE, CONSENT_GIVEN
from api.services import role
from api.services.camp import CAMPS, check_not_over
from api.services.camp_change import role_period
from api.services.camp_days import days_left
from api.services.change import Changeable, check_status
from api.services.feed import record, record_all
from api.services.problem import Problem, Problems, Refused, broken_rule, forbidden, input_path
from api.services.request import Request
from api.services.sight import check_seen
from api.services.verb import OneThing, verb

STAFF = Changeable(CampStaffMember, access.sees_staff_member)
RULES = (ACTIVE, CONSENT_GIVEN, NOT_COMMITTED_ELSEWHERE, PRESENT)


@verb(
    "set_camp_staff",
    "Says what a volunteer does at a camp, outside its capacity: the days are promised, and the account may run the camp.",
    answers=OneThing("CampStaffMember"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp", "volunteer": "Volunteer"},
    conflicts={"ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("volunteer"))},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.PERIOD_PAST, ProblemCode.ORGANIZATION_NOT_VERIFIED, *codes_of(RULES)),
    grants_roles=True,
)
async def set_staff(
    session: Transaction, request: Request, *, camp: uuid.UUID, volunteer: uuid.UUID, duty: str | None
) -> uuid.UUID:
    """Without a duty the person works there no more."""
    held = await CAMPS.lock(session, request, camp, None, may=access.keeps_camp)
    check_status(held, (*CAMP.group("AHEAD"), CampStatus.RUNNING), "camp")
    problems = Problems()
    check_not_over(problems, request, held)
    await check_seen(session, request, problems, volunteer)
    problems.refuse()
    await session.lock_all(Volunteer, [volunteer])
    member = await session.row(MEMBER, {"camp": camp, "volunteer": volunteer})
    if duty is None:
        return await _end(session, request, held, member)
    if member is not None:
        return await _change(session, request, member, duty)
    return await _add(session, request, held, volunteer, duty)


async def _add(session: Transaction, request: Request, camp: Row, volunteer: uuid.UUID, duty: str) -> uuid.UUID:
    """Somebody whose free days the actor may know, as a refusal tells of leave and duties."""
    if not await session.value(_free_days(request.actor.kind), {**request.parameters, "volunteer": volunteer}):
        raise forbidden("volunteer")
    broken = await session.rows(
        _broken(request.actor.kind), {**request.parameters, "camp": camp.id, "volunteer": volunteer}
    )
    if broken:
        raise Refused(*(broken_rule(row, "volunteer") for row in broken))
    key = new_id()
    role_id = await _grant(session, request, camp.id, volunteer)
    await session.insert(CampStaffMember, id=key, camp_id=camp.id, volunteer_id=volunteer, duty=duty, role_id=role_id)
    await session.rows(COMMIT, {**request.parameters, "member": key, "commitment": new_id()})
    change = {"camp": str(camp.id), "volunteer": str(volunteer), "duty": duty}
    await record(session, request, "camp_staff_member.added", subject=("CampStaffMember", key), change=change)
    return key


async def _change(session: Transaction, request: Request, member: Row, duty: str) -> uuid.UUID:
    """Who has an account only since then is granted the role now."""
    columns: dict[str, Any] = {"duty": duty}
    if member.role_id is None:
        columns["role_id"] = await _grant(session, request, member.camp_id, member.volunteer_id)
    change = {"duty": duty, "camp": str(member.camp_id)}
    return await STAFF.change(session, request, member, "changed", columns=columns, change=change)


async def _grant(session: Transaction, request: Request, camp: uuid.UUID, volunteer: uuid.UUID) -> uuid.UUID | None:
    """The role of the person's account for the days of the camp, by who holds theirs as long; none without an account."""
    found = await session.row(ACCOUNT, {"camp": camp, "volunteer": volunteer})
    if found is None:
        return None
    nowhere = dict.fromkeys(role.SCOPES.values())
    period = {"since": found.since, "until": found.until}
    own = {"account_id": found.id, "kind": RoleKind.CAMP_STAFF, "camp_id": camp}
    granted = {**nowhere, **period, **own}
    await role.check_grant(session, request, granted, "volunteer")
    return await role.give(session, request, granted)


async def _end(session: Transaction, request: Request, camp: Row, member: Row | None) -> uuid.UUID:
    if member is None:
        raise Refused(Problem(ProblemCode.NOT_FOUND, input_path("volunteer")))
    change: dict[str, Any] = {"camp": str(camp.id)}
    key = await STAFF.change(session, request, member, "ended", columns={"ended_at": request.now}, change=change)
    await end_staff(session, request, camp.id)
    return key


async def end_members(session: Transaction, request: Request, camp: uuid.UUID, members: Sequence[uuid.UUID]) -> None:
    """Ends the work of members of the staff of a locked camp."""
    await session.rows(END_MEMBERS, {**request.parameters, "members": [*members]})
    changes = [(member, {"camp": str(camp)}) for member in members]
    await record_all(session, request, "camp_staff_member.ended", "CampStaffMember", changes)
    await end_staff(session, request, camp)


async def end_staff(session: Transaction, request: Request, camp: uuid.UUID) -> None:
    """Frees the days to come of the staff of a camp that has ended its work, and ends their roles."""
    parameters = {**request.parameters, "camp": camp}
    for statement in (SHORTEN, FREE, END_ROLES):
        await session.rows(statement, parameters)


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


MEMBER = compile_statement(
    sa.select(CampStaffMember)
    .where(
        CampStaffMember.c.camp_id == _id("camp"),
        CampStaffMember.c.volunteer_id == _id("volunteer"),
        CampStaffMember.c.ended_at.is_(None),
    )
    .with_for_update(key_share=True)
)
END_MEMBERS = compile_statement(
    sa.update(CampStaffMember)
    .where(CampStaffMember.c.id == sa.any_(sa.bindparam("members", type_=ARRAY(sa.Uuid()))))
    .values(ended_at=access.NOW, version=CampStaffMember.c.version + 1, updated_at=access.NOW)
)
ACCOUNT = compile_statement(
    sa.select(
        Account.c.id, *(each.label(name) for name, each in zip(("since", "until"), role_period(Camp), strict=True))
    )
    .join(Camp, Camp.c.id == _id("camp"))
    .where(Account.c.volunteer_id == _id("volunteer"), Account.c.active)
)


@cache
def _free_days(kind: Kind) -> CompiledStatement:
    """Whether the actor may know on which days a volunteer is free."""
    return compile_statement(
        sa.select(access.sees_free_days(kind, Volunteer)).where(Volunteer.c.id == _id("volunteer"))
    )


@cache
def _broken(kind: Kind) -> CompiledStatement:
    found = refusals(kind, case_of_camp(Volunteer, Camp, access.NOW), RULES).lateral()
    return compile_statement(
        sa.select(*found.c)
        .select_from(Camp.join(Volunteer, sa.true()).join(found, sa.true()))
        .where(Camp.c.id == _id("camp"), Volunteer.c.id == _id("volunteer"))
        .order_by(found.c.position)
    )


COMMIT = compile_statement(
    insert(Commitment).from_select(
        ["id", "volunteer_id", "staff_member_id", "period"],
        sa.select(
            _id("commitment"),
            CampStaffMember.c.volunteer_id,
            CampStaffMember.c.id,
            days_left(),
        )
        .join(Camp, Camp.c.id == CampStaffMember.c.camp_id)
        .where(CampStaffMember.c.id == _id("member")),
        include_defaults=False,
    )
)
_ENDED = sa.select(CampStaffMember.c.id).where(
    CampStaffMember.c.camp_id == _id("camp"), CampStaffMember.c.ended_at.is_not(None)
)
SHORTEN = compile_statement(
    sa.update(Commitment)
    .where(
        Commitment.c.staff_member_id.in_(_ENDED),
        Commitment.c.period.op("@>", is_comparison=True)(access.NOW),
        sa.func.lower(Commitment.c.period) < access.NOW,
    )
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), access.NOW))
)
FREE = compile_statement(
    sa.delete(Commitment).where(
        Commitment.c.staff_member_id.in_(_ENDED), sa.func.lower(Commitment.c.period) >= access.NOW
    )
)
END_ROLES = compile_statement(
    sa.update(Role)
    .where(
        Role.c.id.in_(_ENDED.with_only_columns(CampStaffMember.c.role_id)),
        Role.c.ended_at.is_(None),
    )
    .values(ended_at=access.NOW, version=Role.c.version + 1, updated_at=access.NOW)
)
