"""How a name or number matches the text that is looked for."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.compiler.error import BadInput
from api.compiler.filter import LONGEST_SEARCH_TEXT, contains_pattern
from api.compiler.source import (
    Condition,
    FieldContext,
    Row,
    Sql,
)
from api.compiler.value import storable
from api.models import Membership, Volunteer
from api.models.choice import Choice
from api.resolvers.searched import Searched
from api.values.key import code_key, compact, search_key, sort_key
from api.values.phone import parse_phone
from api.values.problem import Unreadable

# Letters and digits of a text that is looked for within names. Shorter ones are in most names, and have no trigrams.
SHORTEST_WITHIN = 3
# From so many trigrams on, and the share of them; halfway between the shares that are possible.
SIMILAR_ENOUGH = ((10, 0.55), (9, 0.5), (0, 0.4))
# Of shorter texts the exchange of two letters makes other names; in longer ones it leaves enough trigrams.
EXCHANGED_LETTERS = range(4, 17)
THRESHOLD = "pg_trgm.word_similarity_threshold"
LAST_CHARACTER = "\U0010ffff"


class SearchMatch(Choice):
    """How a thing matches the text that is looked for; the better matches come first."""

    NUMBER = "NUMBER", "Its phone number or a number of membership is the text."
    STARTS = "STARTS", "Its name starts with the text."
    CONTAINS = "CONTAINS", "Its name contains the text, whatever stands between the words."
    SIMILAR = (
        "SIMILAR",
        "A part of its name is similar to the text, or is the text but for two neighbouring letters in the wrong order.",
    )


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


def has_exchanged(searched: Searched, named: Row, context: FieldContext) -> Condition:
    """Whether the name contains the text with two neighbouring letters exchanged, which leaves a short word few trigrams."""
    _, key = searched.name.info["searched"]

    def patterns(text: str, path: tuple[str, ...]) -> list[str]:
        return [contains_pattern(each, path) for each in exchanged(key(searchable(text, path)))]

    return named.c.search_key.like(sa.any_(context.bind(context.arguments["text"], patterns, ARRAY(sa.Text()))))


def exchanged(key: str) -> Sequence[str]:
    """The key with each two neighbouring letters in the other order."""
    if len(key) not in EXCHANGED_LETTERS:
        return ()
    pairs = [each for each in range(len(key) - 1) if key[each] != key[each + 1]]
    return [f"{key[:each]}{key[each + 1]}{key[each]}{key[each + 2 :]}" for each in pairs]


def word_patterns(text: str, path: tuple[str, ...]) -> list[str]:
    """Of names with a word that begins with the text, two of its letters exchanged; a space is before each word."""
    return [contains_pattern(f" {each}", path) for each in exchanged(sort_key(searchable(text, path)))]


def is_similar(searched: Searched, named: Row, context: FieldContext) -> Condition:
    """By an index: the operator compares with PostgreSQL's setting, which is set before the rows are read.

    A condition without a column is evaluated once, before the scan; the setting ends with the statement.
    """
    threshold = context.bind(context.arguments["text"], lambda text, _path: str(similar_enough(text)), sa.Text())
    setting = sa.select(sa.func.set_config(THRESHOLD, threshold, sa.true())).scalar_subquery()
    similar = bound(context, sort_key).op("<%", is_comparison=True)(named.c.sort_key)
    either = sa.or_(similar, has_exchanged(searched, named, context))
    return sa.and_(is_long_enough(context), setting.is_not(None), either)


def is_as_similar(searched: Searched, named: Row, context: FieldContext) -> Condition:
    """The same for rows that are found in another way, whatever the setting is."""
    threshold = context.bind(context.arguments["text"], lambda text, _path: similar_enough(text), sa.Float())
    similarity = sa.func.word_similarity(bound(context, sort_key), named.c.sort_key)
    either = sa.or_(similarity >= threshold, has_exchanged(searched, named, context))
    return sa.and_(is_long_enough(context), either)


def similar_enough(text: str) -> float:
    """The share of the text's trigrams that the most similar part of a name must have.

    `Agsu` has two of the five of `Agus`. Of longer texts a slip leaves more, and names that share less are other names.
    """
    trigrams = sum(len(word) + 1 for word in sort_key(text).split())
    return next(share for least, share in SIMILAR_ENOUGH if trigrams >= least)


def is_long_enough(context: FieldContext) -> Condition:
    return sa.func.length(bound(context, search_key)) >= SHORTEST_WITHIN


WAYS: Mapping[SearchMatch, Callable[[Searched, Row, FieldContext], Condition]] = {
    SearchMatch.STARTS: starts,
    SearchMatch.CONTAINS: contains,
    SearchMatch.SIMILAR: is_similar,
}


def matches_best(searched: Searched, match: SearchMatch, thing: Row, named: Row, context: FieldContext) -> Condition:
    conditions = {way: condition(searched, named, context) for way, condition in WAYS.items()}
    if match == SearchMatch.NUMBER:
        # Whose name matches too is found by the name, so that only this tier has to look for numbers.
        by_name = {**conditions, SearchMatch.SIMILAR: is_as_similar(searched, named, context)}
        return sa.and_(has_number(thing, context), *(sa.not_(each) for each in by_name.values()))
    better = [conditions[way] for way in takewhile(lambda way: way != match, conditions)]
    return sa.and_(conditions[match], *(sa.not_(each) for each in better))


def difference(match: SearchMatch, searched: Searched, named: Row, context: FieldContext) -> Sql:
    """How far the most similar part of a name is from the text, 0 to 1,000.

    0 if only two letters are exchanged, 1 if that is not the beginning of a word.
    """
    if match != SearchMatch.SIMILAR:
        return sa.literal_column("0", sa.Integer)
    similarity = sa.func.word_similarity(bound(context, sort_key), named.c.sort_key)
    by_trigrams = sa.cast(1000 - sa.func.round(1000 * similarity), sa.Integer)
    spaced = sa.literal_column("' '", sa.Text()) + named.c.sort_key
    begins = spaced.like(sa.any_(context.bind(context.arguments["text"], word_patterns, ARRAY(sa.Text()))))
    inside = sa.case((begins, sa.literal_column("0", sa.Integer)), else_=sa.literal_column("1", sa.Integer))
    return sa.case((has_exchanged(searched, named, context), inside), else_=by_trigrams)
