"""Which incident, kabupaten, organization, volunteer, site and need an event concerns, read from its subject."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from api.models import (
    Absence,
    Assignment,
    Camp,
    CampGroup,
    CampSession,
    CampStaffMember,
    Certificate,
    CertificateRequest,
    GoodsNeed,
    Incident,
    Insurance,
    Membership,
    Need,
    Organization,
    Pledge,
    PledgeRequest,
    Site,
    Volunteer,
)
from api.models.base import INSTANT, METADATA
from api.values.name import snake_case

# The columns of an event; a table that has a column of that name is asked for it.
NAMES = ("incident_id", "kabupaten_code", "organization_id", "volunteer_id", "site_id", "need_id")

Sql = sa.ColumnElement[Any]


def _of(column: sa.Column[Any], condition: Sql) -> Sql:
    return sa.select(column).where(condition).scalar_subquery()


def _first_organization(volunteer: Sql) -> Sql:
    """Of the organizations whose member the volunteer is on the day in Jakarta, the one joined first."""
    day = sa.cast(sa.func.timezone("Asia/Jakarta", sa.bindparam("at", type_=INSTANT)), sa.Date)
    return (
        sa.select(Membership.c.organization_id)
        .where(
            Membership.c.volunteer_id == volunteer,
            # Compared, and not asked of the range: its index would be read for all members of today.
            Membership.c.since <= day,
            sa.or_(Membership.c.until.is_(None), Membership.c.until >= day),
        )
        .order_by(Membership.c.since, Membership.c.id)
        .limit(1)
        .scalar_subquery()
    )


# What the things at a need have in common with it.
OF_A_NEED = ("incident_id", "kabupaten_code", "site_id")
_NEED_OF_PLEDGE = sa.func.coalesce(Pledge.c.need_id, Pledge.c.goods_need_id, type_=sa.Uuid())
_OF_NEED = Need.c.id == Assignment.c.need_id
_OF_HOLDER = Volunteer.c.id == Certificate.c.volunteer_id


def _of_pledge(name: str) -> Sql:
    """A column of the need that a pledge is for, of people or of goods."""
    needs = ((Need, Pledge.c.need_id), (GoodsNeed, Pledge.c.goods_need_id))
    return sa.func.coalesce(*(_of(need.c[name], need.c.id == key) for need, key in needs), type_=Need.c[name].type)


def _of_requested(value: Sql) -> Sql:
    this = sa.select(value).where(Pledge.c.id == PledgeRequest.c.pledge_id)
    return this.correlate(PledgeRequest).scalar_subquery()


def _of_camp(part: sa.Table, name: str) -> Sql:
    return _of(Camp.c[name], Camp.c.id == part.c.camp_id)


# Where it is not a column of that name. An incident affects several kabupaten, so its events have none.
DERIVED: Mapping[sa.Table, Mapping[str, Sql]] = {
    Incident: {"incident_id": Incident.c.id},
    Organization: {"organization_id": Organization.c.id},
    Site: {"site_id": Site.c.id},
    Need: {"need_id": Need.c.id},
    GoodsNeed: {"need_id": GoodsNeed.c.id},
    Volunteer: {"volunteer_id": Volunteer.c.id, "organization_id": _first_organization(Volunteer.c.id)},
    **{
        table: {
            "kabupaten_code": _of(Volunteer.c.kabupaten_code, Volunteer.c.id == table.c.volunteer_id),
            "organization_id": _first_organization(table.c.volunteer_id),
        }
        for table in (Absence, Insurance)
    },
    Certificate: {
        "kabupaten_code": _of(Volunteer.c.kabupaten_code, _OF_HOLDER),
        "organization_id": Certificate.c.issuer_id,
    },
    CertificateRequest: {"organization_id": CertificateRequest.c.issuer_id},
    Pledge: {"need_id": _NEED_OF_PLEDGE, **{name: _of_pledge(name) for name in OF_A_NEED}},
    PledgeRequest: {
        "need_id": _of_requested(_NEED_OF_PLEDGE),
        **{name: _of_requested(_of_pledge(name)) for name in OF_A_NEED},
    },
    Camp: {"organization_id": Camp.c.host_id},
    **{
        part: {"kabupaten_code": _of_camp(part, "kabupaten_code"), "organization_id": _of_camp(part, "host_id")}
        for part in (CampGroup, CampSession, CampStaffMember)
    },
    Assignment: {
        **{name: _of(Need.c[name], _OF_NEED) for name in OF_A_NEED},
        "organization_id": _first_organization(Assignment.c.volunteer_id),
    },
}


@cache
def event_context(noun: str, subject: Sql | None = None) -> Mapping[str, Sql]:
    """Expressions by the name of the column, empty where the noun has no table; without a `subject` its key is a parameter."""
    table = METADATA.tables.get(snake_case(noun))
    if table is None:
        return {}
    own = {name: table.c[name] for name in NAMES if name in table.c}
    (key,) = table.primary_key.columns
    this = key == (sa.bindparam("subject", type_=key.type) if subject is None else subject)
    return {
        name: sa.select(value).where(this).scalar_subquery()
        for name, value in {**own, **DERIVED.get(table, {})}.items()
    }
