"""Runs migrations on the connection that `api.database.migration` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.dialects.postgresql.base import ischema_names

from api.models import METADATA, Cube, Symbol
from api.models.event import Xid8

# So that what stands in the database can be compared; SQLAlchemy does not know these types.
ischema_names |= {"xid8": Xid8, "cube": Cube}


def rendered(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """A symbol is text to the database; what makes it a symbol is its check."""
    return "sa.Text()" if kind == "type" and isinstance(thing, Symbol) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    # Without a connection the SQL is only written down, to be read before it is run.
    dialect_name=None if connection else "postgresql",
    target_metadata=METADATA,
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=True,
    render_item=rendered,
)
with context.begin_transaction():
    context.run_migrations()
