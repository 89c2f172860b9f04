"""What a mutation is: a service function with its declaration.

The mutation field, its payload, `idempotencyKey`, `version`, the printed rights and the tests' walk are made from the
declaration; the fields of the input stand beside their noun in `schema/`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

import sqlalchemy as sa

from api.access import Actor, Callers
from api.database.engine import Database
from api.models import METADATA
from api.rules.code import ProblemCode
from api.services.problem import Problem
from api.services.request import Request
from api.values.name import pascal_case

# Whose codes are retired and never deleted.
REFERENCE_TABLES = {pascal_case(name): name for name, table in METADATA.tables.items() if "retired_on" in table.c}

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OneThing:
    """The payload has the thing that was made or changed; the service returns its key."""

    noun: str


@dataclass(frozen=True, slots=True)
class SeveralThings:
    """The payload lists things of one type; the service returns their keys."""

    noun: str


@dataclass(frozen=True, slots=True)
class ResultPerItem:
    """The payload has a result for each item of the input, in its order; the service returns `ItemResult`s.

    `items` is the input field that lists the items, or names the file that does. Those with a malformed id do not reach the
    service.
    """

    noun: str
    items: str


@dataclass(frozen=True, slots=True)
class ComputedReport:
    """The payload has a report that is no row; the service returns its values by column name."""

    type: str
    columns: Mapping[str, sa.types.TypeEngine[Any]]


Answer = OneThing | SeveralThings | ResultPerItem | ComputedReport


Prepare = Callable[[Database, Request, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[P, T]):
    """A service function and all that its mutation is made from.

    - `callers` says who may call it at all; the service then asks whether this one thing lies in the actor's scope.
    - `ids` says which fields of the input hold ids, and of which type; `people.volunteer` is a field of nested inputs.
    - `conflicts` says which violated constraint of the database is which problem.
    - `codes` are the problem codes it can answer with, besides those of every mutation.
    - `updates` says that the input takes the version that the caller has read.
    - `prepare` runs first, outside the transaction, and returns the arguments: what takes long, or what must remain of a
      call that is refused.
    - `hands_out_secret` says that nothing of the answer is stored, so there is no idempotency key.
    - `grants_roles` says that an account may hold a role because of it, which would outlast an API key, so no key calls it.
    - `changes_actor` says that the caller may be a volunteer from then on, and reads the answer as one.
    """

    name: str
    description: str
    call: Callable[P, Awaitable[T]]
    answers: Answer
    callers: Callers
    ids: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, Problem] = field(default_factory=dict)
    codes: tuple[ProblemCode, ...] = ()
    updates: bool = False
    needs_vault: bool = False
    prepare: Prepare | None = None
    hands_out_secret: bool = False
    grants_roles: bool = False
    changes_actor: bool = False

    def is_called_by(self, actor: Actor) -> bool:
        """Whether the actor may call it at all."""
        return self.callers.include(actor) and self.is_open_to_key(actor)

    def is_open_to_key(self, actor: Actor) -> bool:
        """Whether the API key that asks may call it; true where no key asks."""
        is_refused_to_keys = self.grants_roles and actor.key_id is not None
        return actor.may_call(self.name) and not is_refused_to_keys

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self.call(*args, **kwargs)

    @property
    def type_name(self) -> str:
        """The name from which those of the input and the payload are made."""
        return pascal_case(self.name)

    @property
    def all_codes(self) -> tuple[ProblemCode, ...]:
        """Every code it can answer with."""
        always = [ProblemCode.FORBIDDEN, ProblemCode.INVALID, *self.codes]
        always += [ProblemCode.NOT_FOUND] if self.ids else []
        always += [ProblemCode.CODE_REPLACED] if "Kabupaten" in self.ids.values() else []
        always += [ProblemCode.CODE_RETIRED] if REFERENCE_TABLES.keys() & set(self.ids.values()) else []
        always += [ProblemCode.VERSION_CONFLICT] if self.updates else []
        always += [] if self.hands_out_secret else [ProblemCode.KEY_REUSED]
        always += [problem.code for problem in self.conflicts.values()]
        return tuple(code for code in ProblemCode if code in always)


# Every verb by its name.
DECLARED: dict[str, Verb[Any, Any]] = {}


def verb(name: str, description: str, **declaration: Any) -> Callable[[Callable[P, Awaitable[T]]], Verb[P, T]]:
    """Declares a service function as a mutation; `declaration` are the other fields of `Verb`."""

    def declare(call: Callable[P, Awaitable[T]]) -> Verb[P, T]:
        made = Verb(name=name, description=description, call=call, **declaration)
        DECLARED[name] = made
        return made

    return declare
