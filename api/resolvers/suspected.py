"""Pairs of volunteers who may be one person."""

from api import access
from api.compiler.structure import filters, orders, table_source
from api.models import SuspectedPair

SOURCES = (
    table_source(
        SuspectedPair,
        access.sees_suspected_pair,
        orders=orders(SuspectedPair, "created_at", "-similarity"),
        filters=filters(SuspectedPair, "kabupaten_code", "similarity", "created_at"),
    ),
)
