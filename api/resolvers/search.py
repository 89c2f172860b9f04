"""Search: things by their names, and volunteers by a number; the best matches first."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import sqlalchemy as sa

from api.compiler.source import (
    Embedded,
    Expression,
    FieldContext,
    Order,
    Row,
    Source,
    Sql,
    TieredConnection,
    column,
    everybody,
)
from api.compiler.structure import referenced
from api.models import Volunteer
from api.models.base import Symbol
from api.resolvers.place import place_on_globe
from api.resolvers.search_match import SearchMatch, difference, matches_best
from api.resolvers.searched import SEARCHED, Searched
from api.rules.candidate import chord, kilometres

# In place of the chord of what has no position: longer than any.
NOWHERE: Sql = sa.cast(sa.literal_column("3"), sa.Float)


def hits(number: int, searched: Searched, match: SearchMatch, _row: Row, context: FieldContext) -> sa.Select[Any]:
    """The visible things of one kind that match in one way and in no better one; `number` is that of their tier."""
    thing = searched.table.alias()
    named = thing if searched.named_by is None else searched.named.alias()
    kinds: Any = context.arguments.get("kinds")
    columns = (
        sa.literal_column(str(number), sa.Integer).label("tier"),
        sa.literal_column(f"'{searched.kind}'", Symbol).label("kind"),
        sa.literal_column(f"'{match}'", Symbol).label("match"),
        sa.cast(thing.c[searched.key.name], sa.Text).label("key"),
        named.c[searched.name.name].label("text"),
        named.c.sort_key.label("sort_key"),
        difference(match, searched, named, context).label("difference"),
        chord_to_near(searched, thing, context).label("chord"),
    )
    conditions = (
        sa.literal(kinds is None or searched.kind in kinds),
        searched.visible(context.viewer, thing),
        matches_best(searched, match, thing, named, context),
    )
    found = sa.select(*columns).where(*conditions)
    if searched.named_by is not None:
        # Of another thing that may be seen.
        belongs = named.c[referenced(searched.named_by).name] == thing.c[searched.named_by.name]
        found = found.select_from(thing.join(named, belongs)).where(searched.name_visible(context.viewer, named))
    # OFFSET 0 keeps the planner from reading all names in their order until a page of them contains the text.
    return found.offset(0) if match == SearchMatch.CONTAINS else found


def chord_to_near(searched: Searched, thing: Row, context: FieldContext) -> Sql:
    near = context.arguments.get("near")
    if near is None or searched.start is None:
        return NOWHERE
    distance = chord(searched.start(thing, context), place_on_globe(context, near))
    # Also so that no index is read in this order, which would read the whole table for a few matches.
    return sa.func.coalesce(distance, NOWHERE, type_=sa.Float())


def kilometres_to_near(row: Row, _context: FieldContext) -> Sql:
    return sa.case((row.c.chord < NOWHERE, kilometres(row.c.chord)))


def similar_hits(number: int, row: Row, context: FieldContext) -> sa.SelectBase:
    """Of all kinds at once, as the most similar names come first."""
    return sa.union_all(*(hits(number, each, SearchMatch.SIMILAR, row, context) for each in SEARCHED))


(VOLUNTEERS,) = (each for each in SEARCHED if each.table is Volunteer)
# Names that start with the text, or contain it, are found in the order of an index: kind by kind.
BY_KIND = (*product((SearchMatch.STARTS, SearchMatch.CONTAINS), SEARCHED),)
TIERS: tuple[Callable[[Row, FieldContext], sa.SelectBase], ...] = (
    partial(hits, 0, VOLUNTEERS, SearchMatch.NUMBER),
    *(partial(hits, number, searched, match) for number, (match, searched) in enumerate(BY_KIND, 1)),
    partial(similar_hits, len(BY_KIND) + 1),
)

SEARCH = TieredConnection("SearchHit", TIERS)

SOURCES = (
    Source(
        "SearchHit",
        None,
        # Its tiers ask the policies of what they find.
        visible=everybody,
        key="key",
        fields={
            **{name: column(name) for name in ("kind", "match", "text")},
            "kilometres": Expression(kilometres_to_near),
            "thing": Embedded("Searchable"),
        },
        orders={"BEST_FIRST": Order(lambda row: [row.c[name] for name in ("tier", "difference", "chord", "sort_key")])},
        node=False,
    ),
    Source("Searchable", None, visible=everybody, members=tuple(each.leads_to() for each in SEARCHED), node=False),
)
