"""Problems: what a mutation refused, read like everything else, so that their facts obey the same policies."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api.compiler.source import Embedded, FieldContext, Row, Source, column, everybody
from api.resolvers.common import LABEL, ordered
from api.rules.rule import FACT_TYPES

COLUMNS: tuple[sa.ColumnClause[Any], ...] = (
    sa.column("position", sa.Integer()),
    sa.column("code", sa.Text()),
    sa.column("path", JSONB()),
    sa.column("label_id", sa.Text()),
    sa.column("label_en", sa.Text()),
    *(sa.column(name, type_) for name, type_ in FACT_TYPES.items()),
)


def problem_rows(row: Row, _context: FieldContext) -> sa.SelectBase:
    """The problems that a service told, as rows."""
    told = sa.func.jsonb_to_recordset(sa.cast(row.c.problems, JSONB))
    table = told.table_valued(*COLUMNS, name="problem").render_derived(with_types=True)
    return sa.select(*table.c)


SOURCES = (
    Source(
        "Problem",
        None,
        visible=everybody,
        fields={"code": column("code"), "message": LABEL, "path": column("path"), "fact": Embedded("Fact")},
        orders={"POSITION": ordered("position")},
        node=False,
    ),
)
