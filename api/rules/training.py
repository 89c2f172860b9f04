"""Who is trained: the certificates that grant a skill, directly or by inclusion."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.models import Certificate, CertificateTypeGrant, SkillDays
from api.models.day import days_between
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, covers_all_days, exists_for, first_value


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


def trained_days(case: Case) -> sa.Select[Any]:
    """The days on which the person is trained for the needed skill; no row where no certificate grants it."""
    of_person = SkillDays.c.volunteer_id == case.person.c.id
    return sa.select(SkillDays.c.trained_on).where(of_person, SkillDays.c.skill_code == case.need.c.skill_code)


def is_trained(case: Case) -> Condition:
    return sa.or_(case.need.c.skill_code.is_(None), covers_all_days(trained_days(case), case))


TRAINED = Rule(
    holds=is_trained,
    refusals=(
        Refusal(
            ProblemCode.NOT_TRAINED,
            skill_fact,
            when=lambda case: ~exists_for(trained_days(case), case),
        ),
        Refusal(
            ProblemCode.CERTIFICATE_EXPIRED,
            expiry_fact,
            when=lambda case: exists_for(trained_days(case), case),
        ),
    ),
    counts="Every local day of the duty, in the zone of the need's kabupaten; certificates may follow one another.",
)
