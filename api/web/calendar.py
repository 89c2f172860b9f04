"""Calendars at secret addresses, for programs that send no token."""

from starlette.requests import Request
from starlette.responses import Response

from api.context import Context
from api.services import request as service
from api.services.calendar import calendar
from api.web.download import not_found


async def download_calendar(request: Request, context: Context) -> Response:
    asked = service.Request(context.actor, context.clock)
    content = await calendar(context.database, context.vault, asked, request.path_params["secret"])
    if content is None:
        raise not_found()
    return Response(content, media_type="text/calendar; charset=utf-8")
