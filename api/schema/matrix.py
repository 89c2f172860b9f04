"""Who does what where."""

from __future__ import annotations

from api.schema.cluster import Cluster
from api.schema.field import field, noun
from api.schema.organization import Organization
from api.schema.place import Kabupaten


@noun("What one organization does in one cluster and kabupaten on one day.")
class CoverageCell:
    organization: Organization | None = field(
        "The organization; null for people who are sent under no pledge, or where you may not see it."
    )
    cluster: Cluster = field("The national cluster.")
    kabupaten: Kabupaten = field("The kabupaten of the needs.")
    wanted: int = field("The people wanted on that day in this cluster and kabupaten, in all.")
    promised: int = field("The people that its open pledges promise.")
    committed: int = field(
        "Its people who have promised the day or served it, at the time of the day at which they are most."
    )
    delivered: int = field("Those of them who are at work or were.")
    percent: float = field(
        "What its open pledges promise and who else is committed for it, in percent of what is wanted."
    )
    total_percent: float = field(
        "What is taken of the needs at the fullest time of the day, by all together, in percent of what is wanted."
    )
