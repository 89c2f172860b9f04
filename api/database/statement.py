"""Core statements as asyncpg wants them: text with numbered parameters, and the values in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

Statement = sa.Executable


class Compiler(PGCompiler_asyncpg):
    """Writes lists of the program's own constants into the SQL; everything else is bound."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *details: Any, **options: Any) -> str:
        if bindparam.expanding:
            options["literal_binds"] = True
        # SQLAlchemy leaves its compilers and dialects untyped.
        written: str = super().visit_bindparam(bindparam, *details, **options)  # type: ignore[no-untyped-call]
        return written


class Dialect(PGDialect_asyncpg):
    statement_compiler = Compiler


DIALECT = Dialect()  # type: ignore[no-untyped-call]  # As above.


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement's text, the names of its parameters in order, and the values it was written with."""

    sql: str
    names: tuple[str, ...]
    written: Mapping[str, Any]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        return [parameters[name] if name in parameters else self.written[name] for name in self.names]


def prepared(statement: Statement) -> Prepared:
    assert isinstance(statement, sa.ClauseElement)
    compiled = statement.compile(dialect=DIALECT)
    assert isinstance(compiled, SQLCompiler)
    written = {
        name: _as_text(bind.value) if isinstance(bind.type, JSONB) else bind.effective_value
        for name, bind in compiled.binds.items()
    }
    return Prepared(str(compiled), tuple(compiled.positiontup or ()), written)


def _as_text(value: object) -> str | None:
    """JSON goes to the database as text."""
    return None if value is None else orjson.dumps(value).decode()
