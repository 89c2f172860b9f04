"""Texts with stored keys, by which they are searched, ordered and compared; `api.values.key` computes them.

The text's column says which key is for what (the compiler reads that), the key's column from what it is computed (whatever writes rows
reads that), so that neither names keys.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from api.values.key import code_key, plain, search_key, sort_key

# Code points are compared, so that every database has the same order.
KEY = sa.Text(collation="C")


def named(column: str = "name", *, search: Callable[[str], str] = search_key) -> list[sa.Column[Any]]:
    """A name or title, the key that search texts are looked for in, and the key that names are ordered by."""
    uses = {
        "searched": ("search_key", search),
        "ordered": "sort_key",
        "compared": (column, plain),
        "narrowed": ("sort_key", sort_key),
    }
    return [
        sa.Column(column, sa.Text, nullable=False, info=uses),
        stored_key("search_key", column, search),
        stored_key("sort_key", column, sort_key),
    ]


def numbered(column: str = "number", *, nullable: bool = False) -> list[sa.Column[Any]]:
    """A number as somebody wrote it, and the key by which it is one number in any case and spacing."""
    key = f"{column}_key"
    uses = {"searched": (key, code_key), "compared": (key, code_key)}
    return [
        sa.Column(column, sa.Text, nullable=nullable, info=uses),
        stored_key(key, column, code_key, nullable=nullable),
    ]


def stored_key(name: str, of: str, compute: Callable[[str], str], *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, KEY, nullable=nullable, info={"computed": (of, compute)})


def trigram_index(table: str, column: str) -> sa.Index:
    return sa.Index(f"ix_{table}_{column}", column, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})


def name_indexes(table: str, *scopes: str, key: str = "id") -> list[sa.Index]:
    """For search by substring and by similar words, and for the order of all names and of those with one value of a scope."""
    return [
        *(trigram_index(table, column) for column in ("search_key", "sort_key")),
        *(sa.Index(None, *scope, "sort_key", key) for scope in [(), *((name,) for name in scopes)]),
    ]
