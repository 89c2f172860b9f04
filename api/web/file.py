"""Routes that take or give files: who asks and pays, and errors as JSON."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from api.context import Context
from api.database.error import Unavailable
from api.database.pool import Client
from api.files.cell import UnreadableFile
from api.log import BrokenOff, log, unexpected
from api.services import account
from api.web.budget import REFUSED_COST, REQUEST_COST, Budgets
from api.web.endpoint import make_context
from api.web.error import HttpError, InternalError, UnavailableError
from api.web.negotiation import JSON
from api.web.services import Services

Answer = Callable[[Request, Context], Awaitable[Response]]


def file_route(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Calls it with the context of the request; what it raises is answered in the form of GraphQL's errors."""

    async def respond(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            context = await as_it_is_now(await make_context(request, services))
            assert context.client is not None
            bill = Bill(services.budgets, context.client)
            of_client = replace(context, database=context.database.for_client(context.client))
            return await paid(bill, of_client, answer(request, of_client))
        except HttpError as error:
            return _refused(error)
        except UnreadableFile as error:
            return _refused(HttpError(409, str(error), "CONFLICT"))
        except Unavailable as error:
            return _refused(UnavailableError(error.message, error.code))
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001  # The border, as that of GraphQL.
            return _refused(InternalError(unexpected(error)))

    return respond


async def as_it_is_now(context: Context) -> Context:
    """With the actor as it is now, not as it is remembered: a file is not begun that would be broken off."""
    if context.actor.account_id is None:
        return context
    async with context.database.reading() as session:
        actor = await account.reload(session, context.actor, context.clock())
    return replace(context, actor=actor)


@dataclass(slots=True)
class Bill:
    """What the client has used for the file, and how much of it was taken from its budget."""

    budgets: Budgets
    client: Client
    taken: float = 0.0

    def settle(self, cost: float = 0.0) -> None:
        milliseconds = self.client.milliseconds
        self.budgets.spend(self.client.name, cost + milliseconds - self.taken)
        self.taken = milliseconds


async def paid(bill: Bill, context: Context, answering: Awaitable[Response]) -> Response:
    """The response, whose pieces are paid for one by one. What is refused costs more, and is logged, as in the graph."""
    cost: float = REQUEST_COST
    try:
        response = await answering
    except HttpError as error:
        cost += REFUSED_COST
        log.info("file refused", client=bill.client.name, status=error.status)
        raise
    finally:
        bill.settle(cost)
    if isinstance(response, StreamingResponse):
        response.body_iterator = _paid(bill, _until_rights_change(context, response.body_iterator))
    return response


async def _paid(bill: Bill, content: AsyncIterable[Any]) -> AsyncGenerator[Any]:
    async for piece in content:
        bill.settle()
        yield piece
    bill.settle()


class RightsChanged(BrokenOff):
    """The account is no longer what it was when its file began."""


async def _until_rights_change(context: Context, content: AsyncIterable[Any]) -> AsyncGenerator[Any]:
    """Asks before each piece whether the account is still the same, however slowly it reads.

    Raises `RightsChanged`, so that the answer breaks off: one that ends would be taken for the whole file.
    """
    async for piece in content:
        if (await as_it_is_now(context)).actor != context.actor:
            log.info("file broken off", client=context.client_name)
            raise RightsChanged
        yield piece


def _refused(error: HttpError) -> Response:
    return Response(orjson.dumps({"errors": [error.as_json()]}), error.status, error.headers, JSON)
