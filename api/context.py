"""The context of one GraphQL request."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from api.access import Actor
from api.compiler.plan import Planner
from api.database.engine import Database
from api.services.vault import Vault

# Reading connections that one request may use at the same time, of `engine.READ_POOL_SIZE` in all.
MAX_CONNECTIONS = 3


Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Passed to every resolver: the actor, the time of the request, and the services that resolvers use."""

    actor: Actor
    now: datetime
    clock: Clock
    database: Database
    planner: Planner
    vault: Vault
    # Whether introspection is answered, and names are suggested in the place of unknown ones.
    is_schema_open: bool = True
    # A `Language`: that of labels and messages whose field names none.
    language: str = "ID"
    connection_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS))
    # For each field read so far by graphql-core's executor, how many rows its pages may have.
    row_counts: list[int] = field(default_factory=list)
    problem_codes: list[str] = field(default_factory=list)
    # By which the line of the log is found.
    id: str = field(default_factory=lambda: token_hex(8))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values for the parameters in statements that say who asks, when, and in which language."""
        return {**self.actor.parameters(self.now), "language": self.language}
