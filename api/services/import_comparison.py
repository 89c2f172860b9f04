"""Looking for people with similar names beside those whom a file has brought: by the worker, after the import.

It takes longer than the import itself, so that it is done batch by batch, beside other work.
"""

import sqlalchemy as sa

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import ImportEntry, ImportJob
from api.models.import_job import ImportOutcome, ImportStatus
from api.services.request import Request
from api.services.suspected import suspect

BATCH = 200


async def compare_next(session: Transaction, request: Request) -> int:
    """Compares some people of an import; returns how many rows it has looked at, 0 where nothing is left."""
    job = await session.row(CLAIM)
    if job is None:
        return 0
    rows = await session.rows(ROWS, {"job": job.id, "after": job.compared_row, "batch": BATCH})
    await suspect(session, request, *(row.volunteer_id for row in rows))
    last_row = rows[-1].row if len(rows) == BATCH else job.last_row
    await session.update(ImportJob, job.id, compared_row=last_row)
    return max(len(rows), 1)


CLAIM = compile_statement(
    sa.select(ImportJob.c.id, ImportJob.c.compared_row, ImportJob.c.last_row)
    .where(
        ImportJob.c.applies,
        # As the partial index says it.
        ImportJob.c.status.in_([sa.literal_column(f"'{each}'") for each in (ImportStatus.DONE, ImportStatus.STOPPED)]),
        ImportJob.c.compared_row < ImportJob.c.last_row,
    )
    .order_by(ImportJob.c.created_at)
    .limit(sa.literal_column("1"))
    .with_for_update(key_share=True, skip_locked=True)
)
# A row has one entry where it was imported.
ROWS = compile_statement(
    sa.select(ImportEntry.c.row, ImportEntry.c.volunteer_id)
    .where(
        ImportEntry.c.import_job_id == sa.bindparam("job", type_=sa.Uuid()),
        ImportEntry.c.row > sa.bindparam("after", type_=sa.Integer()),
        ImportEntry.c.outcome.in_((ImportOutcome.CREATED, ImportOutcome.UPDATED)),
    )
    .order_by(ImportEntry.c.row)
    .limit(sa.bindparam("batch", type_=sa.Integer()))
)
