"""The rules for assigning a person to a need, in the order in which their refusals are returned."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.models import (
    Assignment,
    CampRegistration,
    CampStaffMember,
    Certificate,
    CertificateTypeGrant,
    Commitment,
    Incident,
    Membership,
    Organization,
)
from api.models.assignment import ASSIGNMENT
from api.models.day import days_between
from api.models.incident import IncidentStatus
from api.rules.absence import PRESENT
from api.rules.code import ProblemCode
from api.rules.composition import COMPOSED
from api.rules.emergency import EMERGENCY_IN_FORCE
from api.rules.organization import is_standing
from api.rules.place import is_full, most_taken, places_wanted
from api.rules.pledge import PLACE_NOT_PLEDGED
from api.rules.rank import holds_rank
from api.rules.rest import duties_without_rest
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, merged_days


def no_fact(_case: Case) -> Mapping[str, Sql]:
    return {}


def case_period(case: Case) -> Sql:
    """The period of the case, as a range without its end."""
    return sa.func.tstzrange(case.starts, case.ends)


def first_value(statement: sa.Select[Any], case: Case) -> Sql:
    """The value in the first row of the statement, for the case."""
    return statement.limit(1).correlate(case.person, case.need).scalar_subquery()


def exists_for(statement: sa.Select[Any], case: Case) -> Condition:
    """Whether the statement returns a row for the case.

    OFFSET 0 keeps the planner from turning the subquery into a join that reads the table for all people at once.
    """
    return statement.offset(0).correlate(case.person, case.need).exists()


# Rule 1: a person has at most one commitment at a time.


def clashing_commitments(case: Case, *columns: Any) -> sa.Select[Any]:
    clashes = sa.select(*columns).where(
        Commitment.c.volunteer_id == case.person.c.id, Commitment.c.period.op("&&")(case_period(case))
    )
    return clashes.order_by(sa.func.lower(Commitment.c.period)) if columns else clashes


def clashing_duties(case: Case, *columns: Any) -> sa.Select[Any]:
    return clashing_commitments(case, *columns).where(Commitment.c.assignment_id.is_not(None))


def clashing_camps(case: Case, *columns: Any) -> sa.Select[Any]:
    """Clashing time at a camp, as one who comes or works there."""
    return clashing_commitments(case, *columns).where(Commitment.c.assignment_id.is_(None))


BOUNDS = (
    sa.func.lower(Commitment.c.period).label("starts_at"),
    sa.func.upper(Commitment.c.period).label("ends_at"),
)


def _camp_of(table: sa.Table, key: Sql) -> Sql:
    return sa.select(table.c.camp_id).where(table.c.id == key).correlate(Commitment).scalar_subquery()


CAMP_OF_COMMITMENT = sa.func.coalesce(
    _camp_of(CampRegistration, Commitment.c.registration_id),
    _camp_of(CampStaffMember, Commitment.c.staff_member_id),
    type_=sa.Uuid(),
)
NOT_COMMITTED_ELSEWHERE = Rule(
    holds=lambda case: ~exists_for(clashing_commitments(case, Commitment.c.id), case),
    refusals=(
        Refusal(
            ProblemCode.PERSON_ELSEWHERE,
            proof=lambda case: clashing_duties(case, Commitment.c.assignment_id, *BOUNDS),
            when=lambda case: exists_for(clashing_duties(case, Commitment.c.id), case),
        ),
        Refusal(
            ProblemCode.IN_CAMP,
            proof=lambda case: clashing_camps(case, CAMP_OF_COMMITMENT.label("camp_id"), *BOUNDS),
            when=lambda case: exists_for(clashing_camps(case, Commitment.c.id), case),
        ),
    ),
    overridable=False,
    counts="Promised or served time of duties and camps, by instants; one may begin at the instant at which another ends.",
)

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
    refusals=(Refusal(ProblemCode.NEED_CLOSED, no_fact),),
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

# Rule 3: only qualified people are assigned.


def covers_all_days(statement: sa.Select[Any], case: Case) -> Condition:
    """Whether the multirange that the statement returns contains every day of the period."""
    days = statement.correlate(case.person, case.need).scalar_subquery()
    return sa.func.coalesce(days.op("@>", is_comparison=True)(case.days), sa.false(), type_=sa.Boolean())


def certificates(case: Case, *columns: Any) -> sa.Select[Any]:
    """The person's certificates that grant the needed skill, directly or by inclusion, without revoked ones."""
    granting = CertificateTypeGrant.c.certificate_type_code == Certificate.c.certificate_type_code
    return (
        sa.select(*columns)
        .select_from(Certificate)
        .join(CertificateTypeGrant, granting)
        .where(
            Certificate.c.volunteer_id == case.person.c.id,
            Certificate.c.revoked_on.is_(None),
            CertificateTypeGrant.c.skill_code == case.need.c.skill_code,
        )
    )


def skills_on(volunteer_id: Sql, day: Sql) -> sa.Select[Any]:
    """The codes of the skills that a volunteer's valid certificates grant on a day."""
    granting = CertificateTypeGrant.c.certificate_type_code == Certificate.c.certificate_type_code
    valid = days_between(Certificate.c.issued_on, Certificate.c.expires_on).op("@>", is_comparison=True)(day)
    return (
        sa.select(CertificateTypeGrant.c.skill_code)
        .distinct()
        .select_from(Certificate)
        .join(CertificateTypeGrant, granting)
        .where(Certificate.c.volunteer_id == volunteer_id, Certificate.c.revoked_on.is_(None), valid)
    )


def skill_fact(case: Case) -> Mapping[str, Sql]:
    return {"skill_code": case.need.c.skill_code}


def expiry_fact(case: Case) -> Mapping[str, Sql]:
    latest = certificates(case, Certificate.c.id).order_by(Certificate.c.expires_on.desc(), Certificate.c.id)
    return {**skill_fact(case), "certificate_id": first_value(latest, case)}


def is_trained(case: Case) -> Condition:
    days = certificates(case, merged_days(Certificate.c.issued_on, Certificate.c.expires_on))
    return sa.or_(case.need.c.skill_code.is_(None), covers_all_days(days, case))


TRAINED = Rule(
    holds=is_trained,
    refusals=(
        Refusal(
            ProblemCode.NOT_TRAINED,
            skill_fact,
            when=lambda case: ~exists_for(certificates(case, Certificate.c.id), case),
        ),
        Refusal(
            ProblemCode.CERTIFICATE_EXPIRED,
            expiry_fact,
            when=lambda case: exists_for(certificates(case, Certificate.c.id), case),
        ),
    ),
    counts="Every local day of the duty, in the zone of the need's kabupaten; certificates may follow one another.",
)


def memberships(case: Case, *columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).select_from(Membership).where(Membership.c.volunteer_id == case.person.c.id)


def has_rank(case: Case) -> Condition:
    minimum = case.need.c.minimum_rank_code
    return sa.or_(minimum.is_(None), holds_rank(case.person.c.id, minimum, case.days))


def has_verified_organization(case: Case) -> Condition:
    days = memberships(case, merged_days(Membership.c.since, Membership.c.until)).join(
        Organization, Organization.c.id == Membership.c.organization_id
    )
    return covers_all_days(days.where(is_standing(Organization, case.days)), case)


def latest_organization(case: Case) -> Mapping[str, Sql]:
    latest = memberships(case, Membership.c.organization_id).order_by(Membership.c.since.desc(), Membership.c.id)
    return {"organization_id": first_value(latest, case)}


RANK_SUFFICIENT = Rule(
    holds=has_rank,
    refusals=(Refusal(ProblemCode.RANK_TOO_LOW, lambda case: {"rank_code": case.need.c.minimum_rank_code}),),
    counts="Every local day of the duty, in the zone of the need's kabupaten; only ranks of the same corps.",
)
ORGANIZATION_VERIFIED = Rule(
    holds=has_verified_organization,
    refusals=(Refusal(ProblemCode.ORGANIZATION_NOT_VERIFIED, latest_organization),),
    counts="Every local day of the duty, in the zone of the need's kabupaten; an organization with a revoked registration does not count, unless another one is valid on all the days.",
)
ACTIVE = Rule(
    holds=lambda case: case.person.c.status == "ACTIVE",
    refusals=(Refusal(ProblemCode.PERSON_INACTIVE, no_fact),),
    uses_only_columns=True,
    counts="The status of the volunteer at the instant of the request.",
)
CONSENT_GIVEN = Rule(
    holds=lambda case: sa.and_(
        case.person.c.consent_given_at.is_not(None), case.person.c.consent_withdrawn_at.is_(None)
    ),
    refusals=(Refusal(ProblemCode.CONSENT_MISSING, no_fact),),
    overridable=False,
    uses_only_columns=True,
    counts="The consent at the instant of the request.",
)
WITHIN_REACH = Rule(
    holds=lambda case: sa.or_(
        case.person.c.reach == "NATIONAL",
        case.person.c.kabupaten_code == case.need.c.kabupaten_code,
        sa.and_(
            case.person.c.reach == "PROVINCE",
            case.person.c.province_code == sa.func.left(case.need.c.kabupaten_code, 2),
        ),
    ),
    refusals=(Refusal(ProblemCode.BEYOND_REACH, no_fact),),
    uses_only_columns=True,
    counts="Home kabupaten or province against those of the need.",
)


RESTED = Rule(
    holds=lambda case: ~exists_for(duties_without_rest(case), case),
    refusals=(Refusal(ProblemCode.NOT_RESTED, proof=duties_without_rest),),
    counts="Hours of duties, promised or served, by instants, from the last pause of 24 hours on: where they have reached 72, neither the duty nor a later one begins. Camps do not count.",
)

RULES: Sequence[Rule] = (
    NEED_OPEN,
    NOT_PAST,
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
