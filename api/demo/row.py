"""Row types of the tables that demo data are copied into."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from api.database.statement import with_stored_keys
from api.models import METADATA


class Organization(NamedTuple):
    id: UUID
    name: str
    kind: str
    corps: str | None
    parent_id: UUID | None
    kabupaten_code: str
    verification: str


class CertificateIssuer(NamedTuple):
    organization_id: UUID
    certificate_type_code: str


class Licence(NamedTuple):
    id: UUID
    organization_id: UUID
    kind: str
    number: str
    issuer: str
    valid_from: date
    valid_until: date | None
    status: str
    revoked_on: date | None


class CertificateExtension(NamedTuple):
    id: UUID
    certificate_type_code: str
    expiring_from: date
    expiring_until: date
    extended_to: date
    decree_number: str
    certificates: int
    status: str


class ExtendedCertificate(NamedTuple):
    extension_id: UUID
    certificate_id: UUID
    expired_on: date


class Volunteer(NamedTuple):
    id: UUID
    name: str
    phone: str
    kabupaten_code: str
    latitude: float | None
    longitude: float | None
    reach: str
    status: str
    consent_given_at: datetime | None
    consent_purpose: str | None
    consent_withdrawn_at: datetime | None


class Membership(NamedTuple):
    id: UUID
    volunteer_id: UUID
    organization_id: UUID
    number: str | None
    rank_code: str | None
    since: date
    until: date | None
    end_reason: str | None


class SuspectedPair(NamedTuple):
    id: UUID
    one_id: UUID
    other_id: UUID
    kabupaten_code: str
    similarity: float


class Certificate(NamedTuple):
    id: UUID
    volunteer_id: UUID
    certificate_type_code: str
    issuer_id: UUID
    number: str
    issued_on: date
    expires_on: date | None
    revoked_on: date | None
    revocation_reason: str | None


class Incident(NamedTuple):
    id: UUID
    hazard_code: str
    title: str
    latitude: float
    longitude: float
    status: str
    started_at: datetime
    ended_at: datetime | None
    verified_at: datetime | None = None


class IncidentKabupaten(NamedTuple):
    incident_id: UUID
    kabupaten_code: str


class EmergencyStatus(NamedTuple):
    id: UUID
    incident_id: UUID
    kind: str
    level: str
    kabupaten_code: str | None
    province_code: str | None
    decree_number: str
    starts_on: date
    ends_on: date


class Site(NamedTuple):
    id: UUID
    incident_id: UUID
    kind: str
    name: str
    kabupaten_code: str
    latitude: float
    longitude: float
    capacity: int | None
    organization_id: UUID
    kitchen_id: UUID | None
    kitchen_type_code: str | None
    opened_at: datetime


class SiteLoad(NamedTuple):
    id: UUID
    site_id: UUID
    at: datetime
    people: int


class SituationReport(NamedTuple):
    id: UUID
    incident_id: UUID
    kabupaten_code: str
    at: datetime
    source: str
    status: str
    affected: int | None = None
    displaced: int | None = None
    dead: int | None = None
    houses_damaged_lightly: int | None = None


class Need(NamedTuple):
    id: UUID
    incident_id: UUID
    skill_code: str
    minimum_rank_code: str | None
    cluster_code: str
    people_wanted: int
    priority: str
    starts_at: datetime
    ends_at: datetime
    kabupaten_code: str
    latitude: float
    longitude: float
    closed_at: datetime | None


class NeedMinimum(NamedTuple):
    id: UUID
    need_id: UUID
    people: int
    rank_code: str | None
    sex: str | None


class GoodsNeed(NamedTuple):
    id: UUID
    incident_id: UUID
    item: str
    quantity: int
    unit: str
    needed_by: datetime
    cluster_code: str
    priority: str
    kabupaten_code: str
    latitude: float
    longitude: float
    pledged: int


class Pledge(NamedTuple):
    id: UUID
    need_id: UUID | None
    goods_need_id: UUID | None
    organization_id: UUID
    quantity: int
    delivered: int
    status: str
    deadline: datetime | None


class PledgeRequest(NamedTuple):
    id: UUID
    pledge_id: UUID
    organization_id: UUID
    reason: str
    status: str


class Assignment(NamedTuple):
    id: UUID
    need_id: UUID
    volunteer_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime | None
    reason: str | None
    accepted_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    released_at: datetime | None = None
    organization_id: UUID | None = None


class Attendance(NamedTuple):
    id: UUID
    assignment_id: UUID
    kind: str
    at: datetime


class ServedHours(NamedTuple):
    id: UUID
    assignment_id: UUID
    volunteer_id: UUID
    starts_at: datetime
    ends_at: datetime
    source: str
    status: str


class Commitment(NamedTuple):
    id: UUID
    volunteer_id: UUID
    assignment_id: UUID | None
    period: asyncpg.Range[datetime]
    registration_id: UUID | None = None


class Camp(NamedTuple):
    id: UUID
    kind_code: str
    name: str
    series: str | None
    host_id: UUID
    kabupaten_code: str
    venue: str
    latitude: float
    longitude: float
    starts_at: datetime
    ends_at: datetime
    attendees: str
    capacity: int
    last_number: int
    status: str
    opened_at: datetime


class CampRegistration(NamedTuple):
    id: UUID
    camp_id: UUID
    volunteer_id: UUID | None
    guest_name: str | None
    organization_id: UUID
    kabupaten_code: str
    category_code: str
    number: int
    status: str
    reason: str | None


class Scan(NamedTuple):
    id: UUID
    camp_id: UUID
    point: str
    text: str
    volunteer_id: UUID
    registration_id: UUID
    at: datetime
    device: str
    nonce: str
    is_offline: bool
    account_id: UUID


class Account(NamedTuple):
    id: UUID
    login: str
    name: str
    volunteer_id: UUID | None


class Role(NamedTuple):
    id: UUID
    account_id: UUID
    kind: str
    province_code: str | None
    kabupaten_code: str | None
    organization_id: UUID | None


Row = (
    Organization
    | CertificateIssuer
    | Licence
    | Volunteer
    | Membership
    | SuspectedPair
    | Certificate
    | CertificateExtension
    | ExtendedCertificate
    | Incident
    | IncidentKabupaten
    | EmergencyStatus
    | Site
    | SiteLoad
    | SituationReport
    | Need
    | NeedMinimum
    | GoodsNeed
    | Pledge
    | PledgeRequest
    | Assignment
    | Attendance
    | ServedHours
    | Camp
    | CampRegistration
    | Commitment
    | Account
    | Role
    | Scan
)

# In the order of the foreign keys: referenced tables first.
TABLES: Mapping[type[Row], str] = {
    Organization: "organization",
    CertificateIssuer: "certificate_issuer",
    Licence: "licence",
    Volunteer: "volunteer",
    Membership: "membership",
    SuspectedPair: "suspected_pair",
    Certificate: "certificate",
    CertificateExtension: "certificate_extension",
    ExtendedCertificate: "extended_certificate",
    Incident: "incident",
    IncidentKabupaten: "incident_kabupaten",
    EmergencyStatus: "emergency_status",
    Site: "site",
    SiteLoad: "site_load",
    SituationReport: "situation_report",
    Need: "need",
    NeedMinimum: "need_minimum",
    GoodsNeed: "goods_need",
    Pledge: "pledge",
    PledgeRequest: "pledge_request",
    Assignment: "assignment",
    Attendance: "attendance",
    ServedHours: "served_hours",
    Camp: "camp",
    CampRegistration: "camp_registration",
    Commitment: "commitment",
    Account: "account",
    Role: "role",
    Scan: "scan",
}


async def copy_rows(connection: asyncpg.Connection, rows: Iterable[Row]) -> None:
    """Copies the rows into the tables of their types (COPY), in the order of the foreign keys."""
    rows_by_type: dict[type[Row], list[Row]] = {row_type: [] for row_type in TABLES}
    for row in rows:
        rows_by_type[type(row)].append(row)
    for row_type, own in rows_by_type.items():
        await copy_table(connection, row_type, own)


async def copy_table(connection: asyncpg.Connection, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Copies rows of one type into their table, with the keys that are stored with their texts."""
    table = METADATA.tables[TABLES[row_type]]
    columns = with_stored_keys(table, dict.fromkeys(row_type._fields))
    records = (tuple(with_stored_keys(table, row._asdict()).values()) for row in rows)
    await connection.copy_records_to_table(table.name, records=records, columns=[*columns])
