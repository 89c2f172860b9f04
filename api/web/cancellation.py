"""Cancelling what nobody waits for any more."""

import asyncio

from graphql import OperationType, get_operation_ast, parse
from starlette.requests import Request

from api.web.request import GraphQLRequest

# Delay before listening for a disconnect. Most requests are answered sooner, and save its cost.
DISCONNECT_CHECK_SECONDS = 1.0


class CancelOnDisconnect:
    """Cancels a query, and with it its SQL statements, when the client disconnects. Mutations are never cancelled."""

    def __init__(self, request: Request, asked: GraphQLRequest) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self.task = task
        self.has_cancelled = False
        self._request = request
        self._asked = asked
        self._listener: asyncio.Task[None] | None = None
        self._timer = loop.call_later(DISCONNECT_CHECK_SECONDS, self._start)

    def stop(self) -> None:
        self._timer.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _start(self) -> None:
        node = get_operation_ast(parse(self._asked.document), self._asked.operation_name)
        if node is not None and node.operation is OperationType.QUERY:
            self._listener = asyncio.create_task(self._cancel_on_disconnect())

    async def _cancel_on_disconnect(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.has_cancelled = True
        self.task.cancel()
