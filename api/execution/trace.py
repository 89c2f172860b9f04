"""The trace of a request: its SQL statements without their values, its plans, and how long each took."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from api import access
from api.compiler.cache import Cache
from api.compiler.plan import Plan, Planner
from api.context import Context
from api.database.engine import Database, Row, Transaction
from api.database.pool import Client
from api.database.statement import CompiledStatement, Statement, compile_statement

JsonObject = dict[str, Any]


def requested_trace(extensions: Mapping[str, Any], context: Context) -> "Trace | None":
    """A new trace if the request asks for one and the actor may see it, otherwise None."""
    is_allowed = extensions.get("trace") is True and access.may_trace(context.actor.kind)
    return Trace(context.planner) if is_allowed else None


def milliseconds_since(start: float) -> float:
    """`start` is a time of `perf_counter`."""
    return round((perf_counter() - start) * 1000, 3)


@dataclass(slots=True)
class Trace:
    """Collects the entries of a trace while its request is executed."""

    planner: Planner
    start: float = field(default_factory=perf_counter)
    document: JsonObject = field(default_factory=dict)
    plans: list[JsonObject] = field(default_factory=list)
    statements: list[JsonObject] = field(default_factory=list)
    # For each SQL statement the response keys whose values it reads.
    keys: dict[str, set[str]] = field(default_factory=dict)

    def record_document(self, *, is_cached: bool) -> None:
        self.document = {"remembered": is_cached, "milliseconds": milliseconds_since(self.start)}

    def trace_context(self, context: Context) -> Context:
        """A copy of the context whose planner and database record what they do in this trace."""
        planner = TracingPlanner(context.planner, self.plans, self.keys)
        return replace(context, planner=planner, database=TracingDatabase(context.database, self.statements))

    def as_json(self, documents: Cache[str, Any]) -> JsonObject:
        return {
            "milliseconds": milliseconds_since(self.start),
            "document": self.document,
            "plans": self.plans,
            "statements": [{"keys": sorted(self.keys.get(entry["sql"], ())), **entry} for entry in self.statements],
            "caches": {
                "documents": documents.metrics(),
                "plans": self.planner.cache.metrics(),
                "templates": self.planner.templates.cache.metrics(),
            },
        }


class TracingPlanner(Planner):
    """Delegates to another planner, and records each plan."""

    def __init__(self, planner: Planner, entries: list[JsonObject], keys: dict[str, set[str]]) -> None:
        self.sources = planner.sources
        self._planner = planner
        self._entries = entries
        self._keys = keys

    def document(self, *args: Any, **kwargs: Any) -> Plan:
        return self._record("data", lambda: self._planner.document(*args, **kwargs))

    def field(self, *args: Any, key: str, **kwargs: Any) -> Plan:
        return self._record(key, lambda: self._planner.field(*args, key=key, **kwargs))

    def _record(self, key: str, make: Callable[[], Plan]) -> Plan:
        start, misses = perf_counter(), self._planner.cache.misses
        plan = make()
        for sql in (plan.sql, plan.guarded_sql):
            self._keys.setdefault(sql, set()).add(key)
        is_cached = self._planner.cache.misses == misses
        self._entries.append({"key": key, "remembered": is_cached, "milliseconds": milliseconds_since(start)})
        return plan


class TracingDatabase(Database):
    """Delegates to another database, and records each statement."""

    def __init__(self, database: Database, entries: list[JsonObject]) -> None:
        self._database = database
        self._entries = entries

    async def read(
        self, sql: str, parameters: Sequence[object], *, max_bytes: int | None = None, client: Client | None = None
    ) -> str:
        self._database.statements += 1
        async with self.reading(client) as session:
            return await session.text(sql, parameters, max_bytes=max_bytes)

    @asynccontextmanager
    async def reading(self, client: Client | None = None) -> AsyncGenerator[Transaction]:
        start = perf_counter()
        async with self._database.reading(client) as session:
            yield TracingTransaction(session, self._entries, milliseconds_since(start))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        start = perf_counter()
        async with self._database.transaction() as session:
            yield TracingTransaction(session, self._entries, milliseconds_since(start))


class TracingTransaction(Transaction):
    """Delegates to another transaction, and records each statement.

    The time spent waiting for the connection is recorded with the first statement.
    """

    def __init__(self, session: Transaction, entries: list[JsonObject], wait_milliseconds: float) -> None:
        super().__init__(session.connection)
        self._entries = entries
        self._wait_milliseconds = wait_milliseconds

    async def text(self, sql: str, parameters: Sequence[object], *, max_bytes: int | None = None) -> str:
        start = perf_counter()
        text = await super().text(sql, parameters, max_bytes=max_bytes)
        self._record(sql, start, {"rows": 1, "bytes": len(text.encode())})
        return text

    async def rows(
        self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        ready = statement if isinstance(statement, CompiledStatement) else compile_statement(statement)
        start = perf_counter()
        rows = await super().rows(ready, parameters)
        self._record(ready.sql, start, {"rows": len(rows)})
        return rows

    def _record(self, sql: str, start: float, result_size: JsonObject) -> None:
        times = {"milliseconds": milliseconds_since(start), "waited": self._wait_milliseconds}
        self._entries.append({"sql": sql, **times, **result_size})
        self._wait_milliseconds = 0.0
