"""Pairs of volunteers who may be one person."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.schema.field import Node, field, noun, verb_input
from api.schema.person import Volunteer
from api.schema.place import Kabupaten
from api.services import suspected


@noun("Two volunteers of one kabupaten with similar names, until a coordinator has said whether they are one person.")
class SuspectedPair(Node):
    one: Volunteer | None = field("The one volunteer; null where you may not see that person.")
    other: Volunteer | None = field("The other volunteer; null where you may not see that person.")
    kabupaten: Kabupaten = field("The kabupaten where both are at home.")
    similarity: float = field("How similar the names are, up to 1 for the same name.")
    created_at: datetime = field("When it was noticed.")


@verb_input(suspected.dismiss)
class DismissSuspectedPairInput:
    suspected_pair: strawberry.ID = field("The pair of two different people.")
    reason: str = field("How it is known that they are two people, at most 1,000 characters.")
