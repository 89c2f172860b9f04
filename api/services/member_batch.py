"""A batch of rows of a file of members, from cells to outcomes."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.files.cell import FileRow
from api.files.reading import Table
from api.models.import_job import ImportOutcome
from api.rules.code import ProblemCode
from api.services.duplicate import LOCK, is_similar
from api.services.member_column import Header, MemberColumn
from api.services.member_context import MemberContext
from api.services.member_import import Target, decide, write
from api.services.member_match import Matches, find_matches
from api.services.member_row import MemberRow, RowsBefore, read_row
from api.services.request import Request
from api.services.vault import Vault


@dataclass(slots=True)
class MemberFile:
    """One reading of a file: what its rows are compared with, and what the rows before have said."""

    request: Request
    vault: Vault
    context: MemberContext
    target: Target
    header: Header
    table: Table
    kabupaten: str | None
    since: date | None
    # Rows whose answer may still tell what the actor may not read, those that did, and those that were counted.
    budget: int = 0
    told_count: int = 0
    charged_count: int = 0
    before: RowsBefore = field(default_factory=RowsBefore)
    people: dict[uuid.UUID, int] = field(default_factory=dict)

    async def read(self, session: Transaction, rows: Sequence[FileRow]) -> list[MemberRow]:
        """The rows, each by itself and compared with those before it in the file."""
        # In a thread, so that the event loop of a server goes on with its requests.
        read = await asyncio.to_thread(self._read_all, rows)
        pairs: list[tuple[MemberRow, int, str]] = []
        for row in read:
            if row[MemberColumn.NAME] is None:
                continue
            same, same_phone = self.before.add(row)
            pairs += [(row, number, name) for number, name in same_phone]
            if same is not None:
                refuse_repeated(row, same)
        await _refuse_similar(session, pairs)
        return read

    def _read_all(self, rows: Sequence[FileRow]) -> list[MemberRow]:
        read = [read_row(row, self.header, self.vault, table=self.table) for row in rows]
        for row in read:
            self.context.complete(row, kabupaten=self.kabupaten, since=self.since)
        return read

    async def decide(self, session: Transaction, rows: Sequence[MemberRow], *, locks: bool) -> Matches:
        """What becomes of the rows; nothing is written."""
        sound = [row for row in rows if not row.problems]
        if locks:
            await session.rows(LOCK, {"locks": _locks(sound)})
        matches = await find_matches(session, self.request, self.target.organization_id, sound, locks=locks)
        for row in sound:
            if self.budget <= 0:
                row.add(ProblemCode.TOO_MANY_ATTEMPTS, None)
                continue
            decide(self.target, row, matches)
            self._note_person(row)
            is_telling = matches.tells(row)
            self.budget -= is_telling
            self.told_count += is_telling
        for row in rows:
            if row.problems:
                row.outcome = ImportOutcome.REFUSED
        return matches

    def _note_person(self, row: MemberRow) -> None:
        if row.volunteer_id is None or row.problems:
            return
        same = self.people.setdefault(row.volunteer_id, row.number)
        if same != row.number:
            refuse_repeated(row, same)

    async def write(self, session: Transaction, rows: Sequence[MemberRow], matches: Matches) -> None:
        await write(session, self.request, target=self.target, rows=rows, matches=matches)

    def undo(self, rows: Sequence[MemberRow], told_count: int, charged_count: int) -> None:
        """Forgets what was decided of the rows, as it was not done."""
        self.told_count, self.charged_count = told_count, charged_count
        numbers = {row.number for row in rows}
        for key in [key for key, number in self.people.items() if number in numbers]:
            del self.people[key]


def refuse_repeated(row: MemberRow, number: int) -> None:
    row.refuse(
        MemberColumn.NAME,
        f"Orang yang sama sudah ada di baris {number}.",
        f"The same person is in row {number} already.",
    )


async def _refuse_similar(session: Transaction, pairs: Sequence[tuple[MemberRow, int, str]]) -> None:
    """Rows with the phone of a row before are refused where the names are similar, too."""
    open_pairs = [pair for pair in pairs if not pair[0].problems]
    if not open_pairs:
        return
    names = {
        "names": [row.sort_key for row, _, _ in open_pairs],
        "others": [name for _, _, name in open_pairs],
    }
    found = await session.rows(SIMILAR, names)
    for (row, number, _), each in zip(open_pairs, found, strict=True):
        if each.is_similar and not row.problems:
            refuse_repeated(row, number)


def _locks(rows: Sequence[MemberRow]) -> list[str]:
    """As for `registerVolunteer`: registrations of one phone or name wait for one another."""
    keys = {key for row in rows for key in (row[MemberColumn.PHONE], row.search_key) if key is not None}
    return [*keys, *(row.nik_index.hex() for row in rows if row.nik_index is not None)]


_PAIRS = (
    sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(sa.Text())) for name in ("names", "others")))
    .table_valued(sa.column("name", sa.Text()), sa.column("other", sa.Text()), with_ordinality="position", name="pairs")
    .render_derived()
)
SIMILAR = compile_statement(
    sa.select(is_similar(_PAIRS.c.name, _PAIRS.c.other).label("is_similar")).order_by(_PAIRS.c.position)
)
