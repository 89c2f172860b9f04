"""Declarations as text: each is turned into SQL once, and written into statement after statement.

What a declaration says of a row is compiled by SQLAlchemy against a row of an agreed name; in a statement the name of
the row that is meant takes its place, and a parameter of the statement the place of each of the declaration's own.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg

from api.compiler.cache import Cache
from api.compiler.error import Undeclared
from api.compiler.source import Convert, Source, Viewer
from api.compiler.value import Arguments, Binds, Path, key_of, reader, sample, sql_type

HERE, THERE = "sigap_here", "sigap_there"
_VALUE, _ROWS = "sigap_value", "sigap_rows"
_TOKEN = re.compile(rf'({HERE}|{THERE})\.("[^"]+"|\w+)|\x01([^\x02]+)\x02')

# Templates of fields, policies, orders and filters; each is a few hundred characters to a few thousand.
REMEMBERED = 2048


class Compiler(PGCompiler_asyncpg):
    """Writes the program's own constants into the SQL, where the planner can use them; marks what is to be bound."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *details: Any, **options: Any) -> str:
        if bindparam.required:
            return parameter(bindparam.key, bindparam.type)
        options["literal_binds"] = True
        # SQLAlchemy leaves its compilers and dialects untyped.
        written: str = super().visit_bindparam(bindparam, *details, **options)  # type: ignore[no-untyped-call]
        return written


class Dialect(PGDialect_asyncpg):
    statement_compiler = Compiler


DIALECT = Dialect()  # type: ignore[no-untyped-call]  # As above.


def parameter(name: str, type_: sa.types.TypeEngine[Any]) -> str:
    """A parameter by its name, which becomes a number when the statement is complete."""
    return f"\x01{name}\x02::{type_.compile(dialect=DIALECT)}"


def quoted(name: str) -> str:
    """The name of a column as SQL writes it."""
    return str(DIALECT.identifier_preparer.quote(name))


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The columns that a row has."""

    here: sa.FromClause
    there: sa.FromClause

    @classmethod
    def of(cls, columns: Iterable[sa.ColumnElement[Any]]) -> "Shape":
        kept = [(str(column.key), column.type, getattr(column, "nullable", True)) for column in columns]
        here, there = (
            sa.Table(name, sa.MetaData(), *(sa.Column(key, type_, nullable=null) for key, type_, null in kept))
            for name in (HERE, THERE)
        )
        return cls(here, there)


@dataclass(slots=True)
class Row:
    """A row that stands in FROM; `used` are the columns that the statement asks of it, as SQL writes them."""

    name: str
    shape: Shape
    used: set[str] = field(default_factory=set)

    def column(self, name: str) -> str:
        return self.written(quoted(name))

    def written(self, name: str) -> str:
        self.used.add(name)
        return f"{self.name}.{name}"

    def type_of(self, name: str) -> sa.types.TypeEngine[Any]:
        return self.shape.here.c[name].type


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter of a template is made from: a part of the field's arguments, and how it is converted."""

    value: object
    type: sa.types.TypeEngine[Any]
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """SQL with gaps for its rows and parameters."""

    pieces: tuple[str | None, ...]  # Text, then a gap's row, column and parameter, then text again, and so on.
    bounds: Mapping[str, Bound]
    type: sa.types.TypeEngine[Any]
    certain: bool = False  # Never null.

    def write(self, rows: Sequence[Row], arguments: Arguments, binds: Binds, path: Path) -> str:
        pieces = self.pieces
        parts = [pieces[0] or ""]
        for index in range(1, len(pieces), 4):
            row, column, name, text = pieces[index : index + 4]
            if row is not None:
                parts.append(rows[row == THERE].written(column or ""))
            else:
                parts.append(self.parameter(name or "", arguments, binds, path))
            parts.append(text or "")
        return "".join(parts)

    def parameter(self, name: str, arguments: Arguments, binds: Binds, path: Path) -> str:
        bound = self.bounds.get(name)
        if bound is None:
            return f"\x01{name}\x02"  # The asker's own.
        read = reader(arguments.actual(bound.value))
        convert = bound.convert
        if convert is None:
            return f"\x01{binds.add(read, path)}\x02"
        return f"\x01{binds.add(lambda variables: convert(read(variables), path), path)}\x02"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a declaration is given to ask with; see `source.Ask`."""

    viewer: Viewer
    arguments: Mapping[str, object]
    sources: Mapping[str, Source]
    path: Path
    bounds: dict[str, Bound] = field(default_factory=dict)

    def bind(self, value: object, convert: Convert | None = None) -> sa.ColumnElement[Any]:
        return self._bound(Bound(value, sql_type(sample(value)), convert))

    def key(self, value: object, name: str) -> sa.ColumnElement[Any]:
        type_ = key_type(self.sources[name])
        key_of(sample(value), name, type_, self.path)  # The type inside the id is part of the plan: refuse it now.
        return self._bound(Bound(value, type_, lambda id_, path: key_of(id_, name, type_, path)))

    def _bound(self, bound: Bound) -> sa.ColumnElement[Any]:
        name = f"argument {len(self.bounds)}"
        self.bounds[name] = bound
        return sa.bindparam(name, type_=bound.type)


def key_type(source: Source) -> sa.types.TypeEngine[Any]:
    assert source.table is not None
    return source.table.c[source.key].type


def table_name(table: sa.Table) -> str:
    return DIALECT.identifier_preparer.format_table(table)


class Templates:
    """The templates of all declarations, made when they are first needed."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources
        self.cache: Cache[Hashable, Template] = Cache(REMEMBERED)
        self._rows: Cache[Hashable, tuple[Template, Shape]] = Cache(REMEMBERED)
        self._tables: dict[str, Shape] = {}

    def table(self, source: Source) -> Shape:
        """The columns of the source's table."""
        if source.name not in self._tables:
            assert source.table is not None
            self._tables[source.name] = Shape.of(source.table.c)
        return self._tables[source.name]

    def given(self, key: str, columns: Iterable[sa.ColumnElement[Any]]) -> Shape:
        """The columns of rows that Python has decided, by what they are called together."""
        if key not in self._tables:
            self._tables[key] = Shape.of(columns)
        return self._tables[key]

    def expression(
        self, key: Hashable, bounds: Mapping[str, Bound], shapes: Sequence[Shape], build: Callable[[], Any]
    ) -> Template:
        """The template of an expression over rows of these shapes."""
        found = self.cache.get(key)
        if found is None:
            value: sa.ColumnElement[Any] = build()
            rows = [shape.there if index else shape.here for index, shape in enumerate(shapes)]
            whole: sa.Select[Any] = sa.select(value.label(_VALUE)).select_from(*rows)
            text = between(compiled(whole), "SELECT ", f" AS {_VALUE}")
            certain = isinstance(value, sa.Column) and not value.nullable
            found = Template(tuple(_TOKEN.split(text)), dict(bounds), value.type, certain)
            self.cache.put(key, found)
        return found

    def rows(
        self, key: Hashable, bounds: Mapping[str, Bound], shape: Shape | None, build: Callable[[], sa.SelectBase]
    ) -> tuple[Template, Shape]:
        """The template of a statement that may look at a row of that shape, and the shape of its own rows."""
        found = self._rows.get(key)
        if found is None:
            statement = build()
            if shape is not None:
                # The parts of a union say themselves what they look at.
                bound = statement.correlate(shape.here) if isinstance(statement, sa.Select) else statement
                inner = bound.lateral(_ROWS)
                whole: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(shape.here).join(inner, sa.true())
                text = between(compiled(whole), "JOIN LATERAL (", f") AS {_ROWS}")
            else:
                text = compiled(statement)
            template = Template(tuple(_TOKEN.split(text)), dict(bounds), sa.types.NullType())
            found = template, Shape.of(statement.selected_columns)
            self._rows.put(key, found)
        return found


def compiled(statement: sa.SelectBase) -> str:
    text = str(statement.compile(dialect=DIALECT))
    if text.startswith("WITH"):
        raise Undeclared("A declaration may not use a CTE that is not nested.")
    return text


def between(text: str, before: str, after: str) -> str:
    return text[text.index(before) + len(before) : text.rindex(after)]
