"""Tables to download: members of an organization, certificates that it has issued, participants of a camp, their attendance.

Only rows that the actor sees; what is private only of people whom the actor knows. Each export leaves an event.
"""

import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import LANGUAGE, Kind, Predicate
from api.database.engine import Database
from api.database.statement import CompiledStatement, compile_statement
from api.files.writing import Value
from api.models import (
    Camp,
    CampCategory,
    CampRegistration,
    CampSession,
    Certificate,
    CertificateType,
    Kabupaten,
    Membership,
    Organization,
    Rank,
    Scan,
    Volunteer,
)
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.day import time_zone
from api.services.feed import record
from api.services.request import Request

PAGE = 2_000

Sql = sa.SQLColumnExpression[Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A table: its titles in Indonesian and English, and what is read of an organization or a camp, in an order.

    `scope` is the column that refers to that.
    """

    titles: Sequence[tuple[str, str]]
    scope: sa.Column[Any]
    order: sa.Column[Any]
    columns: Callable[[Kind], Sequence[Sql]]
    source: sa.FromClause
    sees: Predicate

    @property
    def noun(self) -> str:
        """The type of what it is of: Organization or Camp."""
        (reference,) = self.scope.foreign_keys
        return reference.column.table.name.capitalize()

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


def _participant_columns(kind: Kind) -> Sequence[Sql]:
    return [
        CampRegistration.c.number,
        _PERSON,
        _private(kind, Volunteer.c.phone),
        Organization.c.name,
        CampRegistration.c.kabupaten_code,
        Kabupaten.c.name,
        _label(CampCategory),
        CAMP_REGISTRATION.current(CampRegistration, access.NOW),
    ]


def _attendance_columns(_kind: Kind) -> Sequence[Sql]:
    local = sa.func.timezone(time_zone(Camp.c.kabupaten_code), Scan.c.at)
    return [
        sa.func.to_char(local, "YYYY-MM-DD HH24:MI"),
        Scan.c.point,
        CampSession.c.title,
        Scan.c.item,
        CampRegistration.c.number,
        _PERSON,
        Organization.c.name,
        Scan.c.finding,
    ]


_PERSON = sa.func.coalesce(Volunteer.c.name, CampRegistration.c.guest_name)
_HOME = Kabupaten.c.code == Volunteer.c.kabupaten_code
_COMES_FOR = Organization.c.id == CampRegistration.c.organization_id

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
        Membership.c.organization_id,
        Membership.c.since,
        _member_columns,
        Membership.join(Volunteer, Volunteer.c.id == Membership.c.volunteer_id)
        .join(Kabupaten, _HOME)
        .outerjoin(Rank, Rank.c.code == Membership.c.rank_code),
        access.sees_record_of_volunteer,
    ),
    "certificates": Export(
        [
            *(("Nomor", "Number"), ("Kode Jenis", "Type code"), ("Jenis", "Type"), ("Nama", "Name")),
            *(("Kode Kabupaten", "Kabupaten code"), ("Nama Kabupaten", "Kabupaten name")),
            *(("Terbit", "Issued"), ("Berlaku Sampai", "Expires"), ("Dicabut", "Revoked")),
        ],
        Certificate.c.issuer_id,
        Certificate.c.issued_on,
        _certificate_columns,
        Certificate.join(Volunteer, Volunteer.c.id == Certificate.c.volunteer_id)
        .join(Kabupaten, _HOME)
        .join(CertificateType, CertificateType.c.code == Certificate.c.certificate_type_code),
        access.sees_record_of_volunteer,
    ),
    "participants": Export(
        [
            *(("Nomor", "Number"), ("Nama", "Name"), ("No HP", "Phone"), ("Organisasi", "Organization")),
            *(("Kode Kabupaten", "Kabupaten code"), ("Nama Kabupaten", "Kabupaten name")),
            *(("Kategori", "Category"), ("Status", "Status")),
        ],
        CampRegistration.c.camp_id,
        CampRegistration.c.number,
        _participant_columns,
        CampRegistration.join(Kabupaten, Kabupaten.c.code == CampRegistration.c.kabupaten_code)
        .join(CampCategory, CampCategory.c.code == CampRegistration.c.category_code)
        .outerjoin(Volunteer, Volunteer.c.id == CampRegistration.c.volunteer_id)
        .outerjoin(Organization, _COMES_FOR),
        access.sees_registration,
    ),
    "attendance": Export(
        [
            *(("Waktu", "Time"), ("Titik", "Point"), ("Sesi", "Session"), ("Barang", "Item"), ("Nomor", "Number")),
            *(("Nama", "Name"), ("Organisasi", "Organization"), ("Catatan", "Finding")),
        ],
        Scan.c.camp_id,
        Scan.c.at,
        _attendance_columns,
        Scan.join(Camp, Camp.c.id == Scan.c.camp_id)
        .outerjoin(CampSession, CampSession.c.id == Scan.c.session_id)
        .outerjoin(CampRegistration, CampRegistration.c.id == Scan.c.registration_id)
        .outerjoin(Volunteer, Volunteer.c.id == sa.func.coalesce(Scan.c.volunteer_id, CampRegistration.c.volunteer_id))
        .outerjoin(Organization, _COMES_FOR),
        access.sees_scan,
    ),
}


async def begin(database: Database, request: Request, name: str, scope: uuid.UUID, format_: str) -> bool:
    """Leaves the event of an export; whether the actor sees what it is of."""
    noun = EXPORTS[name].noun
    async with database.transaction() as session:
        if await session.value(_scope(noun, request.actor.kind), {**request.parameters, "scope": scope}) is None:
            return False
        change = {"table": name, "format": format_}
        await record(session, request, f"{noun.lower()}.exported", subject=(noun, scope), change=change)
    return True


async def rows(
    database: Database, request: Request, name: str, scope: uuid.UUID, language: str
) -> AsyncGenerator[Sequence[Value]]:
    """Page by page, so that no statement takes long."""
    statement = _page(name, request.actor.kind)
    parameters = {**request.parameters, "language": language, "scope": scope, "after": None, "after_key": None}
    while True:
        async with database.reading() as session:
            page = await session.rows(statement, parameters)
        for row in page:
            yield [*row.values()][:-2]
        if len(page) < PAGE:
            return
        parameters |= {"after": page[-1]["after"], "after_key": page[-1]["after_key"]}


_SCOPE = sa.bindparam("scope", type_=sa.Uuid())
# Who sees what an export is of.
SCOPES: Mapping[str, tuple[sa.Table, Predicate]] = {
    "Organization": (Organization, access.sees_organization),
    "Camp": (Camp, access.sees_camp),
}


@cache
def _scope(noun: str, kind: Kind) -> CompiledStatement:
    table, sees = SCOPES[noun]
    return compile_statement(sa.select(table.c.id).where(table.c.id == _SCOPE, sees(kind, table)))


@cache
def _page(name: str, kind: Kind) -> CompiledStatement:
    """The rows after those of the parameters, with what comes after them in the last two columns."""
    export = EXPORTS[name]
    table = export.scope.table
    after, key = sa.bindparam("after", type_=export.order.type), sa.bindparam("after_key", type_=sa.Uuid())
    columns: list[sa.Label[Any]] = [column.label(f"c{index}") for index, column in enumerate(export.columns(kind))]
    return compile_statement(
        sa.select(*columns, export.order.label("after"), table.c.id.label("after_key"))
        .select_from(export.source)
        .where(
            export.scope == _SCOPE,
            export.sees(kind, table),
            sa.or_(key.is_(None), sa.tuple_(export.order, table.c.id) > sa.tuple_(after, key)),
        )
        .order_by(export.order, table.c.id)
        .limit(sa.literal_column(str(PAGE)))
    )
