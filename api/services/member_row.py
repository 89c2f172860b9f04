"""A row of a file of members: read cell by cell, and compared with the rows before it."""

import uuid
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from api.files.cell import Cell, Fault, FileRow
from api.files.reading import Table
from api.files.value import LOST_DIGITS, is_ambiguous_day, is_long_code
from api.models.import_job import ImportOutcome
from api.rules.code import ProblemCode
from api.services.member_column import READERS, Header, MemberColumn, shown
from api.services.vault import Vault
from api.values import nik as identity
from api.values.day import check_earliest
from api.values.key import code_key, search_key, sort_key
from api.values.problem import Unreadable

_C = MemberColumn
DAYS = (_C.BIRTH_DATE, _C.SINCE)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is refused: in which column, if it is one, and what stands there as far as it may be shown."""

    code: ProblemCode
    column: MemberColumn | None = None
    value: str | None = None
    detail: tuple[str, str] | None = None
    volunteer_id: uuid.UUID | None = None


@dataclass(slots=True)
class MemberRow:
    """What a row says, by column, and what has become of it so far."""

    number: int
    values: dict[MemberColumn, Any]
    problems: list[RowProblem] = field(default_factory=list)
    nik_index: bytes | None = None
    # The keys by which the name is ordered and compared, and searched.
    sort_key: str = ""
    search_key: str = ""
    kabupaten_code: str | None = None
    rank_code: str | None = None
    since: date | None = None
    outcome: ImportOutcome | None = None
    volunteer_id: uuid.UUID | None = None

    def __getitem__(self, column: MemberColumn) -> Any:
        return self.values.get(column)

    @property
    def number_key(self) -> str | None:
        number = self[_C.NUMBER]
        return number and code_key(number)

    def refuse(self, column: MemberColumn | None, indonesian: str, english: str) -> None:
        value = None if column is None else shown(column, self[column])
        self.problems.append(RowProblem(ProblemCode.INVALID, column, value, (indonesian, english)))

    def check(self, column: MemberColumn, check: Callable[..., None], value: Any, **options: Any) -> None:
        """Refuses the row where the check raises `Unreadable`."""
        try:
            check(value, **options)
        except Unreadable as error:
            self.refuse(column, *error.detail)

    def add(self, code: ProblemCode, column: MemberColumn | None, volunteer_id: uuid.UUID | None = None) -> None:
        value = None if column is None else shown(column, self[column])
        self.problems.append(RowProblem(code, column, value, volunteer_id=volunteer_id))


def read_row(row: FileRow, header: Header, vault: Vault, *, table: Table) -> MemberRow:
    """Each cell by itself, and whether identity number, day of birth and sex agree."""
    made = MemberRow(row.number, {})
    if len(row.cells) < header.width or any(cell is not None for cell in row.cells[header.width :]):
        made.refuse(None, Fault.COUNT.label_id, Fault.COUNT.label_en)
        return made
    for column, index in header.columns.items():
        _read_cell(made, column, row.cells[index], table, index)
    if made[_C.NAME] is None and not any(problem.column is _C.NAME for problem in made.problems):
        made.refuse(_C.NAME, "Nama belum diisi.", "The name is missing.")
    if made[_C.NAME] is not None:
        made.sort_key, made.search_key = sort_key(made[_C.NAME]), search_key(made[_C.NAME])
    if made[_C.NIK] is not None:
        known = {"known_birth_date": made[_C.BIRTH_DATE], "known_sex": made[_C.SEX]}
        made.check(_C.NIK, identity.check_nik_agrees, made[_C.NIK], **known)
        made.nik_index = vault.blind_index(made[_C.NIK])
    return made


def _read_cell(row: MemberRow, column: MemberColumn, cell: Cell, table: Table, index: int) -> None:
    try:
        value = READERS[column](cell)
        if index in table.month_first and column in DAYS and is_ambiguous_day(cell):
            raise MONTH_FIRST
        if index in table.rounded and column is _C.NIK and is_long_code(cell):
            raise LOST_DIGITS
    except Unreadable as error:
        row.problems.append(RowProblem(ProblemCode.INVALID, column, shown(column, cell), error.detail))
        return
    if value is not None:
        row.values[column] = value


def check_days(row: MemberRow, today: date) -> None:
    """Adds problems where days have not come, or the person was too young."""
    born, since = row[_C.BIRTH_DATE], row.since
    if born is not None and born > today:
        row.refuse(_C.BIRTH_DATE, "Tanggal lahir belum tiba.", "The day of birth has not come.")
        return
    if since is None:
        return
    if since > today:
        row.refuse(_C.SINCE, "Hari bergabung belum tiba.", "The day of joining has not come.")
    nik = row[_C.NIK]
    row.check(_C.SINCE, check_earliest, since, birth_date=born or (identity.birth_date(nik, today) if nik else None))


MONTH_FIRST = Unreadable(
    "Di kolom ini ada tanggal yang bulannya ditulis lebih dulu, jadi tanggal ini bisa dua arti; tulis hari/bulan/tahun.",
    "In this column there are days with their month first, so this one has two meanings; write day/month/year.",
)


@dataclass(slots=True)
class RowsBefore:
    """Who was in the rows before: two rows of one file about one person are refused.

    Rows are found by identity number, member number, name and day of birth, phone with a similar name, and by name and
    kabupaten where nothing says that they are two people. Of each row a few hashes are stored, as there are 100,000.
    """

    # The position of the last row with a key, by the hash of the key; for each position the one before with the same home
    # or phone, or -1.
    last: dict[int, int] = field(default_factory=dict)
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    names: list[str] = field(default_factory=list)
    facts: "tuple[array[int], ...]" = field(default_factory=lambda: tuple(array("q") for _ in range(3)))
    same_homes: "array[int]" = field(default_factory=lambda: array("q"))
    same_phones: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, row: MemberRow) -> tuple[int | None, Sequence[tuple[int, str]]]:
        """The number of a row before about the same person; the numbers and names of rows before with the same phone."""
        born, phone = row[_C.BIRTH_DATE], row[_C.PHONE]
        exact = [("nik", row.nik_index), ("number", row.number_key), ("born", born and (row.search_key, born))]
        facts = [0 if fact is None else hash(fact) for fact in (row.nik_index, born, phone)]
        found = {self.last[key] for key in self._keys(exact) if key in self.last}
        home, dialled = hash(("home", row.sort_key, row.kabupaten_code)), hash(("phone", phone))
        found |= {each for each in self._chain(home, self.same_homes) if not self._differ(each, facts)}
        same_phone = [] if phone is None else [*self._chain(dialled, self.same_phones)]
        self._store(row, [*self._keys(exact)], facts, home, None if phone is None else dialled)
        return min((self.numbers[each] for each in found), default=None), [
            (self.numbers[each], self.names[each]) for each in same_phone
        ]

    def _keys(self, named: Sequence[tuple[str, Any]]) -> Iterator[int]:
        return (hash(key) for key in named if key[1] is not None)

    def _chain(self, key: int, before: "array[int]") -> Iterator[int]:
        """The positions of the rows with the key, the last first."""
        position = self.last.get(key, -1)
        while position >= 0:
            yield position
            position = before[position]

    def _differ(self, position: int, facts: Sequence[int]) -> bool:
        """Whether a fact that is known of both rows differs."""
        return any(
            stored[position] and fact and stored[position] != fact
            for stored, fact in zip(self.facts, facts, strict=True)
        )

    def _store(self, row: MemberRow, exact: Sequence[int], facts: Sequence[int], home: int, phone: int | None) -> None:
        position = len(self.numbers)
        self.numbers.append(row.number)
        self.names.append(row.sort_key)
        for stored, fact in zip(self.facts, facts, strict=True):
            stored.append(fact)
        self.same_homes.append(self.last.get(home, -1))
        self.same_phones.append(-1 if phone is None else self.last.get(phone, -1))
        for key in exact:
            self.last.setdefault(key, position)
        self.last[home] = position
        if phone is not None:
            self.last[phone] = position
