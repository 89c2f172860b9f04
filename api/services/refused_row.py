"""The rows of a file that an import has refused, as a file to mend: with a column that says why."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Database
from api.database.statement import CompiledStatement, compile_statement
from api.files.cell import Cell, Fault, FileRow
from api.files.reading import open_table
from api.files.writing import Value
from api.models import ImportEntry, ImportJob
from api.services import upload as uploads
from api.services.member_column import read_header
from api.services.member_context import load_context
from api.services.request import Request
from api.services.vault import Vault

WHY = {"ID": "Masalah", "EN": "Problem"}


@asynccontextmanager
async def refused_rows(
    database: Database, request: Request, vault: Vault, job: uuid.UUID, language: str
) -> AsyncGenerator[tuple[Sequence[str], AsyncGenerator[Sequence[Value]]] | None]:
    """The titles and the rows; None where the actor sees no such import, or its file was deleted."""
    async with database.reading() as session:
        found = await session.row(_job(request.actor.kind), {**request.parameters, "job": job})
        reasons = await session.rows(REASONS, {"job": job})
        context = found and await load_context(session, request, found.organization_id)
    if found is None or context is None or found.upload_id is None:
        yield None
        return
    why: dict[int, list[str]] = {}
    for reason in reasons:
        why.setdefault(reason.row, []).append(reason.label_en if language == "EN" else reason.label_id)
    content = uploads.content(database, vault, found.upload_id)
    async with open_table(content, found.sheet) as table:
        header, rows = await read_header(table, context.titles)
        yield [*header.titles, WHY[language]], _refused(rows, why, header.width)


async def _refused(
    rows: AsyncIterator[FileRow], why: Mapping[int, Sequence[str]], width: int
) -> AsyncGenerator[Sequence[Value]]:
    async for row in rows:
        if row.number in why:
            yield _row(row.cells, why[row.number], width)


def _row(cells: Sequence[Cell], reasons: Sequence[str], width: int) -> Sequence[Value]:
    values = [_value(cell) for cell in cells[:width]]
    return [*values, *[None] * (width - len(values)), " ".join(dict.fromkeys(reasons))]


def _value(cell: Cell) -> Value:
    """Numbers as text, so that no spreadsheet changes them again."""
    if isinstance(cell, Fault):
        return None
    return str(cell) if isinstance(cell, int | float) else cell


_JOB = sa.bindparam("job", type_=sa.Uuid())


@cache
def _job(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(
            ImportJob.c.organization_id, ImportJob.c.upload_id, ImportJob.c.options["sheet"].astext.label("sheet")
        ).where(ImportJob.c.id == _JOB, access.sees_import_job(kind, ImportJob))
    )


REASONS = compile_statement(
    sa.select(ImportEntry.c.row, ImportEntry.c.label_id, ImportEntry.c.label_en)
    .where(ImportEntry.c.import_job_id == _JOB, ImportEntry.c.code.is_not(None))
    .order_by(ImportEntry.c.row, ImportEntry.c.id)
)
