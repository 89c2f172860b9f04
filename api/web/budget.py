"""Budgets: how much each client may use within a moving minute. See decision record 0021."""

from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

WINDOW_SECONDS = 60.0
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
    """The budgets of all clients of this process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def spend(self, client: str, cost: float) -> None:
        window, _ = self._window(client)
        window.current += cost
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
        """After which the whole budget is there again."""
        window, passed = self._window(client)
        windows = 2 if window.current else 1 if window.previous else 0
        return max(0.0, windows - passed) * WINDOW_SECONDS

    def _window(self, client: str) -> tuple[Window, float]:
        number, passed = divmod(monotonic() / WINDOW_SECONDS, 1)
        window = self._windows.get(client)
        if window is None:
            window = self._windows[client] = Window(int(number))
        window.move_to(int(number))
        return window, passed
