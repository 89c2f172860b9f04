"""Variables and arguments: the part that changes the SQL (the shape), and the values that are only bound (slots).

One plan serves all requests whose variables have the same shape. The shape holds what changes the SQL: which arguments
are present, enums, booleans, and the type name inside a global id. All other values become slots, bound at each request.
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
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_scalar_type,
)
from sqlalchemy.dialects.postgresql import ARRAY

from api.compiler.error import BadInput

Variables = Mapping[str, Any]  # Coerced by graphql-core; the schema's scalars decide the types.
ValueReader = Callable[[Variables], Any]  # Reads one value from the variables of a request.
Path = tuple[str, ...]  # The response path of a field.

# Steps from a variable or argument down to a value inside it: members of objects and positions in lists.
MAX_VALUE_DEPTH = 32

# Values in one list of enums or booleans: such a list is part of the plan's cache key.
MAX_ENUM_LIST = 100

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
    """The path of a value in the variables, to be bound at each request; `planning_value` is the value while planning."""

    path: tuple[str | int, ...]
    planning_value: Any

    def __call__(self, variables: Variables) -> Any:
        value: Any = variables
        for step in self.path:
            value = value[step]
        return value


@dataclass(frozen=True, slots=True)
class ShapeSplitter:
    """Splits values into their shape, which changes the SQL, and slots for the rest, which is only bound.

    Of a global id the type name is part of the shape if it is one of `type_names`.
    """

    type_names: Container[str]

    def split(self, value: Any, type_: GraphQLInputType, path: tuple[str | int, ...]) -> tuple[Any, Hashable]:
        """The value with slots in place of all that is only bound, and its shape. Raises `BadInput` if it is too deep."""
        if len(path) > MAX_VALUE_DEPTH:
            raise BadInput(f"Values may be nested {MAX_VALUE_DEPTH} deep.")
        if is_non_null_type(type_):
            type_ = type_.of_type
        if value is None:
            return None, None
        # Most values are scalars, and are asked no more.
        named = type_ if is_scalar_type(type_) else get_named_type(type_)
        if is_scalar_type(named) and named.name != "Boolean":
            current = planning_value(value)
            return Slot(path, current), (named.name, self.leaf_shape(current, is_id=named.name == "ID"))
        if is_input_object_type(named) and is_list_type(type_):
            pairs = [self.split(item, type_.of_type, (*path, index)) for index, item in enumerate(value)]
            return [pair[0] for pair in pairs], tuple(pair[1] for pair in pairs)
        if is_input_object_type(named):
            fields = {name: self.split(item, named.fields[name].type, (*path, name)) for name, item in value.items()}
            shape = tuple((name, pair[1]) for name, pair in fields.items())
            return {name: pair[0] for name, pair in fields.items()}, shape
        return value, self.enum_list_shape(value, path) if isinstance(value, list) else value

    def enum_list_shape(self, values: list[Any], path: tuple[str | int, ...]) -> Hashable:
        """The values themselves, as they are written into the SQL; raises `BadInput` if there are too many."""
        if len(values) > MAX_ENUM_LIST:
            raise BadInput(f"'{path[-1]}' takes at most {MAX_ENUM_LIST} values.")
        return tuple(values)

    def leaf_shape(self, value: Any, *, is_id: bool) -> Hashable:
        """The type name inside an id, or the Python type of another value; of a list, the set of its items' shapes."""
        if isinstance(value, list):
            return (list, frozenset(self.leaf_shape(item, is_id=is_id) for item in value))
        if is_id and value is not None:
            name = str(value).partition(":")[0]
            return name if name in self.type_names else None
        return type(value).__name__


def planning_value(value: object) -> Any:
    """The value at planning time: slots are replaced by their `planning_value`."""
    if isinstance(value, Slot):
        return value.planning_value
    return [planning_value(item) for item in value] if isinstance(value, list) else value


def slot_paths(value: object) -> Hashable:
    """Where the slots in a value lie, in their order."""
    if isinstance(value, Slot):
        return value.path
    if isinstance(value, Mapping):
        return tuple(slot_paths(item) for item in value.values())
    return tuple(slot_paths(item) for item in value) if isinstance(value, list) else None


def value_reader(value: object) -> ValueReader:
    """A function that returns the value for the variables of a request: slots are read, all else is constant."""
    if isinstance(value, Slot):
        return value
    if isinstance(value, list):
        readers = [value_reader(item) for item in value]
        return lambda variables: [read(variables) for read in readers]
    return lambda _variables: value


def sql_type(value: Any) -> sa.types.TypeEngine[Any]:
    """The SQL type of a parameter that is bound to a Python value like this one."""
    if isinstance(value, list):
        items = [item for item in value if item is not None]
        return ARRAY(sql_type(items[0]) if items else sa.Text())
    return SQL_TYPES.get(type(value), SQL_TYPES[str])


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field.

    `with_slots` holds them by snake_case name, with a slot into `values` for every value that is only bound. SQL made
    from `with_slots` therefore serves all arguments of the same `shape`. In `values` may be slots into the variables.
    """

    values: Mapping[str, Any]
    with_slots: Mapping[str, Any]
    shape: tuple[tuple[str, Any], ...]

    def shape_of(self, name: str) -> Any:
        return dict(self.shape)[name]

    def value_of(self, argument: object) -> object:
        """The value of an argument, or part of one, taken from `with_slots`: a constant or a slot into the variables."""
        if isinstance(argument, Slot):
            return argument(self.values)
        return [self.value_of(item) for item in argument] if isinstance(argument, list) else argument

    def __getitem__(self, name: str) -> object:
        return self.value_of(self.with_slots.get(name))


NO_ARGUMENTS = Arguments({}, {}, ())


@dataclass(frozen=True, slots=True)
class RequiredThing:
    """A thing that an argument names by its id; the read is refused unless the viewer may see it."""

    type_name: str
    parameter: str
    is_list: bool
    argument: str
    path: Path


@dataclass(slots=True)
class Binds:
    """The parameters of one statement by name, each with the function that reads its value; and checks of variables."""

    readers: dict[str, ValueReader] = field(default_factory=dict)
    # The things that must be there for the viewer: their type, their keys as a parameter, and where they are asked for.
    required: list[RequiredThing] = field(default_factory=list)
    # Called for each request before the statement runs; they raise `BadInput`.
    checks: list[ValueReader] = field(default_factory=list)

    def require(self, thing: RequiredThing) -> None:
        """Adds a thing, unless the same argument is required already."""
        known = ((each.type_name, each.argument, each.path) for each in self.required)
        if (thing.type_name, thing.argument, thing.path) not in known:
            self.required.append(thing)

    def add(self, read: ValueReader, path: Path) -> str:
        """Adds a parameter and returns its name."""
        name = f"p{len(self.readers)}"
        self.readers[name] = lambda variables: storable(read(variables), path)
        return name


def storable(value: Any, path: Path) -> Any:
    """Returns the value; raises `BadInput` for text that PostgreSQL cannot hold: a NUL or a lone surrogate."""
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        raise BadInput("The text holds a character that cannot be stored.", path)
    if isinstance(value, list):
        return [storable(item, path) for item in value]
    return value


def split_id(value: str, path: Path) -> tuple[str, str]:
    """The type name and the key of a global id; raises `BadInput` if one is missing."""
    name, colon, key = value.partition(":")
    if not (name and colon and key):
        raise BadInput("This is not an id.", path)
    return name, key


def key_of(value: str, name: str, type_: sa.types.TypeEngine[Any], path: Path) -> Any:
    """The key of a global id as a value of the column type; for a coded type the bare code is its own key.

    Raises `BadInput` unless the id is of the type `name`.
    """
    is_coded = not isinstance(type_, sa.Uuid)
    if is_coded and ":" not in value:
        return value
    id_type, key = split_id(value, path)
    if id_type != name:
        raise BadInput(f"This is not the id of a {name}.", path)
    if is_coded:
        return key
    try:
        return uuid.UUID(key)
    except ValueError:
        raise BadInput("This is not an id.", path) from None
