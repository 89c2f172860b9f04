"""What goes over when two records of one person are merged: every column that refers to a volunteer, and its clashes.

The stated rules: of memberships of one organization that overlap, the earlier one stays, until the later end, with the
rank of the one that began last and the kecamatan of one that lasts as long; absences that
overlap become one; of one insurance that is recorded twice the later end counts; of what is asked or noted twice, the
record that stays keeps its own.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert

from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import (
    Absence,
    Account,
    Assignment,
    CampGroup,
    CampRegistration,
    CampStaffMember,
    Certificate,
    CertificateRequest,
    Commitment,
    Contingent,
    DeclaredSkill,
    DistinctPair,
    Insurance,
    Invitation,
    Membership,
    MembershipRequest,
    MembershipTransfer,
    MergedVolunteer,
    Scan,
    ScanCode,
    SuspectedPair,
)
from api.models.certificate_request import CertificateRequestStatus
from api.models.choice import Choice
from api.models.membership_request import MembershipRequestStatus
from api.models.membership_transfer import MembershipTransferStatus
from api.services.absence import ABSENCES
from api.services.certificate_request import REQUESTS as CERTIFICATE_REQUESTS
from api.services.change import Changeable
from api.services.membership import MEMBERSHIPS
from api.services.membership_request import REQUESTS as MEMBERSHIP_REQUESTS
from api.services.membership_transfer import TRANSFERS
from api.services.request import Request


class Both(TypedDict):
    """The record that goes, and the one that stays."""

    old: uuid.UUID
    new: uuid.UUID


OLD, NEW = (sa.bindparam(name, type_=sa.Uuid()) for name in ("old", "new"))
# Locked before the volunteers, in the order of decision record 0019.
LOCKED_BEFORE: Sequence[sa.Column[Any]] = (
    Invitation.c.volunteer_id,
    Account.c.volunteer_id,
    Contingent.c.leader_id,
    MembershipRequest.c.volunteer_id,
    MembershipTransfer.c.volunteer_id,
)
# All that refers to a volunteer, in that order. A test compares it with the catalog of the database.
MOVED: Sequence[sa.Column[Any]] = (
    *LOCKED_BEFORE,
    Membership.c.volunteer_id,
    Absence.c.volunteer_id,
    Assignment.c.volunteer_id,
    Commitment.c.volunteer_id,
    CampRegistration.c.volunteer_id,
    CampGroup.c.leader_id,
    CampStaffMember.c.volunteer_id,
    ScanCode.c.volunteer_id,
    Scan.c.volunteer_id,
    CertificateRequest.c.volunteer_id,
    Certificate.c.volunteer_id,
    Insurance.c.volunteer_id,
    DeclaredSkill.c.volunteer_id,
    MergedVolunteer.c.volunteer_id,
)
# Pairs are written anew instead of moved, suspected ones forgotten.
PAIRED: Sequence[sa.Column[Any]] = tuple(
    table.c[name] for table in (DistinctPair, SuspectedPair) for name in ("one_id", "other_id")
)


# What may wait only once, for what, and its status when it is withdrawn.
ASKED_ONCE: Sequence[tuple[Changeable, tuple[str, ...], Choice]] = (
    (MEMBERSHIP_REQUESTS, ("organization_id",), MembershipRequestStatus.WITHDRAWN),
    (CERTIFICATE_REQUESTS, ("issuer_id", "number_key"), CertificateRequestStatus.WITHDRAWN),
)


async def rows_of_both(session: Transaction, column: sa.Column[Any], both: Both) -> list[Row]:
    return await session.rows(OF_BOTH[column], both)


async def move_all(session: Transaction, request: Request, both: Both, *, reason: str | None) -> Mapping[str, int]:
    """Settles what clashes, and moves the rest; how many rows of each table went over."""
    await _withdraw_second_requests(session, request, both, reason=reason)
    await _join_memberships(session, request, both, reason=reason)
    await _join_absences(session, request, both)
    for statement in SETTLED:
        await session.rows(statement, {**both, "now": request.now})
    # Those of duties go over with them, by their foreign key.
    scans: int = await session.value(SCANS, both)
    moved: dict[str, int] = {"scan": scans} if scans else {}
    # The trigger that keeps scans as they are lets the person change meanwhile.
    await session.value(SET_MERGES, {"merges": "on"})
    for column in MOVED:
        count: int = await session.value(MOVES[column], both)
        moved |= {str(column.table.name): count} if count and column.table is not Scan else {}
    await session.value(SET_MERGES, {"merges": ""})
    return moved


async def _withdraw_second_requests(session: Transaction, request: Request, both: Both, *, reason: str | None) -> None:
    """Of two requests for one thing that wait, the one of the record that goes is withdrawn."""
    for noun, names, withdrawn in ASKED_ONCE:
        rows = await rows_of_both(session, noun.table.c.volunteer_id, both)
        waiting = [row for row in rows if row.status == "PENDING"]
        own = {tuple(row[name] for name in names) for row in waiting if row.volunteer_id == both["new"]}
        for row in waiting:
            if row.volunteer_id == both["old"] and tuple(row[name] for name in names) in own:
                await noun.move(session, request, row, withdrawn, reason=reason, columns={"reason": reason})


async def _join_memberships(session: Transaction, request: Request, both: Both, *, reason: str | None) -> None:
    """Of memberships of one organization that overlap, the earlier one stays; it takes what it lacks, and the later end."""
    rows = await rows_of_both(session, Membership.c.volunteer_id, both)
    for first, *others in overlapping(rows, by="organization_id"):
        await _join_into(session, request, first, others, reason=reason)


async def _join_into(
    session: Transaction, request: Request, first: Row, others: Sequence[Row], *, reason: str | None
) -> None:
    for other in others:
        await _move_transfers(session, request, first, other, reason=reason)
        await session.rows(DELETE_MEMBERSHIP, {"key": other.id})
    rows = (first, *others)
    last = max(rows, key=lambda row: row.until or date.max)
    columns: dict[str, Any] = {"until": last.until, "end_reason": last.end_reason}
    columns["number"] = next((row.number for row in rows if row.number is not None), None)
    # Ranks rise: that of the membership that began last is the present one.
    columns["rank_code"] = next((row.rank_code for row in reversed(rows) if row.rank_code is not None), None)
    # A kecamatan that was left before the later end has somebody else there since, or nobody.
    tksk = next((row for row in rows if row.kecamatan_code is not None and row.until == last.until), None)
    columns |= {name: tksk and tksk[name] for name in ("kecamatan_code", "kecamatan_since")}
    change = {"merged": [str(row.id) for row in others]}
    await MEMBERSHIPS.change(session, request, first, "merged", columns=columns, change=change, reason=reason)


async def _move_transfers(
    session: Transaction, request: Request, first: Row, other: Row, *, reason: str | None
) -> None:
    """The transfers of a membership that is joined into another; of two that wait, one is withdrawn."""
    waiting = await session.rows(TRANSFERS_WAITING, {"keys": [first.id, other.id]})
    if len(waiting) > 1:
        status = MembershipTransferStatus.WITHDRAWN
        second = next(row for row in waiting if row.membership_id == other.id)
        await TRANSFERS.move(session, request, second, status, reason=reason, columns={"reason": reason})
    await session.rows(MOVE_TRANSFERS, {"key": other.id, "first": first.id})


async def _join_absences(session: Transaction, request: Request, both: Both) -> None:
    """Absences that overlap become one: the first of them lasts until the later end, the others are cancelled."""
    rows = [row for row in await rows_of_both(session, Absence.c.volunteer_id, both) if row.cancelled_at is None]
    for first, *others in overlapping(rows, by="cancelled_at"):
        for other in others:
            await ABSENCES.change(
                session, request, other, "cancelled", columns={"cancelled_at": request.now}, change={}
            )
        until = max(row.until for row in (first, *others))
        if until != first.until:
            await ABSENCES.change(session, request, first, "extended", columns={"until": until}, change={})


def overlapping(rows: Sequence[Row], *, by: str) -> list[list[Row]]:
    """The groups of rows of one value whose days overlap, the earliest row first; only groups of several."""
    groups: list[list[Row]] = []
    for row in sorted(rows, key=lambda each: (str(each[by]), each.since, each.id)):
        last = groups[-1] if groups else []
        ends = max((each.until or date.max for each in last), default=date.min)
        if last and last[0][by] == row[by] and row.since <= ends:
            last.append(row)
        else:
            groups.append([row])
    return [group for group in groups if len(group) > 1]


# The statements, compiled once.


def _of_both(column: sa.Column[Any]) -> CompiledStatement:
    table = column.table
    return compile_statement(sa.select(table).where(column.in_([OLD, NEW])).order_by(table.c.id))


def _move(column: sa.Column[Any]) -> CompiledStatement:
    """Gives the rows of the old record to the other; their number."""
    assert isinstance(column.table, sa.Table)
    update = sa.update(column.table).where(column == OLD).values({column: NEW}).returning(sa.literal(1))
    return compile_statement(sa.select(sa.func.count()).select_from(update.cte("moved")))


OF_BOTH = {column: _of_both(column) for column in MOVED if "id" in column.table.c}
MOVES = {column: _move(column) for column in MOVED}
SCANS = compile_statement(sa.select(sa.func.count()).select_from(Scan).where(Scan.c.volunteer_id == OLD))
SET_MERGES = compile_statement(
    sa.select(sa.func.set_config("sigap.merges_person", sa.bindparam("merges", type_=sa.Text()), sa.true()))
)
DELETE_MEMBERSHIP = compile_statement(
    sa.delete(Membership).where(Membership.c.id == sa.bindparam("key", type_=sa.Uuid())).returning(Membership.c.id)
)
MOVE_TRANSFERS = compile_statement(
    sa.update(MembershipTransfer)
    .where(MembershipTransfer.c.membership_id == sa.bindparam("key", type_=sa.Uuid()))
    .values(membership_id=sa.bindparam("first", type_=sa.Uuid()))
)
TRANSFERS_WAITING = compile_statement(
    sa.select(MembershipTransfer)
    .where(
        MembershipTransfer.c.membership_id == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid()))),
        MembershipTransfer.c.status == MembershipTransferStatus.PENDING,
    )
    .order_by(MembershipTransfer.c.id)
)


def _settled() -> Sequence[CompiledStatement]:
    """What is noted twice: the record that stays keeps its own, with the later end or the earlier day of the other."""
    mine, staff, code = Insurance.alias(), CampStaffMember.alias(), ScanCode.alias()
    same = [Insurance.c[name] == mine.c[name] for name in ("kind", "insurer", "since")]
    later = sa.case(
        (sa.or_(Insurance.c.until.is_(None), mine.c.until.is_(None)), sa.null()),
        else_=sa.func.greatest(Insurance.c.until, mine.c.until),
    )
    skill = DeclaredSkill.alias()
    other = sa.case((DistinctPair.c.one_id == OLD, DistinctPair.c.other_id), else_=DistinctPair.c.one_id)
    of_old = sa.or_(DistinctPair.c.one_id == OLD, DistinctPair.c.other_id == OLD)
    rest = [DistinctPair.c[name] for name in ("reason", "account_id", "created_at")]
    pairs = sa.select(sa.func.least(other, NEW), sa.func.greatest(other, NEW), *rest).where(of_old, other != NEW)
    insert = pg_insert(DistinctPair)
    return tuple(
        map(
            compile_statement,
            (
                sa.update(Insurance)
                .where(Insurance.c.volunteer_id == NEW, mine.c.volunteer_id == OLD, *same)
                .values(until=later, version=Insurance.c.version + 1),
                sa.delete(Insurance).where(
                    Insurance.c.volunteer_id == OLD, sa.exists().where(mine.c.volunteer_id == NEW, *same)
                ),
                sa.update(CampStaffMember)
                .where(
                    CampStaffMember.c.volunteer_id == OLD,
                    CampStaffMember.c.ended_at.is_(None),
                    sa.exists().where(
                        staff.c.volunteer_id == NEW,
                        staff.c.camp_id == CampStaffMember.c.camp_id,
                        staff.c.ended_at.is_(None),
                    ),
                )
                .values(ended_at=sa.bindparam("now", type_=sa.DateTime(timezone=True))),
                sa.update(ScanCode)
                .where(
                    ScanCode.c.volunteer_id == OLD,
                    ScanCode.c.annulled_at.is_(None),
                    sa.exists().where(code.c.volunteer_id == NEW, code.c.annulled_at.is_(None)),
                )
                .values(
                    annulled_at=sa.bindparam("now", type_=sa.DateTime(timezone=True)),
                    reason="Digabungkan dengan data lain dari orang yang sama.",
                ),
                sa.delete(DeclaredSkill).where(
                    DeclaredSkill.c.volunteer_id == OLD,
                    sa.exists().where(skill.c.volunteer_id == NEW, skill.c.skill_code == DeclaredSkill.c.skill_code),
                ),
                insert.from_select([*DistinctPair.c.keys()], pairs).on_conflict_do_nothing(),
                sa.delete(DistinctPair).where(of_old),
                sa.delete(SuspectedPair).where(sa.or_(SuspectedPair.c.one_id == OLD, SuspectedPair.c.other_id == OLD)),
            ),
        )
    )


SETTLED = _settled()
