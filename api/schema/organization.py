"""Organizations, their licences, the ranks of the corps."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.organization import LicenceKind, OrganizationKind, Verification
from api.schema.field import Connection, Labelled, Node, field, label, noun
from api.schema.place import Kabupaten
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.membership import Membership
    from api.schema.skill import CertificateType


@noun("A licence of an organization.")
class Licence(Node):
    organization: Organization = field("The organization that holds it.")
    kind: LicenceKind = field("What it permits.")
    number: str = field("The number at the issuer.")
    issuer: str = field("The office that issued it.")
    valid_from: date = field("The first day it is valid.")
    valid_until: date | None = field("The last day it is valid; null without end.")
    revoked_on: date | None = field("The day it was revoked; null if it was not.")
    created_at: datetime = field("When it was entered.")


@noun(
    "An organization that registers volunteers and answers for them.",
    filters={"province": (None, "The province of the home kabupaten.")},
)
class Organization(Node):
    name: str = field("The name of the organization.")
    kind: OrganizationKind = field("The kind of the organization.")
    corps: Code | None = field("The corps whose ranks its members may have; null if it is of none.")
    verification: Verification = field("Whether it has been verified; only members of verified organizations are sent.")
    kabupaten: Kabupaten = field("The home kabupaten.")
    parent: Organization | None = field(
        "The organization it belongs to; null if there is none, or if you may not see it."
    )
    branches: Connection[Organization] = field("The organizations that belong to it.")
    licences: list[Licence] = field("The licences, the latest first.")
    memberships: Connection[Annotated[Membership, strawberry.lazy("api.schema.membership")]] = field(
        "The memberships of the volunteers you may see."
    )
    issues: list[Annotated[CertificateType, strawberry.lazy("api.schema.skill")]] = field(
        "The types of certificates it may issue: by its kind, by its corps, or by itself."
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@noun("A rank in a corps; of two ranks of one corps, the one of the higher level commands.")
class Rank(Node, Labelled):
    code: Code = field("The code of the rank.")
    corps: Code = field("The corps it belongs to.")
    level: int = field("The level within the corps, from 1 for the lowest.")
    label: str = label("The name of the rank.")
