"""What one request carries."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.access import Actor
from api.compiler.plan import Planner
from api.database.engine import Database
from api.services.vault import Vault

# Connections that one document may read by at once; there are `engine.READ_POOL_SIZE` in all.
SHARE = 3


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, when, and the means to answer. Strawberry hands it to every resolver."""

    actor: Actor
    now: datetime
    database: Database
    planner: Planner
    vault: Vault
    share: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SHARE))
    # Rows of pages that the executor's fields have asked for so far.
    rows: list[int] = field(default_factory=list)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.now)
