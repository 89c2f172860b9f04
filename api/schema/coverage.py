"""How far needs are met."""

from __future__ import annotations

from datetime import date

from api.schema.cluster import Cluster
from api.schema.field import argument, field, noun
from api.schema.place import Kabupaten
from api.schema.skill import Skill

ON = argument("on", date | None, "A day in the time zone of each kabupaten; the whole period if left out.", None)


@noun(
    "How far needs are met, counted at every reading. A place is a person at a time: two may share one, one after the other."
)
class Coverage:
    wanted: int = field("The number of people asked for, including those already sent.")
    pledged: int = field("The number of people that open pledges promise, whether they have accepted or not.")
    offered: int = field("The number of offers that wait for an answer.")
    accepted: int = field(
        "The number of places that are taken at every instant of the period: promised, or served until somebody was released."
    )
    mobilized: int = field("The number of people on their way now.")
    on_duty: int = field("The number of people at work now.")
    shortfall: int = field("The number of places that nobody has accepted for the whole period.")


@noun("How far the open needs of an incident for one skill are met.")
class SkillCoverage(Coverage):
    skill: Skill = field("The skill that is wanted.")


@noun("How far the open needs of an incident in one cluster are met.")
class ClusterCoverage(Coverage):
    cluster: Cluster = field("The national cluster.")


@noun("How far the open needs of an incident in one kabupaten are met.")
class KabupatenCoverage(Coverage):
    kabupaten: Kabupaten = field("The kabupaten of the needs.")
