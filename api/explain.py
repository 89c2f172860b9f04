"""What a document asks of the database: its statements, and how PostgreSQL goes about each of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.access import PUBLIC, Actor
from api.compiler.plan import Plan, Planner
from api.context import Context
from api.database.engine import Database, Pooler, Transaction, Unavailable
from api.database.statement import CompiledStatement
from api.resolvers import SOURCES
from api.schema.build import SCHEMA, core
from api.services import account
from api.services.vault import Vault

CLAUSES = (
    r"WITH(?!\s+(?:ORDINALITY|TIME\s+ZONE))|SELECT|(?<!DISTINCT )FROM|(?:LEFT\s+(?:OUTER\s+)?|CROSS\s+)?JOIN|WHERE|GROUP\s+BY|HAVING|ORDER\s+BY"
    r"|LIMIT|UNION(?:\s+ALL)?"
)
# Text and names in quotes come first, so that a clause's word in them stays where it is.
TOKENS = re.compile(
    rf"""'(?:[^']|'')*'|"[^"]*"|(?P<query>\((?=\s*(?:SELECT|WITH)\b))|\b(?P<clause>{CLAUSES})\b|\s+|\w+|.""",
    re.IGNORECASE,
)


class Refused(Exception):
    """Why there is nothing to explain: one line for each thing that is wrong."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A document as somebody asks it: the public, unless a login is given."""

    document: str
    variables: Mapping[str, Any]
    operation: str | None
    login: str | None


async def explained(url: str, question: Question, *, analyze: bool, pooler: Pooler | None) -> Sequence[str]:
    """For each statement its text, its values and its query plan; `analyze` executes it too. Raises `Refused`."""
    if not question.document.strip():
        raise Refused("There is no document.")
    database = await Database.open(url, pooler=pooler)
    try:
        actor = await asker(database, question.login)
        reader, planner = Explaining(database, analyze=analyze), NamingPlanner(core(), SOURCES)
        # No query asks the vault.
        context = Context(actor, datetime.now(UTC), reader, planner, Vault(b"", b""))
        result = await answered(question, context)
    finally:
        await database.close()
    if reader.failure:
        raise reader.failure
    if result.errors:
        raise Refused("\n".join(line(error) for error in result.errors))
    return [
        f"-- {', '.join(planner.keys.get(sql, ['the whole document']))}\n{rest}" for sql, rest in reader.explanations
    ]


async def asker(database: Database, login: str | None) -> Actor:
    if login is None:
        return PUBLIC
    async with database.reading() as session:
        found = await account.id_of(session, login)
        if found is None:
            raise Refused(f"There is no active account {login!r}.")
        return await account.actor(session, found)


async def answered(question: Question, context: Context) -> ExecutionResult:
    """As the server answers it, with every limit and check."""
    try:
        return await SCHEMA.execute(
            question.document,
            variable_values=dict(question.variables),
            operation_name=question.operation,
            context_value=context,
            allowed_operation_types=[OperationType.QUERY],
        )
    except InvalidOperationTypeError:
        raise Refused("Only queries can be explained; this is a mutation, and it would change something.") from None
    except CannotGetOperationTypeError:
        raise Refused("Name one of the document's operations with --operation.") from None


def line(error: GraphQLError) -> str:
    place = f" (line {error.locations[0].line}, column {error.locations[0].column})" if error.locations else ""
    return " ".join(error.message.split()) + place


class NamingPlanner(Planner):
    """Remembers which key of the answer a statement is for."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.keys: dict[str, list[str]] = {}

    def field(self, *given: Any, key: str, **named: Any) -> Plan:
        plan = super().field(*given, key=key, **named)
        self.keys.setdefault(plan.sql, []).append(key)
        return plan


class Explaining(Database):
    """Another database, whose statements are explained instead of answered."""

    def __init__(self, database: Database, *, analyze: bool) -> None:
        self._database = database
        self._explain = "EXPLAIN (ANALYZE, BUFFERS)" if analyze else "EXPLAIN"
        self.explanations: list[tuple[str, str]] = []
        self.failure: asyncpg.PostgresError | None = None

    async def read(self, sql: str, parameters: Sequence[object]) -> str:
        try:
            async with self._database.reading() as session:
                self.explanations.append((sql, await self._explanation(session, sql, parameters)))
        except asyncpg.PostgresError as failure:
            self.failure = failure
            raise Unavailable from failure
        return "null"

    async def _explanation(self, session: Transaction, sql: str, parameters: Sequence[object]) -> str:
        """The statement, and the rest as comments, so that the whole can be given to psql."""
        # Prepared, because only so the plan is the one that the server would use, made without a look at the values.
        await session.rows(bare(f"PREPARE explained AS {sql}"))
        values = await literals(session, parameters)
        call = f"({', '.join(values)})" if values else ""
        plan = await session.rows(bare(f"{self._explain} EXECUTE explained{call}"))
        # After a failure nothing more is explained.
        await session.rows(bare("DEALLOCATE explained"))
        return "\n".join(
            (
                laid_out(sql),
                "",
                *(commented(f"${number} = {value}") for number, value in enumerate(values, 1)),
                *(commented(row[0]) for row in plan),
            )
        )


def commented(text: str) -> str:
    return "\n".join(f"-- {part}" for part in text.splitlines())


def bare(sql: str) -> CompiledStatement:
    return CompiledStatement(sql, (), {})


async def literals(session: Transaction, parameters: Sequence[object]) -> list[str]:
    """The values as SQL writes them, by the database itself; it knows their types from the statement `explained`."""
    types = await session.value(
        bare("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'")
    )
    names = [f"value_{number}" for number in range(len(parameters))]
    written = ", ".join(f"quote_nullable(${number}::{type_}::text)" for number, type_ in enumerate(types, 1))
    row = await session.row(
        CompiledStatement(f"SELECT {written}", tuple(names), dict(zip(names, parameters, strict=True)))
    )
    return list(row) if row else []


def laid_out(sql: str) -> str:
    """The same statement, each clause of it and of the queries in it on a line of its own."""
    return "".join(_pieces(sql)).strip()


def _pieces(sql: str) -> Iterator[str]:
    are_queries = [True]  # For each open parenthesis, and for the statement itself.
    gap = ""
    for token in TOKENS.finditer(sql):
        text = token[0]
        if text == ")":
            are_queries.pop()
        if text.isspace():
            gap = " "
            continue
        yield "\n" + "  " * (sum(are_queries) - 1) if token["clause"] and are_queries[-1] else gap
        yield text
        gap = ""
        if text == "(":
            are_queries.append(token["query"] is not None)
