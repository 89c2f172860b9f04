"""Imports of files, and what has become of their rows."""

from api import access
from api.compiler.source import ToOne, column
from api.compiler.structure import connection, filters, orders, table_source, to_one
from api.models import ImportEntry, ImportJob
from api.resolvers.common import LABEL

SOURCES = (
    table_source(
        ImportJob,
        access.sees_import_job,
        fields={
            "organization": to_one(ImportJob.c.organization_id),
            "entries": connection(ImportEntry.c.import_job_id, visible_with_parent=True),
            "fault": LABEL,
        },
        orders=orders(ImportJob, "-created_at"),
        filters=filters(ImportJob, "organization_id", "status", "created_at"),
    ),
    table_source(
        ImportEntry,
        access.nobody,
        fields={
            "column": column("column_name"),
            "message": LABEL,
            "volunteer": ToOne("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
        },
        orders=orders(ImportEntry, "row"),
        filters=filters(ImportEntry, "row", "outcome", "code"),
        node=False,
    ),
)
