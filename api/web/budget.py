"""Budgets: how much each client may use within a moving minute, of one process or of several. See decision record 0021."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time

from api.database.engine import Database
from api.database.error import Unavailable
from api.log import unexpected
from api.services import budget_use
from api.services.vault import Vault

WINDOW_SECONDS = 60.0
# How often processes tell each other what was used.
SHARING_SECONDS = 1.0
# A client is forgotten when it has used nothing for two windows, or when there are more clients than this.
MAX_CLIENTS = 100_000

# What is added to the milliseconds of the database's time: for each request, for one that was refused, for a wrong token.
REQUEST_COST = 1
REFUSED_COST = 100
WRONG_TOKEN_COST = 2_000


@dataclass(slots=True)
class Window:
    """What a client used in the window of that number, and in the one before."""

    number: int
    current: float = 0.0
    previous: float = 0.0

    def move_to(self, number: int) -> None:
        if number != self.number:
            self.previous = self.current if number == self.number + 1 else 0.0
            self.number, self.current = number, 0.0

    def used(self, passed: float) -> float:
        """Within the last minute, as if the previous window's use was even; `passed` is the share of the window."""
        return self.current + self.previous * (1 - passed)

    def seconds_until_below(self, limit: float, passed: float) -> float:
        """After which less than the limit was used within a minute, if nothing is used meanwhile."""
        if self.used(passed) < limit:
            return 0.0
        if self.current < limit:
            share = 1 - (limit - self.current) / self.previous - passed
        else:
            share = 1 - passed + (1 - limit / self.current)
        return share * WINDOW_SECONDS


class Budgets:
    """The budgets of all clients, as far as this process knows."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._windows: OrderedDict[str, Window] = OrderedDict()
        # What no other process knows of yet, by client and number of the window.
        self._unshared: defaultdict[tuple[str, int], float] = defaultdict(float)
        self._is_shared = False

    def spend(self, client: str, cost: float) -> None:
        window, _ = self._window(client)
        window.current += cost
        if self._is_shared:
            self._unshared[client, window.number] += cost
        self._windows.move_to_end(client)
        if len(self._windows) > MAX_CLIENTS:
            self._windows.popitem(last=False)

    def used(self, client: str) -> float:
        window, passed = self._window(client)
        return window.used(passed)

    def seconds_to_wait(self, client: str) -> float:
        """Zero as long as there is something left."""
        if client not in self._windows:
            return 0.0
        window, passed = self._window(client)
        return window.seconds_until_below(self.limit, passed)

    def seconds_until_full(self, client: str) -> float:
        """After which the whole budget is there again, if something is used now and nothing after it."""
        _window, passed = self._window(client)
        return (2 - passed) * WINDOW_SECONDS

    @asynccontextmanager
    async def shared(self, database: Database, vault: Vault) -> AsyncGenerator[None]:
        """Counts together with the other processes that use the database."""
        self._is_shared = True
        task = asyncio.create_task(self._share_always(database, vault))
        try:
            yield
        finally:
            task.cancel()

    async def _share_always(self, database: Database, vault: Vault) -> None:
        while True:
            await asyncio.sleep(SHARING_SECONDS)
            try:
                await self.share(database, vault)
            except Exception as error:  # noqa: BLE001  # The border of the task, which goes on.
                unexpected(error)

    async def share(self, database: Database, vault: Vault) -> None:
        """Tells what was used here, and learns what these clients have used in all processes."""
        shared, self._unshared = self._unshared, defaultdict(float)
        if not shared:
            return
        names = {vault.blind_index(f"budget {client}"): client for client, _number in shared}
        digests = {client: digest for digest, client in names.items()}
        used = {(digests[client], number): cost for (client, number), cost in shared.items()}
        try:
            async with database.transaction() as session:
                totals = await budget_use.add(session, used)
        except Unavailable:
            for key, cost in shared.items():
                self._unshared[key] += cost
            return
        for total in totals:
            self._learn(names[total.client], total.minute, total.used, total.previous)

    def _learn(self, client: str, number: int, current: float, previous: float) -> None:
        window = self._windows.get(client)
        if window is not None and window.number == number:
            window.current = current + self._unshared.get((client, number), 0.0)
            window.previous = max(window.previous, previous)

    def _window(self, client: str) -> tuple[Window, float]:
        number, passed = divmod(time() / WINDOW_SECONDS, 1)
        window = self._windows.get(client)
        if window is None:
            window = self._windows[client] = Window(int(number))
        window.move_to(int(number))
        return window, passed
