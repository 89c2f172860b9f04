"""Running imports: batch by batch, so that another worker goes on where one was killed."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa

from api.database.engine import Database, Row, Transaction
from api.database.statement import compile_statement
from api.files.cell import FileRow, UnreadableFile
from api.files.reading import Table, open_table
from api.log import log
from api.models import ImportJob
from api.models.import_job import ImportStatus, KnownPeople
from api.services import account, disclosure, import_lease, import_report
from api.services import upload as uploads
from api.services.feed import record
from api.services.import_job import NO_COUNTS
from api.services.member_batch import MemberFile
from api.services.member_column import Header, read_header
from api.services.member_context import MemberContext, load_context
from api.services.member_import import OvertakenError, Target
from api.services.member_row import MemberRow
from api.services.request import Request
from api.services.standing import lock_standing
from api.services.vault import Vault

BATCH = 1_000
MAX_ATTEMPTS = 5

# All or nothing is one transaction, for which other registrations may have to wait.
MOST_AT_ONCE = 10_000

BROKEN_OFF = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
OVERTAKEN = (OvertakenError, asyncpg.UniqueViolationError, *BROKEN_OFF)


class RefusedRow(Exception):
    """A row was refused of a file that is all or nothing."""


@dataclass
class Run:
    """A job, claimed by one worker; `show` is told after each batch how many rows of how many are done."""

    database: Database
    vault: Vault
    request: Request
    job: Row
    show: Callable[[int, int], None] = lambda _done, _all: None
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0

    async def run(self) -> None:
        """Runs the job to its end. Raises `LostLease`."""
        is_whole = self.job.applies and self.job.all_or_nothing
        try:
            await self._batches(imports=self.job.applies and not is_whole)
            if is_whole:
                await self._apply_whole()
        except UnreadableFile as error:
            has_imported = self.job.applies and not is_whole and self.counts.total()
            status = ImportStatus.STOPPED if has_imported else ImportStatus.REFUSED
            await self._finish(status, (error.indonesian, error.english, error.row))
        except RefusedRow:
            await self._finish(ImportStatus.REFUSED)
        else:
            await self._finish(ImportStatus.DONE if self.job.applies else ImportStatus.CHECKED)

    async def _batches(self, *, imports: bool) -> None:
        """All rows, each batch in a transaction of its own; what was imported before a kill is not done again."""
        last_row = (self.job.last_row or 0) if imports else 0
        if not last_row:
            await self._start_anew()
        else:
            self.counts.update({name: self.job[name] for name in NO_COUNTS})
        async with self._opened() as (file, batches):
            if last_row:
                file.people = await self._people()
            async for rows in batches:
                await self._batch(file, rows, last_row, imports=imports)

    async def _start_anew(self) -> None:
        self.counts.clear()
        self.done = 0
        async with self.database.transaction() as session:
            await import_report.forget(session, self.job.id)
            await self._save(session, last_row=None, told_count=0, **NO_COUNTS)

    async def _batch(self, file: MemberFile, rows: Sequence[FileRow], last_row: int, *, imports: bool) -> None:
        """Tried again where somebody else was faster."""
        async with self.database.reading() as session:
            read = await file.read(session, rows)
        state, waiting = (file.told_count, file.charged_count), [row for row in read if row.number > last_row]
        for attempt in range(1, MAX_ATTEMPTS + 1):
            decided = [replace(row, problems=[*row.problems]) for row in waiting]
            try:
                async with self.database.transaction() as session:
                    await self._decide(session, file, decided, imports=imports)
                    await self._report(session, file, decided)
                break
            except OVERTAKEN as error:
                log.warning("broken off", job=str(self.job.id), attempt=attempt, error=type(error).__name__)
                file.undo(decided, *state)
                if attempt == MAX_ATTEMPTS:
                    raise
                await asyncio.sleep(0.1 * attempt)
        self.done += len(read)
        self.show(self.done, self.job.row_count or self.done)

    async def _decide(
        self, session: Transaction, file: MemberFile, rows: Sequence[MemberRow], *, imports: bool
    ) -> None:
        await self._refresh(session, file)
        # What this job has told of before, in a check of these rows, is not counted again.
        told_before = max(0, file.charged_count - file.told_count)
        file.budget = await disclosure.left(session, file.request) + told_before
        matches = await file.decide(session, rows, locks=imports)
        if imports:
            await self._hold_standing(session)
            await file.write(session, rows, matches)

    async def _hold_standing(self, session: Transaction) -> None:
        """Who suspends the organization waits for the batch; none follows."""
        if not (await lock_standing(session, self.request, self.job.organization_id)).stands:
            raise _no_right()

    async def _refresh(self, session: Transaction, file: MemberFile) -> None:
        """Asks again whether the account may import into the organization."""
        actor = await account.reload(session, self.request.actor, self.request.now)
        file.request = replace(self.request, actor=actor)
        file.context = await _context(session, file.request, self.job.organization_id)

    async def _report(self, session: Transaction, file: MemberFile, rows: Sequence[MemberRow]) -> None:
        if not rows:
            return
        await import_report.add(session, self.job.id, rows)
        counts = self.counts + Counter(f"{str(row.outcome).lower()}_count" for row in rows)
        await self._charge(session, file)
        of_file = {name: getattr(file, name) for name in ("told_count", "charged_count")}
        await self._save(session, last_row=rows[-1].number, **of_file, **counts)
        self.counts = counts

    async def _charge(self, session: Transaction, file: MemberFile) -> None:
        """Takes the answers that told something from the day's budget, unless this job has told it before."""
        more = file.told_count - file.charged_count
        if more > 0:
            await disclosure.spend(session, file.request, more)
            file.charged_count = file.told_count

    async def _apply_whole(self) -> None:
        """All rows in one transaction, once none of them is refused; where somebody was faster, they are checked again."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if self.counts["refused_count"]:
                raise RefusedRow
            try:
                async with self.database.transaction() as session, self._opened() as (file, batches):
                    await import_report.forget(session, self.job.id)
                    self.counts.clear()
                    file.told_count = 0
                    async for rows in batches:
                        read = await file.read(session, rows)
                        await self._decide(session, file, read, imports=True)
                        if any(row.problems for row in read):
                            raise OvertakenError
                        await self._report(session, file, read)
            except OVERTAKEN as error:
                log.warning("broken off", job=str(self.job.id), attempt=attempt, error=type(error).__name__)
                if attempt == MAX_ATTEMPTS:
                    raise
                await self._batches(imports=False)
            else:
                return

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[tuple[MemberFile, AsyncIterator[Sequence[FileRow]]]]:
        """The file after its header, in batches."""
        if self.job.upload_id is None:
            raise UnreadableFile("Berkasnya sudah dihapus; kirim lagi.", "The file was deleted; send it again.")
        content = uploads.content(self.database, self.vault, self.job.upload_id)
        async with self.database.reading() as session:
            context = await _context(session, self.request, self.job.organization_id)
        async with open_table(content, self.options["sheet"]) as table:
            header, rows = await read_header(table, context.titles)
            await self._save_table(table, header)
            file = self._file(context, header, table)
            async with self.database.reading() as session:
                saved = await session.row(TOLD, {"job": self.job.id})
            assert saved is not None
            file.told_count, file.charged_count = saved.told_count, saved.charged_count
            yield file, _batched(rows)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        stored: Mapping[str, Any] = orjson.loads(self.job.options)
        return stored

    def _file(self, context: MemberContext, header: Header, table: Table) -> MemberFile:
        options, since = self.options, self.options["since"]
        target = Target(
            self.vault,
            self.job.organization_id,
            KnownPeople[self.job.known_people],
            options["consent_purpose"],
            options["reach"],
        )
        return MemberFile(
            self.request,
            self.vault,
            context,
            target,
            header,
            table,
            options["kabupaten"],
            since and date.fromisoformat(since),
        )

    async def _save_table(self, table: Table, header: Header) -> None:
        if self.job.applies and self.job.all_or_nothing and table.row_count > MOST_AT_ONCE:
            raise UnreadableFile(
                f"Semua atau tidak sama sekali: paling banyak {MOST_AT_ONCE} baris.",
                f"All or nothing is for at most {MOST_AT_ONCE} rows.",
            )
        self.show(self.done, table.row_count)
        async with self.database.transaction() as session:
            await self._save(session, row_count=table.row_count, ignored_columns=[*header.ignored])

    async def _people(self) -> dict[uuid.UUID, int]:
        """Who was in the rows before the kill."""
        async with self.database.reading() as session:
            return await import_report.people(session, self.job.id)

    async def _finish(self, status: ImportStatus, fault: tuple[str, str, int | None] | None = None) -> None:
        indonesian, english, row = fault or (None, None, None)
        now = self.request.now
        columns: dict[str, Any] = {"label_id": indonesian, "label_en": english, "fault_row": row}
        columns |= {"status": status, "finished_at": now, "updated_at": now, "version": self.job.version + 1}
        if fault is not None and not self.job.applies:
            self.counts.clear()
        async with self.database.transaction() as session:
            await self._save(session, **columns)
            await session.update(ImportJob, self.job.id, lease=None, leased_until=None)
            change = {"organization": str(self.job.organization_id), "status": status, **self.counts}
            event = f"import_job.{status.lower()}"
            await record(session, self.request, event, subject=("ImportJob", self.job.id), change=change)

    async def _save(self, session: Transaction, **columns: Any) -> None:
        await import_lease.save(session, self.job, self.request.now, **columns)


async def _context(session: Transaction, request: Request, organization: uuid.UUID) -> MemberContext:
    context = await load_context(session, request, organization)
    if context is None or not context.may_import:
        raise _no_right()
    return context


def _no_right() -> UnreadableFile:
    return UnreadableFile(
        "Akun ini tidak boleh mengimpor anggota organisasi ini.",
        "The account may not import members of this organization.",
    )


async def _batched(rows: AsyncIterator[FileRow]) -> AsyncIterator[Sequence[FileRow]]:
    batch: list[FileRow] = []
    async for row in rows:
        batch.append(row)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def run_next(database: Database, vault: Vault, request: Request) -> bool:
    """Runs a job, if there is one, with the rights that its account and what it was asked for with have now."""
    async with database.transaction() as session:
        job = await import_lease.claim(session, request.now)
        if job is None:
            return False
        rights = {name: job[name] for name in account.CREDENTIAL}
        actor = await account.actor(session, job.account_id, request.now, **rights)
    await Run(database, vault, replace(request, actor=actor), job).run()
    return True


_JOB = sa.bindparam("job", type_=sa.Uuid())
TOLD = compile_statement(sa.select(ImportJob.c.told_count, ImportJob.c.charged_count).where(ImportJob.c.id == _JOB))
