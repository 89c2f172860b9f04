"""The reading process: a file on standard input, its rows as lines of JSON on standard output.

It is a process of its own, so that a damaged or malicious file takes neither the memory nor the time of a server: what
it uses is limited by the operating system.
"""

import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator

import orjson

from api.files import delimited, workbook
from api.files.cell import MOST_ROWS, FileRow, UnreadableFile, encoded
from api.files.kind import ZIP, may_be_table
from api.files.value import are_rounded, is_long_code, is_month_first

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    out = sys.stdout.buffer
    try:
        rows = _open(sys.stdin.buffer.read(), wanted)
        out.write(orjson.dumps(_survey(_filled(rows()))) + b"\n")
        for row in _filled(rows()):
            cells = [encoded(cell) for cell in row.cells]
            out.write(orjson.dumps([row.number, cells]) + b"\n")
        out.write(b'{"end":true}\n')
    except UnreadableFile as error:
        refusal = {"indonesian": error.indonesian, "english": error.english, "row": error.row}
        out.write(orjson.dumps(refusal) + b"\n")


def _survey(rows: Iterator[FileRow]) -> dict[str, object]:
    """How many rows there are, and what is said of columns, from 0: a day has its month first, all long codes end with 0."""
    count = 0
    month_first: set[int] = set()
    long_codes: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        count += 1
        month_first.update(column for column, cell in enumerate(row.cells) if is_month_first(cell))
        for column, cell in enumerate(row.cells):
            if is_long_code(cell):
                long_codes[column].add(str(cell))
    rounded = [column for column, codes in long_codes.items() if are_rounded(codes)]
    return {"rows": count, "monthFirst": sorted(month_first), "rounded": sorted(rounded)}


def _open(content: bytes, wanted: str | None) -> Callable[[], Iterator[FileRow]]:
    if content.startswith(ZIP):
        return workbook.open_sheet(content, wanted)
    if not may_be_table(content[:100]):
        raise UnreadableFile(
            "Berkas ini bukan CSV atau XLSX, atau dikunci dengan sandi; simpan sebagai XLSX.",
            "The file is neither CSV nor XLSX, or locked by a password; save it as XLSX.",
        )
    return delimited.open_text(content)


def _filled(rows: Iterator[FileRow]) -> Iterator[FileRow]:
    """Those that are not empty, without the empty cells at their ends; raises `UnreadableFile` after too many."""
    count = 0
    for row in rows:
        if row.is_empty:
            continue
        count += 1
        if count > MOST_ROWS + 100:
            raise UnreadableFile(
                f"Paling banyak {MOST_ROWS} baris; bagi berkasnya.",
                f"There may be at most {MOST_ROWS} rows; divide the file.",
                row.number,
            )
        yield row


if __name__ == "__main__":
    main()
