"""The problems that a volunteer or a registration has, a second time, with the facts that one actor may know."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.models import MergedVolunteer, Volunteer
from api.rules.code import ProblemCode
from api.rules.fact import FACT_TYPES
from tests.compiler.assignment_rules import NOT_OVERRIDABLE, BrokenRule
from tests.compiler.camp_rules import CampRules
from tests.compiler.rows import Row

# Whose bounds are of the time of the person.
OF_TIME = {"PERSON_ELSEWHERE", "IN_CAMP", "ON_LEAVE", "NOT_RESTED"}


class ProblemRules:
    """Second versions of declarations, by their names; of what one `View` sees."""

    def __init__(self, view: Any) -> None:
        self.view, self.rules = view, view.reader.rules

    def broken_rules(self, need: Row, arguments: Mapping[str, Any]) -> list[Row]:
        key = UUID(arguments["volunteer"].partition(":")[2])
        # The id of a record that was merged goes on naming the person.
        merged = self.rules.rows.get(MergedVolunteer, key)
        volunteer = self.rules.get(Volunteer, merged["volunteer_id"] if merged else key)
        asked = self.rules.of_period(need, arguments)
        is_period = asked["starts_at"] < asked["ends_at"]
        return self.as_problems(self.rules.refusals(volunteer, asked) if is_period else [], volunteer)

    def what_holds(self, registration: Row, _arguments: object) -> list[Row]:
        volunteer = self.rules.rows.get(Volunteer, registration["volunteer_id"])
        return self.as_problems(CampRules(self.rules).what_holds(registration), volunteer)

    def as_problems(self, broken: list[BrokenRule], volunteer: Row | None) -> list[Row]:
        may_know = volunteer is not None and self.view.visibility.sees_free_days(volunteer)
        hidden = {} if may_know else {"starts_at": None, "ends_at": None}
        return [
            {
                **dict.fromkeys(FACT_TYPES),
                "position": position,
                "code": code,
                "label_id": ProblemCode[code].label_id,
                "label_en": ProblemCode[code].label_en,
                "path": [],
                "overridable": code not in NOT_OVERRIDABLE,
                **fact,
                **(hidden if code in OF_TIME else {}),
            }
            for position, (code, fact) in enumerate(broken)
        ]
