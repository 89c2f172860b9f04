"""Certificates and what extends them."""

from datetime import date
from typing import NamedTuple
from uuid import UUID


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
