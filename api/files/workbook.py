"""XLSX: what the archive holds is measured before it is read, and what the reading library leaves out is found."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from api.files.cell import MOST_COLUMNS, MOST_ROWS, Cell, Fault, FileRow, UnreadableFile, spreadsheet_cell

# Of all parts together, unpacked; 100,000 members with ten columns have 60 MB.
MOST_BYTES = 256 * 1024 * 1024
MOST_PARTS = 1_000
# Of the parts that name the others.
MOST_INDEX_BYTES = 1024 * 1024
MOST_MERGED_CELLS = 100_000
CHUNK_BYTES = 1024 * 1024
# A cell's tag, longer than any, which may lie across two chunks.
OVERLAP_BYTES = 1_000

WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
# In the transitional and in the strict variant of the format.
RELATION_ID = re.compile(r"\{[^}]*/officeDocument/(2006/)?relationships\}id")
SHEET_PART = re.compile(r"xl/worksheets/.+\.xml")
DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)")
# Bounded, so that a tag that never ends costs no more than others.
FORMULA = re.compile(rb"<(?:\w{1,100}:)?c(\s[^<>]{0,1000})?>(?:\s|<!--[^>]*-->)*<(?:\w{1,100}:)?f[\s>/]")
ERROR = re.compile(rb"<(?:\w{1,100}:)?c(\s[^<>]{0,1000}\bt=\"e\"[^<>]{0,1000})>")
REFERENCE = re.compile(rb"\br=\"([A-Z]{1,3})([0-9]{1,7})\"")

Position = tuple[int, int]


@dataclass(slots=True)
class SheetXml:
    """What of a sheet the reading library does not tell: the places of formulas and of errors, by row and column from 0."""

    formulas: set[Position] = field(default_factory=set)
    errors: set[Position] = field(default_factory=set)


def open_sheet(content: bytes, wanted: str | None = None) -> Callable[[], Iterator[FileRow]]:
    """Reads the rows of the sheet of that name, else of the only visible one with rows. Raises `UnreadableFile`."""
    parts, by_name = _inspect(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = _chosen(workbook, wanted)
    except CalamineError:
        raise _damaged() from None
    part = parts.get(by_name.get(sheet.name, ""))
    if part is None:
        # Its formulas could not be told from what is empty.
        raise _damaged()
    return lambda: _rows(sheet, part)


def _rows(sheet: CalamineSheet, part: SheetXml) -> Iterator[FileRow]:
    if sheet.total_width > MOST_COLUMNS * 10 or sheet.total_height > MOST_ROWS * 2:
        raise UnreadableFile(
            "Lembar ini terlalu besar; hapus kolom dan baris kosong di sekitar tabelnya.",
            "The sheet is too large; delete the empty columns and rows around its table.",
        )
    merged = _merged(sheet)
    above: dict[Position, Cell] = {}
    for row, values in enumerate(sheet.iter_rows()):
        # Columns before the first one that has anything are left out, unlike rows.
        cells: list[Cell] = [None] * (sheet.end[1] + 1 - len(values) if sheet.end else 0)
        cells += [spreadsheet_cell(value) for value in values]
        for column in range(len(cells)):
            place = row, column
            if place in part.errors:
                cells[column] = Fault.ERROR
            elif place in part.formulas and cells[column] in (None, 0):
                cells[column] = Fault.FORMULA
            elif place in merged:
                first = merged[place]
                value = above.get(first) if first[0] < row else cells[first[1]]
                cells[column] = value if first[1] == column or value is None else Fault.MERGED
            if place in merged.values():
                above[place] = cells[column]
        yield FileRow(row + 1, cells)


def _merged(sheet: CalamineSheet) -> dict[Position, Position]:
    """For each cell that is merged into another one: that one."""
    merged: dict[Position, Position] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if len(merged) + (bottom - top + 1) * (right - left + 1) > MOST_MERGED_CELLS:
            raise UnreadableFile("Terlalu banyak sel yang digabung.", "There are too many merged cells.", top + 1)
        merged |= {
            (row, column): (top, left)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
            if (row, column) != (top, left)
        }
    return merged


def _chosen(workbook: CalamineWorkbook, wanted: str | None) -> CalamineSheet:
    if wanted is not None:
        if wanted not in workbook.sheet_names:
            raise UnreadableFile("Lembar dengan nama itu tidak ada.", "There is no sheet of that name.")
        return workbook.get_sheet_by_name(wanted)
    shown = [
        workbook.get_sheet_by_name(each.name)
        for each in workbook.sheets_metadata
        if each.visible == SheetVisibleEnum.Visible and each.typ == SheetTypeEnum.WorkSheet
    ]
    filled: Sequence[CalamineSheet] = [sheet for sheet in shown if sheet.start is not None]
    if len(filled) != 1:
        raise UnreadableFile(
            "Berkas ini punya beberapa lembar, atau tidak ada isinya; sebutkan lembarnya.",
            "The file has several sheets, or nothing in it; name the sheet.",
        )
    return filled[0]


def _inspect(content: bytes) -> tuple[dict[str, SheetXml], dict[str, str]]:
    """The sheets' parts by their path, and the path of each sheet's part. Raises `UnreadableFile` for a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PARTS:
                raise _bomb()
            room, parts = MOST_BYTES, {}
            for entry in entries:
                part = SheetXml()
                room -= _scan(archive, entry, part, room)
                parts[entry.filename.lower()] = part
            return parts, _sheet_parts(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, KeyError, ET.ParseError):
        raise _damaged() from None


def _scan(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, part: SheetXml, room: int) -> int:
    """The bytes of one part, counted as they are unpacked: what the archive says of them may be a lie."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged()
    entry.file_size = 2**40  # So that all that there is is unpacked, and its checksum compared.
    size, before = 0, b""
    name = entry.filename.lower()
    is_xml = name.endswith((".xml", ".rels"))
    is_sheet = SHEET_PART.fullmatch(name) is not None
    with archive.open(entry) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > room:
                raise _bomb()
            window = before + chunk
            if is_xml and DECLARATION.search(window):
                raise _damaged()
            if is_sheet:
                part.formulas.update(_places(FORMULA, window))
                part.errors.update(_places(ERROR, window))
            before = window[-OVERLAP_BYTES:]
    return size


def _places(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[Position]:
    for cell in pattern.finditer(xml):
        found = REFERENCE.search(cell[1] or b"")
        if found is None:
            raise _damaged()
        yield int(found[2]) - 1, _column(found[1])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The path of each sheet's part, by the sheet's name."""
    targets = {
        each.get("Id"): each.get("Target", "").removeprefix("/xl/").removeprefix("xl/")
        for each in _tree(archive, RELATIONS).iter()
        if each.tag.endswith("}Relationship")
    }
    sheets = (each for each in _tree(archive, WORKBOOK).iter() if each.tag.endswith("}sheet"))
    return {each.get("name", ""): f"xl/{targets.get(_relation(each), '')}".lower() for each in sheets}


def _relation(sheet: ET.Element) -> str | None:
    return next((value for name, value in sheet.attrib.items() if RELATION_ID.fullmatch(name)), None)


def _tree(archive: zipfile.ZipFile, path: str) -> ET.Element:
    with archive.open(path) as stream:
        xml = stream.read(MOST_INDEX_BYTES + 1)
    if len(xml) > MOST_INDEX_BYTES:
        raise _bomb()
    return ET.fromstring(xml)  # noqa: S314  # A part with declarations, and so with entities, was refused before.


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        "Berkas XLSX ini rusak atau memuat hal yang tidak dapat dibaca; simpan ulang.",
        "The XLSX file is damaged or has what cannot be read; save it again.",
    )


def _bomb() -> UnreadableFile:
    return UnreadableFile(
        "Isi berkas XLSX ini terlalu besar setelah dibuka.", "What is in the XLSX file is too large once unpacked."
    )
