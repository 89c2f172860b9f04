"""`sigap explain`: the SQL statements that a GraphQL query executes, and their query plans."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from graphql import ExecutionResult, GraphQLError

from api.access import PUBLIC, Actor
from api.compiler.plan import Plan, Planner
from api.context import Context, wall_clock
from api.database.engine import Database, Pooler, Transaction
from api.database.error import Unavailable
from api.database.statement import CompiledStatement
from api.execution.execute import READING, OperationNotAllowed, UnknownOperation, execute_document
from api.resolvers import SOURCES
from api.schema.build import core_schema
from api.services import account
from api.services.vault import Vault

CLAUSES = (
    r"WITH(?!\s+(?:ORDINALITY|TIME\s+ZONE))|SELECT|(?<!DISTINCT )FROM|(?:LEFT\s+(?:OUTER\s+)?|CROSS\s+)?JOIN|WHERE|GROUP\s+BY|HAVING|ORDER\s+BY"
    r"|LIMIT|UNION(?:\s+ALL)?"
)
# Quoted strings and names come first, so that keywords inside them are not taken for clauses.
TOKENS = re.compile(
    rf"""'(?:[^']|'')*'|"[^"]*"|(?P<query>\((?=\s*(?:SELECT|WITH)\b))|\b(?P<clause>{CLAUSES})\b|\s+|\w+|.""",
    re.IGNORECASE,
)


class ExplainError(Exception):
    """The query cannot be explained. The message has one line for each error."""


@dataclass(frozen=True, kw_only=True)
class ExplainRequest:
    """A document to explain, as executed for the account `login`, or for the public if it is None."""

    document: str
    variables: Mapping[str, Any]
    operation: str | None
    login: str | None


async def explain_document(url: str, request: ExplainRequest, *, analyze: bool, pooler: Pooler | None) -> Sequence[str]:
    """For each SQL statement its text, its values and its query plan; `analyze` also executes it.

    Raises `ExplainError`, and asyncpg's error if PostgreSQL rejects a statement.
    """
    if not request.document.strip():
        raise ExplainError("There is no document.")
    database = await Database.open(url, pooler=pooler)
    try:
        actor = await load_actor(database, request.login)
        explainer, planner = ExplainingDatabase(database, analyze=analyze), KeyRecordingPlanner(core_schema(), SOURCES)
        # Queries do not use the vault.
        context = Context(actor, wall_clock(), wall_clock, explainer, planner, Vault(b"", b""))
        result = await execute(request, context)
    finally:
        await database.close()
    if explainer.error:
        raise explainer.error
    if result.errors:
        raise ExplainError("\n".join(format_error(error) for error in result.errors))
    return [
        f"-- {', '.join(planner.keys.get(sql, ['the whole document']))}\n{explanation}"
        for sql, explanation in explainer.explanations
    ]


async def load_actor(database: Database, login: str | None) -> Actor:
    if login is None:
        return PUBLIC
    async with database.reading() as session:
        account_id = await account.id_of(session, login)
        if account_id is None:
            raise ExplainError(f"There is no active account {login!r}.")
        return await account.actor(session, account_id, wall_clock())


async def execute(request: ExplainRequest, context: Context) -> ExecutionResult:
    """Executes the query with the same limits and checks as the server."""
    try:
        return await execute_document(
            context.planner.schema,
            request.document,
            context,
            variables=request.variables,
            name=request.operation,
            allowed=READING,
        )
    except OperationNotAllowed:
        raise ExplainError("Only queries can be explained, not mutations, as those would change data.") from None
    except UnknownOperation:
        raise ExplainError("Name one of the document's operations with --operation.") from None


def format_error(error: GraphQLError) -> str:
    location = f" (line {error.locations[0].line}, column {error.locations[0].column})" if error.locations else ""
    return " ".join(error.message.split()) + location


class KeyRecordingPlanner(Planner):
    """Records for each SQL statement the response keys that it is for."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.keys: dict[str, list[str]] = {}

    def field(self, *args: Any, key: str, **kwargs: Any) -> Plan:
        plan = super().field(*args, key=key, **kwargs)
        for sql in (plan.sql, plan.guarded_sql):
            self.keys.setdefault(sql, []).append(key)
        return plan


class ExplainingDatabase(Database):
    """Explains each statement on another database, and returns null as its result."""

    def __init__(self, database: Database, *, analyze: bool) -> None:
        self._database = database
        self._explain = "EXPLAIN (ANALYZE, BUFFERS)" if analyze else "EXPLAIN"
        self.explanations: list[tuple[str, str]] = []
        self.error: asyncpg.PostgresError | None = None

    async def read(self, sql: str, parameters: Sequence[object], **_limits: object) -> str:
        try:
            async with self._database.reading() as session:
                self.explanations.append((sql, await self._explanation(session, sql, parameters)))
        except asyncpg.PostgresError as error:
            self.error = error
            raise Unavailable from error
        return "null"

    async def _explanation(self, session: Transaction, sql: str, parameters: Sequence[object]) -> str:
        """The formatted statement, with its values and plan as SQL comments, so that psql can execute the text."""
        # A prepared statement, so that PostgreSQL makes the same generic plan as for the server's statements.
        await session.rows(without_parameters(f"PREPARE explained AS {sql}"))
        values = await literals(session, parameters)
        arguments = f"({', '.join(values)})" if values else ""
        plan = await session.rows(without_parameters(f"{self._explain} EXECUTE explained{arguments}"))
        # Not needed after an error, as nothing more is explained then.
        await session.rows(without_parameters("DEALLOCATE explained"))
        return "\n".join(
            (
                format_sql(sql),
                "",
                *(format_comment(f"${number} = {value}") for number, value in enumerate(values, 1)),
                *(format_comment(row[0]) for row in plan),
            )
        )


def format_comment(text: str) -> str:
    return "\n".join(f"-- {line}" for line in text.splitlines())


def without_parameters(sql: str) -> CompiledStatement:
    return CompiledStatement(sql, (), {})


async def literals(session: Transaction, parameters: Sequence[object]) -> list[str]:
    """The values as SQL literals, written by PostgreSQL with the parameter types of the statement `explained`."""
    types = await session.value(
        without_parameters("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'")
    )
    names = [f"value_{number}" for number in range(len(parameters))]
    columns = ", ".join(f"quote_nullable(${number}::{type_}::text)" for number, type_ in enumerate(types, 1))
    row = await session.row(
        CompiledStatement(f"SELECT {columns}", tuple(names), dict(zip(names, parameters, strict=True)))
    )
    return list(row) if row else []


def format_sql(sql: str) -> str:
    """The statement with each clause on a line of its own, subqueries indented."""
    return "".join(_formatted_tokens(sql)).strip()


def _formatted_tokens(sql: str) -> Iterator[str]:
    are_queries = [True]  # For the statement and each open parenthesis: whether it contains a query.
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
