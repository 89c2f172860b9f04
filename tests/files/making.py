"""Files as people make them, and their rows as they are read."""

import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # It has no types.

from api.files.cell import Cell
from api.files.reading import open_table

Rows = list[tuple[int, list[Cell]]]


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


async def rows_of(content: bytes, sheet: str | None = None) -> Rows:
    async with open_table(pieces(content), sheet) as table:
        return [(row.number, row.cells) async for row in table.rows]


def workbook(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook; `fill` gets it and its first sheet."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **options})
    fill(book, book.add_worksheet("Anggota"))
    book.close()
    return file.getvalue()


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook with these rows from A1 on; text stays text."""

    def fill(_book: Any, page: Any) -> None:
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(number, column, value)
                else:
                    page.write(number, column, value)

    return workbook(fill)
