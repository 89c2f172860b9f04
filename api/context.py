"""What one request carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.access import Actor
from api.compiler.plan import Planner
from api.database.engine import Database
from api.services.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, when, and the means to answer. Strawberry hands it to every resolver."""

    actor: Actor
    now: datetime
    database: Database
    planner: Planner
    vault: Vault

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.now)
