"""Who may see and do what, where.

Row predicates and column guards for the compiler, and the same predicates for the services, which ask them in the
statement that locks what they are about to change. A predicate depends on the kind of actor only; the actor's own
values are parameters, so one statement serves everybody of a kind.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.models import (
    Assignment,
    GoodsNeed,
    IncidentKabupaten,
    Membership,
    Need,
    Organization,
    OrganizationCoverage,
    Pledge,
    Role,
    Site,
    Volunteer,
)
from api.models.account import RoleKind
from api.models.assignment import ASSIGNMENT
from api.models.choice import Move
from api.models.day import days_of_provinces
from api.models.incident import INCIDENT, IncidentStatus
from api.models.organization import LICENCE
from api.models.pledge import PledgeStatus
from api.models.situation import SituationStatus

Row = sa.FromClause
Condition = sa.ColumnElement[bool]
Sql = sa.SQLColumnExpression[Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What of an actor shapes a statement: which scopes there are, not which places or organizations."""

    account: bool = False
    volunteer: bool = False
    nation: bool = False
    places: bool = False
    organizations: bool = False

    @property
    def coordinator(self) -> bool:
        return self.nation or self.places

    @property
    def name(self) -> str:
        """For logs: the widest capacity."""
        if self.coordinator:
            return "NATION" if self.nation else "COORDINATOR"
        if self.organizations:
            return "MANAGER"
        if self.volunteer:
            return "VOLUNTEER"
        return "ACCOUNT" if self.account else "PUBLIC"


@dataclass(frozen=True)
class Actor:
    """Who asks: an account with its scopes, or the public, which has none."""

    account_id: uuid.UUID | None = None
    volunteer_id: uuid.UUID | None = None
    # The session that the token is of; None for a token from the command line.
    session_id: uuid.UUID | None = None
    # Whether coordinators have to show a second factor.
    demands_second_factor: bool = False
    # The API key that asks, and the mutations that it may call; None where it is no key.
    key_id: uuid.UUID | None = None
    verbs: frozenset[str] | None = None
    nation: bool = False
    province_codes: tuple[str, ...] = ()
    kabupaten_codes: tuple[str, ...] = ()
    organization_ids: tuple[uuid.UUID, ...] = ()
    # All roles that are in force, also those that are no scope of these.
    role_ids: tuple[uuid.UUID, ...] = ()

    @cached_property
    def kind(self) -> Kind:
        return Kind(
            account=self.account_id is not None,
            volunteer=self.volunteer_id is not None,
            nation=self.nation,
            places=bool(self.province_codes or self.kabupaten_codes),
            organizations=bool(self.organization_ids),
        )

    @property
    def roles(self) -> frozenset[str]:
        """As what the actor may call mutations."""
        kind = self.kind
        held = {"COORDINATOR": kind.coordinator, "MANAGER": kind.organizations, "VOLUNTEER": kind.volunteer}
        held["ACCOUNT"] = kind.account
        return frozenset(name for name, holds in held.items() if holds)

    def may_call(self, verb: str) -> bool:
        return self.verbs is None or verb in self.verbs

    def parameters(self, now: datetime) -> Mapping[str, Any]:
        """The values behind the parameters that predicates name."""
        return {
            "actor_account": self.account_id,
            "actor_volunteer": self.volunteer_id,
            "actor_session": self.session_id,
            "actor_provinces": ",".join(self.province_codes),
            "actor_kabupaten": ",".join(self.kabupaten_codes),
            "actor_near_provinces": ",".join({*self.province_codes, *(code[:2] for code in self.kabupaten_codes)}),
            "actor_organizations": ",".join(map(str, self.organization_ids)),
            "actor_roles": ",".join(map(str, self.role_ids)),
            "now": now,
        }


PUBLIC = Actor()

_ACCOUNT: Sql = sa.bindparam("actor_account", type_=sa.Uuid())
_VOLUNTEER: Sql = sa.bindparam("actor_volunteer", type_=sa.Uuid())
SESSION: Sql = sa.bindparam("actor_session", type_=sa.Uuid())


def _listed(name: str, type_: sa.types.TypeEngine[Any]) -> Sql:
    """A list that travels as one text, which takes asyncpg a fourth of the time, and is taken apart once a statement."""
    text = sa.bindparam(name, type_=sa.Text())
    return sa.cast(
        sa.select(sa.func.string_to_array(text, ",", type_=ARRAY(sa.Text()))).scalar_subquery(), ARRAY(type_)
    )


_PROVINCES = _listed("actor_provinces", sa.Text())
_KABUPATEN = _listed("actor_kabupaten", sa.Text())
_NEAR_PROVINCES = _listed("actor_near_provinces", sa.Text())
_ORGANIZATIONS = _listed("actor_organizations", sa.Uuid())
_ROLES = _listed("actor_roles", sa.Uuid())

# The language of labels and messages whose field names none: a `Language`.
LANGUAGE: sa.ColumnElement[Any] = sa.bindparam("language", type_=sa.Text())
NOW: sa.ColumnElement[Any] = sa.bindparam("now", type_=sa.DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may call a mutation at all; the service then asks whether this one thing lies in the actor's scope."""

    description: str
    roles: frozenset[str] = frozenset()
    is_public: bool = False

    def include(self, actor: Actor) -> bool:
        return self.is_public or bool(self.roles & actor.roles)


PUBLIC_CALLERS = Callers("Anybody, also without an account", is_public=True)
SIGNED_IN = Callers("Anybody signed in", frozenset({"ACCOUNT"}))
COORDINATORS = Callers("Coordinators, for kabupaten in their scope", frozenset({"COORDINATOR"}))
COORDINATORS_OF_NEED = Callers("Coordinators of the need's kabupaten", frozenset({"COORDINATOR"}))
COORDINATORS_OF_INCIDENT = Callers(
    "Coordinators of a kabupaten that the incident affects, of its province or the nation", frozenset({"COORDINATOR"})
)
COORDINATORS_OF_TERRITORY = Callers("Coordinators of the territory", frozenset({"COORDINATOR"}))
SITE_KEEPERS = Callers(
    "Coordinators of the site's kabupaten, managers of the organization that runs it",
    frozenset({"COORDINATOR", "MANAGER"}),
)
SITUATION_RECORDERS = Callers(
    "Coordinators and desk officers of the kabupaten, managers of an organization with a site or pledge there",
    frozenset({"ACCOUNT"}),
)
MANAGERS = Callers("Managers, for their organization", frozenset({"MANAGER"}))
PLEDGE_KEEPERS = Callers(
    "Managers of the organization that holds the pledge, coordinators of the need's kabupaten",
    frozenset({"COORDINATOR", "MANAGER"}),
)
REGISTRARS = Callers(
    "Managers for their organization, coordinators for people at home in their scope",
    frozenset({"COORDINATOR", "MANAGER"}),
)
COORDINATORS_OF_HOME = Callers("Coordinators of the organization's home", frozenset({"COORDINATOR"}))
SUPERVISORS = Callers(
    "Coordinators of the organization's home; of the nation where it works in several provinces",
    frozenset({"COORDINATOR"}),
)
MANAGERS_OR_COORDINATORS_OF_HOME = Callers(
    "Managers of the organization, and coordinators of its home", frozenset({"COORDINATOR", "MANAGER"})
)
CERTIFIERS = Callers(
    "Managers of the issuer for its members, coordinators for people at home in their scope",
    frozenset({"COORDINATOR", "MANAGER"}),
)
VOLUNTEER_OR_MANAGERS = Callers(
    "The volunteer, or a manager of one of the volunteer's organizations", frozenset({"VOLUNTEER", "MANAGER"})
)
ACCOUNTS = Callers("Everybody who is signed in, for what is theirs", frozenset({"ACCOUNT"}))
INVITERS = Callers("Managers, for the members of their organization", frozenset({"MANAGER"}))
GRANTORS = Callers(
    "Coordinators for places and organizations in their scope, managers for their organization",
    frozenset({"COORDINATOR", "MANAGER"}),
)
SENDERS = Callers(
    "Coordinators of the need's kabupaten; with a pledge, managers of the organization that holds it",
    frozenset({"COORDINATOR", "MANAGER"}),
)
EITHER_SIDE = Callers(
    "Coordinators of the need's kabupaten, the volunteer, or a manager of one of the volunteer's organizations",
    frozenset({"COORDINATOR", "VOLUNTEER", "MANAGER"}),
)


def may_trace(kind: Kind) -> bool:
    """Who may look at the statements behind an answer: they tell of the whole database, though not of its values."""
    return kind.nation


def _any_of(*truths: Condition | None) -> Condition:
    return sa.or_(sa.false(), *(truth for truth in truths if truth is not None))


def exists_where(row: Row, *conditions: Condition) -> Condition:
    """Whether something else meets the conditions beside this row."""
    statement: sa.Select[Any] = sa.select(sa.literal_column("1")).where(*conditions)
    return statement.correlate(row).exists()


def coordinates(kind: Kind, kabupaten_code: Sql) -> Condition:
    """Whether a kabupaten lies in the scope the actor coordinates."""
    if kind.nation:
        return sa.true()
    if not kind.places:
        return sa.false()
    code = sa.type_coerce(kabupaten_code, sa.Text)
    return sa.or_(code == sa.any_(_KABUPATEN), sa.func.left(code, 2, type_=sa.Text()) == sa.any_(_PROVINCES))


def manages(kind: Kind, organization_id: Sql) -> Condition:
    """Whether the actor manages the organization."""
    return organization_id == sa.any_(_ORGANIZATIONS) if kind.organizations else sa.false()


def members_today(*conditions: Condition, of_verified: bool = False) -> sa.Select[Any]:
    """The ids of those who are members today, the day in the kabupaten of the organization; of verified ones only."""
    organization, province = Organization.alias(), days_of_provinces(NOW)
    verified = [organization.c.verification == "VERIFIED"] if of_verified else []
    return (
        sa.select(Membership.c.volunteer_id)
        .join(organization, organization.c.id == Membership.c.organization_id)
        .join(province, province.c.code == sa.func.left(organization.c.kabupaten_code, 2))
        .where(
            Membership.c.since <= province.c.day,
            sa.or_(Membership.c.until.is_(None), Membership.c.until >= province.c.day),
            *conditions,
            *verified,
        )
    )


def answers_for(kind: Kind, volunteer_id: Sql, *, of_verified: bool = False) -> Condition:
    """The volunteer alone, and the managers of the (verified) organizations the volunteer belongs to today."""
    members = members_today(Membership.c.organization_id == sa.any_(_ORGANIZATIONS), of_verified=of_verified)
    return _any_of(
        volunteer_id == _VOLUNTEER if kind.volunteer else None,
        volunteer_id.in_(members) if kind.organizations else None,
    )


def _serves(kind: Kind, volunteer_id: Sql, standing: Condition) -> Condition | None:
    """Whether the volunteer has an assignment that stands so at a need in the scope."""
    if not kind.places:
        return None
    sent = sa.select(Assignment.c.volunteer_id).join(Need, Need.c.id == Assignment.c.need_id)
    return volunteer_id.in_(sent.where(standing, coordinates(kind, Need.c.kabupaten_code)))


# A duty that is promised or running. Before the acceptance, and once it is over, nobody needs to call.
_PROMISED = sa.and_(Assignment.c.status.in_(ASSIGNMENT.group("PROMISED")), Assignment.c.ends_at > NOW)

# The same, or an offer that may still be answered.
_LIVE = sa.and_(
    Assignment.c.status.in_(ASSIGNMENT.group("LIVE")),
    Assignment.c.ends_at > NOW,
    sa.not_(ASSIGNMENT.has_lapsed(Assignment, NOW)),
)


def knows_volunteer(kind: Kind, row: Row) -> Condition:
    """Who may read what is private: phone, position, consent. Not the managers of an organization that is suspended."""
    return _any_of(
        coordinates(kind, row.c.kabupaten_code),
        answers_for(kind, row.c.id, of_verified=True),
        _serves(kind, row.c.id, _PROMISED),
    )


def sees_volunteer(kind: Kind, row: Row) -> Condition:
    """Who knows a volunteer or has asked one, and the coordinators as far as the volunteer agreed to be sent."""
    if kind.nation:
        return sa.true()
    agreed = None
    if kind.places:
        agreed = sa.and_(
            row.c.status == "ACTIVE",
            row.c.consent_given_at.is_not(None),
            row.c.consent_withdrawn_at.is_(None),
            sa.or_(
                row.c.reach == "NATIONAL",
                sa.and_(
                    row.c.reach == "PROVINCE",
                    sa.type_coerce(row.c.province_code, sa.Text) == sa.any_(_NEAR_PROVINCES),
                ),
            ),
        )
    known = (coordinates(kind, row.c.kabupaten_code), answers_for(kind, row.c.id))
    return _any_of(agreed, *known, _serves(kind, row.c.id, _LIVE))


def sees_record_of_volunteer(kind: Kind, row: Row) -> Condition:
    """Certificates and memberships are seen by who sees their volunteer."""
    if kind.nation:
        return sa.true()
    volunteer = Volunteer.alias()
    return exists_where(row, volunteer.c.id == row.c.volunteer_id, sees_volunteer(kind, volunteer))


def sees_assignment(kind: Kind, row: Row) -> Condition:
    """Who is sent, who answers for them, and the coordinators of both ends."""
    if kind.nation:
        return sa.true()
    ends = None
    if kind.places:
        need, volunteer = Need.alias(), Volunteer.alias()
        ends = sa.or_(
            exists_where(row, need.c.id == row.c.need_id, coordinates(kind, need.c.kabupaten_code)),
            exists_where(row, volunteer.c.id == row.c.volunteer_id, coordinates(kind, volunteer.c.kabupaten_code)),
        )
    return _any_of(ends, answers_for(kind, row.c.volunteer_id))


def sees_override(kind: Kind, row: Row) -> Condition:
    """Who sees the assignment sees what was set aside for it."""
    assignment = Assignment.alias()
    return exists_where(row, assignment.c.id == row.c.assignment_id, sees_assignment(kind, assignment))


def sees_organization(kind: Kind, row: Row) -> Condition:
    """Verified ones are public; the others are seen by their coordinators, managers, members of today and who asked for them."""
    member = None
    if kind.volunteer:
        own = members_today(Membership.c.volunteer_id == _VOLUNTEER)
        member = row.c.id.in_(own.with_only_columns(Membership.c.organization_id))
    return _any_of(
        row.c.verification == "VERIFIED",
        coordinates(kind, row.c.kabupaten_code),
        manages(kind, row.c.id),
        member,
        row.c.requester_id == _ACCOUNT if kind.account else None,
    )


def keeps_organization(kind: Kind, organization: Row) -> Condition:
    """Its managers, and the coordinators of its home."""
    return _any_of(manages(kind, organization.c.id), coordinates(kind, organization.c.kabupaten_code))


def coordinates_home_of(kind: Kind, organization: Row) -> Condition:
    """The coordinators of the organization's home."""
    return coordinates(kind, organization.c.kabupaten_code)


def supervises_organization(kind: Kind, organization: Row) -> Condition:
    """The coordinators of the organization's home; of the nation where it works in several provinces."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    coverage = OrganizationCoverage.alias()
    beyond = exists_where(
        organization,
        coverage.c.organization_id == organization.c.id,
        sa.func.left(coverage.c.kabupaten_code, 2) != sa.func.left(organization.c.kabupaten_code, 2),
    )
    return sa.and_(coordinates(kind, organization.c.kabupaten_code), sa.not_(beyond))


def is_signed_in(kind: Kind, _row: Row) -> Condition:
    """Anybody signed in."""
    return sa.literal(kind.account)


def sees_contact(kind: Kind, row: Row) -> Condition:
    """All coordinators, and the managers of the organization."""
    return _any_of(sa.literal(kind.coordinator), manages(kind, row.c.organization_id))


def sees_licence(kind: Kind, row: Row) -> Condition:
    """Who sees the organization sees the licences that were confirmed; its managers and coordinators, the others too."""
    owner = Organization.alias()
    counted = sa.and_(row.c.status.in_(LICENCE.group("COUNTED")), sees_organization(kind, owner))
    seen = sa.or_(counted, keeps_organization(kind, owner))
    return exists_where(row, owner.c.id == row.c.organization_id, seen)


def keeps_licence(kind: Kind, licence: Row) -> Condition:
    """Managers of the organization, and coordinators of its home."""
    owner = Organization.alias()
    return exists_where(licence, owner.c.id == licence.c.organization_id, keeps_organization(kind, owner))


def judges_licence(kind: Kind, licence: Row) -> Condition:
    """The coordinators of the organization's home."""
    owner = Organization.alias()
    return exists_where(licence, owner.c.id == licence.c.organization_id, coordinates_home_of(kind, owner))


def sees_incident(kind: Kind, row: Row) -> Condition:
    """Public once verified; else seen by the coordinators of a kabupaten it touches, and by who reported it."""
    return _any_of(
        row.c.status.in_(INCIDENT.group("PUBLIC")),
        sa.and_(row.c.status == IncidentStatus.MERGED, row.c.verified_at.is_not(None)),
        coordinates_incident(kind, row) if kind.coordinator else None,
        row.c.reporter_id == _ACCOUNT if kind.account else None,
    )


def coordinates_incident(kind: Kind, incident: Row) -> Condition:
    """Coordinators of a kabupaten that the incident affects, of its province or the nation."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    touched = IncidentKabupaten.alias()
    return exists_where(incident, touched.c.incident_id == incident.c.id, coordinates(kind, touched.c.kabupaten_code))


def nobody(_kind: Kind, _row: Row) -> Condition:
    """Reached through what it belongs to only."""
    return sa.false()


def sees_need(_kind: Kind, _row: Row) -> Condition:
    """Public: a need can only be raised for an incident that is itself public."""
    return sa.true()


def sees_part_of_incident(_kind: Kind, _row: Row) -> Condition:
    """Public: sites, decrees and the like are only entered for an incident that is itself public."""
    return sa.true()


def keeps_site(kind: Kind, site: Row) -> Condition:
    """Coordinators of its kabupaten, managers of the organization that runs it."""
    runs = sa.func.coalesce(manages(kind, site.c.organization_id), sa.false(), type_=sa.Boolean())
    return sa.or_(coordinates(kind, site.c.kabupaten_code), runs)


def sees_situation(kind: Kind, row: Row) -> Condition:
    """Public once verified; before and once withdrawn, to coordinators and to who recorded it."""
    return _any_of(
        row.c.status == SituationStatus.VERIFIED,
        sa.literal(kind.coordinator),
        row.c.recorder_id == _ACCOUNT if kind.account else None,
    )


def is_desk_officer(kind: Kind, kabupaten_code: Sql) -> Condition:
    """Whether the actor is a desk officer of the kabupaten, of its province or the nation."""
    role = Role.alias()
    code = sa.type_coerce(kabupaten_code, sa.Text)
    is_of_nation = sa.and_(role.c.province_code.is_(None), role.c.kabupaten_code.is_(None))
    in_scope = sa.or_(is_of_nation, role.c.kabupaten_code == code, role.c.province_code == sa.func.left(code, 2))
    held = sa.exists().where(role.c.id == sa.any_(_ROLES), role.c.kind == RoleKind.DESK_OFFICER, in_scope)
    return held if kind.account else sa.false()


def reports_from(kind: Kind, incident_id: Sql, kabupaten_code: Sql) -> Condition:
    """Whether the actor coordinates the kabupaten, works at its desk, or manages an organization that works there.

    An organization works where it runs a site of the incident, or holds a pledge for one of its needs.
    """
    site, need, pledge = Site.alias(), Need.alias(), Pledge.alias()
    promised = sa.exists().where(
        need.c.incident_id == incident_id,
        need.c.kabupaten_code == kabupaten_code,
        pledge.c.need_id == need.c.id,
        pledge.c.status == PledgeStatus.OPEN,
        manages(kind, pledge.c.organization_id),
    )
    here = sa.exists().where(
        site.c.incident_id == incident_id,
        site.c.kabupaten_code == kabupaten_code,
        site.c.closed_at.is_(None),
        manages(kind, site.c.organization_id),
    )
    at_work = (here, promised) if kind.organizations else ()
    return _any_of(coordinates(kind, kabupaten_code), is_desk_officer(kind, kabupaten_code), *at_work)


def records_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators and desk officers of the kabupaten, managers of an organization with a site or pledge there."""
    return reports_from(kind, report.c.incident_id, report.c.kabupaten_code)


def verifies_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators of the kabupaten that the figures are of."""
    return coordinates(kind, report.c.kabupaten_code)


def withdraws_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators of the kabupaten that the figures are of, and who recorded them."""
    own = report.c.recorder_id == _ACCOUNT if kind.account else None
    return _any_of(verifies_situation(kind, report), own)


def coordinates_territory(kind: Kind, row: Row) -> Condition:
    """Coordinators of the territory of an emergency status: the kabupaten, else the province, else the nation."""
    return decrees_for(kind, row.c.kabupaten_code, row.c.province_code)


def decrees_for(kind: Kind, kabupaten_code: Sql, province_code: Sql) -> Condition:
    """Whether the actor coordinates the kabupaten, or the province; the nation if both are null."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    in_province = sa.type_coerce(province_code, sa.Text) == sa.any_(_PROVINCES)
    return sa.func.coalesce(sa.or_(coordinates(kind, kabupaten_code), in_province), sa.false(), type_=sa.Boolean())


def shares_work(kind: Kind, _row: Row) -> Condition:
    """All coordinators and managers."""
    return sa.literal(kind.coordinator or kind.organizations)


def sees_pledge(kind: Kind, row: Row) -> Condition:
    """All coordinators and managers: they share the work."""
    return shares_work(kind, row)


def sees_pledge_request(kind: Kind, row: Row) -> Condition:
    """Coordinators, and the managers of both organizations."""
    pledge = Pledge.alias()
    holder = exists_where(row, pledge.c.id == row.c.pledge_id, manages(kind, pledge.c.organization_id))
    return _any_of(
        sa.literal(kind.coordinator),
        manages(kind, row.c.organization_id),
        holder if kind.organizations else None,
    )


def holds_pledge(kind: Kind, pledge: Row) -> Condition:
    """Managers of the organization that holds it."""
    return manages(kind, pledge.c.organization_id)


def releases_pledge(kind: Kind, pledge: Row) -> Condition:
    """Managers of the organization that holds it, coordinators of the need's kabupaten."""
    if kind.nation:
        return sa.true()
    need, goods = Need.alias(), GoodsNeed.alias()
    at_need = exists_where(pledge, need.c.id == pledge.c.need_id, sends_to_need(kind, need))
    at_goods = exists_where(pledge, goods.c.id == pledge.c.goods_need_id, sends_to_need(kind, goods))
    return _any_of(holds_pledge(kind, pledge), *((at_need, at_goods) if kind.places else ()))


def sends_to_need(kind: Kind, row: Row) -> Condition:
    """Who may look for people for a need, and offer it to them."""
    return coordinates(kind, row.c.kabupaten_code)


def is_own_account(kind: Kind, row: Row) -> Condition:
    """The account that asks."""
    return row.c.id == _ACCOUNT if kind.account else sa.false()


def sends_under_pledge(kind: Kind, need: Row, pledge_id: Sql) -> Condition:
    """Who sends to the need, and the managers of the organization that holds the pledge of it, if one is named."""
    pledge = Pledge.alias()
    holds = exists_where(need, pledge.c.id == pledge_id, pledge.c.need_id == need.c.id, holds_pledge(kind, pledge))
    return _any_of(sends_to_need(kind, need), holds if kind.organizations else None)


def sees_account(kind: Kind, row: Row) -> Condition:
    """One's own, and those with a role that one sees."""
    role = Role.alias()
    holder = exists_where(row, role.c.account_id == row.c.id, _administers(kind, role))
    return _any_of(is_own_account(kind, row), holder if kind.coordinator or kind.organizations else None)


def sees_role(kind: Kind, row: Row) -> Condition:
    """Its holder, and who may grant such a role."""
    own = row.c.account_id == _ACCOUNT if kind.account else None
    return _any_of(own, _administers(kind, row))


def sees_api_key(kind: Kind, row: Row) -> Condition:
    """One's own."""
    return row.c.account_id == _ACCOUNT if kind.account else sa.false()


def is_valid(key: Row) -> Condition:
    """Whether an API key may still be used."""
    return sa.and_(key.c.revoked_at.is_(None), key.c.expires_at > NOW)


def sees_session(kind: Kind, row: Row) -> Condition:
    """One's own."""
    return row.c.account_id == _ACCOUNT if kind.account else sa.false()


def is_open(session: Row) -> Condition:
    """Whether one is still signed in there."""
    return sa.and_(session.c.ended_at.is_(None), session.c.expires_at > NOW)


def is_in_force(role: Row) -> Condition:
    """Whether a role's period has begun, and neither the period is over nor the role revoked."""
    return sa.and_(
        sa.or_(role.c.since.is_(None), role.c.since <= NOW),
        sa.or_(role.c.until.is_(None), role.c.until > NOW),
        role.c.ended_at.is_(None),
    )


def covers(held: Row, other: Row) -> Condition:
    """Whether what the holder of one role may do includes another role: nobody grants more than they hold.

    Coordinators, all roles of places in their scope and of organizations at home there; managers, those of their
    organization.
    """
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == other.c.organization_id)
    kabupaten = sa.func.coalesce(other.c.kabupaten_code, home.correlate(other).scalar_subquery(), type_=sa.Text())
    province = sa.func.coalesce(other.c.province_code, sa.func.left(kabupaten, 2), type_=sa.Text())
    is_of_nation = sa.and_(held.c.province_code.is_(None), held.c.kabupaten_code.is_(None))
    in_scope = sa.or_(is_of_nation, held.c.province_code == province, held.c.kabupaten_code == kabupaten)
    return sa.or_(
        sa.and_(held.c.kind == RoleKind.COORDINATOR, in_scope),
        sa.and_(held.c.kind == RoleKind.MANAGER, held.c.organization_id == other.c.organization_id),
    )


def _holds(row: Row, *conditions: Callable[[Row], Condition]) -> Condition:
    """Whether a role that the actor holds meets the conditions beside this row."""
    held = Role.alias()
    return exists_where(row, held.c.id == sa.any_(_ROLES), *(condition(held) for condition in conditions))


def _administers(kind: Kind, row: Row) -> Condition:
    """Whether the actor holds a role that covers this one, so may revoke it."""
    if kind.nation:
        return sa.true()
    return _holds(row, lambda held: covers(held, row)) if kind.places or kind.organizations else sa.false()


def grants(row: Row) -> Condition:
    """Whether the actor holds a role that covers this one and lasts as long."""
    return _holds(
        row,
        lambda held: covers(held, row),
        lambda held: sa.or_(held.c.until.is_(None), held.c.until >= row.c.until),
    )


def revokes(kind: Kind, row: Row) -> Condition:
    """Who may grant such a role, for however long, and its holder, who gives it back."""
    return sees_role(kind, row)


def enrols(kind: Kind, organization: Row) -> Condition:
    """Who may make somebody a member: managers of the organization, coordinators of its home."""
    return _any_of(manages(kind, organization.c.id), coordinates(kind, organization.c.kabupaten_code))


def certifies(kind: Kind, volunteer: Row, issuer: Row) -> Condition:
    """Coordinators of the homes of both volunteer and issuer, managers of the issuer for their members."""
    return _any_of(
        sa.and_(coordinates(kind, volunteer.c.kabupaten_code), coordinates(kind, issuer.c.kabupaten_code)),
        sa.and_(manages(kind, issuer.c.id), answers_for(kind, volunteer.c.id)),
    )


def answers_assignment(kind: Kind, assignment: Row) -> Condition:
    """The volunteer, or a manager of one of the volunteer's organizations."""
    return answers_for(kind, assignment.c.volunteer_id)


def sends_to_need_of(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the need's kabupaten."""
    need = Need.alias()
    return exists_where(assignment, need.c.id == assignment.c.need_id, sends_to_need(kind, need))


def cancels_assignment(kind: Kind, assignment: Row) -> Condition:
    """Either side: the volunteer's, or the coordinators of the need's kabupaten."""
    return sa.or_(answers_assignment(kind, assignment), sends_to_need_of(kind, assignment))


Predicate = Callable[[Kind, Row], Condition]

# The predicates that the moves of state machines name.
MOVE_PREDICATES: Mapping[str, Predicate] = {
    predicate.__name__: predicate
    for predicate in (
        *(answers_assignment, sends_to_need_of, cancels_assignment),
        coordinates_incident,
        *(records_situation, verifies_situation, withdraws_situation),
        *(is_signed_in, coordinates_home_of, supervises_organization),
        *(keeps_licence, judges_licence),
        *(holds_pledge, releases_pledge),
    )
}


def may_move(move: Move[Any, Any]) -> Predicate:
    """Who may make the move of a state machine, asked of the thing that moves."""
    return MOVE_PREDICATES[move.who]
