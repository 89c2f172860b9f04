"""The minimum composition of a need: reading it, replacing it, and whether it can still be met."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Need, NeedMinimum, Rank
from api.models.base import INSTANT, new_id
from api.rules.code import ProblemCode
from api.rules.composition import others_at_once, room_for_others
from api.services.problem import Problem, Problems, input_path
from api.services.reference import check_code_list

MOST = 20  # Minimums of one need.
TOO_MANY = {"minimums_of_need": Problem(ProblemCode.INVALID, input_path("minimums"))}

# As the input has it: the people, the code of a rank, a sex.
Minimum = Mapping[str, Any]


async def read_minimums(
    session: Transaction, problems: Problems, minimums: Sequence[Minimum], wanted: int
) -> Sequence[Mapping[str, Any]]:
    """The columns of each; each names a rank or a sex, no two the same, and none more people than are wanted."""
    await check_code_list(session, problems, Rank, "minimums", [each.get("rank") for each in minimums], "rank")
    if len(minimums) > MOST:
        problems.invalid("minimums", indonesian="Paling banyak 20.", english="At most 20.")
    columns = [{"people": each["people"], "rank_code": each.get("rank"), "sex": each.get("sex")} for each in minimums]
    kinds = [(each["rank_code"], each["sex"]) for each in columns]
    for index, each in enumerate(columns):
        if not 1 <= each["people"] <= wanted:
            problems.invalid(
                *("minimums", str(index), "people"),
                indonesian="Sedikitnya satu, paling banyak jumlah kebutuhan.",
                english="At least one, and no more than are wanted.",
            )
        if kinds[index] == (None, None) or kinds[index] in kinds[:index]:
            problems.invalid(
                *("minimums", str(index)),
                indonesian="Sebutkan pangkat atau jenis kelamin, masing-masing sekali.",
                english="Name a rank or a sex, each only once.",
            )
    return columns


async def replace_minimums(session: Transaction, need: uuid.UUID, columns: Sequence[Mapping[str, Any]]) -> None:
    await session.rows(DELETE, {"need": need})
    for each in columns:
        await session.insert(NeedMinimum, id=new_id(), need_id=need, **each)


async def check_composition(session: Transaction, problems: Problems, need: uuid.UUID, name: str) -> None:
    """Finds every minimum of a changed need that those who have accepted leave too few places for."""
    for row in await session.rows(BROKEN, {"need": need}):
        problems.add(ProblemCode.COMPOSITION, name, **row)


async def add_minimums(session: Transaction, *, need: uuid.UUID, into: uuid.UUID) -> None:
    """Adds the minimums of a need to those of another that takes its people over."""
    await session.rows(ADD, {"need": need, "into": into})
    await session.rows(DELETE, {"need": need})


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


def _broken() -> sa.Select[Any]:
    """The minimums of a need that can no longer be met, at any time, and the facts of that."""
    begin, end = (sa.cast(sa.literal_column(f"'{each}'"), INSTANT) for each in ("-infinity", "infinity"))
    others, room = others_at_once(NeedMinimum, Need, begin, end), room_for_others(NeedMinimum, Need)
    facts = (NeedMinimum.c.id.label("minimum_id"), others.label("count"), room.label("limit"))
    found = sa.select(*facts).join(Need, Need.c.id == NeedMinimum.c.need_id)
    return found.where(Need.c.id == _id("need"), others > room).order_by(NeedMinimum.c.id)


BROKEN = compile_statement(_broken())
DELETE = compile_statement(sa.delete(NeedMinimum).where(NeedMinimum.c.need_id == _id("need")))
_KIND = ("need_id", "rank_code", "sex")
_ADDED = insert(NeedMinimum).from_select(
    ["id", "people", *_KIND],
    sa.select(
        sa.func.gen_random_uuid(), NeedMinimum.c.people, _id("into"), NeedMinimum.c.rank_code, NeedMinimum.c.sex
    ).where(NeedMinimum.c.need_id == _id("need")),
)
ADD = compile_statement(
    _ADDED.on_conflict_do_update(index_elements=_KIND, set_={"people": NeedMinimum.c.people + _ADDED.excluded.people})
)
