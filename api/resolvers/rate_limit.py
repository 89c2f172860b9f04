"""The budget of the client that asks, which the process counts."""

import sqlalchemy as sa

from api.compiler.source import RowsFromPython, Source, column, everybody
from api.models.base import INSTANT

RATE_LIMIT = RowsFromPython(
    "RateLimit", {"cost": sa.Integer(), "most": sa.Integer(), "remaining": sa.Integer(), "reset_at": INSTANT}
)

SOURCES = (
    Source(
        "RateLimit",
        None,
        visible=everybody,
        fields={
            **{name: column(name) for name in ("cost", "remaining", "reset_at")},
            # In SQL `limit` is a reserved word.
            "limit": column("most"),
        },
        node=False,
    ),
)
