"""The rules of sending people, in the order in which their refusals are told."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.models import (
    Assignment,
    Certificate,
    CertificateTypeGrant,
    Commitment,
    Incident,
    Licence,
    Membership,
    Organization,
    Rank,
)
from api.models.assignment import FILLING, LIVE
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, hours

REST_HOURS = 24
LONG_DUTY_HOURS = 72


def no_fact(_case: Case) -> Mapping[str, Sql]:
    return {}


def period(case: Case) -> Sql:
    return sa.func.tstzrange(case.starts, case.ends)


def first(statement: sa.Select[Any], case: Case) -> Sql:
    return statement.limit(1).correlate(case.person, case.need).scalar_subquery()


def some(statement: sa.Select[Any], case: Case) -> Condition:
    """Whether there is one, looked up for each person: with the offset it is never read for all people at once."""
    return statement.offset(0).correlate(case.person, case.need).exists()


# Rule 1: one place at a time.


def clashes(case: Case, *columns: Any) -> sa.Select[Any]:
    found = sa.select(*columns).where(
        Commitment.c.volunteer_id == case.person.c.id, Commitment.c.period.op("&&")(period(case))
    )
    return found.order_by(sa.func.lower(Commitment.c.period)) if columns else found


def clash_fact(case: Case) -> Mapping[str, Sql]:
    return {
        "assignment_id": first(clashes(case, Commitment.c.assignment_id), case),
        "starts_at": first(clashes(case, sa.func.lower(Commitment.c.period)), case),
        "ends_at": first(clashes(case, sa.func.upper(Commitment.c.period)), case),
    }


ONE_PLACE = Rule(
    holds=lambda case: ~some(clashes(case, Commitment.c.id), case),
    refusals=(Refusal(ProblemCode.PERSON_ELSEWHERE, clash_fact),),
    overridable=False,
)

# Rule 2: a need never gets more than it wants.


def filled(case: Case) -> Sql:
    count = sa.select(sa.func.count()).where(Assignment.c.need_id == case.need.c.id, Assignment.c.status.in_(FILLING))
    return count.correlate(case.need).scalar_subquery()


def overdue(now: Sql) -> Condition:
    """Whether an offer was not answered in its time; it then stands in nobody's way."""
    late = sa.and_(Assignment.c.status == "OFFERED", Assignment.c.expires_at <= now)
    return sa.func.coalesce(late, sa.false(), type_=sa.Boolean())


def standing(case: Case, *columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).where(
        Assignment.c.need_id == case.need.c.id,
        Assignment.c.volunteer_id == case.person.c.id,
        Assignment.c.status.in_(LIVE),
        sa.not_(overdue(case.now)),
    )


def is_open(case: Case) -> Condition:
    active = sa.select(Incident.c.id).where(
        Incident.c.id == case.need.c.incident_id, Incident.c.status.in_(("VERIFIED", "ACTIVE"))
    )
    return sa.and_(case.need.c.closed_at.is_(None), active.correlate(case.need).exists())


NEED_OPEN = Rule(holds=is_open, refusals=(Refusal(ProblemCode.NEED_CLOSED, no_fact),), overridable=False)
NOT_PAST = Rule(
    holds=lambda case: case.ends > case.now,
    refusals=(Refusal(ProblemCode.PERIOD_PAST, lambda case: {"ends_at": case.ends}),),
    overridable=False,
)
PLACE_LEFT = Rule(
    holds=lambda case: filled(case) < case.need.c.people_wanted,
    refusals=(
        Refusal(ProblemCode.NEED_FULL, lambda case: {"count": filled(case), "limit": case.need.c.people_wanted}),
    ),
    overridable=False,
)
NOT_ASKED_YET = Rule(
    holds=lambda case: ~some(standing(case, Assignment.c.id), case),
    refusals=(
        Refusal(
            ProblemCode.ALREADY_OFFERED, lambda case: {"assignment_id": first(standing(case, Assignment.c.id), case)}
        ),
    ),
    overridable=False,
    on_answer=False,
)

# Rule 3: only the trained are sent.


def days_between(since: Any, until: Any) -> Sql:
    """Whole days, both ends counted, without end where `until` is null."""
    return sa.func.daterange(since, until, "[]")


def lasting(since: Any, until: Any) -> Sql:
    """The days covered together, gaps left out."""
    return sa.func.range_agg(days_between(since, until))


def covers(found: sa.Select[Any], case: Case) -> Condition:
    """Whether the days that the statement adds up hold every day of the duty."""
    days = found.correlate(case.person, case.need).scalar_subquery()
    return sa.func.coalesce(days.op("@>", is_comparison=True)(case.days), sa.false(), type_=sa.Boolean())


def certificates(case: Case, *columns: Any) -> sa.Select[Any]:
    """The person's unrevoked certificates that grant the skill, by themselves or by inclusion."""
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
    """The codes of the skills a volunteer is trained for on a day."""
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
    return {**skill_fact(case), "certificate_id": first(latest, case)}


TRAINED = Rule(
    holds=lambda case: covers(certificates(case, lasting(Certificate.c.issued_on, Certificate.c.expires_on)), case),
    refusals=(
        Refusal(
            ProblemCode.NOT_TRAINED, skill_fact, when=lambda case: ~some(certificates(case, Certificate.c.id), case)
        ),
        Refusal(
            ProblemCode.CERTIFICATE_EXPIRED,
            expiry_fact,
            when=lambda case: some(certificates(case, Certificate.c.id), case),
        ),
    ),
)


def memberships(case: Case, *columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).select_from(Membership).where(Membership.c.volunteer_id == case.person.c.id)


def high_enough(case: Case) -> Condition:
    held, wanted = Rank.alias(), Rank.alias()
    days = (
        sa.select(lasting(Membership.c.since, Membership.c.until))
        .select_from(Membership)
        .join(held, held.c.code == Membership.c.rank_code)
        .join(wanted, sa.and_(wanted.c.corps == held.c.corps, wanted.c.level <= held.c.level))
        .where(Membership.c.volunteer_id == case.person.c.id, wanted.c.code == case.need.c.minimum_rank_code)
    )
    return sa.or_(case.need.c.minimum_rank_code.is_(None), covers(days, case))


def backed(case: Case) -> Condition:
    registration = sa.select(Licence.c.id).where(
        Licence.c.organization_id == Organization.c.id, Licence.c.kind == "REGISTRATION"
    )
    revoked = registration.where(Licence.c.revoked_on.is_not(None)).exists()
    in_force = days_between(Licence.c.valid_from, Licence.c.valid_until).op("@>", is_comparison=True)(case.days)
    # The days belong to the need, which stands two statements further out.
    standing_one = registration.where(Licence.c.revoked_on.is_(None), in_force).correlate_except(Licence).exists()
    days = memberships(case, lasting(Membership.c.since, Membership.c.until)).join(
        Organization, Organization.c.id == Membership.c.organization_id
    )
    return covers(days.where(Organization.c.verification == "VERIFIED", sa.or_(~revoked, standing_one)), case)


def latest_organization(case: Case) -> Mapping[str, Sql]:
    latest = memberships(case, Membership.c.organization_id).order_by(Membership.c.since.desc(), Membership.c.id)
    return {"organization_id": first(latest, case)}


RANKED = Rule(
    holds=high_enough,
    refusals=(Refusal(ProblemCode.RANK_TOO_LOW, lambda case: {"rank_code": case.need.c.minimum_rank_code}),),
)
BACKED = Rule(holds=backed, refusals=(Refusal(ProblemCode.ORGANIZATION_NOT_VERIFIED, latest_organization),))
ACTIVE = Rule(
    holds=lambda case: case.person.c.status == "ACTIVE",
    refusals=(Refusal(ProblemCode.PERSON_INACTIVE, no_fact),),
    plain=True,
)
CONSENTING = Rule(
    holds=lambda case: sa.and_(
        case.person.c.consent_given_at.is_not(None), case.person.c.consent_withdrawn_at.is_(None)
    ),
    refusals=(Refusal(ProblemCode.CONSENT_MISSING, no_fact),),
    overridable=False,
    plain=True,
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
    plain=True,
)


def too_close(case: Case, *columns: Any) -> sa.Select[Any]:
    """Promised time less than the rest away, where the earlier of the two duties is a long one."""
    rest, long = hours(REST_HOURS), hours(LONG_DUTY_HOURS)
    begins, ends = sa.func.lower(Commitment.c.period), sa.func.upper(Commitment.c.period)
    near = sa.func.tstzrange(case.starts - rest, case.ends + rest)
    return (
        sa.select(*columns)
        .where(
            Commitment.c.volunteer_id == case.person.c.id,
            Commitment.c.period.op("&&")(near),
            sa.or_(
                sa.and_(ends <= case.starts, ends > case.starts - rest, ends - begins >= long),
                sa.and_(begins >= case.ends, begins < case.ends + rest, case.ends - case.starts >= long),
            ),
        )
        .order_by(begins)
    )


RESTED = Rule(
    holds=lambda case: ~some(too_close(case, Commitment.c.id), case),
    refusals=(
        Refusal(
            ProblemCode.NOT_RESTED,
            lambda case: {
                "assignment_id": first(too_close(case, Commitment.c.assignment_id), case),
                "starts_at": first(too_close(case, sa.func.lower(Commitment.c.period)), case),
                "ends_at": first(too_close(case, sa.func.upper(Commitment.c.period)), case),
            },
        ),
    ),
)

RULES: Sequence[Rule] = (
    NEED_OPEN,
    NOT_PAST,
    PLACE_LEFT,
    ACTIVE,
    CONSENTING,
    WITHIN_REACH,
    NOT_ASKED_YET,
    ONE_PLACE,
    TRAINED,
    RANKED,
    BACKED,
    RESTED,
)
