"""The context of one GraphQL request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from secrets import randbits
from typing import Any

from api.access import Actor
from api.compiler.plan import Cost, Planner
from api.database.engine import Database
from api.database.pool import Client
from api.services.request import Caller
from api.services.vault import Vault
from api.settings import Limits

# Counted from a random number, so that two processes hardly give the same.
REQUEST_NUMBERS = count(randbits(60))

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Usage:
    """What the request has used so far: the cost of its plans, and the bytes that were read for its answer."""

    cost: Cost = field(default_factory=Cost)
    answered_bytes: int = 0
    is_changing: bool = False  # Whether mutations have begun.


def nothing() -> None:
    """Where no actor is remembered."""


@dataclass(frozen=True, slots=True)
class Context:
    """Passed to every resolver: the actor, the time of the request, and the services that resolvers use."""

    actor: Actor
    now: datetime
    clock: Clock
    database: Database
    planner: Planner
    vault: Vault
    # Whose share of the connections and whose budget is used; None for the program itself.
    client: Client | None = None
    limits: Limits = field(default_factory=Limits)
    # Whether introspection is answered, and names are suggested in the place of unknown ones.
    is_schema_open: bool = True
    # A `Language`: that of labels and messages whose field names none.
    language: str = "ID"
    caller: Caller = field(default_factory=Caller)
    usage: Usage = field(default_factory=Usage)
    # What `rateLimit` tells of the client's budget.
    rate_limit: Callable[[], Mapping[str, Any]] = dict
    # Called where the account has become somebody else than the remembered actor.
    forget_actor: Callable[[], None] = nothing
    problem_codes: list[str] = field(default_factory=list)
    # By which the line of the log is found.
    id: str = field(default_factory=lambda: f"{next(REQUEST_NUMBERS):016x}")

    @property
    def client_name(self) -> str:
        return "" if self.client is None else self.client.name

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values for the parameters in statements that say who asks, when, and in which language."""
        return {**self.actor.parameters(self.now), "language": self.language}
