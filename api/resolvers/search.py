"""Search: things by their names, and volunteers by a number; the best matches first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product, takewhile
from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.error import BadInput
from api.compiler.source import (
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Guard,
    Order,
    Row,
    Source,
    Sql,
    TieredConnection,
    ToOne,
    column,
    everybody,
)
from api.compiler.structure import LONGEST_SEARCH_TEXT, contains_pattern, referenced, type_name
from api.compiler.value import storable
from api.models import Camp, Incident, Kabupaten, Kecamatan, Membership, Need, Organization, Province, Site, Volunteer
from api.models.base import Symbol
from api.models.choice import Choice
from api.resolvers.person import visible_start
from api.resolvers.place import place_on_globe, point, seat_of
from api.rules.candidate import chord, kilometres
from api.values.key import code_key, compact, search_key, sort_key
from api.values.phone import parse_phone
from api.values.problem import Unreadable

# Letters and digits of a text that is looked for within names. Shorter ones are in most names, and have no trigrams.
SHORTEST_WITHIN = 3
LAST_CHARACTER = "\U0010ffff"
# In place of the chord of what has no position: longer than any.
NOWHERE: Sql = sa.cast(sa.literal_column("3"), sa.Float)


class SearchKind(Choice):
    """What a search looks for; of equally good matches the earlier kinds come first."""

    PROVINCE = "PROVINCE", "Provinces, by their names."
    KABUPATEN = "KABUPATEN", "Kabupaten and kota, by their names."
    KECAMATAN = "KECAMATAN", "Kecamatan, by their names."
    INCIDENT = "INCIDENT", "Incidents, by their titles."
    ORGANIZATION = "ORGANIZATION", "Organizations, by their names."
    SITE = "SITE", "Sites, by their names."
    CAMP = "CAMP", "Camps, by their names."
    NEED = "NEED", "Needs, by the titles of their incidents."
    VOLUNTEER = "VOLUNTEER", "Volunteers, by their names, phone numbers and numbers of membership."


class SearchMatch(Choice):
    """How a thing matches the text that is looked for; the better matches come first."""

    NUMBER = "NUMBER", "Its phone number or a number of membership is the text."
    STARTS = "STARTS", "Its name starts with the text."
    CONTAINS = "CONTAINS", "Its name contains the text, whatever stands between the words."
    SIMILAR = "SIMILAR", "A part of its name is similar to the text."


@dataclass(frozen=True, slots=True)
class Searched:
    """A table that is searched, the policy of its rows, and where they are.

    With `named_by`, a foreign key, its rows are found by the names of others, which have a policy of their own.
    """

    table: sa.Table
    visible: Guard
    start: Callable[[Row, FieldContext], Sql] | None = None
    named_by: sa.Column[Any] | None = None
    name_visible: Guard = everybody

    @property
    def kind(self) -> SearchKind:
        return SearchKind[self.table.name.upper()]

    @property
    def named(self) -> sa.Table:
        """The table with the names."""
        table = self.table if self.named_by is None else referenced(self.named_by).table
        assert isinstance(table, sa.Table)
        return table

    @property
    def name(self) -> sa.Column[Any]:
        """The name or title."""
        return next(column for column in self.named.c if column.info.get("ordered") == "sort_key")

    @property
    def key(self) -> sa.Column[Any]:
        (key,) = self.table.primary_key.columns
        return key

    def leads_to(self) -> ToOne:
        """The thing of a hit; hits have keys of several types, as texts."""
        key, kind = self.key, self.kind

        def is_key(row: Row, other: Row) -> Condition:
            return other.c[key.name] == sa.case((row.c.kind == kind, sa.cast(row.c.key, key.type)))

        return ToOne(type_name(self.table), on=is_key, visible_with_parent=True)


def seat(row: Row, _context: FieldContext) -> Sql:
    return seat_of(row.c.kabupaten_code)


SEARCHED = (
    Searched(Province, everybody),
    Searched(Kabupaten, everybody, point),
    Searched(Kecamatan, everybody, seat),
    Searched(Incident, access.sees_incident, point),
    Searched(Organization, access.sees_organization, seat),
    Searched(Site, access.sees_part_of_incident, point),
    Searched(Camp, access.sees_camp, point),
    Searched(Need, access.sees_need, point, Need.c.incident_id, access.sees_incident),
    Searched(Volunteer, access.sees_volunteer, visible_start),
)


# The conditions that a name matches ------------------------------------------------------------------------------------


def bound(context: FieldContext, key: Callable[[str], str]) -> Sql:
    """A key of the text that is looked for."""
    return context.bind(context.arguments["text"], lambda text, path: key(searchable(text, path)), sa.Text())


def searchable(text: str, path: tuple[str, ...]) -> str:
    """The text; raises `BadInput` unless it can be looked for."""
    if len(storable(text, path)) > LONGEST_SEARCH_TEXT:
        raise BadInput(f"Look for a text of at most {LONGEST_SEARCH_TEXT} characters.", path)
    if not compact(text):
        raise BadInput("Give a text to look for.", path)
    return text


def has_number(volunteer: Row, context: FieldContext) -> Condition:
    """Whether the text is a number of the volunteer that the viewer may read."""
    person, membership = Volunteer.alias(), Membership.alias()
    phones = sa.select(person.c.id).where(
        person.c.phone == bound(context, phone_key), access.knows_volunteer(context.viewer, person)
    )
    numbers = sa.select(membership.c.volunteer_id).where(
        membership.c.number_key == bound(context, code_key),
        access.sees_record_of_volunteer(context.viewer, membership),
    )
    return volunteer.c.id.in_(sa.union(phones, numbers))


def phone_key(text: str) -> str:
    """The number as it is stored; a text that is no number is its own key, which no number has."""
    try:
        return parse_phone(text)
    except Unreadable:
        return text


def starts(_searched: Searched, named: Row, context: FieldContext) -> Condition:
    """By a range, which an index serves for any text."""
    return sa.and_(
        named.c.sort_key >= bound(context, sort_key),
        named.c.sort_key < bound(context, lambda text: sort_key(text) + LAST_CHARACTER),
    )


def contains(searched: Searched, named: Row, context: FieldContext) -> Condition:
    _, key = searched.name.info["searched"]
    pattern = context.bind(context.arguments["text"], lambda text, path: contains_pattern(text, path, key))
    return sa.and_(is_long_enough(context), named.c.search_key.like(pattern))


def is_similar(_searched: Searched, named: Row, context: FieldContext) -> Condition:
    similar = bound(context, sort_key).op("<%", is_comparison=True)(named.c.sort_key)
    return sa.and_(is_long_enough(context), similar)


def is_long_enough(context: FieldContext) -> Condition:
    return sa.func.length(bound(context, search_key)) >= SHORTEST_WITHIN


WAYS: Mapping[SearchMatch, Callable[[Searched, Row, FieldContext], Condition]] = {
    SearchMatch.STARTS: starts,
    SearchMatch.CONTAINS: contains,
    SearchMatch.SIMILAR: is_similar,
}


# Hits ------------------------------------------------------------------------------------------------------------------


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
        difference(match, named, context).label("difference"),
        chord_to_near(searched, thing, context).label("chord"),
    )
    conditions = (
        sa.literal(kinds is None or searched.kind in kinds),
        searched.visible(context.viewer, thing),
        matches_best(searched, match, thing, named, context),
    )
    found = sa.select(*columns).where(*conditions)
    if searched.named_by is None:
        return found
    # Of another thing that may be seen.
    belongs = named.c[referenced(searched.named_by).name] == thing.c[searched.named_by.name]
    return found.select_from(thing.join(named, belongs)).where(searched.name_visible(context.viewer, named))


def matches_best(searched: Searched, match: SearchMatch, thing: Row, named: Row, context: FieldContext) -> Condition:
    conditions = {way: condition(searched, named, context) for way, condition in WAYS.items()}
    if match == SearchMatch.NUMBER:
        # Whose name matches too is found by the name, so that only this tier has to look for numbers.
        return sa.and_(has_number(thing, context), *(sa.not_(each) for each in conditions.values()))
    better = [conditions[way] for way in takewhile(lambda way: way != match, conditions)]
    return sa.and_(conditions[match], *(sa.not_(each) for each in better))


def difference(match: SearchMatch, named: Row, context: FieldContext) -> Sql:
    """How far the most similar part of a name is from the text, 0 to 1,000."""
    if match != SearchMatch.SIMILAR:
        return sa.literal_column("0", sa.Integer)
    similarity = sa.func.word_similarity(bound(context, sort_key), named.c.sort_key)
    return sa.cast(1000 - sa.func.round(1000 * similarity), sa.Integer)


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
