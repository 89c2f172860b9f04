"""Files as offices send them: read right, or refused with the row's number."""

import codecs
import io
import struct
import zipfile
import zlib
from datetime import date
from typing import Any

import pytest

from api.files.cell import MOST_ROWS, Fault, UnreadableFile
from api.files.reading import open_table
from tests.files.making import pieces, rows_of, sheet, workbook

HEADER = "Nama;No HP;Kabupaten"
ROWS = [(1, ["Nama", "No HP", "Kabupaten"]), (2, ["José “Bayu” Tan", "0812-3456-7890", "Kapuas"])]
TEXT = f"{HEADER}\r\nJosé “Bayu” Tan;0812-3456-7890;Kapuas\r\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("cp1252"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace(";", "\t").encode(),
        codecs.BOM_UTF16_LE + TEXT.replace(";", "\t").encode("utf-16-le"),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "|").encode(),
        TEXT.replace("\r\n", "\n").encode(),
        TEXT.replace("\r\n", "\r").encode(),
        TEXT.strip().encode(),
        TEXT.replace("Kapuas", '"Kapuas"').replace("Nama", '"Nama"').encode(),
        sheet([cells for _, cells in ROWS]),
    ],
    ids=[
        *("utf-8", "utf-8 with BOM", "cp1252", "utf-16 little", "utf-16 big", "tab", "Excel's Unicode text", "comma"),
        *("bar", "line feeds", "carriage returns", "no last line end", "quotes", "xlsx"),
    ],
)
async def test_the_same_rows_are_read_from_every_kind_of_file(content: bytes) -> None:
    assert await rows_of(content) == ROWS


async def test_the_delimiter_that_excel_names_is_used_and_rows_keep_their_numbers() -> None:
    content = b"sep=;\r\n\r\nNama;Alamat\r\n;\r\n  ;\r\nBudi;Jl. A, No. 1\r\n"

    assert await rows_of(content) == [(3, ["Nama", "Alamat"]), (6, ["Budi", "Jl. A, No. 1"])]


async def test_cells_of_a_spreadsheet_keep_what_they_are() -> None:
    def fill(book: Any, page: Any) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page.write_row("A3", ["Teks", "Angka", "Tanggal", "Lain"])
        page.write("A5", "  Budi ")
        page.write_number("B5", 81234567890)
        page.write_datetime("C5", date(1995, 8, 17), day)
        page.write_boolean("D5", True)
        page.write_number("B6", 62.1)
        page.write_number("C6", 34928.5625, book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
        page.write_formula("D6", '=A5&"!"', None, "Budi!")
        page.write_formula("A7", "=1+1")
        page.write_formula("B7", "=1/0", None, "#DIV/0!")
        page.write("D7", "x" * 2_001)
        page.merge_range("A8:A9", "Kapuas")
        page.write("B8", 1)
        page.write("B9", 2)
        page.merge_range("A10:C10", "Wilayah Barat")

    assert await rows_of(workbook(fill)) == [
        (3, ["Teks", "Angka", "Tanggal", "Lain"]),
        (5, ["Budi", 81234567890, date(1995, 8, 17), True]),
        (6, [None, 62.1, Fault.TIME, "Budi!"]),
        (7, [Fault.FORMULA, Fault.ERROR, None, Fault.LONG]),
        (8, ["Kapuas", 1, None, None]),
        (9, ["Kapuas", 2, None, None]),
        (10, ["Wilayah Barat", Fault.MERGED, Fault.MERGED, None]),
    ]


async def test_the_only_visible_sheet_is_read_and_of_several_the_named_one() -> None:
    def fill(book: Any, page: Any) -> None:
        page.write("A1", "satu")
        hidden = book.add_worksheet("Rahasia")
        hidden.write("A1", "dua")
        hidden.hide()
        book.add_worksheet("Kosong")

    def two(book: Any, page: Any) -> None:
        page.write("B2", "satu")
        book.add_worksheet("Kedua").write("A1", "dua")

    assert await rows_of(workbook(fill)) == [(1, ["satu"])]
    assert await rows_of(workbook(two), "Kedua") == [(1, ["dua"])]
    assert await rows_of(workbook(two), "Anggota") == [(2, [None, "satu"])]
    for name in (None, "Ketiga"):
        with pytest.raises(UnreadableFile):
            await rows_of(workbook(two), name)


def archive(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        return {name: read.read(name) for name in read.namelist()}


def bomb() -> bytes:
    """A sheet of 300 MB in 300 KB."""
    parts = parts_of(sheet([["Nama"], ["Budi"]]))
    return archive({**parts, "xl/media/bomb.bin": bytes(300 * 1024 * 1024)})


def lying_bomb() -> bytes:
    """The same, and the archive says that it has ten bytes."""
    content = bomb()
    size = struct.pack("<I", 300 * 1024 * 1024)
    crc, other = (struct.pack("<I", zlib.crc32(bytes(count))) for count in (300 * 1024 * 1024, 10))
    return content.replace(size, struct.pack("<I", 10)).replace(crc, other)


def far_cell() -> bytes:
    def fill(_book: Any, page: Any) -> None:
        page.write("A1", "Nama")
        page.write("XFD1048576", "Budi")

    return workbook(fill)


def with_entities() -> bytes:
    parts = parts_of(sheet([["Nama"], ["Budi"]]))
    path = "xl/sharedStrings.xml"
    declared = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><sst'
    return archive({**parts, path: parts[path].replace(b"<sst", declared, 1)})


def with_formula(_book: Any, page: Any) -> None:
    page.write("A1", "NIK")
    page.write_formula("A2", '="6202014507900001"', None, "")
    page.write("B2", "Ani")


MAIN, OFFICE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET, ELSEWHERE = "worksheets/sheet1.xml", "worksheets/sub/Tabel.XML"
# What is replaced in the names of the parts, or in the parts, and whether the file is read all the same.
VARIANTS: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({MAIN: f"{OFFICE}/spreadsheetml/main", RELATIONSHIPS: f"{OFFICE}/officeDocument/relationships"}, True),
    ({SHEET: ELSEWHERE}, True),
    ({"<f>": "<!-- rumus --> <f>"}, True),
    ({'"worksheets/sheet1.xml"': '"./worksheets/sheet1.xml"'}, False),
    ({' r="': " x='", '"><': "'><"}, False),
]


@pytest.mark.parametrize(("replaced", "is_read"), VARIANTS)
async def test_a_formula_without_a_result_is_found_in_every_variant_of_the_format(
    replaced: dict[str, str], is_read: bool
) -> None:
    """Or the file is refused, as it could not be told from an empty cell."""

    def change(text: str) -> str:
        for old, new in replaced.items():
            text = text.replace(old, new)
        return text

    parts = parts_of(workbook(with_formula))
    content = archive({change(name): change(part.decode()).encode() for name, part in parts.items()})

    if is_read:
        assert await rows_of(content) == [(1, ["NIK", None]), (2, [Fault.FORMULA, "Ani"])]
    else:
        assert await refusal_of(content) == DAMAGED


QUOTE = ("The quotes of the row do not match.", 3)
CHARACTERS = "The characters of the file cannot be read; save it as CSV UTF-8."
OTHER = ("The file is neither CSV nor XLSX, or locked by a password; save it as XLSX.", None)
DAMAGED = ("The XLSX file is damaged or has what cannot be read; save it again.", None)
BOMB = ("What is in the XLSX file is too large once unpacked.", None)
FAR = ("The file is too large or damaged; divide it or save it again.", None)
MANY = (f"There may be at most {MOST_ROWS} rows; divide the file.", MOST_ROWS + 101)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b'Nama;HP\nAni;1\nBudi "Bud"i;2\n', None),
        (b'Nama;HP\nAni;1\n"Budi"x;2\n', QUOTE),
        (b'Nama;HP\nAni;1\n"Budi;2\n', QUOTE),
        (b"Nama;HP\nS\x81ti;1\n", (CHARACTERS, 2)),
        ("Nama;HP\nJosé;1\n".encode() + "André;2\n".encode("cp1252"), (CHARACTERS, 2)),
        (b"Nama;HP\n\0\0;1\n", (CHARACTERS, 1)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), OTHER),
        (b"%PDF-1.7 ...", OTHER),
        (b"<html><table>", OTHER),
        (b"PK\x03\x04" + bytes(500), DAMAGED),
        (archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), DAMAGED),
        (archive({"word/document.xml": b"<x/>"}), DAMAGED),
        (archive(parts_of(sheet([["Nama"]])), zipfile.ZIP_LZMA), DAMAGED),
        (sheet([["Nama"], ["Budi"]])[:-100], DAMAGED),
        (with_entities(), DAMAGED),
        (bomb(), BOMB),
        (lying_bomb(), BOMB),
        (far_cell(), FAR),
        (b"Nama\n" + b"Budi\n" * (MOST_ROWS + 200), MANY),
    ],
    ids=[
        *("quote within", "text after a quote", "open quote", "undefined byte", "two character sets", "zeros"),
        *("old or locked", "pdf", "html", "no archive", "ods", "docx", "other packing", "cut off", "entities"),
        *("bomb", "lying bomb", "far cell", "too many rows"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_its_row(
    content: bytes, refusal: tuple[str, int | None] | None
) -> None:
    assert await refusal_of(content) == refusal


async def refusal_of(content: bytes) -> tuple[str, int | None] | None:
    try:
        await rows_of(content)
    except UnreadableFile as error:
        return error.english, error.row
    return None


ROUNDED = [
    (["6202014507900000", "6202010101850000", "6202010101860000"], True),
    (["6202014507900000", "6202010101850000", "6202010101860000", "", "x"], True),
    # A code that is exact, too few of them, one that was written twice, what was text, and short ones.
    (["6202014507900000", "6202010101850000", "6202010101860000", "6202010101870001"], False),
    (["6202014507900000", "6202010101850000"], False),
    (["6202014507900000", "6202014507900000", "6202010101850000"], False),
    (["'6202014507900000", "'6202010101850000", "'6202010101860000"], False),
    (["081200", "081300", "081400"], False),
]


@pytest.mark.parametrize(("codes", "is_rounded"), ROUNDED)
async def test_the_table_says_where_all_long_codes_are_as_if_rounded(codes: list[str], is_rounded: bool) -> None:
    content = "Nama;NIK\n" + "".join(f"Ani;{code}\n" for code in codes)

    async with open_table(pieces(content.encode())) as table:
        assert table.rounded == (frozenset({1}) if is_rounded else frozenset())


async def test_the_table_says_how_many_rows_it_has_and_where_months_come_first() -> None:
    content = b"Nama;Lahir;Sejak\nAni;17/08/1995;01/02/2020\nBudi;02/03/1996;12/31/2020\n"

    async with open_table(pieces(content)) as table:
        assert (table.row_count, table.month_first) == (3, frozenset({2}))
