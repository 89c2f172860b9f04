"""Arguments: which part of them shapes the statement, and which part is only bound to it.

A plan is shared by all requests whose variables have the same shape. The shape keeps what changes the SQL (which
arguments are there, enums, booleans, the type inside a global id) and forgets everything else, which is bound anew.
"""

import uuid
from collections.abc import Callable, Container, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from graphql import (
    GraphQLInputType,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy.dialects.postgresql import ARRAY

from api.compiler.error import BadInput

Variables = Mapping[str, Any]  # Coerced by graphql-core; the schema's scalars decide the types.
Reader = Callable[[Variables], Any]
Path = tuple[str, ...]

MOST_CHOICES = 100

SQL_TYPES: dict[type, sa.types.TypeEngine[Any]] = {
    str: sa.Text(),
    int: sa.Integer(),
    float: sa.Float(),
    datetime: sa.DateTime(timezone=True),
    date: sa.Date(),
    uuid.UUID: sa.Uuid(),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the variables whose value is bound at each request; `sample` is the value at planning time."""

    path: tuple[str | int, ...]
    sample: Any

    def __call__(self, variables: Variables) -> Any:
        found: Any = variables
        for step in self.path:
            found = found[step]
        return found


@dataclass(frozen=True, slots=True)
class Tagger:
    """Takes variables apart; of an id, only the name of a type that exists shapes a plan."""

    names: Container[str]

    def tagged(self, value: Any, type_: GraphQLInputType, path: tuple[str | int, ...]) -> tuple[Any, Hashable]:
        """The value with its bound leaves replaced by slots, and its shape."""
        if is_non_null_type(type_):
            return self.tagged(value, type_.of_type, path)
        if value is None:
            return None, None
        named = get_named_type(type_)
        if is_input_object_type(named) and is_list_type(type_):
            pairs = [self.tagged(item, type_.of_type, (*path, index)) for index, item in enumerate(value)]
            return [pair[0] for pair in pairs], tuple(pair[1] for pair in pairs)
        if is_input_object_type(named):
            fields = {name: self.tagged(item, named.fields[name].type, (*path, name)) for name, item in value.items()}
            shape = tuple((name, pair[1]) for name, pair in fields.items())
            return {name: pair[0] for name, pair in fields.items()}, shape
        if is_enum_type(named) or named.name == "Boolean":
            return value, self.choices(value, path) if isinstance(value, list) else value
        found = sample(value)
        return Slot(path, found), (named.name, self.leaf(found, is_id=named.name == "ID"))

    def choices(self, values: list[Any], path: tuple[str | int, ...]) -> Hashable:
        """Part of the plan as they are, and so not as many as somebody likes."""
        if len(values) > MOST_CHOICES:
            raise BadInput(f"'{path[-1]}' takes at most {MOST_CHOICES} values.")
        return tuple(values)

    def leaf(self, value: Any, *, is_id: bool) -> Hashable:
        if isinstance(value, list):
            return (list, frozenset(self.leaf(item, is_id=is_id) for item in value))
        if is_id and value is not None:
            name = str(value).partition(":")[0]
            return name if name in self.names else None
        return type(value).__name__


def sample(value: object) -> Any:
    """The value as it is while planning, slots filled in."""
    if isinstance(value, Slot):
        return value.sample
    return [sample(item) for item in value] if isinstance(value, list) else value


def reader(value: object) -> Reader:
    """How to read the value from a request's variables."""
    if isinstance(value, Slot):
        return value
    if isinstance(value, list):
        parts = [reader(item) for item in value]
        return lambda variables: [part(variables) for part in parts]
    return lambda _variables: value


def sql_type(value: Any) -> sa.types.TypeEngine[Any]:
    if isinstance(value, list):
        known = [item for item in value if item is not None]
        return ARRAY(sql_type(known[0]) if known else sa.Text())
    return SQL_TYPES.get(type(value), SQL_TYPES[str])


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field.

    `symbols` are named as in Python, and every bound leaf in them is a slot into `given`, where this document's own
    value stands: SQL made with the symbols serves all arguments of the same `shape`.
    """

    given: Mapping[str, Any]
    symbols: Mapping[str, Any]
    shape: tuple[tuple[str, Any], ...]

    def shape_of(self, name: str) -> Any:
        return dict(self.shape)[name]

    def actual(self, symbol: object) -> object:
        """What stands for a symbol in this document: a value, or a slot into its variables."""
        if isinstance(symbol, Slot):
            return symbol(self.given)
        return [self.actual(item) for item in symbol] if isinstance(symbol, list) else symbol

    def __getitem__(self, name: str) -> object:
        return self.actual(self.symbols.get(name))


NO_ARGUMENTS = Arguments({}, {}, ())


@dataclass(slots=True)
class Binds:
    """The parameters of one statement: by name, how each is read from a request's variables; and what is checked."""

    readers: dict[str, Reader] = field(default_factory=dict)
    checks: list[Reader] = field(default_factory=list)

    def add(self, read: Reader, path: Path) -> str:
        """The name of a new parameter."""
        name = f"p{len(self.readers)}"
        self.readers[name] = lambda variables: storable(read(variables), path)
        return name


def storable(value: Any, path: Path) -> Any:
    """The value, if PostgreSQL can hold it as text: no NUL and no half of a surrogate pair."""
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        raise BadInput("The text holds a character that cannot be stored.", path)
    if isinstance(value, list):
        return [storable(item, path) for item in value]
    return value


def split_id(value: str, path: Path) -> tuple[str, str]:
    """The type and the key inside a global id."""
    name, colon, key = value.partition(":")
    if not (name and colon and key):
        raise BadInput(f"'{value[:80]}' is not an id.", path)
    return name, key


def key_of(value: str, name: str, type_: sa.types.TypeEngine[Any], path: Path) -> Any:
    """The key inside the global id of a thing of the type `name`."""
    found, key = split_id(value, path)
    if found != name:
        raise BadInput(f"'{value[:80]}' is not the id of a {name}.", path)
    if not isinstance(type_, sa.Uuid):
        return key
    try:
        return uuid.UUID(key)
    except ValueError:
        raise BadInput(f"'{value[:80]}' is not an id.", path) from None
