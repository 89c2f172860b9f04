"""Routes that take or give files: who asks, and errors as JSON."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.context import Context
from api.database.error import Unavailable
from api.files.cell import UnreadableFile
from api.log import unexpected
from api.web.budget import REQUEST_COST
from api.web.endpoint import make_context
from api.web.error import HttpError, InternalError, UnavailableError
from api.web.negotiation import JSON
from api.web.services import Services


def file_route(answer: Callable[[Request, Context], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Calls it with the context of the request; what it raises is answered in the form of GraphQL's errors."""

    async def respond(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            context = await make_context(request, services)
            assert context.client is not None
            services.budgets.spend(context.client.name, REQUEST_COST)
            return await answer(request, context)
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


def _refused(error: HttpError) -> Response:
    return Response(orjson.dumps({"errors": [error.as_json()]}), error.status, error.headers, JSON)
