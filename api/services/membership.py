"""Memberships: their beginning, their changes and their end."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Membership, Organization, Volunteer
from api.models.base import new_id
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.enrolment import OF_CORPS, read_terms
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path, not_found, read_reason
from api.services.request import Request
from api.services.standing import lock_standing
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.key import code_key

MEMBERSHIPS = Changeable(Membership, access.sees_record_of_volunteer)

# What the organization decides on.
TERMS = {"number", "rank_code", "kecamatan_code"}


def conflicts(name: str) -> Mapping[str, Problem]:
    """What the database refuses of a membership; `name` is the input field that it follows from."""
    return {
        "ex_membership_once": Problem(ProblemCode.ALREADY_MEMBER, input_path(name)),
        "uq_membership_organization_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
        "ex_membership_tksk": Problem(ProblemCode.TKSK_TAKEN, input_path("kecamatan")),
        **OF_CORPS,
    }


async def first_day(session: Transaction, request: Request, problems: Problems, name: str, held: Row) -> date:
    """Today at the organization that a proposal names, if it stands and the person is old enough.

    Whoever suspends the organization waits. `name` is the input field of the proposal.
    """
    found = await lock_standing(session, request, held.organization_id)
    if not found.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, name, organization_id=held.organization_id)
    born = await session.value(BORN, {"volunteer": held.volunteer_id})
    problems.read(check_earliest, name, value=found.today, birth_date=born)
    today: date = found.today
    return today


async def begin(
    session: Transaction,
    request: Request,
    *,
    volunteer: uuid.UUID,
    organization: uuid.UUID,
    since: date,
    terms: Mapping[str, Any],
) -> uuid.UUID:
    """A membership on which both sides agree. The database refuses a second one on the same days, and a number twice."""
    key, columns = new_id(), {**terms, "kecamatan_since": terms["kecamatan_code"] and since}
    ends = {"volunteer_id": volunteer, "organization_id": organization}
    await _take_number(session, request, key, ends, terms["number"])
    await session.insert(Membership, id=key, since=since, **ends, **columns)
    await record(
        session, request, "membership.begun", subject=("Membership", key), change=begun(volunteer, organization)
    )
    return key


async def _take_number(
    session: Transaction, request: Request, key: uuid.UUID, ends: Mapping[str, uuid.UUID], number: str | None
) -> None:
    """The number that an earlier membership of the same person in the organization has goes over to this one."""
    if number is None:
        return
    values = {**ends, "number_key": code_key(number), "membership": key, "now": request.now}
    for row in await session.rows(GIVE_NUMBER_UP, values):
        await record(session, request, "membership.changed", subject=("Membership", row.id), change={})


def begun(volunteer: uuid.UUID, organization: uuid.UUID) -> Mapping[str, str]:
    """What the event of the beginning says."""
    return {"volunteer": str(volunteer), "organization": str(organization)}


def changed(before: Row, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the event of a change of terms says: what was there before, but not of the number, which is private."""
    names = sorted(columns.keys() & TERMS - {"number"})
    return {name.removesuffix("_code"): {"from": before[name], "to": columns[name]} for name in names}


@verb(
    "change_membership",
    "Changes number, rank and kecamatan of a membership; what is left out stays, null removes it.",
    answers=OneThing("Membership"),
    callers=access.MANAGERS_OR_COORDINATORS_OF_HOME,
    ids={"membership": "Membership", "rank": "Rank", "kecamatan": "Kecamatan"},
    conflicts=conflicts("membership"),
    codes=(ProblemCode.ALREADY_ENDED, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    updates=True,
)
async def change(
    session: Transaction, request: Request, *, membership: uuid.UUID, version: int, **terms: str | None
) -> uuid.UUID:
    """The event has what was there before. A kecamatan is served from today on."""
    held = await lock(session, request, membership, version, may=access.enrols_in)
    problems = Problems()
    read = await read_terms(session, request, problems, held.organization_id, name="membership", **terms)
    today = await refuse_ended(session, request, held)
    problems.refuse()
    asked = {name for name in TERMS if name.removesuffix("_code") in terms}
    columns = {name: read[name] for name in asked}
    if "kecamatan_code" in asked and read["kecamatan_code"] != held.kecamatan_code:
        columns["kecamatan_since"] = read["kecamatan_code"] and max(today, held.since)
    ends = {name: held[name] for name in ("volunteer_id", "organization_id")}
    await _take_number(session, request, held.id, ends, columns.get("number"))
    return await MEMBERSHIPS.change(session, request, held, "changed", columns=columns, change=changed(held, columns))


@verb(
    "end_membership",
    "Ends a membership, for a reason, with its last day; today if none is named. Duties that are promised or running go on.",
    answers=OneThing("Membership"),
    callers=access.MEMBERSHIP_ENDERS,
    ids={"membership": "Membership"},
    # Of a last day that is named later than before.
    conflicts={
        "ex_membership_once": Problem(ProblemCode.ALREADY_MEMBER, input_path("until")),
        "ex_membership_tksk": Problem(ProblemCode.TKSK_TAKEN, input_path("until")),
    },
    codes=(ProblemCode.ALREADY_ENDED,),
    updates=True,
)
async def end(
    session: Transaction,
    request: Request,
    *,
    membership: uuid.UUID,
    version: int,
    reason: str,
    until: date | None = None,
) -> uuid.UUID:
    text = read_reason(reason)
    held = await lock(session, request, membership, version, may=access.ends_membership)
    problems = Problems()
    today = await refuse_ended(session, request, held)
    last = until or max(today, held.since)
    if last < held.since:
        problems.invalid(
            "until",
            indonesian="Keanggotaan berakhir sebelum mulai.",
            english="The membership would end before it begins.",
        )
    problems.refuse()
    return await finish(session, request, held, last, reason=text)


async def finish(session: Transaction, request: Request, held: Row, last: date, *, reason: str | None) -> uuid.UUID:
    columns, until = {"until": last, "end_reason": reason}, {"until": last.isoformat()}
    if held.kecamatan_since is not None and held.kecamatan_since > last:
        columns |= {"kecamatan_code": None, "kecamatan_since": None}
    return await MEMBERSHIPS.change(session, request, held, "ended", columns=columns, change=until, reason=reason)


async def lock(
    session: Transaction, request: Request, key: uuid.UUID, version: int | None, *, may: access.Predicate
) -> Row:
    """The membership, locked with its volunteer, so that an acceptance that rests on it is finished first."""
    volunteer = await session.value(VOLUNTEER_OF, {"membership": key})
    if volunteer is None:
        raise not_found("membership")
    await session.lock_all(Volunteer, [volunteer])
    return await MEMBERSHIPS.lock(session, request, key, version, may=may)


async def lock_row(session: Transaction, key: uuid.UUID) -> Row:
    """The membership of a proposal that the actor may answer, locked with its volunteer."""
    await session.lock_all(Volunteer, [await session.value(VOLUNTEER_OF, {"membership": key})])
    return (await session.lock_all(Membership, [key]))[key]


async def refuse_ended(session: Transaction, request: Request, held: Row, name: str = "membership") -> date:
    """Today at the organization; refused where the last day is past."""
    today: date = await session.value(TODAY, {"organization": held.organization_id, "now": request.now})
    if held.until is not None and held.until < today:
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path(name)))
    return today


# The statements, compiled once.

BORN = compile_statement(
    sa.select(Volunteer.c.birth_date).where(Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid()))
)
GIVE_NUMBER_UP = compile_statement(
    sa.update(Membership)
    .where(
        *(Membership.c[name] == sa.bindparam(name, type_=sa.Uuid()) for name in ("volunteer_id", "organization_id")),
        Membership.c.number_key == sa.bindparam("number_key", type_=sa.Text()),
        Membership.c.id != sa.bindparam("membership", type_=sa.Uuid()),
    )
    .values(number=sa.null(), number_key=sa.null(), version=Membership.c.version + 1, updated_at=access.NOW)
    .returning(Membership.c.id)
)
VOLUNTEER_OF = compile_statement(
    sa.select(Membership.c.volunteer_id).where(Membership.c.id == sa.bindparam("membership", type_=sa.Uuid()))
)
TODAY = compile_statement(
    sa.select(local_day(Organization.c.kabupaten_code, access.NOW)).where(
        Organization.c.id == sa.bindparam("organization", type_=sa.Uuid())
    )
)
