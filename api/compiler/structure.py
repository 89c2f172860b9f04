"""Relations, filters and orders that follow from columns and foreign keys, so that they are declared by naming these."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.compiler.filter import ColumnFilter, PeriodFilter, RelatedFilter
from api.compiler.source import (
    Guard,
    Order,
    PairPolicy,
    Row,
    Source,
    Sql,
    ToConnection,
    ToMany,
    ToOne,
)


def type_name(table: sa.FromClause) -> str:
    """The type that a table holds the things of: `certificate_type` holds `CertificateType`."""
    assert isinstance(table, sa.Table)
    return "".join(part.capitalize() for part in table.name.split("_"))


def referenced(column: sa.Column[Any]) -> sa.Column[Any]:
    """The column that a foreign key refers to: of the column alone, if there is one, else one with others."""
    alone = [key for key in column.foreign_keys if key.constraint is not None and len(key.constraint.elements) == 1]
    (reference,) = alone or column.foreign_keys
    return reference.column


def to_one(column: sa.Column[Any], *, visible_with_parent: bool = False, guard: Guard | None = None) -> ToOne:
    """The thing that the row's foreign key refers to."""
    key, name = referenced(column), column.name
    return ToOne(
        type_name(key.table),
        on=lambda row, other: other.c[key.name] == row.c[name],
        visible_with_parent=visible_with_parent,
        guard=guard,
        column=name,
    )


def to_many(column: sa.Column[Any], order: str, *, visible_with_parent: bool = False) -> ToMany:
    """All things whose foreign key refers to the row."""
    key, name = referenced(column), column.name
    return ToMany(
        type_name(column.table),
        order,
        on=lambda row, other: other.c[name] == row.c[key.name],
        visible_with_parent=visible_with_parent,
        by=name,
    )


def to_many_through(own: sa.Column[Any], other: sa.Column[Any], order: str) -> ToMany:
    """All things that a table of pairs connects with the row: `own` refers to the row, `other` to the things."""
    key = referenced(own)
    return ToMany(
        type_name(referenced(other).table),
        order,
        through=lambda row, _context: sa.select(other).where(own == row.c[key.name]),
    )


def connection(
    column: sa.Column[Any],
    *,
    visible_with_parent: bool = False,
    guard: Guard | None = None,
    policy: PairPolicy | None = None,
) -> ToConnection:
    """Pages of the things whose foreign key refers to the row."""
    key, name = referenced(column), column.name
    return ToConnection(
        type_name(column.table),
        on=lambda row, other: other.c[name] == row.c[key.name],
        visible_with_parent=visible_with_parent,
        guard=guard,
        by=name,
        policy=policy,
    )


def relation_name(column: sa.Column[Any]) -> str:
    """The name of what a foreign key leads to: `need_id` leads to `need`."""
    return column.name.removesuffix("_id").removesuffix("_code")


def relations(table: sa.Table) -> Mapping[str, ToOne]:
    """What the foreign keys of a table lead to, by name."""
    return {relation_name(column): to_one(column) for column in table.c if column.foreign_keys}


# Filters --------------------------------------------------------------------------------------------------------------


def related(link: sa.Column[Any], column: sa.Column[Any]) -> RelatedFilter:
    """A filter on a column of another table; `link` is the foreign key between the two, in either of them."""
    assert isinstance(column.table, sa.Table)
    key, name = referenced(link).name, link.name
    target = type_name(referenced(column).table) if column.foreign_keys else None
    column_filter = ColumnFilter(column.name, column.type, target)
    if link.table is column.table:
        return RelatedFilter(column_filter, column.table, lambda row, other: other.c[name] == row.c[key])
    return RelatedFilter(column_filter, column.table, lambda row, other: other.c[key] == row.c[name])


def filters(table: sa.Table, *columns: str) -> Mapping[str, ColumnFilter | PeriodFilter]:
    """Filters on columns of a table, by the names of their fields: `need_id` is filtered as `need`.

    `starts_at..ends_at` is a filter on the period between two columns, named `period`.
    """
    return dict(_filter(table, each) for each in columns)


def _filter(table: sa.Table, name: str) -> tuple[str, ColumnFilter | PeriodFilter]:
    starts, is_period, ends = name.partition("..")
    if is_period:
        return "period", PeriodFilter(starts, ends, table.c[starts].type)
    column = table.c[name]
    if column.foreign_keys:
        target = type_name(referenced(column).table)
        return relation_name(column), ColumnFilter(name, column.type, target)
    keys = {use: column.info.get(use) for use in ("searched", "compared", "narrowed")}
    return name, ColumnFilter(name, column.type, **keys)


# Orders ---------------------------------------------------------------------------------------------------------------


def orders(table: sa.Table, *keys: str) -> Mapping[str, Order]:
    """Each key in both directions; the first is the default, descending where it begins with a minus.

    A key is a column; `code` of reference data is its own key, and names have a stored one. A day or instant that may be null counts as the last.
    """
    found: dict[str, Order] = {}
    for key in keys:
        name = key.removeprefix("-")
        both = {
            f"{name.upper()}_ASC": _order(table, name),
            f"{name.upper()}_DESC": _order(table, name, descending=True),
        }
        found |= dict(reversed(both.items())) if key.startswith("-") else both
    return found


def _order(table: sa.Table, name: str, *, descending: bool = False) -> Order:
    column = table.c[name]
    if column.primary_key:
        return Order(_no_columns, descending)
    if not column.nullable:
        ordered_by = column.info.get("ordered", name)
        return Order(lambda row: [row.c[ordered_by]], descending)
    endless = sa.literal_column("'infinity'", column.type)
    return Order(
        lambda row: [sa.func.coalesce(row.c[name], sa.cast(endless, column.type), type_=column.type)], descending
    )


def _no_columns(_row: Row) -> Sequence[Sql]:
    return []


# Sources --------------------------------------------------------------------------------------------------------------


def table_source(table: sa.Table, visible: Any, **declared: Any) -> Source:
    """How the things of a table are read: by its columns and foreign keys, and what is declared besides."""
    (key,) = table.primary_key.columns
    fields = {**relations(table), **declared.pop("fields", {})}
    return Source(type_name(table), table, visible=visible, key=key.name, fields=fields, **declared)
