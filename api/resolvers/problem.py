"""Problems: why a mutation changed nothing, or which rules forbid sending somebody; one type per shape of facts.

They are read like everything else, so the things that their facts name obey the same policies.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api.compiler.source import FieldContext, Order, Row, Source, ToOne, Variant, column, everybody
from api.compiler.structure import type_name
from api.resolvers.common import LABEL
from api.rules.code import codes_of
from api.rules.fact import FACT_TYPES, THINGS, VALUES, column_of, key_of
from api.rules.shape import ProblemShape

COLUMNS: tuple[sa.ColumnClause[Any], ...] = (
    sa.column("position", sa.Integer()),
    sa.column("code", sa.Text()),
    sa.column("path", JSONB()),
    sa.column("label_id", sa.Text()),
    sa.column("label_en", sa.Text()),
    sa.column("overridable", sa.Boolean()),
    *(sa.column(name, type_) for name, type_ in FACT_TYPES.items()),
)


def json_rows(value: Any, *columns: sa.ColumnClause[Any]) -> sa.Select[Any]:
    """The objects of a JSON array as rows with these columns."""
    rows = sa.func.jsonb_to_recordset(sa.cast(value, JSONB))
    table = rows.table_valued(*columns, name="json_row").render_derived(with_types=True)
    return sa.select(*table.c)


def problem_rows(row: Row, _context: FieldContext) -> sa.SelectBase:
    """The problems that the column `problems` holds as JSON."""
    return json_rows(row.c.problems, *COLUMNS)


def fact(name: str, table: sa.Table) -> ToOne:
    """The thing that a fact names by its key; null where the viewer may not see it."""
    key, own = key_of(table).name, column_of(name)
    return ToOne(type_name(table), on=lambda row, other: other.c[key] == row.c[own])


FACTS: dict[str, Any] = {
    **{name: fact(name, table) for name, table in THINGS.items()},
    **{name: column(name) for name in VALUES},
    "current_version": column("version"),
    "current_status": column("status"),
    "deadline": column("ends_at"),
    "duty_starts_at": column("starts_at"),
    "duty_ends_at": column("ends_at"),
}


def has_shape(shape: ProblemShape) -> Any:
    return lambda row: row.c.code.in_(codes_of(shape))


SOURCES = (
    Source(
        "Problem",
        None,
        visible=everybody,
        variants=tuple(Variant(shape.type_name, when=has_shape(shape)) for shape in ProblemShape),
        orders={"POSITION_ASC": Order(lambda row: [row.c.position])},
        node=False,
    ),
    *(
        Source(
            shape.type_name,
            None,
            visible=everybody,
            fields={
                **{name: column(name) for name in ("code", "path", "overridable")},
                "message": LABEL,
                **{name: FACTS[name] for name in shape.facts},
            },
            node=False,
        )
        for shape in ProblemShape
    ),
)
