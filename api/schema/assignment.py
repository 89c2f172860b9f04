"""Assignments, and the exceptions recorded for them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.rules.code import ProblemCode
from api.schema import choice
from api.schema.field import Connection, Node, described
from api.schema.need import Need
from api.schema.person import Volunteer


@strawberry.type(description="A recorded, reasoned exception to one rule.")
class Override:
    rule_code: ProblemCode = described("The rule set aside.")
    reason: str = described("Why.")
    created_at: datetime = described("When.")


@strawberry.type(description="A volunteer's sending to a need, from one instant up to another.")
class Assignment(Node):
    need: Need = described("To what.")
    volunteer: Volunteer | None = described("Who; null where you may not see the person.")
    status: choice.AssignmentStatus = described("Where it stands.")
    starts_at: datetime = described("When the duty starts.")
    ends_at: datetime = described("When the duty ends; that instant is free again.")
    expires_at: datetime | None = described("Until when the offer can be answered.")
    reason: str | None = described("Why it was declined or cancelled.")
    overrides: list[Override] = described("The rules set aside for it.")
    version: int = described("Grows with each change; an update names the version it read.")
    created_at: datetime = described("When it was offered.")


@strawberry.type(description="A page of assignments.")
class AssignmentConnection(Connection[Assignment]):
    """Assignments."""
