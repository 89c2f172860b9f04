"""The columns of a file of members: which title is which column, and what a cell of it says."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.files.cell import Cell, Fault, FileRow, UnreadableFile
from api.files.reading import Table
from api.files.value import code_of, day_of, place_code_of, text_of
from api.models.choice import Choice
from api.models.person import Reach, Sex
from api.values import nik
from api.values.email import parse_email
from api.values.key import search_key
from api.values.phone import parse_phone
from api.values.problem import Unreadable
from api.values.text import line

# Rows in which the titles of the columns are looked for, and titles that a row of them has.
HEADER_ROWS = 30
LEAST_TITLES = 2
LONGEST_SHOWN = 60


class MemberColumn(Choice):
    """A column of a file of members."""

    NAME = "NAME", "The name of the person."
    NIK = "NIK", "The identity number."
    PHONE = "PHONE", "The phone number."
    EMAIL = "EMAIL", "The e-mail address."
    BIRTH_DATE = "BIRTH_DATE", "The day of birth."
    SEX = "SEX", "The sex."
    KABUPATEN = "KABUPATEN", "The home kabupaten: its code or its name."
    REACH = "REACH", "How far the person agrees to be sent."
    NUMBER = "NUMBER", "The number of the member."
    RANK = "RANK", "The rank: its code or its name."
    SINCE = "SINCE", "The first day of the membership."
    IGNORED = "IGNORED", "A column that is not read."


_C = MemberColumn

# What the report on rows calls the others' values is masked.
PRIVATE = frozenset({_C.NIK, _C.PHONE, _C.EMAIL, _C.BIRTH_DATE})

TITLES: Mapping[MemberColumn, str] = {
    _C.NAME: "nama; nama lengkap; nama anggota; nama relawan; nama personil; name; full name; member; volunteer",
    _C.NIK: "nik; no nik; nomor nik; nomor induk kependudukan; no ktp; nomor ktp; ktp; nik ktp; identity number; national id",
    _C.PHONE: (
        "hp; no hp; nomor hp; nohp; telepon; no telepon; nomor telepon; telp; no telp; tlp; no tlp; wa; no wa; nomor wa; whatsapp;"
        " no whatsapp; handphone; no handphone; kontak; phone; phone number; mobile; mobile number; telephone"
    ),
    _C.EMAIL: "email; alamat email; surel; e mail; email address",
    _C.BIRTH_DATE: "tanggal lahir; tgl lahir; tgllahir; lahir; birth date; date of birth; birthdate; born; dob",
    _C.SEX: "jenis kelamin; kelamin; jk; l p; p l; lp; sex; gender",
    _C.KABUPATEN: (
        "kabupaten; kabupaten kota; kab kota; kab; kota; kabkota; kode kabupaten; domisili; kabupaten domisili; kabupaten asal;"
        " regency; city; kabupaten code; home; home kabupaten"
    ),
    _C.REACH: "jangkauan; kesediaan; bersedia ditugaskan; reach",
    _C.NUMBER: (
        "nomor anggota; no anggota; nomor induk; no induk; nomor induk anggota; no induk anggota; nia; no kta; nomor kta; kta;"
        " nomor keanggotaan; member number; membership number; member no; number"
    ),
    _C.RANK: "jenjang; pangkat; tingkat; rank; level",
    _C.SINCE: (
        "bergabung; tanggal bergabung; tgl bergabung; sejak; anggota sejak; mulai; tanggal masuk; tgl masuk; tmt;"
        " since; member since; joined; date joined; join date"
    ),
    # Numbers of rows, and what an earlier import has said of them.
    _C.IGNORED: "no; nomor; nomor urut; no urut; masalah; problem; keterangan",
}
KNOWN: Mapping[str, MemberColumn] = {
    search_key(title): column for column, titles in TITLES.items() for title in titles.split(";")
}

SEXES = {
    **dict.fromkeys(("l", "lk", "lakilaki", "laki", "pria", "m", "male", "man"), Sex.MALE),
    **dict.fromkeys(("p", "pr", "perempuan", "wanita", "f", "female", "woman"), Sex.FEMALE),
}
REACHES = {
    **dict.fromkeys(("kabupaten", "kab", "kabupatenkota"), Reach.KABUPATEN),
    **dict.fromkeys(("provinsi", "province"), Reach.PROVINCE),
    **dict.fromkeys(("nasional", "national", "indonesia"), Reach.NATIONAL),
}


def _chosen(choices: Mapping[str, Choice], indonesian: str, english: str) -> Callable[[Cell], Any]:
    def read(cell: Cell) -> Choice | None:
        text = text_of(cell)
        if text is None:
            return None
        found = choices.get(search_key(text))
        if found is None:
            raise Unreadable(indonesian, english)
        return found

    return read


def _parsed(read: Callable[[Cell], str | None], parse: Callable[[str], str]) -> Callable[[Cell], Any]:
    def parsed(cell: Cell) -> str | None:
        text = read(cell)
        return None if text is None else parse(text)

    return parsed


READERS: Mapping[MemberColumn, Callable[[Cell], Any]] = {
    _C.NAME: _parsed(text_of, lambda text: line(text, 1, 200)),
    _C.NIK: _parsed(code_of, nik.parse_nik),
    _C.PHONE: _parsed(code_of, parse_phone),
    _C.EMAIL: _parsed(text_of, parse_email),
    _C.BIRTH_DATE: day_of,
    _C.SEX: _chosen(SEXES, "Jenis kelamin ditulis L atau P.", "The sex is written L or P, male or female."),
    _C.KABUPATEN: _parsed(place_code_of, lambda text: line(text, 1, 100)),
    _C.REACH: _chosen(
        REACHES,
        "Jangkauan ditulis kabupaten, provinsi atau nasional.",
        "The reach is written kabupaten, province or national.",
    ),
    _C.NUMBER: _parsed(code_of, lambda text: line(text, 1, 100)),
    _C.RANK: _parsed(text_of, lambda text: line(text, 1, 100)),
    _C.SINCE: day_of,
}


@dataclass(frozen=True, slots=True)
class Header:
    """The row of the titles: which column is where, from 0, and the titles that are not read."""

    row: int
    width: int
    titles: Sequence[str]
    columns: Mapping[MemberColumn, int]
    ignored: Sequence[str]


def check_members(columns: Mapping[MemberColumn, int]) -> None:
    """A file of members names them, and tells something more."""
    if len(columns) < LEAST_TITLES or MemberColumn.NAME not in columns:
        raise UnreadableFile(
            "Judul kolom tidak ditemukan; paling sedikit nama dan satu kolom lain.",
            "The titles of the columns were not found; at least the name and one other column.",
        )


# Raises `UnreadableFile` where columns are missing.
Check = Callable[[Mapping[MemberColumn, int]], None]


async def read_header(
    table: Table, own: Mapping[str, MemberColumn], *, check: Check = check_members
) -> tuple[Header, AsyncIterator[FileRow]]:
    """The titles of a table, and the rows after them. Raises `UnreadableFile`."""
    first: list[FileRow] = []
    while len(first) < HEADER_ROWS and (row := await anext(table.rows, None)) is not None:
        first.append(row)
    header = find_header([(row.number, row.cells) for row in first], own, check=check)
    return header, _following([row for row in first if row.number > header.row], table.rows)


async def _following(first: Sequence[FileRow], rows: AsyncIterator[FileRow]) -> AsyncGenerator[FileRow]:
    for row in first:
        yield row
    async for row in rows:
        yield row


def find_header(
    rows: Sequence[tuple[int, Sequence[Cell]]], own: Mapping[str, MemberColumn], *, check: Check = check_members
) -> Header:
    """The row with the most titles that are known; `own` are those of the organization. Raises `UnreadableFile`."""
    known = {**KNOWN, **own}
    number, cells = _best(rows, known)
    places = _matched(cells, known)
    columns: dict[MemberColumn, int] = {}
    for index, column in places.items():
        if column in columns:
            raise UnreadableFile(
                f"Dua kolom berjudul sama artinya: {_title(cells[columns[column]])}, {_title(cells[index])}.",
                f"Two columns mean the same: {_title(cells[columns[column]])}, {_title(cells[index])}.",
                number,
            )
        if column is not MemberColumn.IGNORED:
            columns[column] = index
    check(columns)
    titles = [_title(cell) for cell in cells]
    ignored = [title for index, title in enumerate(titles) if title and index not in places]
    return Header(number, len(cells), titles, columns, ignored)


def _best(rows: Sequence[tuple[int, Sequence[Cell]]], known: Mapping[str, MemberColumn]) -> tuple[int, Sequence[Cell]]:
    """The first row with the most titles; the last of those over which they are merged."""
    counts = [len(_matched(cells, known)) for _, cells in rows]
    most = max(counts, default=0)
    index = counts.index(most) if most else 0
    while most and index + 1 < len(rows) and _matched(rows[index + 1][1], known) == _matched(rows[index][1], known):
        index += 1
    return rows[index] if rows else (1, [])


def _matched(cells: Sequence[Cell], known: Mapping[str, MemberColumn]) -> dict[int, MemberColumn]:
    keys = ((index, search_key(_title(cell))) for index, cell in enumerate(cells) if _title(cell))
    return {index: known[key] for index, key in keys if key in known}


def _title(cell: Cell) -> str:
    return cell[:LONGEST_SHOWN] if isinstance(cell, str) and not isinstance(cell, Fault) else ""


def shown(column: MemberColumn, cell: Cell) -> str | None:
    """A cell as a report shows it: what is private with its last characters only."""
    if cell is None or isinstance(cell, Fault):
        return None
    text = str(cell)
    if column not in PRIVATE:
        return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return f"…{text[-3:]}" if len(text) > 8 else "…"
