"""CSV: the character set and the delimiter are found by the content."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice

from charset_normalizer import from_bytes

from api.files.cell import LONGEST_CELL, MOST_COLUMNS, FileRow, UnreadableFile, text_cell

BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Without a mark at the beginning. Excel in Indonesia writes cp1252 where it does not write UTF-8 or UTF-16.
WITHOUT_BOM = ["utf_16_le", "utf_16_be", "cp1252"]
SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 20
DELIMITERS = ";\t,|"
# Excel's own way to name the delimiter, in the first line.
NAMED_DELIMITER = re.compile(r'"?sep=([;,\t|])"?\r?\n', re.IGNORECASE)
# Two bytes of UTF-8 that are unlikely as two letters of cp1252: Ã or Â before a sign.
DOUBLE = re.compile(rb"[\xc2-\xc3][\x80-\xbf]")


def open_text(content: bytes) -> Callable[[], Iterator[FileRow]]:
    """Reads all rows. Raises `UnreadableFile`, also while reading."""
    text = content.decode(_encoding(content))
    if "\0" in text:
        raise UnreadableFile(
            "Berkas ini bukan teks.", "The file is not text.", text.count("\n", 0, text.index("\0")) + 1
        )
    named = NAMED_DELIMITER.match(text)
    delimiter = named[1] if named else _delimiter(text)
    csv.field_size_limit(LONGEST_CELL * 10)
    return lambda: _rows(text, delimiter, is_named=named is not None)


def _rows(text: str, delimiter: str, *, is_named: bool) -> Iterator[FileRow]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for number in range(1, len(text) + 2):
        try:
            cells = next(rows, None)
        except csv.Error:
            raise UnreadableFile(
                "Tanda kutip di baris ini tidak berpasangan.", "The quotes of the row do not match.", number
            ) from None
        if cells is None:
            return
        if len(cells) > MOST_COLUMNS:
            raise UnreadableFile(
                f"Paling banyak {MOST_COLUMNS} kolom.", f"There may be at most {MOST_COLUMNS} columns.", number
            )
        if not (is_named and number == 1):
            yield FileRow(number, [text_cell(cell) for cell in cells])


def _encoding(content: bytes) -> str:
    for bom, encoding in BOMS.items():
        if content.startswith(bom):
            return _checked(content, encoding)
    if _decodes(content, "utf-8") and b"\0" not in content[:SAMPLE_BYTES]:
        return "utf-8"
    best = from_bytes(content[:SAMPLE_BYTES], cp_isolation=WITHOUT_BOM).best()
    if best is None:
        _checked(content, "cp1252")
        raise _unknown(content)
    if best.encoding == "cp1252":
        _refuse_mixed(content)
    return _checked(content, best.encoding)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _checked(content: bytes, encoding: str) -> str:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unknown(content, error.start) from None
    return encoding


def _refuse_mixed(content: bytes) -> None:
    """A file put together from UTF-8 and cp1252 cannot be read as either."""
    if found := DOUBLE.search(content):
        raise _unknown(content, found.start())


def _unknown(content: bytes, position: int = 0) -> UnreadableFile:
    return UnreadableFile(
        "Huruf di berkas ini tidak terbaca; simpan sebagai CSV UTF-8.",
        "The characters of the file cannot be read; save it as CSV UTF-8.",
        content.count(b"\n", 0, position) + 1,
    )


def _delimiter(text: str) -> str:
    """The one that divides one of the first rows into the most cells that are not empty."""
    return max(DELIMITERS, key=lambda each: _widest(text, each))


def _widest(text: str, delimiter: str) -> int:
    sample = csv.reader(io.StringIO(text[:SAMPLE_BYTES], newline=""), delimiter=delimiter)
    try:
        return max((sum(1 for cell in row if cell.strip()) for row in islice(sample, SAMPLE_ROWS)), default=0)
    except csv.Error:
        return 0
