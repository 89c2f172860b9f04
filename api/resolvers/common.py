"""What several nouns answer in the same way."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from api import access
from api.access import LANGUAGE, NOW
from api.compiler.filter import ColumnFilter
from api.compiler.source import Embedded, Expression, FieldContext, Row, Source, Sql, everybody
from api.compiler.structure import filters, orders, table_source
from api.models.choice import StateMachine
from api.models.day import time_zone


def label(row: Row, context: FieldContext) -> Sql:
    """The label of reference data in the language of the argument, else in that of the request."""
    labels = {"ID": row.c.label_id, "EN": row.c.label_en}
    chosen = context.arguments["language"]
    if isinstance(chosen, str):
        return labels[chosen]
    return sa.case((LANGUAGE == "EN", labels["EN"]), else_=labels["ID"])


LABEL = Expression(label)

# A point made of two columns of the row.
POSITION = Embedded("Point")

# The IANA time zone of the row's kabupaten.
ZONE = Expression(lambda row, _context: time_zone(row.c.kabupaten_code))


def reference(table: sa.Table, *filtered: str, **fields: Any) -> Source:
    """Labelled reference data, open to the public, in the order of its codes."""
    return table_source(
        table,
        everybody,
        fields={"label": LABEL, **fields},
        filters=filters(table, "retired_on", *filtered),
        orders=orders(table, "code"),
    )


def status(machine: StateMachine[Any, Any]) -> Expression:
    """The status as it reads now: what has lapsed is shown as such, recorded or not."""
    return Expression(lambda row, _context: machine.current(row, NOW))


def status_filter(machine: StateMachine[Any, Any], table: sa.Table) -> ColumnFilter:
    return ColumnFilter(machine.column, table.c[machine.column].type, expression=lambda row: machine.current(row, NOW))


def allowed_actions(machine: StateMachine[Any, Any]) -> Expression:
    """The actions that exist from the present status and in the present phase, and that the viewer may take, as a list of their names."""
    moves = [(move, access.may_move(move)) for move in machine.moves if move.sources and not move.is_late]

    def actions(row: Row, context: FieldContext) -> Sql:
        allowed: dict[str, list[Sql]] = {}
        for move, may in moves:
            allows = sa.and_(machine.allows(move, row, NOW), may(context.viewer, row))
            allowed.setdefault(move.action, []).append(allows)
        names = [sa.case((sa.or_(*found), sa.literal_column(f"'{action}'"))) for action, found in allowed.items()]
        return sa.func.array_remove(array[Any](names, type_=sa.Text()), sa.null(), type_=ARRAY(sa.Text()))

    return Expression(actions)
