"""What every change of a thing does: locks it, compares the version that was read, raises it, leaves an event."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Callers, Kind, Predicate
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.log import log
from api.models.choice import Choice, StateMachine
from api.models.event import ActorKind
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Refused, forbidden, input_path, not_found, read_reason
from api.services.request import Request
from api.services.verb import OneThing, Verb, verb
from api.values.name import pascal_case


@dataclass(frozen=True, slots=True, eq=False)
class Changeable:
    """A noun whose things are changed from the version that was read; its input field has the name of its table."""

    table: sa.Table
    sees: Predicate
    machine: StateMachine[Any, Any] | None = None

    @property
    def noun(self) -> str:
        return pascal_case(self.table.name)

    async def lock(
        self,
        session: Transaction,
        request: Request,
        key: uuid.UUID,
        version: int | None,
        *,
        may: Predicate,
        name: str | None = None,
    ) -> Row:
        """The row, locked; refused where the actor does not see it, may not change it, or has read another version.

        `name` is the input field of its id, if that is not the table's name; without a version none is compared.
        """
        name = name or self.table.name
        found = await session.row(_locked(self, request.actor.kind, may), {**request.parameters, "key": key})
        if found is None:
            raise not_found(name)
        if not found.may:
            raise forbidden(name)
        if version is not None and found.version != version:
            raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": found.version}))
        return found

    async def lock_for(
        self, session: Transaction, request: Request, key: uuid.UUID, version: int, action: Choice
    ) -> Row:
        """As `lock`, for a move of the state machine, which must exist from the present status."""
        assert self.machine is not None
        moves = self.machine.moves_of(action)
        held = await self.lock(session, request, key, version, may=access.may_move(moves[0]))
        check_status(held, tuple(source for move in moves for source in move.sources), self.table.name)
        return held

    async def decide(
        self, session: Transaction, request: Request, key: uuid.UUID, version: int, action: Choice, *, reason: str
    ) -> uuid.UUID:
        """Makes a move for a reason, which the row and its event keep."""
        text = read_reason(reason)
        held = await self.lock_for(session, request, key, version, action)
        return await self.move(session, request, held, self.target(action), reason=text, columns={"reason": text})

    def check_step(self, request: Request, held: Row, status: Choice, *, by_time: bool) -> None:
        """A step that is not declared, for this verb or for time, is a mistake of the program; nobody is refused for it."""
        assert self.machine is not None
        source = held[self.machine.column]
        if not self.machine.is_declared(source, status, verb=request.verb, by_time=by_time):
            undeclared(self.noun, source, status, request.verb)

    def target(self, action: Choice) -> Choice:
        assert self.machine is not None
        target: Choice | None = self.machine.move(action).target
        assert target is not None
        return target

    async def change(
        self,
        session: Transaction,
        request: Request,
        held: Row,
        event: str,
        *,
        columns: Mapping[str, Any],
        change: Mapping[str, Any],
        reason: str | None = None,
        effective_at: datetime | None = None,
        lapsed_at: datetime | None = None,
    ) -> uuid.UUID:
        """Writes the columns, raises the version, leaves the event.

        `effective_at` says when the change was made, if that was earlier; `lapsed_at`, that the clock made it then.
        """
        raised = {"version": held.version + 1, "updated_at": request.now}
        earlier = effective_at if effective_at and effective_at < request.now else None
        await session.update(self.table, held.id, **columns, **raised)
        await record(
            session,
            request,
            f"{self.table.name}.{event}",
            subject=(self.noun, held.id),
            change=change,
            reason=reason,
            effective_at=lapsed_at or earlier,
            by=ActorKind.CLOCK if lapsed_at is not None else None,
        )
        key: uuid.UUID = held.id
        return key

    async def move(
        self,
        session: Transaction,
        request: Request,
        held: Row,
        status: Choice,
        *,
        reason: str | None = None,
        columns: Mapping[str, Any] | None = None,
        change: Mapping[str, Any] | None = None,
        effective_at: datetime | None = None,
        lapsed_at: datetime | None = None,
    ) -> uuid.UUID:
        """Sets the status, with an event of its name; the machine declares the step, and the verb that takes it."""
        self.check_step(request, held, status, by_time=lapsed_at is not None)
        assert self.machine is not None
        return await self.change(
            session,
            request,
            held,
            status.lower(),
            columns={self.machine.column: status, **(columns or {})},
            change={"status": status, "from": held[self.machine.column], **(change or {})},
            reason=reason,
            effective_at=effective_at,
            lapsed_at=lapsed_at,
        )


def undeclared(noun: str, source: str, status: str, verb: str | None) -> None:
    """Logs it; the tests raise it."""
    log.error("step of a state machine is not declared", noun=noun, source=source, target=status, verb=verb)


def move_verb(
    things: Changeable,
    name: str,
    description: str,
    action: Choice,
    *,
    callers: Callers,
    conflicts: Mapping[str, Problem] | None = None,
) -> Verb[..., uuid.UUID]:
    """A mutation that makes a move of the state machine and nothing else; for a reason, if its input has one."""

    async def call(
        session: Transaction, request: Request, *, version: int, reason: str | None = None, **ids: uuid.UUID
    ) -> uuid.UUID:
        key = ids[things.table.name]
        if reason is not None:
            return await things.decide(session, request, key, version, action, reason=reason)
        held = await things.lock_for(session, request, key, version, action)
        return await things.move(session, request, held, things.target(action))

    return verb(
        name,
        description,
        answers=OneThing(things.noun),
        callers=callers,
        ids={things.table.name: things.noun},
        conflicts=conflicts or {},
        codes=(ProblemCode.WRONG_STATUS,),
        updates=True,
    )(call)


def check_status(held: Row, statuses: tuple[Choice, ...], name: str) -> None:
    """Refuses a step that does not exist from the status as it reads now."""
    if held.current_status not in statuses:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path(name), {"status": held.current_status}))


@cache
def _locked(noun: Changeable, kind: Kind, may: Predicate) -> CompiledStatement:
    table = noun.table
    current = noun.machine.current(table, access.NOW) if noun.machine else sa.null()
    return compile_statement(
        sa.select(table, may(kind, table).label("may"), current.label("current_status"))
        .where(table.c.id == sa.bindparam("key", type_=sa.Uuid()), noun.sees(kind, table))
        .with_for_update(key_share=True, of=table)
    )
