"""Filters of lists: on a column, on a period between two columns, and on a column of rows that belong to the row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.compiler.error import BadInput
from api.compiler.source import Condition, Convert, FieldContext, Row, Sql
from api.compiler.value import Slot, planning_value, storable

LONGEST_SEARCH_TEXT = 200  # Characters.
MAX_VALUES = 100  # Of one `in`.


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A filter on one column by operators: `eq`, `in`, `not`, `gt`, `gte`, `lt`, `lte`, `isNull`, `contains`.

    A null that `not` meets counts as different. With a `target` the column refers to a thing, and values are its ids.
    An `expression` takes the column's place where what is shown is computed from it. Texts are searched and compared by
    their stored keys, if they have any: the names of the columns, and how the keys are computed.
    """

    name: str
    type: sa.types.TypeEngine[Any]
    target: str | None = None
    expression: Callable[[Row], Sql] | None = None
    searched: tuple[str, Callable[[str], str]] | None = None
    compared: tuple[str, Callable[[str], str]] | None = None
    # A key with an index, which texts that are the same have in common.
    narrowed: tuple[str, Callable[[str], str]] | None = None

    def __call__(self, row: Row, context: FieldContext, value: Any) -> Condition:
        conditions = [
            self.condition(row, context, operator, operand)
            for operator, operand in value.items()
            if operand is not None
        ]
        return sa.and_(sa.true(), *conditions)

    def sql(self, row: Row) -> Sql:
        return row.c[self.name] if self.expression is None else self.expression(row)

    def condition(self, row: Row, context: FieldContext, operator: str, operand: Any) -> Condition:
        column = self.sql(row)
        match operator:
            case "not":
                return self(row, context, operand).is_not(sa.true())
            case "is_null":
                return self.is_null(row, context) if operand else sa.not_(self.is_null(row, context))
            case "contains":
                return self.contains(row, context, operand)
            case _ if self.compared is not None:
                return self.is_same_text(row, context, operand)
            case "in":
                return self.is_among(column, context, operand)
            case _:
                compared: Condition = COMPARISONS[operator](column, self.value(context, operand))
                return compared

    def contains(self, row: Row, context: FieldContext, operand: Any) -> Condition:
        if self.searched is None:
            return self.sql(row).ilike(context.bind(operand, contains_pattern))
        name, key = self.searched
        return row.c[name].like(context.bind(operand, lambda text, path: contains_pattern(text, path, key)))

    def is_same_text(self, row: Row, context: FieldContext, operand: Any) -> Condition:
        """Whether the keys are those of the text, or of one of the texts."""
        keys = [each for each in (self.narrowed, self.compared) if each is not None]
        return sa.and_(*(self.has_key(row, context, operand, *each) for each in keys))

    def has_key(self, row: Row, context: FieldContext, operand: Any, name: str, key: Callable[[str], str]) -> Condition:
        if not isinstance(planning_value(operand), list):
            return row.c[name] == context.bind(operand, lambda text, _path: key(text), self.type)
        keys = context.bind(
            operand, lambda texts, path: [key(text) for text in limited_values(texts, path)], ARRAY(self.type)
        )
        return row.c[name] == sa.any_(keys)

    def is_null(self, row: Row, context: FieldContext) -> Condition:
        """Whether nothing is there for the viewer: what refers to a hidden thing reads as null."""
        column = self.sql(row)
        if self.target is None:
            return column.is_(None)
        return sa.not_(context.sees(self.target, column))

    def is_among(self, column: Sql, context: FieldContext, operands: Any) -> Condition:
        if isinstance(operands, list):  # Enum values are part of the plan.
            return column.in_([str(operand) for operand in operands])
        if self.target is not None:
            return column == sa.any_(context.keys(operands, self.target))
        return column == sa.any_(context.bind(operands, limited_values, ARRAY(self.type)))

    def value(self, context: FieldContext, operand: Any) -> Any:
        if self.target is not None:
            return context.key(operand, self.target)
        return context.bind(operand, type_=self.type) if isinstance(operand, Slot) else operand


COMPARISONS: Mapping[str, Any] = {
    "eq": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
}


@dataclass(frozen=True, slots=True)
class RelatedFilter:
    """A filter on a column of rows that belong to the row, or that it belongs to; one of them must meet it.

    With `not`, none of them may meet what it holds. For rows that everybody may see who sees the row.
    """

    filter: ColumnFilter
    table: sa.Table
    on: Callable[[Row, Row], Condition]

    def __call__(self, row: Row, context: FieldContext, value: Any) -> Condition:
        opposite = value.get("not")
        operators = {name: operand for name, operand in value.items() if name != "not" and operand is not None}
        conditions: list[Condition] = [self.is_met(row, context, operators)] if operators else []
        if opposite is not None:
            conditions.append(sa.not_(self(row, context, opposite)))
        return sa.and_(sa.true(), *conditions)

    def is_met(self, row: Row, context: FieldContext, value: Any) -> Condition:
        """Whether one of the rows meets all operators."""
        other = self.table.alias()
        met: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
            self.on(row, other), self.filter(other, context, value)
        )
        return met.correlate(row).exists()


@dataclass(frozen=True, slots=True)
class ConditionFilter:
    """A filter on a condition: true takes the rows for which it holds, false those for which it does not."""

    holds: Callable[[Row, FieldContext], Condition]

    def __call__(self, row: Row, context: FieldContext, value: object) -> Condition:
        condition = self.holds(row, context)
        return condition if value else sa.not_(condition)


@dataclass(frozen=True, slots=True)
class PeriodFilter:
    """A filter on a period, the first column to the second: `overlaps`, and `contains` for one instant or day.

    A period of instants does not include its end, a period of days does; the second column may be null: without end.
    """

    starts: str
    ends: str
    type: sa.types.TypeEngine[Any]

    @property
    def has_days(self) -> bool:
        return isinstance(self.type, sa.Date)

    def __call__(self, row: Row, context: FieldContext, value: Any) -> Condition:
        conditions = [
            self.condition(row, context, operator, operand)
            for operator, operand in value.items()
            if operand is not None
        ]
        return sa.and_(sa.true(), *conditions)

    def condition(self, row: Row, context: FieldContext, operator: str, operand: Any) -> Condition:
        if operator == "contains":
            instant = context.bind(operand, type_=self.type)
            return self.between(row, instant, instant)
        return self.between(row, *period_bounds(context, operand, self.type))

    def between(self, row: Row, since: Sql, until: Sql) -> Condition:
        starts, ends = row.c[self.starts], row.c[self.ends]
        open_end = ends.is_(None)
        if self.has_days:
            return sa.and_(starts <= until, sa.or_(open_end, ends >= since))
        # An instant overlaps the period that it starts; a longer period does not overlap what it only touches.
        begins = sa.or_(starts < until, sa.and_(starts == until, since == until))
        return sa.and_(begins, sa.or_(open_end, ends > since))


def period_bounds(
    context: FieldContext, period: Mapping[str, Any], type_: sa.types.TypeEngine[Any], *, may_be_empty: bool = True
) -> tuple[Sql, Sql]:
    """The start and the end of an argument that is a period; refused where the end lies before the start."""
    bounds = [period["since"], period["until"]]

    def convert(index: int) -> Convert:
        return lambda values, path: ordered(values, path, may_be_empty=may_be_empty)[index]

    return context.bind(bounds, convert(0), type_), context.bind(bounds, convert(1), type_)


def ordered(bounds: Sequence[Any], path: tuple[str, ...], *, may_be_empty: bool = True) -> Sequence[Any]:
    if bounds[1] < bounds[0]:
        raise BadInput("The end of the period lies before its start.", path)
    if bounds[1] == bounds[0] and not may_be_empty:
        raise BadInput("The period is empty.", path)
    return bounds


def limited_values(values: Sequence[Any], path: tuple[str, ...]) -> Sequence[Any]:
    if len(values) > MAX_VALUES:
        raise BadInput(f"Name at most {MAX_VALUES} values at once.", path)
    return values


def contains_pattern(text: str, path: tuple[str, ...], key: Callable[[str], str] = str) -> str:
    """The pattern of LIKE for the key of a text anywhere; its own wildcards are escaped."""
    storable(text, path)
    if len(text) > LONGEST_SEARCH_TEXT:
        raise BadInput(f"Look for a text of at most {LONGEST_SEARCH_TEXT} characters.", path)
    escaped = key(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
