"""What a cell says, as far as it says that for certain: spreadsheets make numbers of what is none, and days of numbers."""

import re
from collections.abc import Collection
from datetime import date, timedelta

from api.files.cell import Cell, Fault
from api.values.day import FIRST_YEAR, LAST_YEAR
from api.values.problem import Unreadable

# What people write where there is nothing.
NOTHING = frozenset({"-", "--", "\u2013", "\u2014", "n/a", "#n/a", "null"})

# The whole numbers that a spreadsheet keeps exactly: Excel by their digits, others as far as the number's format goes.
EXACT_DIGITS = 15
LARGEST_EXACT = 2**53 - 1
LONG_CODE = re.compile(r"[0-9]{16,20}")
LEAST_ROUNDED = 3
SCIENTIFIC = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+")

# Days of a spreadsheet are numbered from here; 1900 was no leap year, but is one there.
DAY_ZERO = date(1899, 12, 30)
SERIAL = re.compile(r"[1-9][0-9]{4}(\.0+)?")
FIRST_SERIAL, LAST_SERIAL = 10_000, 73_050

YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ]00:00(?::00)?)?")
DAY_FIRST = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})(?: 00:00(?::00)?)?")
DAY_AND_NAME = re.compile(r"([0-9]{1,2})[-/. ]*([a-z]{3,9})\.?[-/., ]*([0-9]{4})", re.IGNORECASE)
MONTHS = (
    *("jan januari january", "feb pebruari februari february", "mar maret march", "apr april", "mei may"),
    *("jun juni june", "jul juli july", "agu agt ags agustus aug august", "sep sept september"),
    *("okt oktober oct october", "nov nopember november", "des desember dec december"),
)
MONTH = {name: number for number, names in enumerate(MONTHS, 1) for name in names.split()}

DAY_FAULT = Unreadable(
    "Tanggal ditulis hari/bulan/tahun, misalnya 17/08/1995.",
    "A day is written day/month/year, for instance 17/08/1995.",
)
LOST_DIGITS = Unreadable(
    "Angka panjang ini sudah dibulatkan oleh lembar kerja; jadikan sel teks, lalu tulis ulang.",
    "The spreadsheet has rounded this long number; make the cell text, and write it again.",
)


def is_month_first(cell: Cell) -> bool:
    """Whether it can be a day only if the month comes first, so that others in its column may be written so too."""
    found = DAY_FIRST.fullmatch(cell) if isinstance(cell, str) else None
    return found is not None and int(found[1]) <= 12 < int(found[2]) <= 31


def is_ambiguous_day(cell: Cell) -> bool:
    """Whether it would be another day if the month came first."""
    found = DAY_FIRST.fullmatch(cell) if isinstance(cell, str) else None
    return found is not None and int(found[1]) != int(found[2]) and max(int(found[1]), int(found[2])) <= 12


def is_long_code(cell: Cell) -> bool:
    """Whether it is text of more digits than a spreadsheet keeps, which may have been a number before."""
    return isinstance(cell, str) and LONG_CODE.fullmatch(cell) is not None


def are_rounded(codes: Collection[str]) -> bool:
    """Whether all of them end as a spreadsheet leaves numbers that are too long; a few may do so by themselves."""
    return len(codes) >= LEAST_ROUNDED and all(code.endswith("0") for code in codes)


def text_of(cell: Cell) -> str | None:
    """The text; a whole number in its digits. None where there is nothing. Raises `Unreadable`."""
    if isinstance(cell, Fault):
        raise Unreadable(cell.label_id, cell.label_en)
    if isinstance(cell, date | bool | float):
        raise Unreadable("Isi sel ini bukan teks.", "The cell is not text.")
    if isinstance(cell, int):
        return str(cell)
    # An apostrophe at the beginning is how people tell a spreadsheet that something is text.
    text = (cell or "").removeprefix("'").strip()
    return None if not text or text.lower() in NOTHING else text


def code_of(cell: Cell) -> str | None:
    """As `text_of`, where digits are no number: a long one that a spreadsheet may have rounded is refused."""
    text = text_of(cell)
    if text is None:
        return None
    is_rounded = isinstance(cell, int) and (
        (len(text) > EXACT_DIGITS and text.endswith("0")) or abs(cell) > LARGEST_EXACT
    )
    if is_rounded or SCIENTIFIC.fullmatch(text):
        raise LOST_DIGITS
    return text.removesuffix(".0") if re.fullmatch(r"[0-9]+\.0", text) else text


def place_code_of(cell: Cell) -> str | None:
    """As `text_of`; a number as 62.1 is the code 62.10, which has lost its zero."""
    text = f"{cell:.2f}" if isinstance(cell, float) and 11 <= cell < 100 else text_of(cell)
    found = re.fullmatch(r"([0-9]{2})[.,]?([0-9]{1,2})", text or "")
    if found is None or ("." not in str(text) and "," not in str(text) and len(str(text)) != 4):
        return text
    return f"{found[1]}.{found[2]:0<2}"


def day_of(cell: Cell) -> date | None:
    """The day: of a day's cell, a spreadsheet's number of it, or as people write it. Raises `Unreadable`."""
    if isinstance(cell, date):
        return _in_range(cell)
    if isinstance(cell, float):
        raise DAY_FAULT
    text = text_of(cell)
    if text is None:
        return None
    if SERIAL.fullmatch(text):
        number = int(text.partition(".")[0])
        if not FIRST_SERIAL <= number <= LAST_SERIAL:
            raise DAY_FAULT
        return DAY_ZERO + timedelta(number)
    return _in_range(_written_day(text))


def _written_day(text: str) -> date:
    if found := YEAR_FIRST.fullmatch(text):
        year, month, day = (int(each) for each in found.groups())
    elif found := DAY_FIRST.fullmatch(text):
        day, month, year = (int(each) for each in found.groups())
    elif (found := DAY_AND_NAME.fullmatch(text)) and found[2].lower() in MONTH:
        day, month, year = int(found[1]), MONTH[found[2].lower()], int(found[3])
    else:
        raise DAY_FAULT
    try:
        return date(year, month, day)
    except ValueError:
        raise DAY_FAULT from None


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DAY_FAULT
    return day
