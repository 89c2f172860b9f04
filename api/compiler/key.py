"""The keys of things: from the ids that clients send, and in place of former ones."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import dialect

from api.compiler.error import ReplacedKey
from api.compiler.source import Source
from api.compiler.value import Path, key_of

# SQLAlchemy leaves its dialects untyped.
PREPARER = dialect().identifier_preparer  # type: ignore[no-untyped-call]


def key_type(source: Source) -> sa.types.TypeEngine[Any]:
    """The SQL type of the source's key column."""
    assert source.table is not None
    return source.table.c[source.key].type


def keys_in_force(source: Source, named_keys: sa.Select[Any]) -> sa.Select[Any]:
    """The keys in force of keys, some of which may be former ones of the source."""
    assert source.former_keys is not None
    table, named = source.former_keys.alias(), named_keys.subquery()
    former, current = [*table.c][:2]
    key = sa.func.coalesce(current, named.c.key, type_=named.c.key.type)
    return sa.select(key).select_from(named.outerjoin(table, former == named.c.key))


def key_in_force(source: Source, key: str) -> str:
    """SQL for the key in force of a key that may be a former one."""
    if source.former_keys is None:
        return key
    former, current = [*source.former_keys.c][:2]
    table = table_name(source.former_keys)
    return f"coalesce((SELECT {current.name} FROM {table} WHERE {former.name} = {key}), {key})"


def source_key(source: Source, id_: str, path: Path) -> Any:
    """The key that an id has; raises `BadInput` unless it is an id of the source's type that is in force."""
    key = key_of(id_, source.name, key_type(source), path)
    if key in source.replaced_keys:
        raise ReplacedKey(source.replaced_keys[key], path)
    return key


def table_name(table: sa.Table) -> str:
    return PREPARER.format_table(table)
