"""What is done with an installation before it serves, and by hand: migrate, check, purge, add accounts."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from api import reference
from api.access import PUBLIC
from api.context import wall_clock
from api.database import migration, requirement
from api.database.engine import Database, Pooler
from api.keys import KeyFileError, open_vault, read_token_keys
from api.models import METADATA
from api.models.account import RoleKind
from api.services import account, idempotency, message
from api.services.request import Request
from api.values.database_url import connection_arguments
from api.worker import Transport, Worker

# Why an installation cannot be used as it is: one line for each reason.
REFUSALS = (
    *(migration.SchemaError, requirement.RequirementError, KeyFileError, reference.CodeInUseError),
    account.AccountError,
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


async def add_account(url: str, *, login: str, name: str, kind: RoleKind, scope: str, pooler: Pooler | None) -> None:
    """Raises `AccountError`."""
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.transaction() as session:
            request = Request(PUBLIC, wall_clock)
            await account.add(session, request, login=login, name=name, kind=kind, scope=scope)
    finally:
        await database.close()


async def work(url: str, data: Path, transport: Transport, *, pooler: Pooler | None) -> None:
    """Runs the worker until it is cancelled."""
    database = await Database.open(url, pooler=pooler)
    try:
        await Worker(database, await open_vault(data, database), wall_clock, transport).run()
    finally:
        await database.close()


async def resend(url: str, key: uuid.UUID, *, pooler: Pooler | None) -> bool:
    """Tries a message that was given up again; whether there is one."""
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.transaction() as session:
            return await message.resend(session, key, wall_clock())
    finally:
        await database.close()


async def undelivered(url: str, *, pooler: Pooler | None) -> list[str]:
    """A line for each message that was given up; nothing of what it says."""
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.transaction() as session:
            rows = await message.failed(session)
    finally:
        await database.close()
    return [f"{row.id} {row.created_at:%Y-%m-%dT%H:%M:%SZ} {row.template} {row.error}" for row in rows]


async def purge(url: str, *, pooler: Pooler | None) -> int:
    """Deletes outcomes of mutations that are too old to be repeated; returns how many."""
    database = await Database.open(url, pooler=pooler)
    try:
        return await idempotency.purge(database)
    finally:
        await database.close()
