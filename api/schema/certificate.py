"""Requests for certificates, and decrees that extend them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.certificate_extension import CertificateExtensionAction, CertificateExtensionStatus
from api.models.certificate_request import CertificateRequestAction, CertificateRequestStatus
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.skill import Certificate, CertificateType
from api.services import certificate_extension, certificate_request

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("A request that an organization issue a certificate, or record one that it has issued on paper.")
class CertificateRequest(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The volunteer it is for; null where you may not see the person."
    )
    type: CertificateType = field("The type of the certificate.")
    issuer: Organization | None = field("The organization that is asked; null where you may not see it.")
    number: str = field("The number at the issuer.")
    issued_on: date = field("The first day it is valid.")
    expires_on: date | None = field("The last day it is valid; null without end.")
    status: CertificateRequestStatus = field("What has become of it.")
    certificate: Certificate | None = field("The certificate that was issued; null if none was.")
    note: str | None = field("What the issuer should know; null if nothing was written.")
    evidence: str | None = field(
        "The path of the document or picture that proves it; null if none was sent, and to managers of the issuer once the "
        "request was refused or withdrawn."
    )
    reason: str | None = field("Why it was refused; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    allowed_actions: list[CertificateRequestAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was asked.")
    updated_at: datetime = field("When it was last changed.")


@noun("A decree that certificates of a type are valid longer.")
class CertificateExtension(Node):
    type: CertificateType = field("The type of the certificates.")
    expiring_from: date = field("The first day of expiry that is extended.")
    expiring_until: date = field("The last day of expiry that is extended.")
    extended_to: date = field("The last day on which the certificates are valid now.")
    decree_number: str = field("The number of the decree.")
    certificates: int = field("The number of certificates that were extended.")
    status: CertificateExtensionStatus = field("Whether it holds.")
    reason: str | None = field("Why it was taken back; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    allowed_actions: list[CertificateExtensionAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(certificate_request.request_certificate)
class RequestCertificateInput:
    type: strawberry.ID = field("The type of the certificate.")
    issuer: strawberry.ID = field("The verified organization that issues it.")
    number: str = field("The number at the issuer, 1 to 100 characters.")
    issued_on: date = field("The first day it is valid.")
    volunteer: strawberry.ID | None = optional("The volunteer it is for; yourself if left out.")
    expires_on: date | None = optional("The last day; if left out or null, as long as the type is valid.")
    note: str | None = optional("What the issuer should know, 1 to 1,000 characters.")
    evidence: str | None = optional("What POST /uploads has answered to a document or picture that proves it.")


@verb_input(certificate_request.approve)
class ApproveCertificateInput:
    certificate_request: strawberry.ID = field("The request to accept.")


@verb_input(certificate_request.refuse)
class RefuseCertificateInput:
    certificate_request: strawberry.ID = field("The request to refuse.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(certificate_request.withdraw)
class WithdrawCertificateRequestInput:
    certificate_request: strawberry.ID = field("The request to withdraw.")


@verb_input(certificate_extension.extend)
class ExtendCertificatesInput:
    type: strawberry.ID = field("The type of the certificates.")
    expiring_from: date = field("The first day of expiry that is extended.")
    expiring_until: date = field("The last day of expiry that is extended.")
    extended_to: date = field("The last day on which they are valid from then on.")
    decree_number: str = field("The number of the decree, 1 to 100 characters.")


@verb_input(certificate_extension.revert)
class RevertExtensionInput:
    certificate_extension: strawberry.ID = field("The decree to take back.")
    reason: str = field("The reason, 1 to 1,000 characters.")
