"""POST /uploads: a file as the body of a request; the answer names it for one use in a mutation."""

import uuid
from collections.abc import AsyncGenerator

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api import access
from api.context import Context
from api.files.kind import evidence_type, may_be_table
from api.services import request as service
from api.services import upload
from api.web.error import HttpError
from api.web.header import Headers
from api.web.negotiation import JSON


async def upload_file(request: Request, context: Context) -> Response:
    """Status 201, and what the client names the file by."""
    if not access.SIGNED_IN.include(context.actor):
        raise HttpError(403, "Sign in to send files.", "FORBIDDEN")
    _check_length(request)
    key, byte_count = await _store(context, request)
    assert context.actor.account_id is not None
    answer = {"upload": upload.token(context.vault, key, context.actor.account_id), "bytes": byte_count}
    return Response(orjson.dumps(answer), 201, media_type=JSON)


def _check_length(request: Request) -> None:
    headers = Headers(request)
    length = headers.get(b"content-length", "0")
    if length.isdecimal() and int(length) > upload.MOST_BYTES:
        raise _too_large(upload.MOST_BYTES)
    if headers.get(b"content-encoding", "identity").lower() != "identity":
        raise HttpError(415, "Send the file uncompressed.", headers={"Accept-Encoding": "identity"})


async def _store(context: Context, request: Request) -> tuple[uuid.UUID, int]:
    """What is refused, or broken off, is not kept, but counted."""
    chunks = _chunks(request)
    first = await anext(chunks, b"")
    media_type = evidence_type(first)
    if media_type is None:
        _check_table(context, first)
    asked = service.Request(context.actor, context.clock)
    async with context.database.transaction() as session:
        key = await upload.begin(session, asked, media_type)
    if key is None:
        message = (
            f"{upload.MOST_WAITING} files wait for their use, or {upload.MOST_SENT} files were sent within a day, or so much "
            "that the largest would go beyond 1 GiB, those that were refused or broken off included; use those that wait, or "
            "send the file tomorrow."
        )
        raise HttpError(429, message, "THROTTLED", headers={"Retry-After": "86400"})
    try:
        return key, await _receive(context, key, first, chunks, upload.most_bytes(media_type))
    except BaseException:
        async with context.database.transaction() as session:
            await upload.discard(session, asked, key)
        raise


def _check_table(context: Context, first: bytes) -> None:
    if not context.actor.role_ids:
        raise HttpError(403, "Who holds a role sends tables: managers, coordinators, staff of camps.", "FORBIDDEN")
    if not first:
        raise HttpError(400, "The file is empty: send it as the body of the request.")
    if not may_be_table(first[:100]):
        raise HttpError(415, "Send CSV or XLSX, or PDF, JPEG or PNG; save an older or locked spreadsheet as XLSX.")


async def _receive(context: Context, key: uuid.UUID, first: bytes, others: AsyncGenerator[bytes], most: int) -> int:
    """Each chunk in a transaction of its own: a slow client holds no connection to the database. Returns the bytes."""
    number, byte_count, chunk = 0, 0, first
    while chunk:
        byte_count += len(chunk)
        if byte_count > most:
            raise _too_large(most)
        async with context.database.transaction() as session:
            await upload.add_chunk(session, context.vault, key, number, chunk)
        number, chunk = number + 1, await anext(others, b"")
    async with context.database.transaction() as session:
        await upload.finish(session, key, byte_count)
    return byte_count


async def _chunks(request: Request) -> AsyncGenerator[bytes]:
    waiting = bytearray()
    async for piece in request.stream():
        waiting += piece
        while len(waiting) >= upload.CHUNK_BYTES:
            yield bytes(waiting[: upload.CHUNK_BYTES])
            del waiting[: upload.CHUNK_BYTES]
    if waiting:
        yield bytes(waiting)


def _too_large(most: int) -> HttpError:
    return HttpError(413, f"A file may have at most {most} bytes.")
