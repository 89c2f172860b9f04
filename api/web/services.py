"""Objects shared by all requests."""

from dataclasses import dataclass
from pathlib import Path

from api.auth import Authenticator
from api.compiler.plan import Planner
from api.context import Clock
from api.database.engine import Database
from api.services.vault import Vault
from api.settings import Settings
from api.web.budget import Budgets
from api.web.document import Documents
from api.web.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Services:
    """Objects shared by all requests, created at start-up."""

    database: Database
    planner: Planner
    authenticator: Authenticator
    vault: Vault
    clock: Clock
    documents: Documents
    settings: Settings
    data: Path
    budgets: Budgets
    watchdog: Watchdog
