"""Cells as the reading process passes them on: JSON that says what a cell was, not only what it shows."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

MOST_ROWS = 100_000
MOST_COLUMNS = 200
# Characters of one cell; no column of ours takes more.
LONGEST_CELL = 2_000


class Fault(StrEnum):
    """Why a cell has no value that could be read."""

    label_id: str
    label_en: str

    def __new__(cls, value: str, label_id: str, label_en: str) -> "Fault":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_id, member.label_en = label_id, label_en
        return member

    FORMULA = (
        "FORMULA",
        "Sel ini rumus tanpa hasil; tempelkan nilainya.",
        "The cell is a formula without a result; paste its value.",
    )
    ERROR = ("ERROR", "Sel ini berisi galat rumus.", "The cell has a formula's error.")
    MERGED = (
        "MERGED",
        "Sel ini digabung dengan kolom sebelahnya; pisahkan.",
        "The cell is merged with the column beside it; separate them.",
    )
    TIME = ("TIME", "Sel ini berisi jam, bukan nilai yang diminta.", "The cell has a time of day.")
    LONG = (
        "LONG",
        f"Isi sel lebih dari {LONGEST_CELL} karakter.",
        f"The cell has more than {LONGEST_CELL} characters.",
    )
    COUNT = (
        "COUNT",
        "Jumlah sel di baris ini berbeda dari judul kolom; periksa tanda pemisah dan kutipnya.",
        "The row has another number of cells than the header; check its delimiters and quotes.",
    )


Cell = str | int | float | bool | date | Fault | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row with its number in the file, from 1; trailing empty cells are left out."""

    number: int
    cells: list[Cell]

    @property
    def is_empty(self) -> bool:
        return all(cell is None for cell in self.cells)


class UnreadableFile(Exception):
    """A file cannot be read as a table; `row` is where, as far as that is known."""

    def __init__(self, indonesian: str, english: str, row: int | None = None) -> None:
        super().__init__(english)
        self.indonesian, self.english, self.row = indonesian, english, row


def encoded(cell: Cell) -> object:
    """As JSON that `decoded` reads."""
    if isinstance(cell, Fault):
        return {"fault": cell.value}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    return cell


def decoded(value: object) -> Cell:
    if isinstance(value, dict):
        if "fault" in value:
            return Fault[value["fault"]]
        return date.fromisoformat(value["date"])
    assert value is None or isinstance(value, str | int | float | bool)
    return value


def text_cell(text: str) -> Cell:
    """A text; nothing where there is only white space."""
    stripped = text.strip()
    if not stripped:
        return None
    return Fault.LONG if len(stripped) > LONGEST_CELL else stripped


def spreadsheet_cell(value: object) -> Cell:
    """A cell as python-calamine has it."""
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == value.min.time() else Fault.TIME
    if isinstance(value, bool | int | date):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return Fault.TIME
