"""What happened around a thing: the events that concern it, as far as the reader may see each."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from api import access
from api.access.event import subject_key
from api.compiler.source import Expression, Row, Source, ToConnection, ToOne
from api.compiler.structure import filters, orders, type_name
from api.models import (
    Assignment,
    Event,
    EventKind,
    GoodsNeed,
    Incident,
    Kabupaten,
    Need,
    Organization,
    Pledge,
    Site,
)
from api.models.merged import ids_of_person, surviving_id
from api.resolvers.common import reference
from api.resolvers.history import KIND_LABEL, actor_name, event_status


def activity(column_name: str) -> ToConnection:
    """The events whose column of that name has the row's key."""
    return ToConnection("Activity", on=lambda row, event: event.c[column_name] == row.c.id)


def activity_of_person() -> ToConnection:
    """The events around a volunteer, also those written under the ids of merged records."""
    return ToConnection("Activity", on=lambda row, event: event.c.volunteer_id == sa.any_(ids_of_person(row.c.id)))


def concerned(table: sa.Table, column_name: str) -> ToOne:
    """The thing that the event concerns by a column; null where the reader may not see it."""
    (key,) = table.primary_key.columns
    return ToOne(type_name(table), on=lambda row, other: other.c[key.name] == row.c[column_name])


def subject(table: sa.Table) -> ToOne:
    """The thing that the event is about, if it is of this type."""
    noun = type_name(table)
    on: Callable[[Row, Row], Any] = lambda row, other: other.c.id == subject_key(row, noun)  # noqa: E731  # Closes over the noun.
    return ToOne(noun, on=on)


SOURCES = (
    reference(EventKind),
    Source(
        "Activity",
        Event,
        visible=access.sees_event,
        key="position",
        fields={
            "label": KIND_LABEL,
            "status": Expression(event_status),
            "actor_name": Expression(actor_name),
            "subject": Expression(lambda row, _context: row.c.subject_type + ":" + row.c.subject_key),
            "incident": concerned(Incident, "incident_id"),
            "kabupaten": concerned(Kabupaten, "kabupaten_code"),
            "organization": concerned(Organization, "organization_id"),
            "volunteer": ToOne("Volunteer", on=lambda row, other: other.c.id == surviving_id(row.c.volunteer_id)),
            "site": concerned(Site, "site_id"),
            "need": concerned(Need, "need_id"),
            "goods_need": concerned(GoodsNeed, "need_id"),
            "assignment": subject(Assignment),
            "pledge": subject(Pledge),
        },
        orders=orders(Event, "-position"),
        filters=filters(Event, "kind", "at", "actor_kind"),
        node=False,
    ),
)
