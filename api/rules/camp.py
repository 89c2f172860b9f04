"""What of a camp is free, when it takes registrations, and what whoever comes must have.

The rules are asked of cases whose `need` is the camp: their person is a volunteer, or a registration for the limits.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import access
from api.models import (
    CampQuota,
    CampRegistration,
    Certificate,
    CertificateType,
    CertificateTypeInclusion,
    Contingent,
    Organization,
)
from api.models.camp import CampStatus
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.contingent import CONTINGENT, ContingentStatus
from api.models.day import local_day
from api.rules.absence import PRESENT
from api.rules.code import ProblemCode
from api.rules.commitment import NOT_COMMITTED_ELSEWHERE
from api.rules.rank import RANK_SUFFICIENT
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, days_of
from api.rules.sending import ACTIVE, CONSENT_GIVEN


def takes_registrations(camp: sa.FromClause, now: Sql) -> Condition:
    """Whether people may register: the camp is open, within its window."""
    return sa.and_(
        camp.c.status == CampStatus.OPEN,
        sa.func.coalesce(camp.c.registration_opens_at <= now, sa.true(), type_=sa.Boolean()),
        sa.func.coalesce(camp.c.registration_closes_at > now, sa.true(), type_=sa.Boolean()),
    )


def places_left(camp: sa.FromClause, now: Sql) -> Sql:
    """The places that nobody holds: what has lapsed is free from that instant on, recorded or not."""
    contingent = Contingent.alias()
    unnamed = sa.select(sa.func.coalesce(sa.func.sum(contingent.c.places - contingent.c.named), 0)).where(
        contingent.c.camp_id == camp.c.id, CONTINGENT.has_lapsed(contingent, now)
    )
    return sa.cast(
        camp.c.capacity
        - camp.c.taken
        + unnamed.correlate(camp).scalar_subquery()
        + _unanswered(camp, now).correlate(camp).scalar_subquery(),
        sa.Integer,
    )


def _unanswered(camp: sa.FromClause, now: Sql) -> sa.Select[int]:
    """The number of offers that were not answered in time, without those whose place stays with a contingent."""
    offer, contingent = CampRegistration.alias(), Contingent.alias()
    stays = sa.select(contingent.c.id).where(
        contingent.c.id == offer.c.contingent_id, CONTINGENT.current(contingent, now) == ContingentStatus.ALLOTTED
    )
    return sa.select(sa.func.count()).where(
        offer.c.camp_id == camp.c.id,
        CAMP_REGISTRATION.has_lapsed(offer, now),
        ~stays.correlate(offer).exists(),
    )


# What whoever comes must have.


def case_of_camp(person: sa.FromClause, camp: sa.FromClause, now: Sql) -> Case:
    """The case of a person for the days of a camp that are not over."""
    instant = camp.c.starts_at.type
    starts = sa.func.least(sa.func.greatest(camp.c.starts_at, now, type_=instant), camp.c.ends_at, type_=instant)
    return Case(person, camp, starts, camp.c.ends_at, days_of(camp, camp.c.starts_at, camp.c.ends_at), now)


def first_day(camp: sa.FromClause) -> Sql:
    return local_day(camp.c.kabupaten_code, camp.c.starts_at)


def years(number: Sql) -> Sql:
    return sa.func.make_interval(number)


def is_old_enough(case: Case) -> Condition:
    """On the first day; not so where the day of birth is not known."""
    born, age = case.person.c.birth_date, case.need.c.minimum_age
    return sa.func.coalesce(born + years(age) <= first_day(case.need), age.is_(None), type_=sa.Boolean())


ADULT_YEARS = 18


def is_minor(person: sa.FromClause, camp: sa.FromClause) -> Condition:
    """Whether the person is under age on the first day; null where the day of birth is not known."""
    return person.c.birth_date + years(sa.literal_column(str(ADULT_YEARS))) > first_day(camp)


def _counts_as() -> sa.CTE:
    """Every certificate type, with each type that a certificate of it counts as: itself, and what it includes."""
    own = sa.select(CertificateType.c.code.label("held"), CertificateType.c.code.label("wanted"))
    every = own.cte("counts_as", recursive=True, nesting=True)
    further = sa.select(every.c.held, CertificateTypeInclusion.c.included_code).join(
        CertificateTypeInclusion, CertificateTypeInclusion.c.certificate_type_code == every.c.wanted
    )
    return every.union(further)


def has_certificate(case: Case) -> Condition:
    """One that is valid on the first day, or ended less than so many years before."""
    every, day = _counts_as(), first_day(case.need)
    ends, lapsed = Certificate.c.expires_on, case.need.c.lapsed_years
    lasts = sa.or_(ends.is_(None), ends >= day, sa.and_(lapsed.is_not(None), ends + years(lapsed) > day))
    held = (
        sa.select(Certificate.c.id)
        .join(every, every.c.held == Certificate.c.certificate_type_code)
        .where(
            Certificate.c.volunteer_id == case.person.c.id,
            Certificate.c.revoked_on.is_(None),
            Certificate.c.issued_on <= day,
            every.c.wanted == case.need.c.certificate_type_code,
            lasts,
        )
    )
    return sa.or_(case.need.c.certificate_type_code.is_(None), held.correlate(case.person, case.need).exists())


def _needed(name: str) -> Any:
    return lambda case: {name: case.need.c[name]}


# Codes of the prerequisites that the host may waive, for a reason, are those of rules that are overridable.
CAMP_RULES: tuple[Rule, ...] = (
    ACTIVE,
    CONSENT_GIVEN,
    NOT_COMMITTED_ELSEWHERE,
    PRESENT,
    Rule(
        holds=is_old_enough,
        refusals=(Refusal(ProblemCode.TOO_YOUNG, _needed("minimum_age")),),
        counts="Whole years on the first local day of the camp.",
    ),
    RANK_SUFFICIENT,
    Rule(
        holds=has_certificate,
        refusals=(Refusal(ProblemCode.CERTIFICATE_NEEDED, _needed("certificate_type_code")),),
        counts="Certificates of the type, or of one that includes it, on the first local day of the camp.",
    ),
)


def _is_sent(case: Case) -> Condition:
    """Whether the organization that the registration is for, if it is for one, still stands."""
    organization = Organization.alias()
    today = local_day(organization.c.kabupaten_code, case.now)
    found = sa.select(organization.c.id).where(
        organization.c.id == case.person.c.organization_id, ~access.is_standing(organization, today)
    )
    return ~found.correlate(case.person).exists()


SENT_BY_VERIFIED = Rule(
    holds=_is_sent,
    refusals=(
        Refusal(ProblemCode.ORGANIZATION_NOT_VERIFIED, lambda case: {"organization_id": case.person.c.organization_id}),
    ),
    overridable=False,
    counts="The organization that the person comes for, as it stands now.",
)


# The limits, for a registration that waits.


def _is_of_quota(case: Case, quota: sa.FromClause) -> Condition:
    """Whether a quota of the camp is about the person of the registration."""
    own = case.person
    return sa.and_(
        quota.c.camp_id == case.need.c.id,
        *(
            sa.or_(quota.c[name].is_(None), quota.c[name].is_not_distinct_from(own.c[name]))
            for name in ("organization_id", "kabupaten_code", "category_code", "sex")
        ),
    )


def _full_quota(case: Case, name: str | None = None) -> Any:
    """The first full quota that is about the person, or a column of it."""
    quota = CampQuota.alias()
    found = sa.select(quota.c[name or "id"]).where(_is_of_quota(case, quota), quota.c.taken >= quota.c.places)
    return found.order_by(quota.c.created_at, quota.c.id).limit(1).correlate(case.person, case.need)


def _contingent(case: Case, value: Any) -> Any:
    """A value of the contingent of the registration."""
    contingent = Contingent.alias()
    found = sa.select(value(contingent)).where(contingent.c.id == case.person.c.contingent_id)
    return found.correlate(case.person).scalar_subquery()


def _contingent_fact(case: Case) -> Mapping[str, Sql]:
    return {"count": _contingent(case, lambda row: row.c.named), "limit": _contingent(case, lambda row: row.c.places)}


def _is_named(contingent: sa.FromClause, now: Sql) -> Condition:
    is_open = CONTINGENT.current(contingent, now) == ContingentStatus.ALLOTTED
    return sa.not_(sa.and_(is_open, contingent.c.named < contingent.c.places))


LIMIT_RULES: tuple[Rule, ...] = (
    Rule(
        holds=lambda case: sa.or_(case.person.c.contingent_id.is_not(None), places_left(case.need, case.now) > 0),
        refusals=(
            Refusal(
                ProblemCode.CAMP_FULL,
                lambda case: {
                    "count": case.need.c.capacity - places_left(case.need, case.now),
                    "limit": case.need.c.capacity,
                },
            ),
        ),
        overridable=False,
        counts="Places that people and contingents hold.",
    ),
    Rule(
        holds=lambda case: sa.not_(
            sa.func.coalesce(_contingent(case, lambda row: _is_named(row, case.now)), sa.false(), type_=sa.Boolean())
        ),
        refusals=(Refusal(ProblemCode.CONTINGENT_FULL, _contingent_fact),),
        overridable=False,
        counts="Named places of the contingent.",
    ),
    Rule(
        holds=lambda case: ~_full_quota(case).exists(),
        refusals=(
            Refusal(
                ProblemCode.QUOTA_FULL,
                lambda case: {
                    "quota_id": _full_quota(case).scalar_subquery(),
                    "count": _full_quota(case, "taken").scalar_subquery(),
                    "limit": _full_quota(case, "places").scalar_subquery(),
                },
            ),
        ),
        overridable=False,
        counts="People of the quota who hold a place.",
    ),
)
