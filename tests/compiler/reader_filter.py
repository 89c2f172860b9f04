"""Filters as the second reader evaluates them: on one row at a time, in Python."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from api.compiler.error import BadInput
from api.compiler.filter import ColumnFilter, PeriodFilter, RelatedFilter
from api.compiler.source import Source
from api.resolvers import SOURCES
from api.resolvers.person import free_in
from tests.compiler.rows import Row

if TYPE_CHECKING:
    from tests.compiler.reader import Thing, View

Predicate = Callable[["Thing"], bool]
Test = Callable[[Any], bool]

COMPARISONS: Any = {"eq": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}
# By whether a period is one of days.
END_OF_TIME = {True: date.max, False: datetime.max.replace(tzinfo=UTC)}

MAX_DEPTH, MAX_CONDITIONS, MAX_VALUES, MAX_TEXT = 5, 50, 100, 200


@dataclass(frozen=True, slots=True)
class Context:
    """The `FieldContext` of declarations that are evaluated for one row: arguments are literals."""

    view: "View"
    arguments: Any

    @property
    def viewer(self) -> Any:
        return self.view.actor.kind

    def bind(self, value: Any, convert: Any = None, type_: Any = None) -> Any:
        if convert is not None:
            try:
                value = convert(value, ())
            except BadInput as error:
                self.view.refuse(str(error))
        if isinstance(value, datetime):
            type_ = sa.DateTime(timezone=True)
        return sa.literal(value, type_)

    def key(self, value: Any, name: str) -> Any:
        return sa.literal(self.view.known_key(SOURCES[name], value))

    def keys(self, values: Any, name: str) -> Any:
        return sa.cast(
            [self.view.known_key(SOURCES[name], value) for value in values], sa.ARRAY(key_type(SOURCES[name]))
        )

    def sees(self, name: str, key: Any) -> Any:
        source, view = SOURCES[name], self.view
        # Of what is there, also while everything is imagined: the statement is kept.
        rows = view.reader.rows.all_of(source.table)
        return key.in_([row[source.key] for row in rows if view.visibility.holds(source.visible, row)])


def key_type(source: Source) -> Any:
    assert source.table is not None
    return source.table.c[source.key].type


@dataclass(slots=True)
class FilterReader:
    """Makes predicates of the argument `filter`; wrong values are refused at once."""

    view: "View"
    target: Source

    def predicate(self, values: Any, depth: int = 1) -> Predicate:
        """Whether a thing meets all conditions of a group."""
        if depth > MAX_DEPTH or size(values) > MAX_CONDITIONS:
            self.view.refuse("Too large")
        parts = [self.part(name, value, depth) for name, value in values.items() if value is not None]
        return lambda thing: all(part(thing) for part in parts)

    def part(self, name: str, value: Any, depth: int) -> Predicate:
        if name == "not":
            part = self.predicate(value, depth + 1)
            return lambda thing: not part(thing)
        if name in ("and", "or"):
            parts = [self.predicate(each, depth + 1) for each in value]
            holds = all if name == "and" else any
            return lambda thing: holds(part(thing) for part in parts)
        return self.condition(self.target.filters[name], value)

    def condition(self, declared: Any, value: Any) -> Predicate:
        match declared:
            case ColumnFilter():
                return self.column(declared, value)
            case PeriodFilter():
                return self.period(declared, value)
            case RelatedFilter(filter=inner, table=table, on=on):
                return self.related(inner, value, lambda thing: self.view.belonging(thing, table, on))
            case _:
                return self.computed(declared, value)

    def related(self, inner: ColumnFilter, value: Any, belonging: "Callable[[Thing], list[Thing]]") -> Predicate:
        """One of the things that belong to a thing meets the operators; none of them what `not` holds."""
        asked = {name: operand for name, operand in value.items() if operand is not None}
        opposite = self.related(inner, asked.pop("not"), belonging) if "not" in asked else None
        meets = self.column(inner, asked)

        def holds(thing: "Thing") -> bool:
            is_met = not asked or any(meets(each) for each in belonging(thing))
            return is_met and not (opposite and opposite(thing))

        return holds

    def computed(self, declared: Any, value: Any) -> Predicate:
        view, context = self.view, Context(self.view, {})

        def holds(thing: "Thing") -> bool:
            is_met = view.value(thing, lambda origin: declared(origin, context, value), declared, repr(value)) is True
            return is_met and (declared is not free_in or view.visibility.sees_free_days(thing.row))

        if view.is_imagined:
            holds(*view.visible(self.target))
        return holds

    def column(self, declared: ColumnFilter, value: Any) -> Predicate:
        view, expression = self.view, declared.expression
        test = self.tests(SOURCES[declared.target] if declared.target else None, value, declared)
        if expression is None:
            return lambda thing: test(thing.row[declared.name])
        return lambda thing: test(view.value(thing, expression, expression))

    def tests(self, source: Source | None, operands: Any, declared: ColumnFilter) -> Test:
        tests = [
            self.test(source, name, operand, declared) for name, operand in operands.items() if operand is not None
        ]
        return lambda value: all(test(value) for test in tests)

    def test(self, source: Any, name: str, operand: Any, declared: ColumnFilter) -> Test:
        """What one operator asks of a value. A null meets no condition, so it meets `not` of each."""
        view = self.view
        match name:
            case "not":
                test = self.tests(source, operand, declared)
                return lambda value: not test(value)
            case "is_null":
                return lambda value: operand == (value is None if source is None else not view.is_seen(source, value))
            case "contains":
                if len(operand) > MAX_TEXT:
                    view.refuse("Too long")
                key = declared.searched[1] if declared.searched else view.reader.rows.lower
                return lambda value: value is not None and key(operand) in key(value)
            case "in":
                if len(operand) > MAX_VALUES:
                    view.refuse("Too many values")
                tests = [self.test(source, "eq", each, declared) for each in operand]
                return lambda value: any(test(value) for test in tests)
            case "eq" if declared.compared:
                same = declared.compared[1]
                return lambda value: value is not None and same(value) == same(operand)
            case _:
                wanted = operand if source is None else view.known_key(source, operand)
                return lambda value: value is not None and COMPARISONS[name](value, wanted)

    def period(self, declared: PeriodFilter, value: Any) -> Predicate:
        """Periods of days include their last day, periods of instants not their end."""
        asked = [
            (operand, operand) if name == "contains" else (operand["since"], operand["until"])
            for name, operand in value.items()
            if operand is not None
        ]
        if any(until < since for since, until in asked):
            self.view.refuse("Backwards")

        def overlaps(row: Row, since: date, until: date) -> bool:
            starts, ends = row[declared.starts], row[declared.ends] or END_OF_TIME[declared.has_days]
            if declared.has_days:
                return bool(starts <= until and ends >= since)
            return bool((starts < until or starts == until == since) and ends > since)

        return lambda thing: all(overlaps(thing.row, *each) for each in asked)


def size(value: Any) -> int:
    """Operators, `not`s and empty groups."""
    match value:
        case dict() if value:
            return sum(size(each) for each in value.values()) + ("not" in value)
        case [dict(), *_]:
            return sum(map(size, value))
        case _:
            return 1
