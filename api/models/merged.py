"""Volunteers who were registered twice: the ids of records that were merged, which still lead to the person."""

from typing import Any

import sqlalchemy as sa

from api.models.base import INSTANT, references, required, table

MergedVolunteer = table(
    "merged_volunteer",
    sa.Column("old_id", sa.Uuid, primary_key=True),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("merged_at", INSTANT),
    sa.Index(None, "volunteer_id"),
)

Sql = sa.ColumnElement[Any]


def surviving_id(volunteer_id: Sql) -> Sql:
    """The id of the person whom an id, perhaps that of a merged record, stands for."""
    merged = MergedVolunteer.alias()
    found = sa.select(merged.c.volunteer_id).where(merged.c.old_id == volunteer_id)
    return sa.func.coalesce(found.correlate_except(merged).scalar_subquery(), volunteer_id, type_=sa.Uuid())


def ids_of_person(volunteer_id: Sql) -> Sql:
    """All ids that stand for a volunteer, as an array: the own one, and those of merged records."""
    merged = MergedVolunteer.alias()
    old = sa.select(merged.c.old_id).where(merged.c.volunteer_id == volunteer_id).correlate_except(merged)
    return sa.func.array_append(sa.func.array(old.scalar_subquery()), volunteer_id, type_=sa.ARRAY(sa.Uuid()))
