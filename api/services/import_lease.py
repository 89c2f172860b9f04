"""Which worker runs an import: for the time of its lease no other one takes the job."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import ImportJob
from api.models.base import new_id
from api.models.import_job import ImportStatus

LEASE = timedelta(seconds=60)


class LostLease(Exception):
    """Another worker has taken the job."""


async def claim(session: Transaction, now: datetime, job: uuid.UUID | None = None) -> Row | None:
    """The job, else the oldest that waits, or whose worker was killed."""
    return await session.row(CLAIM, {"now": now, "lease": new_id(), "until": now + LEASE, "job": job})


async def save(session: Transaction, job: Row, now: datetime, **columns: Any) -> None:
    """Writes to the job, as long as it is this worker's, and renews the lease. Raises `LostLease`."""
    held = await session.value(HOLD, {"job": job.id, "lease": job.lease, "until": now + LEASE})
    if held is None:
        raise LostLease
    await session.update(ImportJob, job.id, **columns)


_JOB = sa.bindparam("job", type_=sa.Uuid())
_LEASE = sa.bindparam("lease", type_=sa.Uuid())
_UNTIL = sa.bindparam("until", type_=ImportJob.c.leased_until.type)
_OPEN = (
    sa.select(ImportJob.c.id)
    .where(
        ImportJob.c.status.in_((ImportStatus.WAITING, ImportStatus.RUNNING)),
        sa.or_(ImportJob.c.leased_until.is_(None), ImportJob.c.leased_until <= NOW),
        sa.or_(_JOB.is_(None), ImportJob.c.id == _JOB),
    )
    .order_by(ImportJob.c.created_at)
    .limit(sa.literal_column("1"))
    .with_for_update(key_share=True, skip_locked=True)
)
CLAIM = compile_statement(
    sa.update(ImportJob)
    .where(ImportJob.c.id.in_(_OPEN))
    .values(lease=_LEASE, leased_until=_UNTIL, status=ImportStatus.RUNNING)
    .returning(ImportJob)
)
HOLD = compile_statement(
    sa.update(ImportJob)
    .where(ImportJob.c.id == _JOB, ImportJob.c.lease == _LEASE)
    .values(leased_until=_UNTIL)
    .returning(ImportJob.c.id)
)
