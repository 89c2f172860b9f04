"""Pairs of volunteers who may be one person: noticed when one is registered, changed or imported, and answered by coordinators."""

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import SuspectedPair, Volunteer
from api.services.change import Changeable
from api.services.duplicate import is_known_distinct, remember_distinct
from api.services.feed import record
from api.services.problem import read_reason
from api.services.request import Request
from api.services.verb import SeveralThings, verb

PAIRS = Changeable(SuspectedPair, access.sees_suspected_pair)
# From here on names are similar (pg_trgm, 0 to 1).
SIMILAR = 0.6
# The most similar others, so that a frequent name does not fill the queue.
MOST = 5


async def suspect(session: Transaction, request: Request, *volunteers: uuid.UUID) -> None:
    """Notes who of the same kabupaten has a similar name, in place of what was noted of the volunteers before."""
    parameters = {**request.parameters, "volunteers": [*volunteers]}
    await session.rows(FORGET, parameters)
    await session.rows(NOTE, parameters)


@verb(
    "dismiss_suspected_pair",
    "Answers that two volunteers with similar names are two people; it is remembered. If they are one, merge them.",
    answers=SeveralThings("Volunteer"),
    callers=access.COORDINATORS,
    ids={"suspected_pair": "SuspectedPair"},
)
async def dismiss(session: Transaction, request: Request, *, suspected_pair: uuid.UUID, reason: str) -> list[uuid.UUID]:
    text = read_reason(reason)
    held = await PAIRS.lock(session, request, suspected_pair, None, may=access.sees_suspected_pair)
    await remember_distinct(session, request, held.one_id, [held.other_id], reason=text)
    for key, other in ((held.one_id, held.other_id), (held.other_id, held.one_id)):
        change = {"distinct_from": [str(other)]}
        await record(session, request, "volunteer.distinct", subject=("Volunteer", key), change=change, reason=text)
    return [held.one_id, held.other_id]


# The statements, compiled once.

_VOLUNTEERS = sa.any_(sa.bindparam("volunteers", type_=ARRAY(sa.Uuid())))
FORGET = compile_statement(
    sa.delete(SuspectedPair).where(
        sa.or_(SuspectedPair.c.one_id == _VOLUNTEERS, SuspectedPair.c.other_id == _VOLUNTEERS)
    )
)


def _note() -> sa.Insert:
    """Who has another NIK is somebody else, and so is who was found to be."""
    mine, other = Volunteer.alias(), Volunteer.alias()
    similarity = sa.func.similarity(mine.c.sort_key, other.c.sort_key, type_=sa.Float())
    has_other_nik = sa.func.coalesce(mine.c.nik_index != other.c.nik_index, sa.false())
    found = (
        sa.select(other.c.id, similarity.label("similarity"))
        .where(
            other.c.kabupaten_code == mine.c.kabupaten_code,
            other.c.id != mine.c.id,
            similarity >= SIMILAR,
            ~has_other_nik,
            ~is_known_distinct(mine.c.id, other.c.id),
        )
        .order_by(similarity.desc(), other.c.id)
        .limit(MOST)
        .correlate(mine)
        .lateral("found")
    )
    one, another = sa.func.least(mine.c.id, found.c.id), sa.func.greatest(mine.c.id, found.c.id)
    pairs = (
        sa.select(
            sa.func.gen_random_uuid(type_=sa.Uuid()),
            *(one, another, mine.c.kabupaten_code, found.c.similarity, access.NOW),
        )
        .select_from(mine.join(found, sa.true()))
        .where(mine.c.id == _VOLUNTEERS)
        .order_by(one, another)
    )
    columns = ["id", "one_id", "other_id", "kabupaten_code", "similarity", "created_at"]
    return insert(SuspectedPair).from_select(columns, pairs).on_conflict_do_nothing()


NOTE = compile_statement(_note())
