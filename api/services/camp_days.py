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
from api.models import Camp, CampRegistration, Commitment
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


def _commit_statement() -> Any:
    """In the order of the people, so that of two who promise the same people one waits for the other."""
    begin = sa.func.greatest(Camp.c.starts_at, access.NOW)
    rows = (
        sa.select(
            sa.func.gen_random_uuid(),
            CampRegistration.c.volunteer_id,
            CampRegistration.c.id,
            sa.func.tstzrange(begin, Camp.c.ends_at),
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
