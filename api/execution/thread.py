"""One thread for work that would hold the event loop. Clients take turns, so that none keeps the others waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

P = ParamSpec("P")
T = TypeVar("T")


class FairThread:
    """Of each client one call at a time is in the queue of the thread."""

    def __init__(self, name: str) -> None:
        self.executor = ThreadPoolExecutor(1, name)
        # Kept as long as somebody of the client waits or is served.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, client: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        turn = self._turns.setdefault(client, asyncio.Lock())
        async with turn:
            call = self.executor.submit(function, *args, **kwargs)
            result = asyncio.wrap_future(call)
            try:
                return await asyncio.shield(result)
            except asyncio.CancelledError:
                # What has begun goes on in the thread: the client has its turn, and pays, until it ends.
                if not call.cancel():
                    await asyncio.wait([result])
                    result.exception()  # Nobody else asks for it.
                raise
