"""The rules for assigning a person to a need, in the order in which their refusals are returned."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.models import Assignment, Incident
from api.models.assignment_status import ASSIGNMENT
from api.models.incident import IncidentStatus
from api.models.person import Reach, VolunteerStatus, has_consented
from api.rules.absence import PRESENT
from api.rules.code import ProblemCode
from api.rules.commitment import NOT_COMMITTED_ELSEWHERE
from api.rules.composition import COMPOSED
from api.rules.emergency import EMERGENCY_IN_FORCE
from api.rules.organization import ORGANIZATION_VERIFIED
from api.rules.place import is_full, most_taken, places_wanted
from api.rules.pledge import PLACE_NOT_PLEDGED
from api.rules.rank import RANK_SUFFICIENT
from api.rules.rest import RESTED
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, exists_for
from api.rules.training import TRAINED

# Rule 2: a need never has more people than it wants at any instant. A place is a person at a time: two may share one, one
# after the other.


def live_assignments(case: Case, *columns: Any) -> sa.Select[Any]:
    """Assignments of the person to the need that have not ended, without overdue offers."""
    return sa.select(*columns).where(
        Assignment.c.need_id == case.need.c.id,
        Assignment.c.volunteer_id == case.person.c.id,
        Assignment.c.status.in_(ASSIGNMENT.group("LIVE")),
        sa.not_(ASSIGNMENT.has_lapsed(Assignment, case.now)),
    )


def is_open(case: Case) -> Condition:
    active = sa.select(Incident.c.id).where(
        Incident.c.id == case.need.c.incident_id, Incident.c.status == IncidentStatus.ACTIVE
    )
    return sa.and_(case.need.c.closed_at.is_(None), active.correlate(case.need).exists())


def full_fact(case: Case) -> Mapping[str, Sql]:
    count = most_taken(case.need, case.starts, case.ends)
    return {"count": count, "limit": places_wanted(case.need)}


NEED_OPEN = Rule(
    holds=is_open,
    refusals=(Refusal(ProblemCode.NEED_CLOSED),),
    overridable=False,
    uses_only_need=True,
    counts="The need is not closed, and its incident is verified or active.",
)
NOT_PAST = Rule(
    holds=lambda case: case.ends > case.now,
    refusals=(Refusal(ProblemCode.PERIOD_PAST, lambda case: {"ends_at": case.ends}),),
    overridable=False,
    uses_only_need=True,
    counts="The end of the duty lies after the instant of the request.",
)
WITHIN_NEED = Rule(
    holds=lambda case: sa.and_(case.need.c.starts_at <= case.starts, case.ends <= case.need.c.ends_at),
    refusals=(
        Refusal(
            ProblemCode.PERIOD_OUTSIDE,
            lambda case: {"starts_at": case.need.c.starts_at, "ends_at": case.need.c.ends_at},
        ),
    ),
    overridable=False,
    uses_only_need=True,
    counts="The duty begins no earlier and ends no later than the need.",
)
PLACES_LEFT = Rule(
    holds=lambda case: sa.not_(is_full(case)),
    refusals=(Refusal(ProblemCode.NEED_FULL, full_fact),),
    overridable=False,
    uses_only_need=True,
    counts="People at the same instant, by promised or served time, at the fullest instant of the duty.",
)
NOT_YET_OFFERED = Rule(
    holds=lambda case: ~exists_for(live_assignments(case, Assignment.c.id), case),
    refusals=(
        Refusal(
            ProblemCode.ALREADY_OFFERED,
            proof=lambda case: live_assignments(case, Assignment.c.id.label("assignment_id")),
        ),
    ),
    overridable=False,
    checked_on_accept=False,
    concerns_need=True,
    counts="Offers and duties of the volunteer at this need; an offer past its deadline or its end no longer counts.",
)

ACTIVE = Rule(
    holds=lambda case: case.person.c.status == VolunteerStatus.ACTIVE,
    refusals=(Refusal(ProblemCode.PERSON_INACTIVE),),
    uses_only_columns=True,
    counts="The status of the volunteer at the instant of the request.",
)
CONSENT_GIVEN = Rule(
    holds=lambda case: has_consented(case.person),
    refusals=(Refusal(ProblemCode.CONSENT_MISSING),),
    overridable=False,
    uses_only_columns=True,
    counts="The consent at the instant of the request.",
)
WITHIN_REACH = Rule(
    holds=lambda case: sa.or_(
        case.person.c.reach == Reach.NATIONAL,
        case.person.c.kabupaten_code == case.need.c.kabupaten_code,
        sa.and_(
            case.person.c.reach == Reach.PROVINCE,
            case.person.c.province_code == sa.func.left(case.need.c.kabupaten_code, 2),
        ),
    ),
    refusals=(Refusal(ProblemCode.BEYOND_REACH),),
    uses_only_columns=True,
    counts="Home kabupaten or province against those of the need.",
)


RULES: Sequence[Rule] = (
    NEED_OPEN,
    NOT_PAST,
    WITHIN_NEED,
    PLACES_LEFT,
    PLACE_NOT_PLEDGED,
    ACTIVE,
    CONSENT_GIVEN,
    WITHIN_REACH,
    NOT_YET_OFFERED,
    NOT_COMMITTED_ELSEWHERE,
    PRESENT,
    TRAINED,
    RANK_SUFFICIENT,
    ORGANIZATION_VERIFIED,
    RESTED,
    EMERGENCY_IN_FORCE,
    COMPOSED,
)
