"""Enums: every choice of the models, and what else the program branches on."""

from enum import Enum
from typing import Any

import strawberry

from api.models.choice import Choice
from api.rules.code import ProblemCode


def describe(choice: Any) -> None:
    """Declares a choice as a GraphQL enum, each value with its description."""
    strawberry.enum(choice, description=choice.__doc__)
    for value in choice.__strawberry_definition__.values:
        value.description = choice[value.name].description


for each in (*Choice.__subclasses__(), ProblemCode):
    describe(each)


@strawberry.enum(description="The tier of a candidate: nearer tiers are asked first (rule 4).")
class Tier(Enum):
    KABUPATEN = strawberry.enum_value("KABUPATEN", description="At home in the need's kabupaten.")
    PROVINCE = strawberry.enum_value("PROVINCE", description="At home in the need's province.")
    NATIONAL = strawberry.enum_value("NATIONAL", description="At home elsewhere in Indonesia.")
