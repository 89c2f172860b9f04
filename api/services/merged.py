"""Ids of merged records in inputs: they stand for the person."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import METADATA, MergedVolunteer
from api.services.verb import Verb


def _names_volunteer(column: sa.Column[Any]) -> bool:
    """Whether it is a column of volunteers, or one that refers to them."""
    return column.table.name == "volunteer" or any(key.column.table.name == "volunteer" for key in column.foreign_keys)


# The foreign keys to a volunteer, and those to what is of the same volunteer, as of a scan to its duty. A row that names a
# record which is merged meanwhile violates one, and is tried again.
VOLUNTEER_KEYS = frozenset(
    str(key.name)
    for table in METADATA.tables.values()
    for key in table.foreign_key_constraints
    if any(_names_volunteer(element.column) for element in key.elements)
)


async def with_surviving_ids(
    session: Transaction, verb: Verb[Any, Any], arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The arguments with the person's id in place of one of a merged record. One statement, if they name volunteers."""
    named = list(_ids(verb, arguments, ()))
    if not named:
        return arguments
    rows = await session.rows(SURVIVING, {"ids": named})
    survivors = {row.old_id: row.volunteer_id for row in rows}
    if not survivors:
        return arguments
    found: Mapping[str, Any] = _replaced(verb, arguments, (), survivors)
    return found


def _is_volunteer(verb: Verb[Any, Any], path: tuple[str, ...]) -> bool:
    return verb.ids.get(".".join(path)) == "Volunteer"


def _ids(verb: Verb[Any, Any], value: Any, path: tuple[str, ...]) -> Iterator[uuid.UUID]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _ids(verb, item, (*path, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _ids(verb, item, path)
    elif isinstance(value, uuid.UUID) and _is_volunteer(verb, path):
        yield value


def _replaced(verb: Verb[Any, Any], value: Any, path: tuple[str, ...], survivors: Mapping[uuid.UUID, uuid.UUID]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(verb, item, (*path, name), survivors) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(verb, item, path, survivors) for item in value]
    if isinstance(value, uuid.UUID) and _is_volunteer(verb, path):
        return survivors.get(value, value)
    return value


SURVIVING = compile_statement(
    sa.select(MergedVolunteer.c.old_id, MergedVolunteer.c.volunteer_id).where(
        MergedVolunteer.c.old_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid())))
    )
)
