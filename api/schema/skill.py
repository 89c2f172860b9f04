"""Skills, certificate types, certificates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.field import Connection, Node, described, label
from api.schema.organization import Organization
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@strawberry.type(description="Something a trained volunteer can do.")
class Skill(Node):
    code: Code = described("Its code.")
    label: str = label("Its name.")
    certificate_types: list[CertificateType] = described(
        "The certificates that grant it, by themselves or by inclusion."
    )


@strawberry.type(description="A kind of certificate, the skills it grants and the lesser kinds it includes.")
class CertificateType(Node):
    code: Code = described("Its code.")
    label: str = label("Its name.")
    validity_months: int | None = described("How many months one is valid; null without end.")
    includes: list[CertificateType] = described("The types that one of this type counts as too.")
    skills: list[Skill] = described("All skills it grants, by itself or by inclusion.")


@strawberry.type(description="Proof that a volunteer was trained.")
class Certificate(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = described("Whose it is.")
    type: CertificateType = described("What it proves.")
    issuer: Organization | None = described("Who issued it; null where you may not see the organization.")
    number: str = described("Its number at the issuer.")
    issued_on: date = described("The first day it is valid.")
    expires_on: date | None = described("The last day it is valid; null without end.")
    revoked_on: date | None = described("The day it was revoked, if it was; it then proves nothing.")
    revocation_reason: str | None = described("Why it was revoked.")
    version: int = described("Grows with each change; an update names the version it read.")


@strawberry.type(description="A page of skills.")
class SkillConnection(Connection[Skill]):
    """Skills."""


@strawberry.type(description="A page of certificate types.")
class CertificateTypeConnection(Connection[CertificateType]):
    """Certificate types."""


@strawberry.type(description="A page of certificates.")
class CertificateConnection(Connection[Certificate]):
    """Certificates."""
