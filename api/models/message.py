"""Messages to be delivered: written in the transaction that has something to tell."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, optional, record, required, table
from api.models.choice import Choice


class Channel(Choice):
    """How a message is delivered."""

    EMAIL = "EMAIL", "By e-mail."
    SMS = "SMS", "By text message."


# `cipher` holds recipient and values, encrypted, and only until the delivery, as there may be a code among them.
Message = table(
    "message",
    *record(),
    required("channel", Chosen(Channel)),
    required("template", Symbol),
    required("language", Symbol),
    optional("cipher", sa.LargeBinary),
    required("due_at", INSTANT),
    required("attempts", sa.Integer, server_default="0"),
    optional("leased_until", INSTANT),
    optional("delivered_at", INSTANT),
    optional("failed_at", INSTANT),
    optional("error", Symbol),
    sa.Index(None, "due_at", postgresql_where=sa.text("delivered_at IS NULL AND failed_at IS NULL")),
)
