"""Compiles SQLAlchemy Core statements into what asyncpg executes: SQL with numbered parameters, and values in that order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

Statement = sa.Executable


class Compiler(PGCompiler_asyncpg):
    """Writes the values of `IN` lists, which are constants of the program, into the SQL; all others are bound."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *details: Any, **options: Any) -> str:
        if bindparam.expanding:
            options["literal_binds"] = True
        # SQLAlchemy leaves its compilers and dialects untyped.
        sql: str = super().visit_bindparam(bindparam, *details, **options)  # type: ignore[no-untyped-call]
        return sql


class Dialect(PGDialect_asyncpg):
    statement_compiler = Compiler


DIALECT = Dialect()  # type: ignore[no-untyped-call]  # As above.


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """SQL, the names of its parameters in order, and the values of those that the statement itself contains."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    json_names: frozenset[str] = frozenset()

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values to bind, in order."""
        return [self._value(name, parameters) for name in self.names]

    def _value(self, name: str, parameters: Mapping[str, Any]) -> Any:
        if name not in parameters:
            return self.constants[name]
        return _json_text(parameters[name]) if name in self.json_names else parameters[name]


def compile_statement(statement: Statement) -> CompiledStatement:
    assert isinstance(statement, sa.ClauseElement)
    compiled = statement.compile(dialect=DIALECT)
    assert isinstance(compiled, SQLCompiler)
    constants = {
        name: _json_text(bind.value) if isinstance(bind.type, JSONB) else bind.effective_value
        for name, bind in compiled.binds.items()
    }
    json_names = frozenset(name for name, bind in compiled.binds.items() if isinstance(bind.type, JSONB))
    return CompiledStatement(str(compiled), tuple(compiled.positiontup or ()), constants, json_names)


def with_stored_keys(table: sa.Table, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a row and the keys that are stored with them: those of texts that are among the values."""
    keys = {
        name: values[source] and compute(values[source])
        for name, (source, compute) in _stored_keys(table)
        if source in values
    }
    return {**values, **keys}


@cache
def _stored_keys(table: sa.Table) -> list[tuple[str, tuple[str, Callable[[str], str]]]]:
    """The columns that hold keys, with the column and the function each is computed from."""
    return [(column.name, column.info["computed"]) for column in table.c if "computed" in column.info]


@cache
def insert_statement(table: sa.Table, names: tuple[str, ...]) -> CompiledStatement:
    """Inserts one row; the parameters have the names of the columns."""
    return compile_statement(sa.insert(table).values({name: _parameter(table, name) for name in names}))


@cache
def update_statement(table: sa.Table, names: tuple[str, ...]) -> CompiledStatement:
    """Changes columns of the row whose primary key is the parameter `key`."""
    (key,) = table.primary_key.columns
    changed = {name: _parameter(table, name) for name in names}
    return compile_statement(sa.update(table).where(key == sa.bindparam("key", type_=key.type)).values(changed))


@cache
def insert_all_statement(table: sa.Table, names: tuple[str, ...], sorted_by: str) -> CompiledStatement:
    """Inserts rows whose columns are the parameters, as arrays, in the order of one of them.

    Returns the primary keys of those that violate no constraint; the others are left out.
    """
    arrays = [sa.bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
    columns = [sa.column(name, table.c[name].type) for name in names]
    listed = sa.func.unnest(*arrays).table_valued(*columns, name="listed").render_derived()
    (key,) = table.primary_key.columns
    rows = sa.select(*listed.c).order_by(listed.c[sorted_by])
    return compile_statement(
        insert(table).from_select([*names], rows, include_defaults=False).on_conflict_do_nothing().returning(key)
    )


@cache
def update_all_statement(table: sa.Table, names: tuple[str, ...]) -> CompiledStatement:
    """Changes columns of rows; the parameters are arrays with the names of the columns, the primary key's among them."""
    (key,) = table.primary_key.columns
    arrays = [sa.bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
    columns = [sa.column(name, table.c[name].type) for name in names]
    listed = sa.func.unnest(*arrays).table_valued(*columns, name="listed").render_derived()
    changed = {name: listed.c[name] for name in names if name != key.name}
    return compile_statement(sa.update(table).where(key == listed.c[key.name]).values(changed))


@cache
def lock_statement(table: sa.Table) -> CompiledStatement:
    """Locks the rows of the keys in the parameter `keys` against changes, one after another by their key."""
    (key,) = table.primary_key.columns
    listed = sa.bindparam("keys", type_=ARRAY(key.type))
    # Not against references to them: of two who lock, one waits, while a row that refers to them may be added.
    return compile_statement(
        sa.select(table).where(key == sa.any_(listed)).order_by(key).with_for_update(key_share=True)
    )


def columns_of(table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values of rows that all fill the same columns, by column; JSON as text."""
    texts = {name for name in rows[0] if isinstance(table.c[name].type, JSONB)}
    return {
        name: [_json_text(row[name]) for row in rows] if name in texts else [row[name] for row in rows]
        for name in rows[0]
    }


def _parameter(table: sa.Table, name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=table.c[name].type)


def _json_text(value: object) -> str | None:
    """JSON as text, the form in which asyncpg takes it."""
    return None if value is None else orjson.dumps(value).decode()
