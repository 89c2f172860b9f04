"""The report of an import: what has become of each row."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import ImportEntry
from api.models.base import new_id
from api.models.import_job import ImportOutcome
from api.services.member_row import MemberRow, RowProblem

# Of these it is told whom the row is about.
SHOWN = (ImportOutcome.CREATED, ImportOutcome.UPDATED, ImportOutcome.UNCHANGED)
OF_PROBLEM = ("column_name", "value", "code", "label_id", "label_en")


async def add(session: Transaction, job: uuid.UUID, rows: Sequence[MemberRow]) -> None:
    """An entry for each row, or for each of its problems."""
    await session.insert_all(ImportEntry, [entry for row in rows for entry in _entries(job, row)], sorted_by="id")


async def forget(session: Transaction, job: uuid.UUID) -> None:
    await session.rows(FORGET, {"job": job})


async def people(session: Transaction, job: uuid.UUID) -> dict[uuid.UUID, int]:
    """Who was in the rows so far, with the numbers of the rows."""
    rows = await session.rows(PEOPLE, {"job": job})
    return {row.volunteer_id: row.row for row in rows}


def _entries(job: uuid.UUID, row: MemberRow) -> Iterator[Mapping[str, Any]]:
    common = {"import_job_id": job, "row": row.number, "outcome": row.outcome}
    if not row.problems:
        person = row.volunteer_id if row.outcome in SHOWN else None
        yield {"id": new_id(), **common, **dict.fromkeys(OF_PROBLEM), "volunteer_id": person}
    for problem in row.problems:
        yield {"id": new_id(), **common, **_columns(problem), "volunteer_id": problem.volunteer_id}


def _columns(problem: RowProblem) -> Mapping[str, Any]:
    label_id, label_en = problem.detail or (problem.code.label_id, problem.code.label_en)
    values = (problem.column, problem.value, problem.code, label_id, label_en)
    return dict(zip(OF_PROBLEM, values, strict=True))


_JOB = sa.bindparam("job", type_=sa.Uuid())
FORGET = compile_statement(sa.delete(ImportEntry).where(ImportEntry.c.import_job_id == _JOB))
PEOPLE = compile_statement(
    sa.select(ImportEntry.c.volunteer_id, ImportEntry.c.row).where(
        ImportEntry.c.import_job_id == _JOB, ImportEntry.c.volunteer_id.is_not(None), ImportEntry.c.code.is_(None)
    )
)
