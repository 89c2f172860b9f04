"""How often rules were set aside."""

from __future__ import annotations

from datetime import date

from api.rules.code import ProblemCode
from api.schema.field import field, noun


@noun("How often one account set a rule aside in an incident in a month.")
class OverrideCount:
    month: date = field("The first day of the month.")
    rule_code: ProblemCode = field("The rule that was set aside.")
    decided_by: str | None = field("The name of the account; null where you may not see the person.")
    count: int = field("How many times.")
