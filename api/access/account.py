"""Who sees and administers accounts, roles, sessions and API keys."""

from collections.abc import Callable

import sqlalchemy as sa

from api.access.actor import ACCOUNT, NOW, ROLES, Condition, Kind, Row, Sql
from api.access.condition import any_of, exists_where, works_beyond_its_province
from api.access.standing import stands_today
from api.models import Camp, Organization, Role
from api.models.account import RoleKind


def is_own_account(kind: Kind, row: Row) -> Condition:
    """The account that asks."""
    return row.c.id == ACCOUNT if kind.account else sa.false()


def keeps_account(kind: Kind, row: Row) -> Condition:
    """The account that asks itself, and no API key of it."""
    return row.c.id == ACCOUNT if kind.own else sa.false()


def sees_account(kind: Kind, row: Row) -> Condition:
    """One's own, and those with a role that one sees."""
    role = Role.alias()
    holder = exists_where(row, role.c.account_id == row.c.id, any_of(*_of_others(kind, role)))
    return any_of(is_own_account(kind, row), holder if kind.coordinator or kind.organizations or kind.auditor else None)


def sees_role(kind: Kind, row: Row) -> Condition:
    """Its holder, an API key that acts with it, who may grant such a role, and the auditors of its scope."""
    return any_of(_is_held(kind, row), *_of_others(kind, row))


def _is_held(kind: Kind, role: Row) -> Condition:
    if not kind.account:
        return sa.false()
    return role.c.account_id == ACCOUNT if kind.own else role.c.id == sa.any_(ROLES)


def _of_others(kind: Kind, role: Row) -> tuple[Condition | None, ...]:
    """As what one sees roles of others."""
    auditor = _holds(role, lambda held: held.c.kind == RoleKind.AUDITOR, lambda held: _lies_in_scope(held, role))
    return _administers(kind, role), auditor if kind.auditor else None


def sees_api_key(kind: Kind, row: Row) -> Condition:
    """One's own."""
    return row.c.account_id == ACCOUNT if kind.own else sa.false()


def is_valid(key: Row) -> Condition:
    """Whether an API key may still be used."""
    return sa.and_(key.c.revoked_at.is_(None), key.c.expires_at > NOW)


def sees_provider_identity(kind: Kind, row: Row) -> Condition:
    """One's own."""
    return row.c.account_id == ACCOUNT if kind.own else sa.false()


def sees_session(kind: Kind, row: Row) -> Condition:
    """One's own."""
    return row.c.account_id == ACCOUNT if kind.own else sa.false()


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

    Coordinators, all roles of places in their scope, of organizations at home there and of camps held there; managers,
    those of their organization and of its camps.
    """
    return sa.or_(
        sa.and_(held.c.kind == RoleKind.COORDINATOR, _lies_in_scope(held, other)),
        sa.and_(held.c.kind == RoleKind.MANAGER, held.c.organization_id == organization_of_role(other)),
    )


def organization_of_role(role: Row) -> Sql:
    """The organization whose managers grant a role: that of the role, or the host of its camp; null for a place."""
    host = sa.select(Camp.c.host_id).where(Camp.c.id == role.c.camp_id).correlate(role).scalar_subquery()
    return sa.func.coalesce(role.c.organization_id, host, type_=sa.Uuid())


def _lies_in_scope(held: Row, other: Row) -> Condition:
    """Whether the scope of a role of a place includes that of another role: a place, a home or a venue."""
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == other.c.organization_id)
    venue = sa.select(Camp.c.kabupaten_code).where(Camp.c.id == other.c.camp_id)
    kabupaten = sa.func.coalesce(
        other.c.kabupaten_code,
        *(place.correlate(other).scalar_subquery() for place in (home, venue)),
        type_=sa.Text(),
    )
    province = sa.func.coalesce(other.c.province_code, sa.func.left(kabupaten, 2), type_=sa.Text())
    return sa.or_(_is_of_nation(held), held.c.province_code == province, held.c.kabupaten_code == kabupaten)


def _is_of_nation(coordinator: Row) -> Condition:
    """Whether a role of a place is one of the nation."""
    return sa.and_(coordinator.c.province_code.is_(None), coordinator.c.kabupaten_code.is_(None))


def _reaches_beyond(role: Row) -> Condition:
    """Whether it is one of an organization that works in several provinces, and has members there."""
    owner = Organization.alias()
    return exists_where(role, owner.c.id == role.c.organization_id, works_beyond_its_province(owner))


def _holds(row: Row, *conditions: Callable[[Row], Condition]) -> Condition:
    """Whether a role that the actor holds meets the conditions beside this row."""
    held = Role.alias()
    return exists_where(row, held.c.id == sa.any_(ROLES), *(condition(held) for condition in conditions))


def _administers(kind: Kind, row: Row) -> Condition:
    """Whether the actor holds a role that covers this one, so may revoke it."""
    if kind.nation:
        return sa.true()
    return _holds(row, lambda held: covers(held, row)) if kind.places or kind.organizations else sa.false()


def grants(row: Row) -> Condition:
    """Whether the actor holds a role that covers this one, reaches as far and lasts as long; as a manager, of who stands."""
    as_manager = _holds(
        row,
        lambda held: held.c.kind == RoleKind.MANAGER,
        lambda held: covers(held, row),
        lambda held: _lasts(held, row),
        lambda held: stands_today(held.c.organization_id),
    )
    return sa.or_(grants_as_coordinator(row), as_manager)


def grants_as_coordinator(row: Row) -> Condition:
    """Whether the actor holds a role of a coordinator that covers this one, reaches as far and lasts as long."""
    return _holds(
        row,
        lambda held: held.c.kind == RoleKind.COORDINATOR,
        lambda held: covers(held, row),
        lambda held: sa.or_(_is_of_nation(held), sa.not_(_reaches_beyond(row))),
        lambda held: _lasts(held, row),
    )


def grants_manager(organization: Row) -> Condition:
    """Whether the actor may, as a coordinator, make somebody a manager of the organization without end."""
    nowhere = ("camp_id", "province_code", "kabupaten_code", "until")
    columns = (sa.cast(sa.null(), Role.c[name].type).label(name) for name in nowhere)
    wanted = sa.select(organization.c.id.label("organization_id"), *columns).correlate(organization).lateral()
    return exists_where(organization, wanted.c.organization_id.is_not(None), grants_as_coordinator(wanted))


def _lasts(held: Row, other: Row) -> Condition:
    """Whether a role lasts as long as another."""
    return sa.or_(held.c.until.is_(None), held.c.until >= other.c.until)


def revokes(kind: Kind, row: Row) -> Condition:
    """Who may grant such a role, for however long, and its holder, who gives it back."""
    own = row.c.account_id == ACCOUNT if kind.own else None
    return any_of(own, _administers(kind, row))
