"""The history of a thing: its events, the oldest first."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Row, Source, Sql, ToMany
from api.compiler.structure import orders
from api.models import Account, Event, EventKind, Role, Volunteer
from api.resolvers.common import label


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


def account_name(row: Row, context: FieldContext) -> Sql:
    """What people call the account; null for the public.

    That of a volunteer is told to who may see the volunteer; that of an account without a role, as of people who report
    something, to coordinators, desks and auditors; each to itself.
    """
    viewer = context.viewer
    if not viewer.account:
        return sa.cast(sa.null(), sa.Text)
    account, volunteer = Account.alias(), Volunteer.alias()
    seen = sa.select(volunteer.c.id).where(
        volunteer.c.id == account.c.volunteer_id, access.sees_volunteer(viewer, volunteer)
    )
    is_official = viewer.coordinator or viewer.desk or viewer.auditor
    is_told = sa.true() if is_official else sa.exists().where(Role.c.account_id == account.c.id)
    name = sa.select(account.c.name).where(
        account.c.id == row.c.account_id,
        sa.or_(
            access.is_own_account(viewer, account),
            sa.and_(account.c.volunteer_id.is_(None), is_told),
            seen.correlate(account).exists(),
        ),
    )
    return name.correlate(row).scalar_subquery()


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
            "actor_name": Expression(account_name),
        },
        orders=orders(Event, "position"),
        node=False,
    ),
)
