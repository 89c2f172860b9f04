"""Files to download: tables, the refused rows of an import, and what proves a certificate."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import access
from api.context import Context
from api.files.kind import ENDINGS
from api.files.writing import Format, write_table
from api.services import evidence, export
from api.services import request as service
from api.services import upload as uploads
from api.services.refused_row import refused_rows
from api.web.error import HttpError
from api.web.export import EXPORTS, rows, titles


def format_of(request: Request) -> Format:
    try:
        return Format(request.path_params["format"])
    except ValueError:
        raise not_found() from None


def not_found() -> HttpError:
    return HttpError(404, "There is no such file, or you may not see it.", "NOT_FOUND")


def key_of(text: str, noun: str) -> uuid.UUID:
    """The key in an id as the graph has it, or by itself."""
    try:
        return uuid.UUID(text.removeprefix(f"{noun}:"))
    except ValueError:
        raise not_found() from None


def file_response(content: AsyncGenerator[bytes], name: str, format_: Format) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format_}"'}
    return StreamingResponse(content, media_type=format_.media_type, headers=headers)


async def download_refused(request: Request, context: Context) -> Response:
    """The rows that an import has refused, with why."""
    key, format_ = key_of(request.path_params["job"], "ImportJob"), format_of(request)
    asked = service.Request(context.actor, context.clock)
    async with AsyncExitStack() as stack:
        entered = refused_rows(context.database, asked, context.vault, key, context.language)
        found = await stack.enter_async_context(entered)
        if found is None:
            raise not_found()
        header, refused = found
        return file_response(_closing(write_table(refused, format_, header), stack.pop_all()), "ditolak", format_)


async def download_evidence(request: Request, context: Context) -> Response:
    """What was sent with a request for a certificate, for whoever sees the request."""
    key = key_of(request.path_params["request"], "CertificateRequest")
    async with context.database.reading() as session:
        found = await evidence.find(session, service.Request(context.actor, context.clock), key)
    if found is None:
        raise not_found()
    headers = {"Content-Disposition": f'attachment; filename="bukti.{ENDINGS[found.media_type]}"'}
    content = uploads.content(context.database, context.vault, found.id)
    return StreamingResponse(content, media_type=found.media_type, headers=headers)


async def _closing(content: AsyncGenerator[bytes], stack: AsyncExitStack) -> AsyncGenerator[bytes]:
    async with stack:
        async for piece in content:
            yield piece


async def download_table(request: Request, context: Context) -> Response:
    """One of the tables, of the organization or the camp that the address names."""
    name, format_ = request.path_params["table"], format_of(request)
    table = EXPORTS.get(name)
    if not access.SIGNED_IN.include(context.actor) or table is None:
        raise not_found()
    scope = key_of(request.query_params.get(table.noun.lower(), ""), table.noun)
    asked = service.Request(context.actor, context.clock)
    if not await export.begin(context.database, asked, table=name, noun=table.noun, scope=scope, format_=format_):
        raise not_found()
    content = write_table(rows(context, table, f"{table.noun}:{scope}"), format_, titles(table, context.language))
    return file_response(content, name, format_)
