"""Values that the program branches on, and the statuses of a noun with the moves between them.

The CHECK of a column, the GraphQL enum, the guard of a service, the printed tables and the tests are made from these.
What a decree may change is reference data instead.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

import sqlalchemy as sa

from api.values.name import snake_case


class Choice(StrEnum):
    """An enumeration whose members carry the description that people read; stored as the member's name."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member


class Phase(Choice):
    """Where a thing stands in the time that it takes."""

    AHEAD = "AHEAD", "before it begins"
    RUNNING = "RUNNING", "while it runs"
    OVER = "OVER", "after its end"


Status = TypeVar("Status", bound=Choice)
Action = TypeVar("Action", bound=Choice)
Row = sa.FromClause
Sql = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Move(Generic[Status, Action]):
    """One step that exists: by which action, from which statuses, to which; without a target the status stays.

    An action may have several, from different statuses. `who` names the predicate in `api/access` that says who may make the move; `needs` says what else it takes; `phases` are
    those in which it exists, and `when` is what else must hold of the row now. What is late is taken, but not listed
    among the allowed actions. `verb` names its mutation where that is not the
    action and the noun.
    """

    action: Action
    sources: tuple[Status, ...]
    target: Status | None
    who: str
    needs: str = ""
    phases: tuple[Phase, ...] = tuple(Phase)
    when: Callable[[Row, Sql], Sql] | None = None
    is_late: bool = False
    verb: str | None = None


@dataclass(frozen=True, slots=True)
class Lapse(Generic[Status]):
    """A status that is reached by time alone: read so from the instant on, recorded by the next writer."""

    source: Status
    target: Status
    at: Callable[[Row], Sql]
    description: str


@dataclass(frozen=True, slots=True)
class Consequence(Generic[Status]):
    """A step that follows from verbs on something else; whoever may call these brings it about."""

    sources: tuple[Status, ...]
    target: Status
    verbs: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class StateMachine(Generic[Status, Action]):
    """The statuses of a noun, named groups of them, the moves between them, what lapses with time and what follows from others.

    `phase` says in which `Phase` a row is at an instant; it is needed where a move does not exist in all of them.
    `column` is the column that stores the status.
    """

    noun: str
    statuses: type[Status]
    actions: type[Action]
    initial: Sequence[Status]
    moves: Sequence[Move[Status, Action]]
    groups: Mapping[str, tuple[Status, ...]] = field(default_factory=dict)
    lapses: Sequence[Lapse[Status]] = ()
    consequences: Sequence[Consequence[Status]] = ()
    phase: Callable[[Row, Sql], Sql] | None = None
    column: str = "status"

    def group(self, name: str) -> tuple[Status, ...]:
        return self.groups[name]

    def move(self, action: Action) -> Move[Status, Action]:
        (found,) = (move for move in self.moves if move.action is action)
        return found

    def moves_of(self, action: Action) -> Sequence[Move[Status, Action]]:
        """The moves by an action; they have one `who`."""
        return [move for move in self.moves if move.action is action]

    def verb_of(self, move: Move[Status, Action]) -> str:
        """The name of the verb that makes the move."""
        return move.verb or f"{move.action.lower()}_{snake_case(self.noun)}"

    def is_declared(self, source: str, target: str, *, verb: str | None, by_time: bool = False) -> bool:
        """Whether there is such a step: by time alone, or by the verb; without a verb, by any."""
        if by_time:
            return any((lapse.source, lapse.target) == (source, target) for lapse in self.lapses)
        steps: list[tuple[Sequence[Status], Status | None, Sequence[str]]] = [
            (move.sources, move.target, (self.verb_of(move),)) for move in self.moves
        ]
        steps += [(each.sources, each.target, each.verbs) for each in self.consequences]
        return any(
            source in sources and target == end and (verb is None or verb in verbs) for sources, end, verbs in steps
        )

    def allows(self, move: Move[Status, Action], row: Row, now: Sql) -> sa.ColumnElement[bool]:
        """Whether the move exists from the present status, in the present phase, for this row."""
        conditions: list[Sql] = [self.current(row, now).in_(move.sources)]
        if self.phase is not None and move.phases != tuple(Phase):
            conditions.append(self.phase(row, now).in_(move.phases))
        if move.when is not None:
            conditions.append(move.when(row, now))
        return sa.and_(*conditions)

    def in_group(self, name: str) -> sa.TextClause:
        """The stored status is of the group, as the predicate of a partial index."""
        return sa.text(self.is_one_of(self.groups[name]))

    def is_one_of(self, statuses: Iterable[str]) -> str:
        """The stored status is one of these, as the text of a CHECK."""
        return f"{self.column} IN ({', '.join(repr(str(status)) for status in statuses)})"

    def reached_without(self, status: Status) -> Sequence[Status]:
        """The statuses that a thing may have without ever having had this one."""
        return self.reached(self.initial, without=status)

    def never_after(self, status: Status) -> Sequence[Status]:
        """The statuses that a thing cannot have any more once it had this one."""
        later = self.reached((status,))
        return [each for each in self.reached(self.initial) if each not in later]

    @property
    def final(self) -> Sequence[Status]:
        """The statuses that nothing leaves."""
        return [each for each in self.reached(self.initial) if self.reached((each,)) == [each]]

    def reached(self, starts: Iterable[Status], *, without: Status | None = None) -> list[Status]:
        """The statuses to which steps lead from these, with them; in the order of their declaration."""
        steps: list[tuple[Sequence[Status], Status]] = [
            *((move.sources, move.target) for move in self.moves if move.target is not None),
            *((each.sources, each.target) for each in self.consequences),
            *(((lapse.source,), lapse.target) for lapse in self.lapses),
        ]
        found, before = {*starts}, set[Status]()
        while found != before:
            before = set(found)
            found |= {target for sources, target in steps if target != without and found.intersection(sources)}
        return [status for status in self.statuses if status in found]

    def lapsed_at(self, row: Row) -> Sql:
        """The instant from which the stored status is over by time alone; null where it never is."""
        instants: list[tuple[Any, Any]] = [(row.c[self.column] == lapse.source, lapse.at(row)) for lapse in self.lapses]
        return sa.case(*instants)

    def has_lapsed(self, row: Row, now: Sql) -> sa.ColumnElement[bool]:
        """Whether the stored status is over by now."""
        sources: dict[Callable[[Row], Sql], list[Status]] = {}
        for lapse in self.lapses:
            sources.setdefault(lapse.at, []).append(lapse.source)
        late = [sa.and_(row.c[self.column].in_(each), at(row) <= now) for at, each in sources.items()]
        return sa.func.coalesce(sa.or_(sa.false(), *late), sa.false(), type_=sa.Boolean())

    def current(self, row: Row, now: Sql) -> Sql:
        """The status as it reads now: the stored one, unless that has lapsed."""
        if not self.lapses:
            return row.c[self.column]
        late: list[tuple[Any, Any]] = [
            (sa.and_(row.c[self.column] == lapse.source, lapse.at(row) <= now), sa.literal_column(f"'{lapse.target}'"))
            for lapse in self.lapses
        ]
        return sa.type_coerce(sa.case(*late, else_=row.c[self.column]), row.c[self.column].type)
