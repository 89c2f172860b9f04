"""What a spreadsheet gets to open: no formulas, in files that are written beside other work."""

import csv
import tempfile
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # It has no types.

from api.files.writing import Format, Value, write_table
from tests.files.making import rows_of


async def table(*rows: Sequence[Value]) -> AsyncGenerator[Sequence[Value]]:
    for row in rows:
        yield row


async def written(format_: Format, header: Sequence[str]) -> bytes:
    return b"".join([piece async for piece in write_table(table(["=1"]), format_, header)])


async def test_titles_are_no_formulas() -> None:
    titles = ["Nama", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1"]
    as_csv = (await written(Format.CSV, titles)).decode("utf-8-sig")
    (_, header), (_, first) = await rows_of(await written(Format.XLSX, titles))

    expected = ["Nama", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1"]
    assert [*csv.reader(as_csv.splitlines(), delimiter=";")] == [expected, ["'=1"]]
    assert (header, first[0]) == (expected, "'=1")


def files_in(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def test_a_download_that_ends_early_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def rows() -> AsyncGenerator[Sequence[Value]]:
        yield ["1"]
        during.extend(files_in(tmp_path))
        raise ConnectionError

    during: list[Path] = []
    with pytest.raises(ConnectionError):
        async for _ in write_table(rows(), Format.XLSX, ["Nama"]):
            pass

    assert (len(during), files_in(tmp_path)) == (1, [])


async def test_a_workbook_is_compressed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    close, threads = xlsxwriter.Workbook.close, []

    def close_and_note(book: xlsxwriter.Workbook) -> None:
        threads.append(threading.current_thread())
        close(book)

    monkeypatch.setattr(xlsxwriter.Workbook, "close", close_and_note)
    content = await written(Format.XLSX, ["Nama"])

    assert [values for _, values in await rows_of(content)] == [["Nama"], ["'=1"]]
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
