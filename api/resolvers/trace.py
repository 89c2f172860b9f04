"""What a request did, for those who may look: its statements without their values, and where its time went."""

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
from api.database.statement import CompiledStatement, Statement, compile_statement

Note = dict[str, Any]


def asked_trace(extensions: Mapping[str, Any], context: Context) -> "Trace | None":
    """A trace for who asks for one and may have it; others are answered without."""
    is_allowed = extensions.get("trace") is True and access.may_trace(context.actor.kind)
    return Trace(context.planner) if is_allowed else None


def since(began: float) -> float:
    """Milliseconds."""
    return round((perf_counter() - began) * 1000, 3)


@dataclass(slots=True)
class Trace:
    """Notes, as JSON has them."""

    planner: Planner
    began: float = field(default_factory=perf_counter)
    document: Note = field(default_factory=dict)
    plans: list[Note] = field(default_factory=list)
    statements: list[Note] = field(default_factory=list)
    # Which keys of the answer each statement is for.
    keys: dict[str, set[str]] = field(default_factory=dict)

    def note_document(self, *, is_remembered: bool) -> None:
        self.document = {"remembered": is_remembered, "milliseconds": since(self.began)}

    def watched(self, context: Context) -> Context:
        """The same context; what is planned and executed by it is noted."""
        planner = WatchedPlanner(context.planner, self.plans, self.keys)
        return replace(context, planner=planner, database=WatchedDatabase(context.database, self.statements))

    def told(self, documents: Cache[str, Any]) -> Note:
        return {
            "milliseconds": since(self.began),
            "document": self.document,
            "plans": self.plans,
            "statements": [{"keys": sorted(self.keys.get(note["sql"], ())), **note} for note in self.statements],
            "caches": {
                "documents": documents.metrics(),
                "plans": self.planner.cache.metrics(),
                "templates": self.planner.templates.cache.metrics(),
            },
        }


class WatchedPlanner(Planner):
    """Another planner, watched."""

    def __init__(self, planner: Planner, notes: list[Note], keys: dict[str, set[str]]) -> None:
        self._planner = planner
        self._notes = notes
        self._keys = keys

    def document(self, *given: Any, **named: Any) -> Plan:
        return self._noted("data", lambda: self._planner.document(*given, **named))

    def field(self, *given: Any, key: str, **named: Any) -> Plan:
        return self._noted(key, lambda: self._planner.field(*given, key=key, **named))

    def _noted(self, key: str, make: Callable[[], Plan]) -> Plan:
        began, misses = perf_counter(), self._planner.cache.misses
        plan = make()
        self._keys.setdefault(plan.sql, set()).add(key)
        self._notes.append(
            {"key": key, "remembered": self._planner.cache.misses == misses, "milliseconds": since(began)}
        )
        return plan


class WatchedDatabase(Database):
    """Another database, watched."""

    def __init__(self, database: Database, notes: list[Note]) -> None:
        self._database = database
        self._notes = notes

    async def read(self, sql: str, parameters: Sequence[object]) -> str:
        self._database.statements += 1
        async with self.reading() as session:
            return await session.text(sql, parameters)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        began = perf_counter()
        async with self._database.reading() as session:
            yield WatchedTransaction(session, self._notes, since(began))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        began = perf_counter()
        async with self._database.transaction() as session:
            yield WatchedTransaction(session, self._notes, since(began))


class WatchedTransaction(Transaction):
    """Another transaction, watched; the first statement is told how long its connection was waited for."""

    def __init__(self, session: Transaction, notes: list[Note], waited: float) -> None:
        super().__init__(session.connection)
        self._notes = notes
        self._waited = waited

    async def text(self, sql: str, parameters: Sequence[object]) -> str:
        began = perf_counter()
        text = await super().text(sql, parameters)
        self._note(sql, began, {"rows": 1, "bytes": len(text.encode())})
        return text

    async def rows(
        self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        ready = statement if isinstance(statement, CompiledStatement) else compile_statement(statement)
        began = perf_counter()
        rows = await super().rows(ready, parameters)
        self._note(ready.sql, began, {"rows": len(rows)})
        return rows

    def _note(self, sql: str, began: float, brought: Note) -> None:
        self._notes.append({"sql": sql, "milliseconds": since(began), "waited": self._waited, **brought})
        self._waited = 0.0
