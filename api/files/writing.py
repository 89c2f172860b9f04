"""Writing tables as CSV and XLSX, piece by piece, so that neither is ever whole in memory."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import closing
from datetime import date
from enum import StrEnum

import xlsxwriter  # type: ignore[import-untyped]  # It has no types.
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # As above.

# By which Excel knows UTF-8.
BOM = "\ufeff"
# What a spreadsheet takes for a formula where it is the first character.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PIECE_BYTES = 64 * 1024

Value = str | int | date | None


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        if self is Format.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_table(rows: AsyncIterable[Sequence[Value]], format_: Format, header: Sequence[str]) -> AsyncGenerator[bytes]:
    """The bytes of a file with the header and the rows."""
    # Titles too may be a client's own: those of the file whose refused rows are written.
    titles = [plain(title) for title in header]
    return _csv(rows, titles) if format_ is Format.CSV else _xlsx(rows, titles)


async def _csv(rows: AsyncIterable[Sequence[Value]], header: Sequence[str]) -> AsyncGenerator[bytes]:
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, delimiter=";")
    writer.writerow(header)
    async for row in rows:
        writer.writerow([plain(value) if isinstance(value, str) else value for value in row])
        if text.tell() > PIECE_BYTES:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


async def _xlsx(rows: AsyncIterable[Sequence[Value]], header: Sequence[str]) -> AsyncGenerator[bytes]:
    """The rows go to a file on the disk first, as the archive's index is at its end; none is left where a download ends early."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "tmpdir": folder, "default_date_format": "yyyy-mm-dd"}
        book = xlsxwriter.Workbook(file, options)
        sheet = book.add_worksheet()
        # The file of the rows, which only a whole workbook closes by itself.
        with closing(sheet.row_data_fh):
            bold = book.add_format({"bold": True})
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            number = 0
            async for row in rows:
                number += 1
                _write_row(sheet, number, row)
            # It compresses the whole sheet, and nothing else uses the book any more.
            await asyncio.to_thread(book.close)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _write_row(sheet: Worksheet, number: int, row: Sequence[Value]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, str):
            sheet.write_string(number, column, plain(value))
        elif isinstance(value, date):
            sheet.write_datetime(number, column, value)
        elif value is not None:
            sheet.write_number(number, column, value)
