"""What is known of a camp, of those who are to come to it, and of what the actor may there: the statements."""

import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api import access
from api.access import Kind
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, CampRegistration, Contingent, Membership, Organization, Volunteer
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.day import local_day
from api.rules.camp import CAMP_RULES, case_of_camp, is_minor, takes_registrations
from api.rules.refusal import refusals

_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())
_CONTINGENT: sa.BindParameter[uuid.UUID] = sa.bindparam("contingent", type_=sa.Uuid())
_PREFERRED: sa.BindParameter[uuid.UUID] = sa.bindparam("preferred", type_=sa.Uuid())


@cache
def rights(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(
            access.keeps_camp(kind, Camp).label("keeps"),
            takes_registrations(Camp, access.NOW).label("takes"),
            _or_false(_of_contingent(access.fills_contingent(kind, Contingent))).label("fills"),
            _or_false(_of_contingent(access.speaks_for_contingent(kind, Contingent))).label("speaks"),
        ).where(Camp.c.id == _CAMP)
    )


def _of_contingent(value: Any) -> Any:
    return sa.select(value).where(Contingent.c.id == _CONTINGENT).scalar_subquery()


@cache
def people_listed(kind: Kind) -> CompiledStatement:
    """One row for each that is listed, in that order."""
    arrays = (("volunteers", "volunteer_id"), ("organizations", "organization_id"))
    listed = (
        sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(sa.Uuid())) for name, _ in arrays))
        .table_valued(*(sa.column(name, sa.Uuid()) for _, name in arrays), with_ordinality="position", name="listed")
        .render_derived()
    )
    person, camp = Volunteer.alias("person"), Camp.alias("camp")
    organization = _organization(kind, listed, person)
    return compile_statement(
        sa.select(
            person.c.kabupaten_code,
            person.c.sex,
            organization.c.id.label("organization_id"),
            organization.c.kabupaten_code.label("home"),
            _or_false(is_minor(person, camp)).label("is_minor"),
            _or_false(access.sees_volunteer(kind, person)).label("sees"),
            _or_false(access.answers_for(kind._replace(organizations=False), person.c.id)).label("is_self"),
            _or_false(access.answers_for(kind._replace(volunteer=False), person.c.id, of_standing=True)).label(
                "manages_person"
            ),
            _or_false(access.manages(kind, organization.c.id)).label("manages"),
            _or_false(_is_of_contingent(organization, person)).label("is_of_contingent"),
            _live(CampRegistration.c.volunteer_id == person.c.id).exists().label("is_live"),
            _guests(listed).label("guests"),
            _lacking(kind, person, camp).label("lacking"),
        )
        .select_from(
            listed.join(camp, camp.c.id == _CAMP)
            .outerjoin(person, person.c.id == listed.c.volunteer_id)
            .outerjoin(organization, sa.true())
        )
        .order_by(listed.c.position)
    )


def _or_false(condition: Any) -> Any:
    return sa.func.coalesce(condition, sa.false(), type_=sa.Boolean())


def _organization(kind: Kind, listed: Any, person: sa.FromClause) -> Any:
    """The one that stands and that the person comes for: the one named, else the contingent's, else one that the actor manages."""
    organization, since = Organization.alias(), sa.func.min(Membership.c.since)
    own = access.members_today(Membership.c.volunteer_id == person.c.id)
    joined = own.where(Membership.c.organization_id == organization.c.id).with_only_columns(since)
    first = joined.correlate(person, organization).scalar_subquery()
    is_guest = sa.and_(person.c.id.is_(None), organization.c.id == listed.c.organization_id)
    found = sa.select(organization).where(
        access.is_standing(organization, local_day(organization.c.kabupaten_code, access.NOW)),
        sa.or_(listed.c.organization_id.is_(None), organization.c.id == listed.c.organization_id),
        sa.or_(
            is_guest,
            organization.c.id.in_(own.with_only_columns(Membership.c.organization_id).correlate(person)),
        ),
    )
    managed = [access.manages(kind, organization.c.id).desc()] if kind.organizations else []
    order = (organization.c.id.is_not_distinct_from(_PREFERRED).desc(), *managed, first)
    return found.order_by(*order, organization.c.id).limit(1).correlate(listed, person).lateral("organization")


def _is_of_contingent(organization: sa.FromClause, person: sa.FromClause) -> Any:
    home = sa.func.coalesce(person.c.kabupaten_code, organization.c.kabupaten_code)
    of = sa.or_(Contingent.c.organization_id == organization.c.id, Contingent.c.kabupaten_code == home)
    return sa.select(of).where(Contingent.c.id == _CONTINGENT).correlate(organization, person).scalar_subquery()


def _live(*conditions: Any) -> sa.Select[Any]:
    """Registrations for the camp that have not ended."""
    live = CampRegistration.c.status.in_(CAMP_REGISTRATION.group("LIVE"))
    found = sa.select(CampRegistration.c.guest_key).where(CampRegistration.c.camp_id == _CAMP, live, *conditions)
    return found.correlate_except(CampRegistration)


def _guests(listed: Any) -> Any:
    """The keys of the names of the guests that the organization has at the camp."""
    is_guest = sa.and_(
        CampRegistration.c.organization_id == listed.c.organization_id, CampRegistration.c.guest_key.is_not(None)
    )
    return sa.func.array(_live(is_guest).scalar_subquery(), type_=ARRAY(sa.Text()))


def _lacking(kind: Kind, person: sa.FromClause, camp: sa.FromClause) -> Any:
    """The broken rules of the camp with their facts, as JSON; none for a guest."""
    found = refusals(kind, case_of_camp(person, camp, access.NOW), CAMP_RULES).lateral("found")
    rows = sa.func.jsonb_agg(sa.func.to_jsonb(sa.literal_column("found")).op("-")(sa.literal_column("'path'::text")))
    listed = sa.select(sa.func.coalesce(rows, sa.literal_column("'[]'::jsonb"))).select_from(found)
    none = sa.literal_column("'[]'::jsonb", JSONB)
    chosen = sa.case((person.c.id.is_(None), none), else_=listed.correlate(person, camp).scalar_subquery())
    return sa.cast(chosen, sa.Text)
