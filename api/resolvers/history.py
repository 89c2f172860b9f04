"""The history of a thing: its events, the oldest first."""

import sqlalchemy as sa

from api import access
from api.access import Condition
from api.compiler.source import Expression, FieldContext, Row, Source, Sql, ToMany
from api.compiler.structure import orders
from api.models import Account, Event, EventKind, Role, Volunteer
from api.resolvers.common import label

_ALWAYS = sa.true()


def history(noun: str) -> ToMany:
    """The events of a thing that everybody sees who sees the thing."""
    return ToMany(
        "HistoryEntry",
        "POSITION_ASC",
        on=lambda row, event: sa.and_(
            event.c.subject_type == noun,
            event.c.subject_key == sa.cast(row.c.id, sa.Text),
            event.c.kind.not_in(access.EVENTS_OF_FEWER),
        ),
        visible_with_parent=True,
    )


def kind_label(row: Row, context: FieldContext) -> Sql:
    """What happened, in words; the code of the kind where it has none."""
    kind = EventKind.alias()
    words = sa.select(label(kind, context)).where(kind.c.code == row.c.kind).correlate(row).scalar_subquery()
    return sa.func.coalesce(words, row.c.kind, type_=sa.Text())


KIND_LABEL = Expression(kind_label)


def event_status(row: Row, _context: FieldContext) -> Sql:
    """The status that an event brought about."""
    status: Sql = row.c.change["status"].astext
    return status


def actor_name(row: Row, context: FieldContext) -> Sql:
    """Of whoever caused an event. Who reported an incident in no role is told to coordinators, desks and auditors alone."""
    is_report = row.c.kind == "incident.reported"
    acted = _acted_in_role(row, row.c.at)
    return account_name(row, context, tells_account=acted, tells_volunteer=sa.or_(~is_report, acted))


def recorder_name(row: Row, context: FieldContext) -> Sql:
    """Of whoever recorded the row."""
    return account_name(row, context, tells_account=_acted_in_role(row, row.c.created_at))


def account_name(
    row: Row,
    context: FieldContext,
    *,
    tells_account: Condition = _ALWAYS,
    tells_volunteer: Condition = _ALWAYS,
) -> Sql:
    """What people call the account; null for the public.

    That of a volunteer is told to who may see the volunteer. Where the conditions do not hold, as of people who report
    something, a name is told only to coordinators, desks and auditors; each to itself.
    """
    viewer = context.viewer
    if not viewer.account:
        return sa.cast(sa.null(), sa.Text)
    if viewer.coordinator or viewer.desk or viewer.auditor:
        tells_account = tells_volunteer = _ALWAYS
    account, volunteer = Account.alias(), Volunteer.alias()
    seen = sa.select(volunteer.c.id).where(
        volunteer.c.id == account.c.volunteer_id, access.sees_volunteer(viewer, volunteer)
    )
    name = sa.select(account.c.name).where(
        account.c.id == row.c.account_id,
        sa.or_(
            access.is_own_account(viewer, account),
            sa.and_(account.c.volunteer_id.is_(None), tells_account),
            sa.and_(seen.correlate(account).exists(), tells_volunteer),
        ),
    )
    return name.correlate(row).scalar_subquery()


def _acted_in_role(row: Row, at: Sql) -> Condition:
    """Whether the account of the row held a role at the instant."""
    role = Role.alias()
    return (
        sa.exists()
        .where(
            role.c.account_id == row.c.account_id,
            role.c.created_at <= at,
            sa.or_(role.c.since.is_(None), role.c.since <= at),
            *(sa.or_(role.c[end].is_(None), role.c[end] >= at) for end in ("until", "ended_at")),
        )
        .correlate(row)
    )


SOURCES = (
    Source(
        "HistoryEntry",
        Event,
        # Events are reached through their thing only.
        visible=access.nobody,
        key="position",
        fields={
            "label": KIND_LABEL,
            "status": Expression(event_status),
            "actor_name": Expression(actor_name),
        },
        orders=orders(Event, "position"),
        node=False,
    ),
)
