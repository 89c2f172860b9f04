"""Facts: the details of a violation, which are things, named by their keys, and values. Each rule gives those that explain it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.models import (
    Absence,
    Assignment,
    Camp,
    CampQuota,
    CampRegistration,
    Certificate,
    CertificateType,
    EmergencyStatus,
    NeedMinimum,
    Organization,
    Pledge,
    Rank,
    Skill,
    Volunteer,
)

THINGS: Mapping[str, sa.Table] = {
    "absence": Absence,
    "assignment": Assignment,
    "certificate": Certificate,
    "organization": Organization,
    "volunteer": Volunteer,
    "emergency_status": EmergencyStatus,
    "minimum": NeedMinimum,
    "pledge": Pledge,
    "skill": Skill,
    "rank": Rank,
    "camp": Camp,
    "quota": CampQuota,
    "registration": CampRegistration,
    "certificate_type": CertificateType,
}
VALUES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "minimum_age": sa.Integer(),
    "code_in_force": sa.Text(),
    "starts_at": sa.DateTime(timezone=True),
    "ends_at": sa.DateTime(timezone=True),
    "count": sa.Integer(),
    "limit": sa.Integer(),
    "version": sa.Integer(),
    "status": sa.Text(),
    "retry_at": sa.DateTime(timezone=True),
}


def key_of(table: sa.Table) -> sa.Column[Any]:
    (key,) = table.primary_key.columns
    return key


def column_of(thing: str) -> str:
    """The column of a fact that is a thing: `skill_code`, `absence_id`."""
    return f"{thing}_{key_of(THINGS[thing]).name}"


# The columns of all facts.
FACT_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    **{column_of(name): key_of(table).type for name, table in THINGS.items()},
    **VALUES,
}
