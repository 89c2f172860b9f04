"""The days of a camp, promised by who has a place, and free again for who has none any more."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampRegistration, CampStaffMember, Commitment, Volunteer
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.services.feed import record_all
from api.services.request import Request


async def commit_days(session: Transaction, request: Request, rows: Iterable[Row | Mapping[str, Any]]) -> None:
    """Promises the days of the volunteers among the registrations, which have a place.

    Somebody who is promised elsewhere at this very moment is decided about again, in another attempt.
    """
    keys = [row["id"] for row in rows if row["volunteer_id"] is not None]
    if not keys:
        return
    promised = await session.rows(COMMIT, {**request.parameters, "keys": keys})
    if len(promised) < len(keys):
        raise asyncpg.SerializationError("Somebody was promised elsewhere at the same time.")
    await tell_waiting(session, request, registrations=keys)


async def free_days(
    session: Transaction, request: Request, keys: Sequence[uuid.UUID], *, is_spent: bool = False
) -> None:
    """Frees the time of registrations; where it `is_spent`, from now on, and what was spent at the camp stays."""
    parameters = {**request.parameters, "keys": [*keys]}
    if is_spent:
        await session.rows(SHORTEN, parameters)
    await session.rows(FREE_AHEAD if is_spent else FREE, parameters)


async def cut_days(session: Transaction, camp: uuid.UUID) -> None:
    """The days of a completed camp, of who came and who worked there, end with it."""
    await session.rows(CUT, {"camp": camp})


async def resume_days(session: Transaction, request: Request, camp: uuid.UUID) -> list[Row]:
    """Promises the days that remain of a camp that goes on; those of people of whom something else has them by now.

    Of each the `registration_id` or the `staff_member_id`.
    """
    parameters = {**request.parameters, "camp": camp}
    people = await session.rows(CUT_SHORT, parameters)
    await session.lock_all(Volunteer, [row.volunteer_id for row in people])
    await session.rows(RESUME, parameters)
    return await session.rows(CUT_SHORT, parameters)


async def tell_waiting(
    session: Transaction,
    request: Request,
    *,
    assignments: Sequence[uuid.UUID] = (),
    registrations: Sequence[uuid.UUID] = (),
) -> None:
    """An event of each place that people wait for, or are offered, on days that they have promised to something else just now."""
    promised = {"assignments": [*assignments], "registrations": [*registrations]}
    rows = await session.rows(WAITS, {**request.parameters, **promised})
    changes = [
        (row.id, {"camp": str(row.camp_id), "promised_to": str(row.assignment_id or row.registration_id)})
        for row in rows
    ]
    await record_all(session, request, "camp_registration.days_taken", "CampRegistration", changes)


_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=ARRAY(sa.Uuid()))


def days_left() -> sa.ColumnElement[Any]:
    """The period of a camp from now on; of one that ends at this very instant its last microsecond, as no period is empty."""
    last = Camp.c.ends_at - sa.literal_column("interval '1 microsecond'")
    return sa.func.tstzrange(sa.func.least(sa.func.greatest(Camp.c.starts_at, access.NOW), last), Camp.c.ends_at)


def _commit_statement() -> Any:
    """In the order of the people, so that of two who promise the same people one waits for the other."""
    rows = (
        sa.select(
            sa.func.gen_random_uuid(),
            CampRegistration.c.volunteer_id,
            CampRegistration.c.id,
            days_left(),
        )
        .join(Camp, Camp.c.id == CampRegistration.c.camp_id)
        .where(CampRegistration.c.id == sa.any_(_KEYS))
        .order_by(CampRegistration.c.volunteer_id)
    )
    columns = ["id", "volunteer_id", "registration_id", "period"]
    return insert(Commitment).from_select(columns, rows, include_defaults=False).on_conflict_do_nothing()


COMMIT = compile_statement(_commit_statement().returning(Commitment.c.registration_id))
_IS_OF_KEYS = Commitment.c.registration_id == sa.any_(_KEYS)
SHORTEN = compile_statement(
    sa.update(Commitment)
    .where(_IS_OF_KEYS, Commitment.c.period.op("@>", is_comparison=True)(access.NOW))
    .where(sa.func.lower(Commitment.c.period) < access.NOW)
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), access.NOW))
)
FREE = compile_statement(sa.delete(Commitment).where(_IS_OF_KEYS))
FREE_AHEAD = compile_statement(
    sa.delete(Commitment).where(_IS_OF_KEYS, sa.func.lower(Commitment.c.period) >= access.NOW)
)
_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())


def _of_camp() -> sa.ColumnElement[bool]:
    """Whether a commitment is of somebody who completed the camp, or works there."""
    came = sa.select(CampRegistration.c.id).where(
        CampRegistration.c.camp_id == _CAMP, CampRegistration.c.status == CampRegistrationStatus.COMPLETED
    )
    staff = sa.select(CampStaffMember.c.id).where(
        CampStaffMember.c.camp_id == _CAMP, CampStaffMember.c.ended_at.is_(None)
    )
    return sa.and_(
        Camp.c.id == _CAMP,
        sa.or_(Commitment.c.registration_id.in_(came), Commitment.c.staff_member_id.in_(staff)),
    )


def _until(end: Any) -> sa.ColumnElement[Any]:
    """The period of a commitment until an instant; no period is empty."""
    since = sa.func.lower(Commitment.c.period)
    return sa.func.tstzrange(since, sa.func.greatest(end, since + sa.literal_column("interval '1 microsecond'")))


_other = Commitment.alias()
_is_taken = sa.exists().where(
    _other.c.volunteer_id == Commitment.c.volunteer_id,
    _other.c.id != Commitment.c.id,
    _other.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(sa.func.lower(Commitment.c.period), Camp.c.ends_at)),
)
_is_cut_short = sa.and_(sa.func.upper(Commitment.c.period) < Camp.c.ends_at, Camp.c.ends_at > access.NOW)
CUT = compile_statement(
    sa.update(Commitment)
    .where(_of_camp(), sa.func.upper(Commitment.c.period) > Camp.c.ended_at)
    .values(period=_until(Camp.c.ended_at))
)
RESUME = compile_statement(
    sa.update(Commitment).where(_of_camp(), _is_cut_short, ~_is_taken).values(period=_until(Camp.c.ends_at))
)
CUT_SHORT = compile_statement(
    sa.select(Commitment.c.volunteer_id, Commitment.c.registration_id, Commitment.c.staff_member_id)
    .join(Camp, Camp.c.id == _CAMP)
    .where(_of_camp(), _is_cut_short)
    .order_by(Commitment.c.volunteer_id)
)
WAITS = compile_statement(
    sa.select(
        CampRegistration.c.id, CampRegistration.c.camp_id, Commitment.c.assignment_id, Commitment.c.registration_id
    )
    .join(Camp, Camp.c.id == CampRegistration.c.camp_id)
    .join(Commitment, Commitment.c.volunteer_id == CampRegistration.c.volunteer_id)
    .where(
        sa.or_(
            Commitment.c.assignment_id == sa.any_(sa.bindparam("assignments", type_=ARRAY(sa.Uuid()))),
            Commitment.c.registration_id == sa.any_(sa.bindparam("registrations", type_=ARRAY(sa.Uuid()))),
        ),
        Commitment.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(Camp.c.starts_at, Camp.c.ends_at)),
        CAMP_REGISTRATION.current(CampRegistration, access.NOW).in_(
            (CampRegistrationStatus.WAITLISTED, CampRegistrationStatus.OFFERED)
        ),
        Camp.c.ends_at > access.NOW,
    )
    .order_by(CampRegistration.c.id)
)
