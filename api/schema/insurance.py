"""Insurances of volunteers."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.insurance import InsuranceKind
from api.schema.field import Node, field, noun, optional, verb_input
from api.services import declared_skill, insurance

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("An insurance of a volunteer against accidents or death in service.")
class Insurance(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = field("The volunteer who is insured.")
    kind: InsuranceKind = field("What it covers, and by whom.")
    insurer: str = field("Who insures: BPJS Ketenagakerjaan, or the other insurer by name.")
    number: str | None = field("The number of the insured person there, if it is known.")
    since: date = field("The first day.")
    until: date | None = field("The last day; null until further notice.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was recorded.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(insurance.record_insurance)
class RecordInsuranceInput:
    volunteer: strawberry.ID = field("The volunteer who is insured.")
    kind: InsuranceKind = field("What it covers, and by whom.")
    since: date = field("The first day.")
    until: date | None = optional("The last day; until further notice if left out.")
    insurer: str | None = optional("The insurer where it is not BPJS, 2 to 200 characters.")
    number: str | None = optional("The number of the insured person there, at most 100 characters.")


@verb_input(declared_skill.declare_skill)
class DeclareSkillInput:
    volunteer: strawberry.ID = field("The volunteer who claims the skill.")
    skill: strawberry.ID = field("The skill that is claimed.")


@verb_input(declared_skill.withdraw_skill)
class WithdrawSkillInput:
    volunteer: strawberry.ID = field("The volunteer who claimed the skill.")
    skill: strawberry.ID = field("The skill that is no longer claimed.")
