"""Whether somebody has completed a camp."""

from typing import Any

import sqlalchemy as sa

from api.compiler.source import Embedded, FieldContext, Row, Source, ToMany, column, everybody
from api.models import Camp
from api.rules.camp_completion import completion, missed_sessions


def completion_of(registration: Row, _context: FieldContext) -> sa.Select[Any]:
    camp = Camp.alias()
    found = completion(registration, camp).lateral()
    return (
        sa.select(*found.c, registration.c.camp_id, registration.c.volunteer_id, registration.c.id.label("id"))
        .select_from(camp.join(found, sa.true()))
        .where(camp.c.id == registration.c.camp_id)
    )


def missed(row: Row, _context: FieldContext) -> sa.Select[Any]:
    return missed_sessions(row)


COMPLETION = Embedded("CampCompletion", computed_row=completion_of)

SOURCES = (
    Source(
        "CampCompletion",
        None,
        visible=everybody,
        fields={
            **{name: column(name) for name in ("is_met", "hours_held", "hours_attended", "has_passed")},
            "missed_sessions": ToMany("CampSession", "STARTS_AT_ASC", through=missed),
        },
        node=False,
    ),
)
