"""Tables to download: the members of an organization, and the certificates that it has issued.

Only rows that the actor sees; what is private only of people whom the actor knows. Each export leaves an event.
"""

import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import LANGUAGE, Kind
from api.database.engine import Database
from api.database.statement import CompiledStatement, compile_statement
from api.files.writing import Value
from api.models import Certificate, CertificateType, Kabupaten, Membership, Organization, Rank, Volunteer
from api.services.feed import record
from api.services.request import Request

PAGE = 2_000

Sql = sa.SQLColumnExpression[Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A table: its titles in Indonesian and English, and what is read for an organization, by day and id."""

    titles: Sequence[tuple[str, str]]
    table: sa.Table
    organization: sa.Column[Any]
    day: sa.Column[Any]
    columns: Callable[[Kind], Sequence[Sql]]
    source: sa.FromClause

    def header(self, language: str) -> Sequence[str]:
        return [english if language == "EN" else indonesian for indonesian, english in self.titles]


def _label(table: sa.Table) -> Sql:
    return sa.case((LANGUAGE == "EN", table.c.label_en), else_=table.c.label_id)


def _private(kind: Kind, value: Sql) -> Sql:
    return sa.case((access.knows_volunteer(kind, Volunteer), value))


def _member_columns(kind: Kind) -> Sequence[Sql]:
    nik = sa.literal("************").concat(Volunteer.c.nik_tail)
    private = (nik, *(Volunteer.c[name] for name in ("phone", "email", "birth_date", "sex")))
    return [
        Membership.c.number,
        Volunteer.c.name,
        *(_private(kind, value) for value in private),
        Kabupaten.c.code,
        Kabupaten.c.name,
        Volunteer.c.reach,
        _label(Rank),
        Membership.c.since,
        Membership.c.until,
    ]


def _certificate_columns(_kind: Kind) -> Sequence[Sql]:
    return [
        Certificate.c.number,
        Certificate.c.certificate_type_code,
        _label(CertificateType),
        Volunteer.c.name,
        Kabupaten.c.code,
        Kabupaten.c.name,
        Certificate.c.issued_on,
        Certificate.c.expires_on,
        Certificate.c.revoked_on,
    ]


_HOME = Kabupaten.c.code == Volunteer.c.kabupaten_code

EXPORTS: Mapping[str, Export] = {
    "members": Export(
        [
            *(
                ("Nomor Anggota", "Member number"),
                ("Nama", "Name"),
                ("NIK", "NIK"),
                ("No HP", "Phone"),
                ("Email", "Email"),
            ),
            *(("Tanggal Lahir", "Birth date"), ("Jenis Kelamin", "Sex"), ("Kode Kabupaten", "Kabupaten code")),
            *(("Nama Kabupaten", "Kabupaten name"), ("Jangkauan", "Reach"), ("Jenjang", "Rank")),
            *(("Sejak", "Since"), ("Sampai", "Until")),
        ],
        Membership,
        Membership.c.organization_id,
        Membership.c.since,
        _member_columns,
        Membership.join(Volunteer, Volunteer.c.id == Membership.c.volunteer_id)
        .join(Kabupaten, _HOME)
        .outerjoin(Rank, Rank.c.code == Membership.c.rank_code),
    ),
    "certificates": Export(
        [
            *(("Nomor", "Number"), ("Kode Jenis", "Type code"), ("Jenis", "Type"), ("Nama", "Name")),
            *(("Kode Kabupaten", "Kabupaten code"), ("Nama Kabupaten", "Kabupaten name")),
            *(("Terbit", "Issued"), ("Berlaku Sampai", "Expires"), ("Dicabut", "Revoked")),
        ],
        Certificate,
        Certificate.c.issuer_id,
        Certificate.c.issued_on,
        _certificate_columns,
        Certificate.join(Volunteer, Volunteer.c.id == Certificate.c.volunteer_id)
        .join(Kabupaten, _HOME)
        .join(CertificateType, CertificateType.c.code == Certificate.c.certificate_type_code),
    ),
}


async def begin(database: Database, request: Request, name: str, organization: uuid.UUID, format_: str) -> bool:
    """Leaves the event of an export; whether the actor sees the organization."""
    async with database.transaction() as session:
        parameters = {**request.parameters, "organization": organization}
        if await session.value(_organization(request.actor.kind), parameters) is None:
            return False
        change = {"table": name, "format": format_}
        await record(session, request, "organization.exported", subject=("Organization", organization), change=change)
    return True


async def rows(
    database: Database, request: Request, name: str, organization: uuid.UUID, language: str
) -> AsyncGenerator[Sequence[Value]]:
    """Page by page, so that no statement takes long."""
    statement = _page(name, request.actor.kind)
    parameters = {**request.parameters, "language": language, "organization": organization, "day": None, "key": None}
    while True:
        async with database.reading() as session:
            page = await session.rows(statement, parameters)
        for row in page:
            yield [*row.values()][:-2]
        if len(page) < PAGE:
            return
        parameters |= {"day": page[-1]["day"], "key": page[-1]["key"]}


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())


@cache
def _organization(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(Organization.c.id).where(
            Organization.c.id == _ORGANIZATION, access.sees_organization(kind, Organization)
        )
    )


@cache
def _page(name: str, kind: Kind) -> CompiledStatement:
    """The rows after the day and id of the parameters, and their own in the last two columns."""
    export = EXPORTS[name]
    day, key = sa.bindparam("day", type_=sa.Date()), sa.bindparam("key", type_=sa.Uuid())
    after = sa.tuple_(export.day, export.table.c.id) > sa.tuple_(day, key)
    columns: list[sa.Label[Any]] = [column.label(f"c{index}") for index, column in enumerate(export.columns(kind))]
    return compile_statement(
        sa.select(*columns, export.day.label("day"), export.table.c.id.label("key"))
        .select_from(export.source)
        .where(
            export.organization == _ORGANIZATION,
            access.sees_record_of_volunteer(kind, export.table),
            sa.or_(key.is_(None), after),
        )
        .order_by(export.day, export.table.c.id)
        .limit(sa.literal_column(str(PAGE)))
    )
