"""What is done with an installation before it serves, and by hand: migrate, check, purge, add accounts."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe

import asyncpg

from api import reference
from api.access import PUBLIC
from api.context import wall_clock
from api.database import migration, requirement
from api.database.engine import Database, Pooler, Transaction
from api.keys import KeyFileError, open_vault, read_token_keys
from api.models import METADATA
from api.models.account import RoleKind
from api.services import account, administration, idempotency, message
from api.services.password import hash_password
from api.services.request import Request
from api.transport import Transport
from api.values.database_url import connection_arguments
from api.worker import Worker

# Why an installation cannot be used as it is: one line for each reason.
REFUSALS = (
    *(migration.SchemaError, requirement.RequirementError, KeyFileError, account.AccountError),
    *(reference.CodeInUseError, reference.CycleOfInclusionsError, reference.InvalidFileError),
)


@asynccontextmanager
async def connected(url: str) -> "AsyncGenerator[asyncpg.Connection[asyncpg.Record]]":
    """A connection that keeps no prepared statements, which a pooler would give to other clients."""
    connection = await asyncpg.connect(**connection_arguments(url), statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()


async def migrate(url: str) -> bool:
    """Migrates and loads the reference data. Returns whether there was anything to migrate."""
    has_migrated = await migration.upgrade(url)
    async with connected(url) as connection:
        await requirement.check_for_serving(connection, METADATA.tables)
        await reference.load(connection)
    return has_migrated


async def check(url: str) -> None:
    """Raises `RequirementError` or `SchemaError` if the database cannot be served as it is."""
    async with connected(url) as connection:
        await requirement.check_for_serving(connection, METADATA.tables)
    await migration.check(url)


async def prepare(url: str, data: Path, *, pooler: Pooler | None) -> None:
    """Checks the keys, creating them at the first start, and purges. Raises `KeyFileError`."""
    database = await Database.open(url, pooler=pooler)
    try:
        read_token_keys(data)
        await open_vault(data, database)
        await idempotency.purge(database)
    finally:
        await database.close()


@asynccontextmanager
async def transaction(url: str, *, pooler: Pooler | None) -> AsyncGenerator[tuple[Transaction, Request]]:
    """One transaction of the operator, on connections of its own."""
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.transaction() as session:
            yield session, Request(PUBLIC, wall_clock)
    finally:
        await database.close()


async def add_account(url: str, *, login: str, name: str, kind: RoleKind, scope: str, pooler: Pooler | None) -> None:
    """Raises `AccountError`."""
    async with transaction(url, pooler=pooler) as (session, request):
        await account.add(session, request, login=login, name=name, kind=kind, scope=scope)


async def close_account(url: str, login: str, *, pooler: Pooler | None) -> None:
    """Raises `AccountError`."""
    async with transaction(url, pooler=pooler) as (session, request):
        await administration.close(session, request, login)


async def replace_password(url: str, login: str, *, pooler: Pooler | None) -> str:
    """The new password, made at random. Raises `AccountError`."""
    password = token_urlsafe(12)
    async with transaction(url, pooler=pooler) as (session, request):
        await administration.replace_password(session, request, login, await hash_password(password))
    return password


async def revoke_api_key(url: str, key: uuid.UUID, *, pooler: Pooler | None) -> None:
    """Raises `AccountError`."""
    async with transaction(url, pooler=pooler) as (session, request):
        await administration.revoke_key(session, request, key)


async def api_keys(url: str, *, pooler: Pooler | None) -> list[str]:
    """A line for each key that is not revoked."""
    async with transaction(url, pooler=pooler) as (session, _request):
        return await administration.keys(session)


async def work(url: str, data: Path, transport: Transport, *, pooler: Pooler | None) -> None:
    """Runs the worker until it is cancelled."""
    database = await Database.open(url, pooler=pooler)
    try:
        await Worker(database, await open_vault(data, database), wall_clock, transport).run()
    finally:
        await database.close()


async def resend(url: str, key: uuid.UUID, *, pooler: Pooler | None) -> bool:
    """Tries a message that was given up again; whether there is one."""
    async with transaction(url, pooler=pooler) as (session, request):
        return await message.resend(session, key, request.now)


async def undelivered(url: str, *, pooler: Pooler | None) -> list[str]:
    """A line for each message that was given up; nothing of what it says."""
    async with transaction(url, pooler=pooler) as (session, _request):
        rows = await message.failed(session)
    return [f"{row.id} {row.created_at:%Y-%m-%dT%H:%M:%SZ} {row.template} {row.error}" for row in rows]


async def purge(url: str, *, pooler: Pooler | None) -> int:
    """Deletes outcomes of mutations that are too old to be repeated; returns how many."""
    database = await Database.open(url, pooler=pooler)
    try:
        return await idempotency.purge(database)
    finally:
        await database.close()
