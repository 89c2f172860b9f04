"""Templates: each declaration is compiled to SQL once by SQLAlchemy, and then rendered into many statements.

A declaration is compiled against rows with placeholder names. Rendering replaces the placeholders by the names of the
statement's rows, and the declaration's parameters by parameters of the statement.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg

from api.compiler.cache import Cache
from api.compiler.error import BadInput, Undeclared
from api.compiler.key import key_type, keys_in_force, source_key
from api.compiler.source import Convert, Source, Viewer
from api.compiler.value import (
    Arguments,
    Binds,
    Path,
    RequiredThing,
    Slot,
    planning_value,
    sql_type,
    value_reader,
)

# The placeholder names: of the row that a declaration is about, and of the other row of a join condition.
THIS, OTHER = "sigap_this", "sigap_other"
_VALUE, _ROWS = "sigap_value", "sigap_rows"
_TOKEN = re.compile(rf'({THIS}|{OTHER})\.("[^"]+"|\w+)|\x01([^\x02]+)\x02')

# Templates in each of the two caches. A kind of viewer who reads everything needs about 1,200, of 180 characters on
# average; with fewer than a few kinds need, each new document compiles what another has just evicted.
MAX_TEMPLATES = 8192


# Ids in one list of a filter.
MAX_IDS = 100


class Compiler(PGCompiler_asyncpg):
    """Writes the program's constants as literals, which the planner can use, and required parameters as marked names."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *details: Any, **options: Any) -> str:
        if bindparam.required:
            return parameter(bindparam.key, bindparam.type)
        options["literal_binds"] = True
        # SQLAlchemy leaves its compilers and dialects untyped.
        literal: str = super().visit_bindparam(bindparam, *details, **options)  # type: ignore[no-untyped-call]
        return literal


class Dialect(PGDialect_asyncpg):
    statement_compiler = Compiler


DIALECT = Dialect()  # type: ignore[no-untyped-call]  # As above.


def parameter(name: str, type_: sa.types.TypeEngine[Any]) -> str:
    """A named parameter with its type; `plan.finish_plan` replaces the marked name by a number."""
    return f"\x01{name}\x02::{type_.compile(dialect=DIALECT)}"


def quoted(name: str) -> str:
    """The name of a column, quoted where SQL needs it."""
    return str(DIALECT.identifier_preparer.quote(name))


@dataclass(frozen=True, slots=True, eq=False)
class RowType:
    """The columns of a row, as two placeholder tables that declarations are compiled against."""

    this: sa.FromClause
    other: sa.FromClause

    @classmethod
    def from_columns(cls, columns: Iterable[sa.ColumnElement[Any]]) -> "RowType":
        details = [(str(column.key), column.type, getattr(column, "nullable", True)) for column in columns]
        this, other = (
            sa.Table(name, sa.MetaData(), *(sa.Column(key, type_, nullable=null) for key, type_, null in details))
            for name in (THIS, OTHER)
        )
        return cls(this, other)


@dataclass(slots=True)
class Row:
    """A row in FROM by its alias; `used` collects the quoted names of the columns that the statement reads."""

    name: str
    type: RowType
    used: set[str] = field(default_factory=set)

    def column(self, name: str) -> str:
        return self.quoted_column(quoted(name))

    def quoted_column(self, name: str) -> str:
        """The column by its quoted name."""
        self.used.add(name)
        return f"{self.name}.{name}"

    def column_type(self, name: str) -> sa.types.TypeEngine[Any]:
        return self.type.this.c[name].type


# For declarations that have no row to read, at the root.
NO_ROW = Row("", RowType.from_columns(()))


@dataclass(frozen=True, slots=True)
class BoundArgument:
    """A parameter of a template: an argument of the field or part of one, its SQL type, and its conversion."""

    value: object
    type: sa.types.TypeEngine[Any]
    convert: Convert | None = None
    target: str | None = None  # The type of the thing whose key it is.

    @property
    def name(self) -> str:
        """Where the argument stands, as the client wrote it: `filter.kabupaten.eq`."""
        return ".".join(map(str, self.value.path)) if isinstance(self.value, Slot) else ""


@dataclass(frozen=True, slots=True)
class Template:
    """SQL text with gaps for columns of rows and for parameters."""

    # Text, then the three groups of `_TOKEN` (row, column, parameter), then text again, and so on.
    pieces: tuple[str | None, ...]
    bound_arguments: Mapping[str, BoundArgument]
    type: sa.types.TypeEngine[Any]
    never_null: bool = False

    def render(self, rows: Sequence[Row], arguments: Arguments, binds: Binds, path: Path) -> str:
        """The SQL for these rows; adds the parameters that it needs to `binds`."""
        pieces = self.pieces
        parts = [pieces[0] or ""]
        for index in range(1, len(pieces), 4):
            row, column, name, text = pieces[index : index + 4]
            if row is not None:
                parts.append(rows[row == OTHER].quoted_column(column or ""))
            else:
                parts.append(self.parameter(name or "", arguments, binds, path))
            parts.append(text or "")
        return "".join(parts)

    def parameter(self, name: str, arguments: Arguments, binds: Binds, path: Path) -> str:
        argument = self.bound_arguments.get(name)
        if argument is None:
            return f"\x01{name}\x02"  # A value of the viewer, bound by its name.
        read = value_reader(arguments.value_of(argument.value))
        convert = argument.convert
        bound = binds.add(read if convert is None else lambda variables: convert(read(variables), path), path)
        if argument.target is not None:
            is_list, typed = isinstance(argument.type, ARRAY), parameter(bound, argument.type)
            binds.require(RequiredThing(argument.target, typed, is_list, argument.name, path))
        return f"\x01{bound}\x02"


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """The `source.FieldContext` that a declaration gets; it collects the arguments that the declaration binds."""

    viewer: Viewer
    arguments: Mapping[str, object]
    sources: Mapping[str, Source]
    path: Path
    bound_arguments: dict[str, BoundArgument] = field(default_factory=dict)

    def bind(
        self, value: object, convert: Convert | None = None, type_: sa.types.TypeEngine[Any] | None = None
    ) -> sa.ColumnElement[Any]:
        return self._add(BoundArgument(value, type_ or sql_type(planning_value(value)), convert))

    def key(self, value: object, name: str) -> sa.ColumnElement[Any]:
        source = self.sources[name]
        # The type inside the id is part of the plan, so a wrong one is refused at planning time.
        source_key(source, str(planning_value(value)), self.path)
        bound = self._add(BoundArgument(value, key_type(source), partial(source_key, source), name))
        return (
            keys_in_force(source, sa.select(bound.label("key"))).scalar_subquery()
            if source.former_keys is not None
            else bound
        )

    def keys(self, values: object, name: str) -> sa.ColumnElement[Any]:
        source = self.sources[name]

        def convert(ids: list[str], path: Path) -> list[Any]:
            if len(ids) > MAX_IDS:
                raise BadInput(f"Name at most {MAX_IDS} ids at once.", path)
            return [source_key(source, id_, path) for id_ in ids]

        convert(planning_value(values), self.path)  # As above.
        bound = self._add(BoundArgument(values, ARRAY(key_type(source)), convert, name))
        if source.former_keys is None:
            return bound
        each = sa.select(sa.func.unnest(bound, type_=key_type(source)).label("key"))
        return sa.func.array(keys_in_force(source, each).scalar_subquery(), type_=bound.type)

    def sees(self, name: str, key: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        source = self.sources[name]
        assert source.table is not None
        thing = source.table.alias()
        return sa.exists().where(thing.c[source.key] == key, source.visible(self.viewer, thing))

    def _add(self, argument: BoundArgument) -> sa.ColumnElement[Any]:
        name = f"argument {len(self.bound_arguments)}"
        self.bound_arguments[name] = argument
        return sa.bindparam(name, type_=argument.type)


class Templates:
    """The templates of all declarations, compiled on first use and cached."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources
        self.cache: Cache[Hashable, Template] = Cache(MAX_TEMPLATES)
        self._selects: Cache[Hashable, tuple[Template, RowType]] = Cache(MAX_TEMPLATES)
        self._row_types: dict[str, RowType] = {}

    def table_type(self, source: Source) -> RowType:
        """The row type of the source's table."""
        if source.name not in self._row_types:
            assert source.table is not None
            self._row_types[source.name] = RowType.from_columns(source.table.c)
        return self._row_types[source.name]

    def input_type(self, key: str, columns: Iterable[sa.ColumnElement[Any]]) -> RowType:
        """The row type of rows whose values come from Python; `key` identifies the set of columns."""
        if key not in self._row_types:
            self._row_types[key] = RowType.from_columns(columns)
        return self._row_types[key]

    def expression(
        self,
        key: Hashable,
        bound_arguments: Mapping[str, BoundArgument],
        row_types: Sequence[RowType],
        build: Callable[[], Any],
    ) -> Template:
        """The template of the expression that `build` returns, over one row or two rows of these types."""
        template = self.cache.get(key)
        if template is None:
            value: sa.ColumnElement[Any] = build()
            rows = [row_type.other if index else row_type.this for index, row_type in enumerate(row_types)]
            select: sa.Select[Any] = sa.select(value.label(_VALUE)).select_from(*rows)
            text = text_between(compile_sql(select), "SELECT ", f" AS {_VALUE}")
            never_null = isinstance(value, sa.Column) and not value.nullable
            template = Template(tuple(_TOKEN.split(text)), dict(bound_arguments), value.type, never_null)
            self.cache.put(key, template)
        return template

    def select(
        self,
        key: Hashable,
        bound_arguments: Mapping[str, BoundArgument],
        row_type: RowType,
        build: Callable[[], sa.SelectBase],
    ) -> tuple[Template, RowType]:
        """The template of the SELECT that `build` returns, correlated to a row of that type; and its own row type."""
        cached = self._selects.get(key)
        if cached is None:
            select = build()
            # A union cannot be correlated as one; its parts are correlated where they are declared.
            correlated = select.correlate(row_type.this) if isinstance(select, sa.Select) else select
            lateral = correlated.lateral(_ROWS)
            join: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(row_type.this).join(lateral, sa.true())
            text = text_between(compile_sql(join), "JOIN LATERAL (", f") AS {_ROWS}")
            template = Template(tuple(_TOKEN.split(text)), dict(bound_arguments), sa.types.NullType())
            cached = template, RowType.from_columns(select.selected_columns)
            self._selects.put(key, cached)
        return cached


def compile_sql(statement: sa.SelectBase) -> str:
    text = str(statement.compile(dialect=DIALECT))
    if text.startswith("WITH"):
        raise Undeclared("A declaration may not use a CTE that is not nested.")
    return text


def text_between(text: str, before: str, after: str) -> str:
    """What stands between the first `before` and the last `after`."""
    return text[text.index(before) + len(before) : text.rindex(after)]
