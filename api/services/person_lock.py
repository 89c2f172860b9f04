"""Locking people who were found before by what refers to them."""

import uuid
from collections.abc import Collection

import asyncpg

from api.database.engine import Transaction
from api.models import Volunteer


async def lock_people(session: Transaction, people: Collection[uuid.UUID]) -> None:
    """Locks the records of volunteers; all begins anew where one was merged into another meanwhile."""
    if (await session.lock_all(Volunteer, [*people])).keys() < {*people}:
        raise merged_meanwhile()


def merged_meanwhile() -> asyncpg.SerializationError:
    return asyncpg.SerializationError("The record of a volunteer was merged into another meanwhile.")
