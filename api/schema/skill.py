"""Skills, certificate types, certificates."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.skill import CertificateState
from api.schema.field import Labelled, Node, field, label, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.scalar import Code
from api.services import certificate, certificate_issue, skill

if TYPE_CHECKING:
    from api.schema.assignment import Assignment
    from api.schema.camp import Camp
    from api.schema.person import Volunteer


@noun("A skill that a volunteer can be trained for.")
class Skill(Node, Labelled):
    code: Code = field("The code of the skill.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the skill.")
    certificate_types: list[CertificateType] = field("The certificate types that grant it, themselves or by inclusion.")


@noun("A type of certificate, with the skills it grants and the lesser types it includes.")
class CertificateType(Node, Labelled):
    code: Code = field("The code of the certificate type.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the certificate type.")
    validity_months: int | None = field("The number of months a certificate is valid; null without end.")
    includes: list[CertificateType] = field("The types that a certificate of this type counts as, too.")
    skills: list[Skill] = field("All skills it grants, itself or by inclusion.")


@noun(
    "A certificate: the proof that a volunteer was trained.",
    filters={"valid_on": (date, "Unrevoked and valid on this day.")},
)
class Certificate(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The volunteer who holds it; null where you may not see the person."
    )
    type: CertificateType = field("The type of the certificate.")
    issuer: Organization | None = field("The organization that issued it; null where you may not see it.")
    camp: Annotated[Camp, strawberry.lazy("api.schema.camp")] | None = field(
        "The camp whose completion gave it; null if none did, or if you may not see it."
    )
    number: str = field("The number at the issuer.")
    code: Code = field("By which anybody who holds it can look up whether it is valid: certificateStatus.")
    state: CertificateState = field("Whether it is valid today, the day at the issuer.")
    issued_on: date = field("The first day it is valid.")
    expires_on: date | None = field("The last day it is valid; null without end.")
    revoked_on: date | None = field("The day it was revoked; null if it was not. A revoked one proves nothing.")
    revocation_reason: str | None = field("Why it was revoked; null if it was not.")
    affected_duties: list[Annotated[Assignment, strawberry.lazy("api.schema.assignment")]] = field(
        "The offers and duties, as far as you may see them, for which the volunteer is not trained without it."
    )
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@noun("What somebody who holds a certificate in hands may know of it.")
class CertificateStatus:
    type: CertificateType = field("The type of the certificate.")
    issuer: Organization | None = field("The organization that issued it; null where you may not see it.")
    state: CertificateState = field("Whether it is valid today, the day at the issuer.")
    issued_on: date = field("The first day it is valid.")
    expires_on: date | None = field("The last day it is valid; null without end.")
    revoked_on: date | None = field("The day it was revoked; null if it was not.")
    initials: str = field("The initials of the volunteer who holds it.")


@verb_input(skill.issue)
class IssueCertificateInput:
    volunteer: strawberry.ID = field("The volunteer to issue it to.")
    type: strawberry.ID = field("The type of the certificate.")
    issuer: strawberry.ID = field("The verified organization that issues it.")
    number: str = field("The number, unique at the issuer, 1 to 100 characters.")
    issued_on: date = field("The first day it is valid.")
    expires_on: date | None = optional("The last day; if left out or null, as long as the type is valid.")


@strawberry.input(description="A certificate to be issued, with others, to one person.")
class CertificateInput:
    volunteer: strawberry.ID = field("The volunteer to issue it to.")
    number: str = field("The number, unique at the issuer, 1 to 100 characters.")


@verb_input(certificate_issue.issue_all)
class IssueCertificatesInput:
    type: strawberry.ID = field("The type of all certificates.")
    issuer: strawberry.ID = field("The verified organization that issues them.")
    issued_on: date = field("The first day they are valid.")
    expires_on: date | None = optional("The last day; if left out or null, as long as the type is valid.")
    certificates: list[CertificateInput] = field("The people and their numbers, up to 1,000.")


@verb_input(certificate.revoke)
class RevokeCertificateInput:
    certificate: strawberry.ID = field("The certificate to revoke.")
    reason: str = field("The reason, 1 to 1,000 characters.")
