"""The rows of a file that an import has refused, or not come to, as a file to mend: with a column that says why."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Database, Row
from api.database.statement import CompiledStatement, compile_statement
from api.files.cell import Cell, Fault, FileRow
from api.files.reading import open_table
from api.files.writing import Value
from api.models import ImportEntry, ImportJob
from api.models.import_job import ImportStatus
from api.services import upload as uploads
from api.services.member_column import read_header
from api.services.member_context import load_titles
from api.services.request import Request
from api.services.vault import Vault

WHY = {"ID": "Masalah", "EN": "Problem"}


@asynccontextmanager
async def refused_rows(
    database: Database, request: Request, vault: Vault, job: uuid.UUID, language: str
) -> AsyncGenerator[tuple[Sequence[str], AsyncGenerator[Sequence[Value]]] | None]:
    """The titles and the rows; None where the actor may not read those of this import, or its file was deleted."""
    async with database.reading() as session:
        found = await session.row(_job(request.actor.kind), {**request.parameters, "job": job})
        reasons = await session.rows(REASONS, {"job": job})
        titles = await load_titles(session, found.organization_id) if found else {}
    if found is None or found.upload_id is None:
        yield None
        return
    why = _Reasons(language, found)
    for reason in reasons:
        why.add(reason)
    content = uploads.content(database, vault, found.upload_id)
    async with open_table(content, found.sheet) as table:
        header, rows = await read_header(table, titles)
        yield [*header.titles, WHY[language]], _refused(rows, why, header.width)


class _Reasons:
    """Why rows were refused, or not come to because the import was stopped."""

    def __init__(self, language: str, job: Row) -> None:
        self._label = f"label_{language.lower()}"
        self._job = job
        self._of_rows: dict[int, list[str]] = {}

    def add(self, entry: Row) -> None:
        self._of_rows.setdefault(entry.row, []).append(entry[self._label])

    def of(self, number: int) -> Sequence[str]:
        is_left = self._job.status == ImportStatus.STOPPED and number > (self._job.last_row or 0)
        return [self._job[self._label]] if is_left else self._of_rows.get(number, ())


async def _refused(rows: AsyncIterator[FileRow], why: _Reasons, width: int) -> AsyncGenerator[Sequence[Value]]:
    async for row in rows:
        if reasons := why.of(row.number):
            yield _row(row.cells, reasons, width)


def _row(cells: Sequence[Cell], reasons: Sequence[str], width: int) -> Sequence[Value]:
    values = [_value(cell) for cell in cells[:width]]
    return [*values, *[None] * (width - len(values)), " ".join(dict.fromkeys(reasons))]


def _value(cell: Cell) -> Value:
    """Numbers as text, so that no spreadsheet changes them again."""
    if isinstance(cell, Fault):
        return None
    return str(cell) if isinstance(cell, int | float) else cell


JOB_COLUMNS = ("organization_id", "upload_id", "status", "last_row", "label_id", "label_en")
_JOB = sa.bindparam("job", type_=sa.Uuid())


@cache
def _job(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(
            *(ImportJob.c[name] for name in JOB_COLUMNS), ImportJob.c.options["sheet"].astext.label("sheet")
        ).where(ImportJob.c.id == _JOB, access.runs_import_job(kind, ImportJob))
    )


REASONS = compile_statement(
    sa.select(ImportEntry.c.row, ImportEntry.c.label_id, ImportEntry.c.label_en)
    .where(ImportEntry.c.import_job_id == _JOB, ImportEntry.c.code.is_not(None))
    .order_by(ImportEntry.c.row, ImportEntry.c.id)
)
