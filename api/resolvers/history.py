"""The history of a thing: its events, the oldest first."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Row, Source, Sql, ToMany
from api.compiler.structure import orders
from api.models import Account, Event, Volunteer


def history(noun: str) -> ToMany:
    """The events of a thing; who sees the thing sees them."""
    return ToMany(
        "HistoryEntry",
        "POSITION_ASC",
        on=lambda row, event: sa.and_(event.c.subject_type == noun, event.c.subject_key == sa.cast(row.c.id, sa.Text)),
        visible_with_parent=True,
    )


def account_name(row: Row, context: FieldContext) -> Sql:
    """What people call the account; null for the public, and for the account of a volunteer whom the viewer may not see."""
    if not context.viewer.account:
        return sa.cast(sa.null(), sa.Text)
    account, volunteer = Account.alias(), Volunteer.alias()
    seen = sa.select(volunteer.c.id).where(
        volunteer.c.id == account.c.volunteer_id, access.sees_volunteer(context.viewer, volunteer)
    )
    name = sa.select(account.c.name).where(
        account.c.id == row.c.account_id,
        sa.or_(account.c.volunteer_id.is_(None), seen.correlate(account).exists()),
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
            "status": Expression(lambda row, _context: row.c.change["status"].astext),
            "actor_name": Expression(account_name),
        },
        orders=orders(Event, "position"),
        node=False,
    ),
)
