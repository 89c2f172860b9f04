"""Cancelling what nobody waits for any more."""

import asyncio

from starlette.requests import Request

from api.context import Usage

# Delay before listening for a disconnect. Most requests are answered sooner, and save its cost.
DISCONNECT_CHECK_SECONDS = 1.0


class CancelOnDisconnect:
    """Cancels a query, and with it its SQL statements, when the client disconnects. Mutations are never cancelled."""

    def __init__(self, request: Request, usage: Usage) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self.task = task
        self.has_cancelled = False
        self._request = request
        self._usage = usage
        self._listener: asyncio.Task[None] | None = None
        self._timer = loop.call_later(DISCONNECT_CHECK_SECONDS, self._start)

    def stop(self) -> None:
        self._timer.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _start(self) -> None:
        self._listener = asyncio.create_task(self._cancel_on_disconnect())

    async def _cancel_on_disconnect(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        if not self._usage.is_changing:
            self.has_cancelled = True
            self.task.cancel()
