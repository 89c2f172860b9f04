"""Registering the people of a file for a camp: found by their numbers or identity numbers, then placed like everybody else."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Database, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.files.cell import FileRow, UnreadableFile
from api.files.reading import Table, open_table
from api.models import Membership, Volunteer
from api.rules.code import ProblemCode
from api.services import disclosure
from api.services import upload as uploads
from api.services.frame import ItemResult
from api.services.member_column import READERS, Header, MemberColumn, read_header
from api.services.participant import Entry
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.registration import CODES, IDS, MOST, enter, lock_people, place
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import ResultPerItem, verb
from api.values.key import code_key
from api.values.problem import Unreadable

NAMES = {MemberColumn.NUMBER: "number", MemberColumn.NIK: "nik"}


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """By what a row names somebody, or what is wrong with it."""

    number_key: str | None = None
    nik_index: bytes | None = None
    problems: Sequence[Problem] = ()

    @property
    def path(self) -> tuple[str, ...]:
        return input_path(NAMES[MemberColumn.NUMBER if self.nik_index is None else MemberColumn.NIK])


async def read_upload(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments with the `rows` of the file; None where there is no such upload, or it was used."""
    vault: Vault = arguments["vault"]
    async with database.reading() as session:
        key = await uploads.find(session, request, vault, arguments["upload"])
    if key is None:
        return {**arguments, "rows": None}
    try:
        async with open_table(uploads.content(database, vault, key), arguments.get("sheet")) as table:
            return {**arguments, "rows": await _read_rows(vault, table)}
    except UnreadableFile as error:
        detail = (error.indonesian, error.english)
        raise Refused(Problem(ProblemCode.INVALID, input_path("upload"), detail=detail)) from None


async def _read_rows(vault: Vault, table: Table) -> Sequence[NamedPerson]:
    """Raises `UnreadableFile`."""
    header, rows = await read_header(table, {}, check=check_columns)
    named = [_named(vault, header, row) async for row in rows]
    if len(named) > MOST:
        raise UnreadableFile(f"Paling banyak {MOST} orang.", f"At most {MOST:,} people.")
    return named


def check_columns(columns: Mapping[MemberColumn, int]) -> None:
    """Everybody is named by a number of a member or an identity number."""
    if not columns.keys() & NAMES.keys():
        raise UnreadableFile(
            "Tidak ada kolom nomor anggota atau NIK.", "There is no column of member numbers or identity numbers."
        )


def _named(vault: Vault, header: Header, row: FileRow) -> NamedPerson:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column, name in NAMES.items():
        index = header.columns.get(column)
        try:
            values[name] = READERS[column](row.cells[index]) if index is not None and index < len(row.cells) else None
        except Unreadable as unreadable:
            problems.append(Problem(ProblemCode.INVALID, input_path(name), detail=unreadable.detail))
    number, nik = values.get("number"), values.get("nik")
    if not problems and number is None and nik is None:
        problems.append(Problem(ProblemCode.NOT_FOUND, input_path(NAMES[MemberColumn.NUMBER])))
    return NamedPerson(number and code_key(number), nik and vault.blind_index(nik), problems)


@verb(
    "import_participants",
    "Registers up to 1,000 people of an uploaded CSV or XLSX file for a camp, each with a result in the order of the rows; a column "
    "has their numbers as members, or their identity numbers.",
    answers=ResultPerItem("CampRegistration", "upload"),
    callers=access.CAMP_REGISTRARS,
    ids={**IDS, "organization": "Organization"},
    codes=(*CODES, ProblemCode.TOO_MANY_ATTEMPTS),
    prepare=read_upload,
    needs_vault=True,
)
async def import_participants(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    upload: str,
    camp: uuid.UUID,
    rows: Sequence[NamedPerson] | None = (),
    sheet: str | None = None,  # noqa: ARG001  # The file has been read from it.
    contingent: uuid.UUID | None = None,
    category: str | None = None,
    admission_reason: str | None = None,
    organization: uuid.UUID | None = None,
) -> list[ItemResult]:
    """Numbers are those of the organization, or of the contingent's; the upload is used unless all is refused.

    Without `rows` the file was not read, as something else is wrong.
    """
    problems = Problems()
    if rows is None or await uploads.use(session, request, vault, upload) is None:
        problems.invalid(
            "upload",
            indonesian="Berkas ini tidak ada atau sudah dipakai; kirim lagi.",
            english="There is no such upload, or it was used; send the file again.",
        )
    problems.refuse()
    assert rows is not None
    entry, limits = await enter(
        session, request, camp, contingent, category=category, admission_reason=admission_reason
    )
    found = await _find(session, request, entry, organization, rows)
    people = await _without_guesses(session, request, rows, found)
    asked = [{"volunteer": person, "organization": organization} for person in people if isinstance(person, uuid.UUID)]
    await lock_people(session, asked)
    placed = iter(await place(session, request, entry, limits, asked))
    return [next(placed) if isinstance(each, uuid.UUID) else ItemResult(problems=each) for each in people]


async def _without_guesses(
    session: Transaction, request: Request, rows: Sequence[NamedPerson], found: Sequence[uuid.UUID | None]
) -> Sequence[uuid.UUID | Sequence[Problem]]:
    """Whom each row names, or what is wrong with it.

    An identity number that is not found may have been guessed: each counts in the day's budget, and once that is used
    up, nothing is told of identity numbers.
    """
    held = await disclosure.hold(session, request)
    left, missed = request.limits.join_requests - int(held.level), 0
    people: list[uuid.UUID | Sequence[Problem]] = []
    for row, person in zip(rows, found, strict=True):
        if row.problems:
            people.append(row.problems)
        elif row.nik_index is not None and missed >= left:
            people.append([disclosure.used_up(held, "nik")])
        else:
            missed += person is None and row.nik_index is not None
            people.append(person or [Problem(ProblemCode.NOT_FOUND, row.path)])
    await disclosure.spend(session, request, missed)
    return people


async def _find(
    session: Transaction, request: Request, entry: Entry, organization: uuid.UUID | None, rows: Sequence[NamedPerson]
) -> list[uuid.UUID | None]:
    """Whom each row names; None where nobody is found whom the actor may know by that."""
    parameters = {
        "organization": organization or entry.preferred,
        "speaks": bool(entry.may.speaks and entry.preferred and organization in (None, entry.preferred)),
        "number_keys": [row.number_key for row in rows],
        "nik_indexes": [row.nik_index for row in rows],
    }
    found = await session.rows(_people(request.actor.kind), {**request.parameters, **parameters})
    return [None if row.problems else each.id for row, each in zip(rows, found, strict=True)]


@cache
def _people(kind: Kind) -> CompiledStatement:
    """One row for each that is named: by number whom the actor sees, by NIK whose record the actor keeps."""
    arrays: Sequence[tuple[str, str, Any]] = (
        ("number_keys", "number_key", sa.Text()),
        ("nik_indexes", "nik_index", sa.LargeBinary()),
    )
    named = (
        sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(type_)) for name, _, type_ in arrays))
        .table_valued(*(sa.column(name, type_) for _, name, type_ in arrays), with_ordinality="position", name="named")
        .render_derived()
    )
    joined = access.members_today(
        Membership.c.organization_id == sa.bindparam("organization", type_=sa.Uuid()),
        Membership.c.number_key == named.c.number_key,
    ).correlate(named)
    speaks = sa.bindparam("speaks", type_=sa.Boolean())
    by_number = sa.and_(Volunteer.c.id.in_(joined), sa.or_(speaks, access.sees_volunteer(kind, Volunteer)))
    by_nik = sa.and_(Volunteer.c.nik_index == named.c.nik_index, access.keeps_volunteer(kind, Volunteer))
    found = (
        sa.select(Volunteer.c.id)
        .where(
            sa.or_(named.c.number_key.is_(None), by_number),
            sa.or_(named.c.nik_index.is_(None), by_nik),
            sa.func.num_nonnulls(named.c.number_key, named.c.nik_index) > 0,
        )
        .order_by(Volunteer.c.id)
        .limit(1)
        .correlate(named)
        .lateral("found")
    )
    return compile_statement(
        sa.select(found.c.id).select_from(named.outerjoin(found, sa.true())).order_by(named.c.position)
    )
