"""What happened in the scope of an auditor: every event, without what is private."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.compiler.filter import ColumnFilter
from api.compiler.source import Expression, FieldContext, Row, Source, Sql, ToOne
from api.compiler.structure import filters, orders
from api.models import Event, Kabupaten, Organization
from api.resolvers.activity import concerned
from api.resolvers.history import KIND_LABEL, actor_name


def reason(row: Row, context: FieldContext) -> Sql:
    return sa.case((access.reads_reason(context.viewer, row), row.c.reason))


def mutation(row: Row, _context: FieldContext) -> Sql:
    name: Sql = row.c.change["mutation"].astext
    return name


def codes(row: Row, _context: FieldContext) -> Sql:
    each = (
        sa.func.jsonb_array_elements_text(row.c.change["codes"])
        .table_valued(sa.column("code", sa.Text))
        .render_derived()
    )
    found = sa.select(sa.func.array_agg(each.c.code)).correlate(row).scalar_subquery()
    return sa.func.coalesce(found, sa.cast([], ARRAY(sa.Text)), type_=ARRAY(sa.Text))


SOURCES = (
    Source(
        "AuditEntry",
        Event,
        visible=access.sees_audit_entry,
        key="position",
        fields={
            "label": KIND_LABEL,
            "account": ToOne("Account", on=lambda row, other: other.c.id == row.c.account_id),
            "actor_name": Expression(actor_name),
            "reason": Expression(reason),
            "subject": Expression(lambda row, _context: row.c.subject_type + ":" + row.c.subject_key),
            "kabupaten": concerned(Kabupaten, "kabupaten_code"),
            "organization": concerned(Organization, "organization_id"),
            "mutation": Expression(mutation),
            "codes": Expression(codes),
        },
        orders=orders(Event, "-position"),
        filters={
            **filters(Event, "kind", "account_id", "at"),
            "kabupaten": ColumnFilter("kabupaten_code", Event.c.kabupaten_code.type, "Kabupaten"),
            "organization": ColumnFilter("organization_id", Event.c.organization_id.type, "Organization"),
        },
        node=False,
    ),
)
