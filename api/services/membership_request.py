"""Asking for a membership, and answering: nobody becomes a member without the person's own yes and the organization's."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement, with_stored_keys
from api.models import Membership, MembershipRequest, Volunteer
from api.models.base import new_id
from api.models.membership_request import (
    MEMBERSHIP_REQUEST,
    MembershipRequestAction,
    MembershipRequestStatus,
    MembershipSide,
)
from api.rules.code import ProblemCode
from api.services import membership
from api.services.change import Changeable, move_verb
from api.services.enrolment import read_terms
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import paragraph

REQUESTS = Changeable(MembershipRequest, access.sees_membership_request, MEMBERSHIP_REQUEST)


@verb(
    "request_membership",
    "Asks for a membership: a person asks an organization, or an organization a person; the other side answers.",
    answers=OneThing("MembershipRequest"),
    callers=access.MEMBERSHIP_PARTIES,
    ids={"organization": "Organization", "volunteer": "Volunteer", "rank": "Rank", "kecamatan": "Kecamatan"},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.ALREADY_MEMBER, ProblemCode.ALREADY_ASKED),
)
async def request_membership(
    session: Transaction,
    request: Request,
    *,
    organization: uuid.UUID,
    volunteer: uuid.UUID | None = None,
    number: str | None = None,
    rank: str | None = None,
    kecamatan: str | None = None,
    note: str | None = None,
) -> uuid.UUID:
    """Without a volunteer, the actor's own. Number and rank are named by the organization."""
    problems = Problems()
    person = volunteer or request.actor.volunteer_id
    terms = await read_terms(session, request, problems, organization, number=number, rank=rank, kecamatan=kecamatan)
    written = problems.read(paragraph, "note", value=note, minimum=1, maximum=1000)
    parameters = {**request.parameters, "volunteer": person, "organization": organization}
    found = await session.row(_parties(request.actor.kind), parameters)
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    problems.refuse()
    assert found is not None
    side = _side(problems, found, terms)
    if found.is_member:
        problems.add(ProblemCode.ALREADY_MEMBER, "organization")
    problems.refuse()
    row = {"volunteer_id": person, "organization_id": organization, "asked_by": side, "note": written, **terms}
    key = await _insert(session, request, row)
    if key is None:
        raise Refused(Problem(ProblemCode.ALREADY_ASKED, input_path("organization")))
    return key


def _side(problems: Problems, found: Row, terms: Mapping[str, Any]) -> MembershipSide:
    """The side that the actor speaks for."""
    if found.is_self or (found.speaks and not found.enrols):
        if any(value is not None for value in terms.values()):
            problems.invalid(
                "number",
                indonesian="Nomor dan jenjang ditentukan organisasi.",
                english="Number and rank are up to the organization.",
            )
        return MembershipSide.PERSON
    if not found.enrols:
        problems.add(ProblemCode.FORBIDDEN, "organization")
    return MembershipSide.ORGANIZATION


async def send(session: Transaction, request: Request, volunteer: uuid.UUID, joining: Mapping[str, Any]) -> None:
    """An organization asks somebody who was found by the NIK; nothing where that is asked already, or is a member."""
    organization = joining["organization"]
    if await session.value(MEMBER, {**request.parameters, "volunteer": volunteer, "organization": organization}):
        return
    row = {
        "volunteer_id": volunteer,
        "organization_id": organization,
        "asked_by": MembershipSide.ORGANIZATION,
        "number": joining["number"],
        "rank_code": joining["rank"],
        "note": joining["name"],
    }
    await _insert(session, request, row)


async def _insert(session: Transaction, request: Request, row: Mapping[str, Any]) -> uuid.UUID | None:
    """None where one waits for its answer already."""
    key, status = new_id(), MembershipRequestStatus.PENDING
    made = {"id": key, "status": status, "asker_id": request.actor.account_id, **row}
    stored = with_stored_keys(MembershipRequest, made)
    if await session.value(_insertion(tuple(stored)), stored) is None:
        return None
    names = ("volunteer", "organization")
    change = {"status": status, "asked_by": row["asked_by"], **{name: str(row[f"{name}_id"]) for name in names}}
    await record(session, request, "membership_request.pending", subject=("MembershipRequest", key), change=change)
    return key


@verb(
    "approve_membership",
    "Accepts a request for a membership, which begins today; number and rank may be set where the organization answers.",
    answers=OneThing("MembershipRequest"),
    callers=access.MEMBERSHIP_PARTIES,
    ids={"membership_request": "MembershipRequest", "rank": "Rank", "kecamatan": "Kecamatan"},
    conflicts=membership.conflicts("membership_request"),
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    updates=True,
)
async def approve(
    session: Transaction,
    request: Request,
    *,
    membership_request: uuid.UUID,
    version: int,
    **terms: str | None,
) -> uuid.UUID:
    held = await REQUESTS.lock_for(session, request, membership_request, version, MembershipRequestAction.APPROVE)
    problems = Problems()
    agreed: Mapping[str, Any] = {name: held[name] for name in membership.TERMS}
    if terms := {name: value for name, value in terms.items() if value is not None}:
        if held.asked_by == MembershipSide.ORGANIZATION:
            raise Refused(*(Problem(ProblemCode.FORBIDDEN, input_path(name)) for name in terms))
        agreed = await read_terms(session, request, problems, held.organization_id, name="membership_request", **terms)
    today = await membership.first_day(session, request, problems, "membership_request", held)
    problems.refuse()
    ends = {"volunteer": held.volunteer_id, "organization": held.organization_id}
    made = await membership.begin(session, request, **ends, since=today, terms=agreed)
    status = MembershipRequestStatus.ACCEPTED
    return await REQUESTS.move(session, request, held, status, change={"membership": str(made)})


refuse = move_verb(
    REQUESTS,
    "refuse_membership",
    "Refuses a request for a membership.",
    MembershipRequestAction.REFUSE,
    callers=access.MEMBERSHIP_PARTIES,
)


withdraw = move_verb(
    REQUESTS,
    "withdraw_membership_request",
    "Withdraws a request for a membership.",
    MembershipRequestAction.WITHDRAW,
    callers=access.MEMBERSHIP_PARTIES,
)


# The statements, compiled once.

_VOLUNTEER = sa.bindparam("volunteer", type_=sa.Uuid())
_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_MEMBER = access.members_today(Membership.c.volunteer_id == _VOLUNTEER, Membership.c.organization_id == _ORGANIZATION)
MEMBER = compile_statement(_MEMBER)


@cache
def _parties(kind: Kind) -> CompiledStatement:
    """A volunteer whom the actor sees: whom of the two the actor speaks for, and whether they agree already."""
    pair = sa.select(_VOLUNTEER.label("volunteer_id"), _ORGANIZATION.label("organization_id")).cte("pair")
    return compile_statement(
        sa.select(
            sa.func.coalesce(pair.c.volunteer_id == access.VOLUNTEER, sa.false()).label("is_self"),
            access.speaks_for_person(kind, pair).label("speaks"),
            access.enrols_in(kind, pair).label("enrols"),
            _MEMBER.exists().label("is_member"),
        )
        .select_from(pair.join(Volunteer, Volunteer.c.id == pair.c.volunteer_id))
        .where(access.sees_volunteer(kind, Volunteer))
    )


@cache
def _insertion(columns: tuple[str, ...]) -> CompiledStatement:
    values = {name: sa.bindparam(name, type_=MembershipRequest.c[name].type) for name in columns}
    return compile_statement(
        insert(MembershipRequest).values(values).on_conflict_do_nothing().returning(MembershipRequest.c.id)
    )
