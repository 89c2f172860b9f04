"""Calendars: a person's camps and duties, and the sessions of a camp, at secret addresses that can be revoked."""

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Database, Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import (
    Account,
    Assignment,
    CalendarAddress,
    Camp,
    CampRegistration,
    CampSession,
    CampStaffMember,
    Kabupaten,
    Need,
    Skill,
)
from api.models.assignment_status import ASSIGNMENT
from api.models.base import new_id
from api.models.camp import CampStatus
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.day import time_zone
from api.rules.code import ProblemCode
from api.services import account
from api.services.feed import record
from api.services.problem import Problems, not_found
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import ComputedReport, OneThing, verb

PATH = "/calendars/{}.ics"


@verb(
    "create_calendar_address",
    "Creates a secret address under which calendar programs read your own camps and duties, or the sessions of a camp, and "
    "shows it this once. Your address before it ends.",
    answers=ComputedReport("NewCalendarAddress", {"path": sa.Text()}),
    callers=access.ACCOUNTS,
    ids={"volunteer": "Volunteer", "camp": "Camp"},
    needs_vault=True,
    hands_out_secret=True,
)
async def create(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    volunteer: uuid.UUID | None = None,
    camp: uuid.UUID | None = None,
) -> Mapping[str, Any]:
    request = await account.lock_own(session, request)
    problems = Problems()
    if (volunteer is None) == (camp is None):
        problems.invalid(
            "camp", indonesian="Sebutkan relawan atau kemah.", english="Name either the volunteer or the camp."
        )
    if volunteer is not None and volunteer != request.actor.volunteer_id:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    parameters = {**request.parameters, "camp": camp, "account": request.actor.account_id}
    if camp is not None and await session.value(_camp(request.actor.kind), parameters) is None:
        problems.add(ProblemCode.NOT_FOUND, "camp")
    problems.refuse()
    await session.rows(REPLACE, parameters)
    secret, key = token_urlsafe(32), new_id()
    digest = _digest(vault, secret)
    columns = {"account_id": request.actor.account_id, "camp_id": camp, "digest": digest}
    await session.insert(CalendarAddress, id=key, created_at=request.now, **columns)
    change = {"camp": camp and str(camp)}
    await record(session, request, "calendar_address.created", subject=("CalendarAddress", key), change=change)
    return {"path": PATH.format(secret)}


@verb(
    "revoke_calendar_address",
    "Ends the address of a calendar of yours, at once.",
    answers=OneThing("Account"),
    callers=access.ACCOUNTS,
    codes=(ProblemCode.NOT_FOUND,),
    needs_vault=True,
)
async def revoke(session: Transaction, request: Request, *, vault: Vault, path: str) -> uuid.UUID:
    account_id = request.actor.account_id
    assert account_id is not None
    secret = path.rpartition("/")[2].removesuffix(".ics")
    key = await session.value(REVOKE, {"account": account_id, "digest": _digest(vault, secret)})
    if key is None:
        raise not_found("path")
    await record(session, request, "calendar_address.revoked", subject=("CalendarAddress", key), change={})
    return account_id


def _digest(vault: Vault, secret: str) -> bytes:
    return vault.blind_index(f"calendar {secret}")


async def calendar(database: Database, vault: Vault, request: Request, secret: str) -> bytes | None:
    """The calendar at the address, as its account sees it now without coordinating; None where there is none."""
    async with database.reading() as session:
        found = await session.row(FIND, {"digest": _digest(vault, secret)})
        if found is None:
            return None
        # Whoever has the address has shown no second factor, so nobody coordinates by it.
        actor = await account.actor(
            session, found.account_id, request.now, has_second_factor=False, demands_second_factor=True
        )
        parameters = {**actor.parameters(request.now), "camp": found.camp_id}
        if found.camp_id is None:
            return _written(await session.rows(DUTIES, parameters), await session.rows(CAMPS, parameters))
        return _written(await session.rows(_sessions(actor.kind), parameters))


def _written(*groups: Sequence[Row]) -> bytes:
    made = icalendar.Calendar()
    made.add("prodid", "-//Sigap//Sigap//ID")
    made.add("version", "2.0")
    for row in (row for rows in groups for row in rows):
        event, zone = icalendar.Event(), ZoneInfo(row.zone)
        event.add("uid", f"{row.id}@sigap")
        event.add("summary", row.title)
        event.add("location", row.place)
        event.add("dtstart", row.starts_at.astimezone(zone))
        event.add("dtend", row.ends_at.astimezone(zone))
        event.add("dtstamp", row.updated_at)
        made.add_component(event)
    made.add_missing_timezones()
    content: bytes = made.to_ical()
    return content


_CAMP, _ACCOUNT = (sa.bindparam(name, type_=sa.Uuid()) for name in ("camp", "account"))
_DIGEST: sa.BindParameter[bytes] = sa.bindparam("digest", type_=sa.LargeBinary())
_PERIOD = ("starts_at", "ends_at", "updated_at")

FIND = compile_statement(
    sa.select(CalendarAddress.c.account_id, CalendarAddress.c.camp_id)
    .join(Account, Account.c.id == CalendarAddress.c.account_id)
    .where(CalendarAddress.c.digest == _DIGEST, Account.c.active)
)
REPLACE = compile_statement(
    sa.delete(CalendarAddress).where(
        CalendarAddress.c.account_id == _ACCOUNT, CalendarAddress.c.camp_id.is_not_distinct_from(_CAMP)
    )
)
REVOKE = compile_statement(
    sa.delete(CalendarAddress)
    .where(CalendarAddress.c.account_id == _ACCOUNT, CalendarAddress.c.digest == _DIGEST)
    .returning(CalendarAddress.c.id)
)
DUTIES = compile_statement(
    sa.select(
        *(Assignment.c[name] for name in ("id", *_PERIOD)),
        Skill.c.label_id.label("title"),
        Kabupaten.c.name.label("place"),
        time_zone(Need.c.kabupaten_code).label("zone"),
    )
    .join(Need, Need.c.id == Assignment.c.need_id)
    .join(Skill, Skill.c.code == Need.c.skill_code)
    .join(Kabupaten, Kabupaten.c.code == Need.c.kabupaten_code)
    .where(
        Assignment.c.volunteer_id == access.VOLUNTEER,
        Assignment.c.status.in_((*ASSIGNMENT.group("PROMISED"), "COMPLETED")),
    )
    .order_by(Assignment.c.starts_at, Assignment.c.id)
)
# The camps to which the person comes, and those at which they work.
_OWN_CAMPS = sa.union(
    sa.select(CampRegistration.c.camp_id).where(
        CampRegistration.c.volunteer_id == access.VOLUNTEER,
        CampRegistration.c.status.in_(CAMP_REGISTRATION.group("COMMITTED")),
    ),
    sa.select(CampStaffMember.c.camp_id).where(
        CampStaffMember.c.volunteer_id == access.VOLUNTEER, CampStaffMember.c.ended_at.is_(None)
    ),
)
CAMPS = compile_statement(
    sa.select(
        *(Camp.c[name] for name in ("id", *_PERIOD)),
        Camp.c.name.label("title"),
        Camp.c.venue.label("place"),
        time_zone(Camp.c.kabupaten_code).label("zone"),
    )
    .where(Camp.c.id.in_(_OWN_CAMPS), Camp.c.status != CampStatus.CANCELLED)
    .order_by(Camp.c.starts_at, Camp.c.id)
)


@cache
def _camp(kind: Kind) -> CompiledStatement:
    return compile_statement(sa.select(Camp.c.id).where(Camp.c.id == _CAMP, access.sees_camp(kind, Camp)))


@cache
def _sessions(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(
            *(CampSession.c[name] for name in ("id", *_PERIOD)),
            CampSession.c.title.label("title"),
            sa.func.coalesce(CampSession.c.place, Camp.c.venue).label("place"),
            time_zone(Camp.c.kabupaten_code).label("zone"),
        )
        .join(Camp, Camp.c.id == CampSession.c.camp_id)
        .where(Camp.c.id == _CAMP, access.sees_camp(kind, Camp))
        .order_by(CampSession.c.starts_at, CampSession.c.id)
    )
