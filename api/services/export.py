"""That somebody has downloaded a table of an organization or a camp: each download leaves an event."""

import uuid
from collections.abc import Mapping
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind, Predicate
from api.database.engine import Database
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, Organization
from api.services.feed import record
from api.services.request import Request

# Who sees what a table is of.
SCOPES: Mapping[str, tuple[sa.Table, Predicate]] = {
    "Organization": (Organization, access.sees_organization),
    "Camp": (Camp, access.sees_camp),
}


async def begin(database: Database, request: Request, *, table: str, noun: str, scope: uuid.UUID, format_: str) -> bool:
    """Leaves the event; whether the actor sees what the table is of."""
    async with database.transaction() as session:
        if await session.value(_scope(noun, request.actor.kind), {**request.parameters, "scope": scope}) is None:
            return False
        change = {"table": table, "format": format_}
        await record(session, request, f"{noun.lower()}.exported", subject=(noun, scope), change=change)
    return True


@cache
def _scope(noun: str, kind: Kind) -> CompiledStatement:
    table, sees = SCOPES[noun]
    key = sa.bindparam("scope", type_=sa.Uuid())
    return compile_statement(sa.select(table.c.id).where(table.c.id == key, sees(kind, table)))
