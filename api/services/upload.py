"""Files that people send before they say what to do with them: stored in encrypted chunks, for one use."""

import base64
import hmac
import uuid
from collections.abc import AsyncGenerator
from datetime import timedelta

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Database, Transaction
from api.database.statement import compile_statement
from api.models import Account, Upload, UploadChunk
from api.models.base import new_id
from api.services.request import Request
from api.services.vault import Vault

MOST_BYTES = 20 * 1024 * 1024
# Of a document or picture.
MOST_EVIDENCE_BYTES = 5 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024

# Of one account, within the time after which one that was not used, or has not arrived, is deleted.
MOST_WAITING = 20
# Of one account within UNUSED, used, waiting or discarded: evidence that was used is kept for good, and what is discarded
# has been written, so that nothing else bounds them.
MOST_SENT, MOST_BYTES_SENT = 200, 1024 * 1024 * 1024
UNUSED, USED, UNFINISHED = timedelta(days=1), timedelta(days=30), timedelta(hours=1)


def most_bytes(media_type: str | None) -> int:
    """The bytes that a file may have: a document or picture, or, without a media type, a table."""
    return MOST_BYTES if media_type is None else MOST_EVIDENCE_BYTES


async def begin(session: Transaction, request: Request, media_type: str | None = None) -> uuid.UUID | None:
    """The key of a new upload; None where too many of the account wait for their use, are on their way or were sent within a day.

    The largest file of its kind must still fit into the bytes of a day. Those of one account wait for each other, so that
    no two take the last place.
    """
    account_id = request.actor.account_id
    assert account_id is not None
    await session.lock_all(Account, [account_id])
    found = await session.row(COUNTED, {"account": account_id, "now": request.now})
    assert found is not None
    is_too_much = found.bytes_sent + most_bytes(media_type) > MOST_BYTES_SENT
    if found.waiting >= MOST_WAITING or found.sent >= MOST_SENT or is_too_much:
        return None
    key = new_id()
    await session.insert(Upload, id=key, account_id=account_id, media_type=media_type, created_at=request.now)
    return key


async def add_chunk(session: Transaction, vault: Vault, key: uuid.UUID, number: int, chunk: bytes) -> None:
    await session.insert(UploadChunk, upload_id=key, number=number, cipher=vault.encrypt_bytes(chunk))


async def finish(session: Transaction, key: uuid.UUID, byte_count: int) -> None:
    await session.update(Upload, key, byte_count=byte_count)


async def discard(session: Transaction, request: Request, key: uuid.UUID) -> None:
    """Deletes the chunks of an upload that was refused, or broken off, which waits for no use.

    Its row goes on counting, with the bytes that were stored.
    """
    deleted = await session.rows(DELETE_CHUNKS, {"upload": key})
    await session.update(Upload, key, byte_count=sum(each.bytes for each in deleted), discarded_at=request.now)


def token(vault: Vault, key: uuid.UUID, account_id: uuid.UUID) -> str:
    """What the client names the upload by; signed, so that nobody can guess another one."""
    return f"{key.hex}.{_signature(vault, key, account_id)}"


async def find(session: Transaction, request: Request, vault: Vault, text: str) -> uuid.UUID | None:
    """The key of an upload of the account that was not used yet; None if there is none."""
    key = _key(vault, text, request.actor.account_id)
    found: uuid.UUID | None = await session.value(FIND, {"upload": key, "account": request.actor.account_id})
    return found


async def use(
    session: Transaction, request: Request, vault: Vault, text: str, *, is_table: bool = True
) -> uuid.UUID | None:
    """The key of an upload of the account, which is used from now on; None if there is none, or it was used.

    Of a table, or of a document or picture.
    """
    key = _key(vault, text, request.actor.account_id)
    if key is None:
        return None
    parameters = {"upload": key, "account": request.actor.account_id, "is_table": is_table, "now": request.now}
    found: uuid.UUID | None = await session.value(USE, parameters)
    return found


async def content(database: Database, vault: Vault, key: uuid.UUID) -> AsyncGenerator[bytes]:
    number = 0
    while True:
        async with database.reading() as session:
            cipher = await session.value(CHUNK, {"upload": key, "number": number})
        if cipher is None:
            return
        yield vault.decrypt_bytes(cipher)
        number += 1


def _key(vault: Vault, text: str, account_id: uuid.UUID | None) -> uuid.UUID | None:
    written, _, signature = text.partition(".")
    try:
        key = uuid.UUID(hex=written)
    except ValueError:
        return None
    if account_id is None or not hmac.compare_digest(signature.encode(), _signature(vault, key, account_id).encode()):
        return None
    return key


def _signature(vault: Vault, key: uuid.UUID, account_id: uuid.UUID) -> str:
    signed = vault.blind_index(f"upload {key} {account_id}")
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


_UPLOAD = sa.bindparam("upload", type_=sa.Uuid())
_ACCOUNT = sa.bindparam("account", type_=sa.Uuid())
# What has not arrived in this time does not come any more: its server was killed.
_IS_LOST = sa.and_(Upload.c.byte_count.is_(None), Upload.c.created_at < NOW - UNFINISHED)
_IS_WAITING = sa.and_(Upload.c.used_at.is_(None), Upload.c.discarded_at.is_(None))
_IS_SENT = Upload.c.created_at > NOW - UNUSED
# What is on its way may become as large as any file.
_BYTES = sa.func.coalesce(Upload.c.byte_count, MOST_BYTES)
COUNTED = compile_statement(
    sa.select(
        sa.func.count().filter(_IS_WAITING).label("waiting"),
        sa.func.count().filter(_IS_SENT).label("sent"),
        sa.func.coalesce(sa.func.sum(_BYTES).filter(_IS_SENT), 0).label("bytes_sent"),
    ).where(Upload.c.account_id == _ACCOUNT, ~_IS_LOST)
)
DELETE_CHUNKS = compile_statement(
    sa.delete(UploadChunk)
    .where(UploadChunk.c.upload_id == _UPLOAD)
    .returning(sa.func.octet_length(UploadChunk.c.cipher).label("bytes"))
)
_IS_USABLE = sa.and_(
    Upload.c.id == _UPLOAD,
    Upload.c.account_id == _ACCOUNT,
    Upload.c.byte_count.is_not(None),
    _IS_WAITING,
)
_IS_TABLE = Upload.c.media_type.is_(None)
FIND = compile_statement(sa.select(Upload.c.id).where(_IS_USABLE, _IS_TABLE))
USE = compile_statement(
    sa.update(Upload)
    .where(_IS_USABLE, sa.bindparam("is_table", type_=sa.Boolean()) == _IS_TABLE)
    .values(used_at=NOW)
    .returning(Upload.c.id)
)
CHUNK = compile_statement(
    sa.select(UploadChunk.c.cipher).where(
        UploadChunk.c.upload_id == _UPLOAD, UploadChunk.c.number == sa.bindparam("number", type_=sa.Integer())
    )
)
# Chunks go with their upload.
DELETE_OLD = compile_statement(
    sa.delete(Upload).where(
        sa.or_(
            _IS_LOST,
            sa.and_(Upload.c.used_at.is_(None), Upload.c.created_at < NOW - UNUSED),
            # What proves something stays with what it proves.
            sa.and_(_IS_TABLE, Upload.c.created_at < NOW - USED),
        )
    )
)
