"""Importing a file from the command line: the upload, the job and its report, by the services that answer the mutation."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.context import wall_clock
from api.database.engine import Database, Row
from api.files.cell import UnreadableFile
from api.files.writing import Format, write_table
from api.keys import open_vault
from api.models import ImportEntry, ImportJob
from api.services import account, import_lease, import_run, upload
from api.services.import_job import import_members
from api.services.problem import Refused
from api.services.refused_row import refused_rows
from api.services.request import Request
from api.services.vault import Vault
from api.settings import Settings

# Refused rows that are printed; the others are in the file.
MOST_PRINTED = 50


class NotImported(Exception):
    """Why nothing was imported, in one line."""


@dataclass(frozen=True, slots=True)
class FileImport:
    """Who imports which file into which organization, and where the refused rows go."""

    login: str
    organization: str
    file: Path
    refused: Path | None


async def import_file(
    url: str, settings: Settings, asked: FileImport, options: Mapping[str, Any], show: Callable[[int, int], None]
) -> Sequence[str]:
    """The lines of the report. Raises `NotImported`."""
    database = await Database.open(url, pooler=settings.pooler)
    try:
        vault = await open_vault(settings.data, database)
        request = await _request(database, settings, asked.login)
        job = await _started(database, vault, request, asked, options)
        await import_run.Run(database, vault, request, job, show).run()
        if asked.refused is not None:
            await _write_refused(database, vault, request, job.id, asked.refused)
        return await _report(database, job.id)
    finally:
        await database.close()


async def _request(database: Database, settings: Settings, login: str) -> Request:
    async with database.reading() as session:
        key = await account.id_of(session, login)
        if key is None:
            raise NotImported(f"There is no active account {login!r}.")
        actor = await account.actor(session, key, wall_clock())
    return Request(actor, wall_clock, limits=settings.limits)


async def _started(
    database: Database, vault: Vault, request: Request, asked: FileImport, options: Mapping[str, Any]
) -> Row:
    """The job, claimed before a worker sees it."""
    try:
        content = asked.file.read_bytes()
    except OSError as error:
        raise NotImported(f"Cannot read {asked.file}: {error.strerror}.") from None
    organization = _key(asked.organization)
    assert request.actor.account_id is not None
    try:
        async with database.transaction() as session:
            key = await upload.begin(session, request)
            if key is None or len(content) > upload.MOST_BYTES:
                raise NotImported(
                    "The file is too large, or too many files wait for their import or were sent within a day."
                )
            for number, start in enumerate(range(0, len(content), upload.CHUNK_BYTES)):
                await upload.add_chunk(session, vault, key, number, content[start : start + upload.CHUNK_BYTES])
            await upload.finish(session, key, len(content))
            token = upload.token(vault, key, request.actor.account_id)
            job = await import_members(
                session, request, vault=vault, upload=token, organization=organization, **options
            )
            claimed = await import_lease.claim(session, request.now, job)
    except Refused as refused:
        reasons = (
            f"{'.'.join(each.path)}: {(each.detail or ('', each.code.label_en))[1]}" for each in refused.problems
        )
        raise NotImported(" ".join(reasons)) from None
    assert claimed is not None
    return claimed


def _key(text: str) -> uuid.UUID:
    with suppress(ValueError):
        return uuid.UUID(text.removeprefix("Organization:"))
    raise NotImported(f"{text!r} is not the id of an organization.")


async def _write_refused(database: Database, vault: Vault, request: Request, job: uuid.UUID, path: Path) -> None:
    try:
        format_ = Format(path.suffix.removeprefix(".").lower())
    except ValueError:
        raise NotImported("The refused rows are written as .csv or .xlsx.") from None
    with suppress(UnreadableFile):
        async with refused_rows(database, request, vault, job, "ID") as found:
            assert found is not None
            header, rows = found
            with path.open("wb") as file:
                async for piece in write_table(rows, format_, header):
                    file.write(piece)


async def _report(database: Database, job: uuid.UUID) -> Sequence[str]:
    async with database.reading() as session:
        found = await session.row(sa.select(ImportJob).where(ImportJob.c.id == job))
        refused = sa.select(ImportEntry).where(ImportEntry.c.import_job_id == job, ImportEntry.c.code.is_not(None))
        entries = await session.rows(refused.order_by(ImportEntry.c.row, ImportEntry.c.id).limit(MOST_PRINTED))
    assert found is not None
    names = ("created", "updated", "unchanged", "requested", "refused")
    counts = ", ".join(f"{name} {found[f'{name}_count']}" for name in names)
    where = f"Row {found.fault_row}: " if found.fault_row else ""
    fault = [] if found.label_en is None else [f"{where}{found.label_en}"]
    ignored = [f"Not read: {', '.join(found.ignored_columns)}."] if found.ignored_columns else []
    rows = [
        f"Row {each.row}: {' '.join(filter(None, (each.column_name, each.value)))}: {each.label_en}" for each in entries
    ]
    return [f"{found.status}: {counts}.", *fault, *ignored, *rows]
