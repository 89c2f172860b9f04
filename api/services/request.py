"""What a service works with besides its own arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.access import Actor


@dataclass(frozen=True, slots=True)
class Request:
    """What a service works with besides its own arguments: the actor and the clock."""

    actor: Actor
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        """The instant; a service that waits for locks reads it again afterwards, so that events follow one another."""
        return self.clock()

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.now)
