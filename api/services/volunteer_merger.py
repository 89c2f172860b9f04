"""Merging two records of one person: all that one owns goes over to the other."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import (
    Assignment,
    CampRegistration,
    Commitment,
    Event,
    Membership,
    MergedVolunteer,
    Organization,
    ServedHours,
    Volunteer,
)
from api.models.assignment_status import ASSIGNMENT
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.day import local_day
from api.models.hours import HoursStatus
from api.models.person import Reach
from api.rules.code import ProblemCode
from api.rules.commitment import camp_of
from api.services import account_merger
from api.services.duty import LOCK_ASSIGNMENTS, record_lapse
from api.services.person_change import EARLIEST, VOLUNTEERS, refuse_promises_beyond_reach
from api.services.problem import Problems, fact_of, read_reason
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.services.volunteer_move import LOCKED_BEFORE, Both, move_all, rows_of_both
from api.values.day import check_earliest
from api.values.nik import check_nik_agrees


@verb(
    "merge_volunteers",
    "Merges the record of a volunteer into another one of the same person: all that it has goes over, and its id leads to the other.",
    answers=OneThing("Volunteer"),
    callers=access.COORDINATORS_OF_BOTH_HOMES,
    ids={"volunteer": "Volunteer", "into": "Volunteer"},
    codes=(
        ProblemCode.DIFFERENT_NIK,
        ProblemCode.ALREADY_OFFERED,
        ProblemCode.ALREADY_AT_CAMP,
        ProblemCode.PERSON_ELSEWHERE,
        ProblemCode.IN_CAMP,
        ProblemCode.PROMISE_BEYOND_REACH,
        ProblemCode.MEMBERSHIP_BEGUN_BY_YOU,
    ),
    updates=True,
    needs_vault=True,
    grants_roles=True,
)
async def merge(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    volunteer: uuid.UUID,
    into: uuid.UUID,
    version: int,
    reason: str,
) -> uuid.UUID:
    """The answer is the record that stays."""
    text = read_reason(reason)
    problems = Problems()
    if into == volunteer:
        problems.invalid("into", indonesian="Sebutkan relawan lain.", english="Name another volunteer.")
    problems.refuse()
    both: Both = {"old": volunteer, "new": into}
    for column in LOCKED_BEFORE:
        await session.lock_all(column.table, [row.id for row in await rows_of_both(session, column, both)])
    held, other = await _lock_both(session, request, both, version)
    await _record_lapsed_offers(session, request, both)
    columns = joined(held, other)
    after = {**dict(other), **columns}
    problems = await _clashes(session, request, both, held, after)
    await _check_memberships(session, request, problems, both)
    await _check_agreement(session, problems, vault, both, after)
    problems.refuse()
    if columns["reach"] != other.reach:
        await refuse_promises_beyond_reach(session, request, {**after, "id": volunteer}, "volunteer")
        await refuse_promises_beyond_reach(session, request, after, "into")

    await account_merger.separate(session, request, **both, reason=text)
    moved = await move_all(session, request, both, reason=text)
    await session.rows(DELETE, both)
    await session.insert(MergedVolunteer, old_id=volunteer, volunteer_id=into, merged_at=request.now)
    change = {"merged": str(volunteer), **moved}
    return await VOLUNTEERS.change(session, request, other, "merged", columns=columns, change=change, reason=text)


async def _lock_both(session: Transaction, request: Request, both: Both, version: int) -> tuple[Row, Row]:
    """Both records, locked in the order of their ids, so that two mergers never wait for each other."""
    found: dict[uuid.UUID, Row] = {}
    for key in sorted((both["old"], both["new"])):
        is_merged = key == both["old"]
        read, name = (version, "volunteer") if is_merged else (None, "into")
        found[key] = await VOLUNTEERS.lock(
            session, request, key, read, may=access.coordinates_home_of_volunteer, name=name
        )
    return found[both["old"]], found[both["new"]]


async def _record_lapsed_offers(session: Transaction, request: Request, both: Both) -> None:
    """Of the offers of one need to both, what has lapsed is recorded, so that it is in nobody's way."""
    keys = [row.id for row in await session.rows(SAME_NEED, {**both})]
    keys += [row.id for row in await session.rows(SAME_NEED, {"old": both["new"], "new": both["old"]})]
    for row in await session.rows(LOCK_ASSIGNMENTS, {**request.parameters, "assignments": sorted(keys)}):
        await record_lapse(session, request, row)


# What of the record that goes fills what the other lacks, together where it belongs together.
FILLED = (
    ("phone",),
    ("email",),
    ("birth_date",),
    ("sex",),
    ("nik_cipher", "nik_index", "nik_tail"),
    ("emergency_name", "emergency_phone", "emergency_relation"),
)
PLACE = (("kecamatan_code",), ("latitude", "longitude"))
NARROWEST_FIRST = tuple(Reach)


def joined(held: Row, other: Row) -> dict[str, Any]:
    """The columns of the record that stays: its own, what it lacks, the narrower reach and the stricter consent.

    A withdrawal in either record is one; else the consent that was given last counts.
    """
    groups = FILLED + (PLACE if held.kabupaten_code == other.kabupaten_code else ())
    columns = {name: held[name] for group in groups if other[group[0]] is None for name in group}
    columns["reach"] = min(held.reach, other.reach, key=NARROWEST_FIRST.index)
    withdrawn = [each.consent_withdrawn_at for each in (held, other) if each.consent_withdrawn_at]
    consenting = [each for each in (held, other) if each.consent_given_at]
    if consenting:
        latest = max(consenting, key=lambda each: each.consent_given_at)
        columns |= {name: latest[name] for name in ("consent_given_at", "consent_purpose")}
    return {**columns, "consent_withdrawn_at": max(withdrawn, default=None)}


async def _clashes(session: Transaction, request: Request, both: Both, held: Row, after: Mapping[str, Any]) -> Problems:
    """All that cannot belong to one person; `after` is the record that stays, as it would be."""
    problems = Problems()
    if held.nik_index and held.nik_index != after["nik_index"]:
        problems.add(ProblemCode.DIFFERENT_NIK, "into")
    parameters = {**request.parameters, **both}
    for row in await session.rows(SAME_NEED, parameters):
        problems.add(ProblemCode.ALREADY_OFFERED, "volunteer", assignment_id=row.id)
    for row in await session.rows(SAME_CAMP, parameters):
        problems.add(ProblemCode.ALREADY_AT_CAMP, "volunteer", camp_id=row.camp_id)
    for statement in (OVERLAPPING_TIME, OVERLAPPING_HOURS):
        for row in await session.rows(statement, parameters):
            code = ProblemCode.IN_CAMP if row.assignment_id is None else ProblemCode.PERSON_ELSEWHERE
            problems.add(code, "volunteer", **fact_of(row))
    return problems


async def _check_memberships(session: Transaction, request: Request, problems: Problems, both: Both) -> None:
    """Who began a membership of one record binds the person of the other record to the organization by no merger."""
    for row in await session.rows(BEGUN_BY_ACTOR, {**request.parameters, **both}):
        name = "volunteer" if row.volunteer_id == both["old"] else "into"
        problems.add(ProblemCode.MEMBERSHIP_BEGUN_BY_YOU, name, organization_id=row.organization_id)


async def _check_agreement(
    session: Transaction, problems: Problems, vault: Vault, both: Both, after: Mapping[str, Any]
) -> None:
    """NIK, birth date and sex agree, and nothing was earned before the fifteenth birthday; as where a record is changed."""
    known = {"known_birth_date": after["birth_date"], "known_sex": after["sex"]}
    if after["nik_cipher"] is not None and any(known.values()):
        problems.read(check_nik_agrees, "into", value=vault.decrypt(after["nik_cipher"]), **known)
    earned = [await session.value(EARLIEST, {"volunteer": key}) for key in (both["old"], both["new"])]
    first = min((day for day in earned if day is not None), default=None)
    problems.read(check_earliest, "into", value=first, birth_date=after["birth_date"])


# The statements, compiled once.

OLD, NEW = (sa.bindparam(name, type_=sa.Uuid()) for name in ("old", "new"))


def _live_at_one(table: sa.Table, thing: str, is_live: Any) -> sa.Select[Any]:
    """What the old record has live at a need or camp at which the other has something live, too."""
    mine, theirs = table.alias(), table.alias()
    return (
        sa.select(mine.c.id, mine.c[thing])
        .join(theirs, theirs.c[thing] == mine.c[thing])
        .where(mine.c.volunteer_id == OLD, theirs.c.volunteer_id == NEW, is_live(mine), is_live(theirs))
        .order_by(mine.c.id)
    )


def _is_live_registration(row: Any) -> Any:
    """Those that have lapsed count until the lapse is recorded."""
    return row.c.status.in_(CAMP_REGISTRATION.group("LIVE"))


SAME_NEED = compile_statement(
    _live_at_one(Assignment, "need_id", lambda row: row.c.status.in_(ASSIGNMENT.group("LIVE")))
)
SAME_CAMP = compile_statement(_live_at_one(CampRegistration, "camp_id", _is_live_registration))


def _overlapping(
    table: sa.Table, period: Any, *, camp: Any = lambda _row: sa.null(), is_counted: Any = lambda _row: sa.true()
) -> sa.Select[Any]:
    mine, theirs = table.alias(), table.alias()
    common = period(mine).op("*")(period(theirs))
    return (
        sa.select(
            mine.c.assignment_id,
            camp(mine).label("camp_id"),
            sa.func.lower(common).label("starts_at"),
            sa.func.upper(common).label("ends_at"),
        )
        .join(theirs, period(mine).op("&&", is_comparison=True)(period(theirs)))
        .where(mine.c.volunteer_id == OLD, theirs.c.volunteer_id == NEW, is_counted(mine), is_counted(theirs))
        .order_by(sa.func.lower(period(mine)), mine.c.id)
    )


OVERLAPPING_TIME = compile_statement(_overlapping(Commitment, lambda row: row.c.period, camp=camp_of))
OVERLAPPING_HOURS = compile_statement(
    _overlapping(
        ServedHours,
        lambda row: sa.func.tstzrange(row.c.starts_at, row.c.ends_at),
        is_counted=lambda row: row.c.status == HoursStatus.COUNTED,
    )
)


def _begun_by_actor() -> sa.Select[Any]:
    """The memberships of one record that the account has begun, in organizations that the other is no member of as long."""
    other, today = Membership.alias(), local_day(Organization.c.kabupaten_code, access.NOW)
    has_as_long = sa.exists().where(
        other.c.volunteer_id.in_([OLD, NEW]),
        other.c.volunteer_id != Membership.c.volunteer_id,
        other.c.organization_id == Membership.c.organization_id,
        other.c.since <= today,
        sa.or_(other.c.until.is_(None), other.c.until >= Membership.c.until),
    )
    has_begun = sa.exists().where(
        Event.c.subject_type == "Membership",
        Event.c.subject_key == sa.cast(Membership.c.id, sa.Text),
        Event.c.kind == "membership.begun",
        Event.c.account_id == access.ACCOUNT,
    )
    return (
        sa.select(Membership.c.volunteer_id, Membership.c.organization_id)
        .join(Organization, Organization.c.id == Membership.c.organization_id)
        .where(Membership.c.volunteer_id.in_([OLD, NEW]), has_begun, ~has_as_long)
        .order_by(Membership.c.id)
    )


BEGUN_BY_ACTOR = compile_statement(_begun_by_actor())
DELETE = compile_statement(sa.delete(Volunteer).where(Volunteer.c.id == OLD).returning(Volunteer.c.id))
