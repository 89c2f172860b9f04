"""On which days who is trained for what, and is of an organization that stands: kept by triggers."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE

from api.models.base import Symbol, required, table

# A row for each volunteer and skill that a certificate grants that is not revoked. What changes certificates, memberships,
# organizations, registrations, volunteers or the catalogue of certificates also changes it, by the function `skill_days_of`,
# in the same transaction; so that the people of a province are counted without reading the certificates of each.
SkillDays = table(
    "skill_days",
    sa.Column("volunteer_id", sa.Uuid, primary_key=True),
    sa.Column("skill_code", Symbol, primary_key=True),
    required("province_code", Symbol),
    required("kabupaten_code", Symbol),
    # Whether the volunteer is active and consents.
    required("is_available", sa.Boolean),
    required("trained_on", DATEMULTIRANGE),
    required("member_on", DATEMULTIRANGE),
    sa.Index(
        None,
        "province_code",
        "skill_code",
        postgresql_include=["volunteer_id", "kabupaten_code", "is_available", "trained_on", "member_on"],
    ),
)
