"""People, their organizations and accounts."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


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
