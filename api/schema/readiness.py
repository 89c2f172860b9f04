"""Who is ready to be sent."""

from __future__ import annotations

from datetime import date

import strawberry

from api.rules.code import ProblemCode
from api.schema.field import argument, field, label, noun
from api.schema.problem import Problem


@noun("Whether a volunteer could be sent on a day, by the same rules as for a need.")
class Readiness:
    is_ready: bool = field("Whether no rule stands in the way.")
    reasons: list[Problem] = field("Every rule that stands in the way, with its facts; empty if none does.")
    warnings: list[Problem] = field("What a coordinator should know and what forbids nothing: insurance, no-shows.")


READINESS_ARGUMENTS = (
    argument("on", date | None, "The day; today in the kabupaten if left out, from now on.", None),
    argument("skill", strawberry.ID | None, "A skill to be trained for; left out, training is not asked.", None),
    argument(
        "minimum_rank", strawberry.ID | None, "The lowest rank accepted, within its corps; any if left out.", None
    ),
    argument("kabupaten", strawberry.ID | None, "The kabupaten of the duty; the home kabupaten if left out.", None),
)


@noun("How many of those at home in a place one rule keeps from being ready, the first that each of them breaks.")
class ReadinessReason:
    code: ProblemCode = field("The code of the rule.")
    message: str = label("The rule, for people.")
    people: int = field("The number of people; nobody is counted under two rules.")


@noun("How many of those at home in a place could be sent on a day, and what keeps the others.")
class ReadinessSummary:
    people: int = field("Everybody at home in the place: those who are ready and those who are not.")
    ready: int = field("Those whom no rule keeps.")
    reasons: list[ReadinessReason] = field("Why the others are not ready, the most frequent reason first.")
