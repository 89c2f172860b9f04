"""What all predicates are made of: scopes, and what lies beside a row."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from api.access.actor import KABUPATEN, ORGANIZATIONS, PROVINCES, ROLES, Condition, Kind, Row, Sql
from api.models import OrganizationCoverage, Role
from api.models.account import RoleKind

Predicate = Callable[[Kind, Row], Condition]


def may_trace(kind: Kind) -> bool:
    """Who may look at the statements behind an answer: they tell of the whole database, though not of its values."""
    return kind.nation


def any_of(*truths: Condition | None) -> Condition:
    """Whether one of them holds; what is left out as None cannot. The rest is not asked where one holds for every row."""
    asked = [truth for truth in truths if truth is not None]
    return sa.true() if any(isinstance(truth, sa.True_) for truth in asked) else sa.or_(sa.false(), *asked)


def exists_where(row: Row, *conditions: Condition) -> Condition:
    """Whether something else meets the conditions beside this row."""
    statement: sa.Select[Any] = sa.select(sa.literal_column("1")).where(*conditions)
    return statement.correlate(row).exists()


def probes(row: Row, *conditions: Condition) -> Condition:
    """As `exists_where`, looked up by an index for each row that asks.

    PostgreSQL reads all that meet the conditions at once where it expects many rows to ask, as in a policy of a list that
    is mostly public: OFFSET 0 keeps it from that.
    """
    statement: sa.Select[Any] = sa.select(sa.literal_column("1")).where(*conditions).offset(sa.literal_column("0"))
    return statement.correlate(row).exists()


def leads_to(kind: Kind, key: Sql, table: sa.Table, predicate: Predicate) -> Condition:
    """Whether a foreign key leads to a row of the table that meets the predicate; it is not read where each row does."""
    (own_key,) = table.primary_key.columns
    row = table.alias()
    condition = predicate(kind, row)
    if isinstance(condition, sa.True_):
        return key.is_not(None) if getattr(key, "nullable", True) else condition
    return sa.exists().where(row.c[own_key.name] == key, condition).correlate_except(row)


def once(row: Row, condition: Condition) -> Condition:
    """A condition on a row that many other rows are read beside, evaluated once for them and not for each."""
    return sa.select(condition).correlate(row).scalar_subquery()


def coordinates(kind: Kind, kabupaten_code: Sql) -> Condition:
    """Whether a kabupaten lies in the scope the actor coordinates."""
    if kind.nation:
        return sa.true()
    if not kind.places:
        return sa.false()
    code = sa.type_coerce(kabupaten_code, sa.Text)
    return sa.or_(code == sa.any_(KABUPATEN), sa.func.left(code, 2, type_=sa.Text()) == sa.any_(PROVINCES))


def is_desk_officer(kind: Kind, kabupaten_code: Sql) -> Condition:
    """Whether the actor works at the desk of the kabupaten, of its province or the nation."""
    return _holds(RoleKind.DESK_OFFICER, kabupaten_code) if kind.desk else sa.false()


def audits(kind: Kind, kabupaten_code: Sql) -> Condition:
    """Whether the actor is an auditor of the kabupaten, of its province or the nation; of the nation where it is null."""
    return _holds(RoleKind.AUDITOR, kabupaten_code) if kind.auditor else sa.false()


def _holds(role_kind: RoleKind, kabupaten_code: Sql) -> Condition:
    role = Role.alias()
    code = sa.type_coerce(kabupaten_code, sa.Text)
    is_of_nation = sa.and_(role.c.province_code.is_(None), role.c.kabupaten_code.is_(None))
    in_scope = sa.or_(is_of_nation, role.c.kabupaten_code == code, role.c.province_code == sa.func.left(code, 2))
    return sa.exists().where(role.c.id == sa.any_(ROLES), role.c.kind == role_kind, in_scope)


def manages(kind: Kind, organization_id: Sql) -> Condition:
    """Whether the actor manages the organization."""
    return organization_id == sa.any_(ORGANIZATIONS) if kind.organizations else sa.false()


def works_beyond_its_province(organization: Row) -> Condition:
    """Whether it covers a kabupaten of another province than that of its home."""
    coverage = OrganizationCoverage.alias()
    return exists_where(
        organization,
        coverage.c.organization_id == organization.c.id,
        sa.func.left(coverage.c.kabupaten_code, 2) != sa.func.left(organization.c.kabupaten_code, 2),
    )


def is_signed_in(kind: Kind, _row: Row) -> Condition:
    """Anybody signed in."""
    return sa.literal(kind.account)


def nobody(_kind: Kind, _row: Row) -> Condition:
    """Reached through what it belongs to only."""
    return sa.false()
