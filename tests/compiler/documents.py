"""Random requests over the whole schema, mostly valid, using all syntax of GraphQL."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis_graphql
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_union_type,
    print_ast,
)
from graphql.pyutils import snake_to_camel
from hypothesis import strategies as st
from hypothesis_graphql import nodes

from api.compiler.filter import ColumnFilter, RelatedFilter
from api.models import Kabupaten, Kecamatan, Volunteer
from api.resolvers import SOURCES
from tests.compiler.reader import Reader

MOST_FIELDS = 45
DEEPEST = 8

WORDS = (
    "sin",
    "SINTA",
    "%",
    "_",
    "\\",
    "'",
    '"',
    "🌋",
    "É",
    "é",
    "محمد",
    "\n",
    "a",
    "",
    "100%",
    "banjir",
    "\u2028",
    "\x00",
)
DAYS = ("2026-03-01", "2026-02-28", "2026-03-03", "2024-01-01", "2029-01-01", "1900-01-01", "2200-12-31")
INSTANTS = (
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456Z",
    "2026-03-01T08:00:00+07:00",
    "2026-03-02T01:00:00Z",
    "2026-03-05T01:00:00Z",
    "1999-12-31T16:59:59.999999+00:00",
    "2200-12-31T00:00:00Z",
)
WRONG_INSTANTS = ("2026-01-01", "2026-01-01T00:00:00", "1899-01-01T00:00:00Z", "")
NUMBERS = (0, 1, 2, 3, 10, -1, 2_147_483_647)
WRONG_DAYS = ("2026-02-30", "1899-12-31", "2026-3-1", "20260301", "", "\u0662\u0660\u0662\u0666-03-01")
DEGREES = (0, -0.0, -2.5, 1e-7, 90.0, -90)
WRONG_DEGREES = (181, -1e300, "1", True)
SIZES = (0, 1, 2, 3, 5, 20, 100)
WRONG_IDS = (
    "",
    "x",
    "Volunteer:",
    ":x",
    "Volunteer:x",
    "Nothing:x",
    "Role:x",
    "Need:\x00",
    "Skill:\x00",
    "Skill:no",
    "Query:1",
)
WRONG_SIZES: tuple[dict[str, int | None], ...] = (
    {},
    {"first": 1, "last": 1},
    {"first": -1},
    {"last": -2_147_483_648},
    {"first": 101},
    {"first": 1_000_000},
    {"first": None},
)
PAGE_ARGUMENTS = {"first", "last", "after", "before", "orderBy", "filter"}
WRONG_CURSORS = ("", "x", "bm8=", "WyJWb2x1bnRlZXIuTkFNRSJd", "\x00", "🌋")


@dataclass(frozen=True, slots=True)
class ValuePool:
    """Real values of the data: global ids by type, cursors by list and order."""

    ids: Mapping[str, list[str]]
    cursors: Mapping[str, list[str]]


def target_of(declared: object) -> str | None:
    """The type of the things whose ids a filter takes."""
    inner = declared.filter if isinstance(declared, RelatedFilter) else declared
    return inner.target if isinstance(inner, ColumnFilter) else None


def value_pool(reader: Reader, account_id: uuid.UUID | None, *, has_hidden: bool) -> ValuePool:
    """The ids that an account may see and one of any row, or all ids; and all cursors. Of places only those where volunteers live."""
    view, ids = reader.view(account_id), {}
    homes = {row["kabupaten_code"] for row in reader.rows.tables[Volunteer.name]}
    for source in SOURCES.values():
        if source.table is not None and source.node:
            rows = [
                row
                for row in reader.rows.tables[source.table.name]
                if source.table not in (Kabupaten, Kecamatan) or row["code"][:5] in homes
            ]
            shown = [row for row in rows if has_hidden or view.visibility.holds(source.visible, row)]
            ids[source.name] = [f"{source.name}:{row[source.key]}" for row in [*shown[:60], *rows[:1]]]
            if source.former_keys is not None:
                merged = reader.rows.tables[source.former_keys.name]
                ids[source.name] += [f"{source.name}:{row['old_id']}" for row in merged]
    cursors: dict[str, list[str]] = {}
    for cursor, (tag, _) in reader.cursors.items():
        cursors.setdefault(tag, []).append(cursor)
    return ValuePool(ids, cursors)


# The types of the things that conditions name by their ids.
TARGETS = {
    (f"{name}Filter", snake_to_camel(condition, upper=False)): target
    for name, source in SOURCES.items()
    for condition, declared in source.filters.items()
    if (target := target_of(declared))
}


# Right and wrong values of the scalars.
SCALARS: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] = {
    "Boolean": ((True, False), ()),
    "Date": (DAYS, WRONG_DAYS),
    "DateTime": (INSTANTS, WRONG_INSTANTS),
    "Float": (DEGREES, WRONG_DEGREES),
    "Int": (NUMBERS, ("1", 1.5)),
    "String": (WORDS, ()),
}


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, or a member of an input object, as if it were an argument."""

    type: Any


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value is for: the name of its argument or member, the type of the thing that it may name, and how deep it lies."""

    name: str
    target: str = ""
    depth: int = 0

    def within(self, type_: GraphQLInputObjectType, name: str) -> "Meaning":
        """The meaning of a member."""
        target = TARGETS.get((type_.name, name)) or type_named(name, self.target)
        return Meaning(name, target, self.depth + 1)


def type_named(name: str, otherwise: str) -> str:
    """The type that an argument is named after, if there is one."""
    type_ = name[0].upper() + name[1:]
    return type_ if type_ in SOURCES else otherwise


# A response key that no other field has.
INTROSPECTION_KEY = "beside"


@dataclass(frozen=True, slots=True)
class Request:
    """A document, and the variables of each request with it."""

    head: str
    body: str
    variables: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        return f"{self.head} {self.body}"

    def variants(self) -> tuple[str, str]:
        """The same document as a consistent query, and with introspection beside the data."""
        return (
            f"{self.head} @consistent {self.body}",
            f"{self.head} {{ {INTROSPECTION_KEY}: __schema {{ __typename }} {self.body[1:]}",
        )


@dataclass(slots=True)
class FieldChoice:
    """A field to select, under the type condition `on`; `literal` has arguments from hypothesis-graphql."""

    name: str
    on: str | None = None
    children: list["FieldChoice"] = field(default_factory=list)
    literal: dict[str, ValueNode] = field(default_factory=dict)


# The selection: generated here, or by hypothesis-graphql.


# What differs each time it is asked: the budget, which this process counts.
UNREPEATABLE = {"rateLimit"}


@dataclass(slots=True)
class SelectionGenerator:
    draw: st.DrawFn
    schema: GraphQLSchema
    left: int = MOST_FIELDS

    def root(self) -> list[FieldChoice]:
        query = self.schema.query_type
        assert query is not None
        names = self.draw(
            st.lists(st.sampled_from(sorted({*query.fields} - UNREPEATABLE)), min_size=1, max_size=3, unique=True)
        )
        return [self.pick(query, name, 0) for name in names]

    def pick(self, parent: Any, name: str, depth: int) -> FieldChoice:
        self.left -= 1
        named = get_named_type(parent.fields[name].type)
        return FieldChoice(name, children=self.picks(named, depth + 1))

    def picks(self, type_: Any, depth: int) -> list[FieldChoice]:
        if is_abstract_type(type_):
            return self.conditional(type_, depth)
        if not is_object_type(type_):
            return []
        leaves = sorted(name for name, each in type_.fields.items() if not is_composite(each))
        branches = sorted(set(type_.fields) - set(leaves))
        chosen: list[str] = []
        if type_.name.endswith("Connection"):
            leaves, branches = (
                [],
                [name for name in ("nodes", "edges", "pageInfo", "totalCount") if self.may(name, depth)],
            )
            chosen = self.draw(st.lists(st.sampled_from(branches), min_size=1, max_size=3, unique=True))
        elif branches and depth < DEEPEST and self.left > 0:
            chosen += self.draw(st.lists(st.sampled_from(branches), min_size=int(not leaves), max_size=2, unique=True))
        if leaves:
            chosen += self.draw(st.lists(st.sampled_from(leaves), min_size=int(not chosen), max_size=4, unique=True))
        return [self.pick(type_, name, depth) for name in chosen] or [FieldChoice("__typename")]

    def may(self, name: str, depth: int) -> bool:
        return name in ("pageInfo", "totalCount") or (depth < DEEPEST and self.left > 0)

    def conditional(self, type_: Any, depth: int) -> list[FieldChoice]:
        types = sorted(each.name for each in self.schema.get_possible_types(type_))
        found = [FieldChoice("__typename" if is_union_type(type_) else min(type_.fields))]
        for name in self.draw(st.lists(st.sampled_from(types), min_size=1, max_size=3, unique=True)):
            for pick in self.picks(self.schema.get_type(name), depth):
                pick.on = name
                found.append(pick)
        return found


def is_composite(definition: GraphQLField) -> bool:
    named = get_named_type(definition.type)
    return is_object_type(named) or is_abstract_type(named)


def picks_of(selections: SelectionSetNode | None, on: str | None = None) -> list[FieldChoice]:
    """The selection of a document made by hypothesis-graphql."""
    found: list[FieldChoice] = []
    for node in selections.selections if selections else ():
        if isinstance(node, InlineFragmentNode):
            assert node.type_condition is not None
            found += picks_of(node.selection_set, node.type_condition.name.value)
        elif isinstance(node, FieldNode):
            literal = {argument.name.value: argument.value for argument in node.arguments or ()}
            found.append(FieldChoice(node.name.value, on, picks_of(node.selection_set), literal))
    return found


def generated_selections(schema: GraphQLSchema) -> st.SearchStrategy[list[FieldChoice]]:
    def picks(document: DocumentNode) -> list[FieldChoice]:
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        return picks_of(operation.selection_set)

    texts = st.sampled_from(["62.02", "2026-03-01", "x", ""]).map(nodes.String)
    scalars: dict[str, st.SearchStrategy[ValueNode]] = dict.fromkeys(
        ("Code", "Date", "DateTime", "PhoneNumber", "ID"), texts
    )
    scalars |= dict.fromkeys(("Latitude", "Longitude"), st.sampled_from([0.0, -2.5]).map(nodes.Float))
    roots = sorted({*schema.query_type.fields} - UNREPEATABLE) if schema.query_type else []
    one_of_each = [
        hypothesis_graphql.queries(schema, fields=[root], custom_scalars=scalars, print_ast=picks) for root in roots
    ]
    return st.one_of(one_of_each)


# The text of the document.


@dataclass(slots=True)
class DocumentWriter:
    """Writes a selection as text, with arguments, aliases, fragments, directives and variables."""

    draw: st.DrawFn
    schema: GraphQLSchema
    pool: ValuePool
    variables: tuple[dict[str, Any], ...] = field(default_factory=lambda: ({}, {}))
    declared: list[str] = field(default_factory=list)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)  # Each one's type and text.
    bare: set[tuple[str, str]] = field(default_factory=set)
    number: int = 0

    def happens(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def one(self, values: Sequence[Any]) -> Any:
        return values[self.draw(st.integers(0, len(values) - 1))]

    def new(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def request(self, picks: list[FieldChoice]) -> Request:
        assert self.schema.query_type is not None
        body = self.selection(picks, self.schema.query_type)
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        named = "".join(f"\nfragment {name} on {on} {text}" for name, (on, text) in self.fragments.items())
        times = self.variables if self.declared else self.variables[:1]
        return Request(f"query Asked{declared}", f"{body}{named}", times)

    def selection(self, picks: list[FieldChoice], type_: Any) -> str:
        """The selection set in braces, with some fields moved into fragments."""
        parts: list[str] = []
        for pick in picks:
            on = self.schema.get_type(pick.on) if pick.on else type_
            parts += [self.conditioned(text, pick.on) for text in self.field(pick, on)]
        if self.happens(8):
            parts.append(self.one(("__typename", "kind: __typename")) if "kind" not in str(parts) else "__typename")
        if len(parts) > 1 and self.happens(15):
            middle = self.draw(st.integers(1, len(parts) - 1))
            parts = [*parts[:middle], self.fragment(parts[middle:], type_)]
        known = [name for name, (on, _) in self.fragments.items() if on == type_.name]
        if known and self.happens(25):
            parts.append(f"...{self.one(known)}{self.directive()}")
        return "{ " + " ".join(parts) + " }"

    def conditioned(self, text: str, on: str | None) -> str:
        return f"... on {on} {{ {text} }}" if on else text

    def fragment(self, parts: list[str], type_: Any) -> str:
        """The parts in a fragment: inline, with or without a type condition, or named."""
        body = "{ " + " ".join(parts) + " }"
        form = self.draw(st.integers(0, 2))
        if form < 2:
            return f"...{f' on {type_.name}' if form else ''}{self.directive()} {body}"
        name = self.new("F")
        self.fragments[name] = type_.name, body
        return f"...{name}{self.directive()}"

    def directive(self) -> str:
        if not self.happens(8):
            return ""
        name = self.one(("skip", "include"))
        if self.happens(50):
            return f" @{name}(if: {self.one(('true', 'false'))})"
        variable = self.declare("Boolean!", self.draw(st.booleans()), self.draw(st.booleans()))
        return f" @{name}(if: {variable})"

    def field(self, pick: FieldChoice, parent: Any) -> list[str]:
        """The field, sometimes twice under different aliases, sometimes in two parts to be merged."""
        if pick.name == "__typename":
            return ["__typename"]
        definition: GraphQLField = parent.fields[pick.name]
        written = [self.once(pick, parent, definition)]
        if definition.args and self.happens(10):
            written.append(self.once(pick, parent, definition))
        return [text for texts in written for text in texts]

    def once(self, pick: FieldChoice, parent: Any, definition: GraphQLField) -> list[str]:
        arguments = self.arguments(pick, definition)
        head = f"{self.alias(pick, parent, definition)}{pick.name}{f'({arguments})' if arguments else ''}"
        if not is_composite(definition):
            return [head + self.directive()]
        named = get_named_type(definition.type)
        children = pick.children or [FieldChoice("__typename")]
        if len(children) > 1 and self.happens(12):
            middle = self.draw(st.integers(1, len(children) - 1))
            pieces = [self.selection(each, named) for each in (children[:middle], children[middle:])]
            return [f"{head}{self.directive()} {piece}" for piece in pieces]
        return [f"{head}{self.directive()} {self.selection(children, named)}"]

    def alias(self, pick: FieldChoice, parent: Any, definition: GraphQLField) -> str:
        """An alias with its colon; empty only where no other field has the field's own name as response key."""
        if not definition.args and pick.on is None:
            return ""
        if pick.on is None and (parent.name, pick.name) not in self.bare:
            self.bare.add((parent.name, pick.name))
            return ""
        return f"{self.new('a')}: "

    # Arguments.

    def arguments(self, pick: FieldChoice, definition: GraphQLField) -> str:
        if "first" in definition.args:
            return self.page(pick, definition)
        type_ = get_named_type(definition.type)
        chosen = [name for name, each in definition.args.items() if is_non_null_type(each.type) or self.happens(60)]
        values = {
            name: self.value(definition.args[name], Meaning(name, type_named(name, type_.name))) for name in chosen
        }
        return ", ".join(f"{name}: {value}" for name, value in values.items())

    def page(self, pick: FieldChoice, definition: GraphQLField) -> str:
        type_ = get_named_type(definition.type).name.removesuffix("Connection")
        given = {name: self.given(definition.args[name], (size, size)) for name, size in self.size().items()}
        order = None
        if "orderBy" in definition.args and self.happens(50):
            orders = get_named_type(definition.args["orderBy"].type)
            assert is_enum_type(orders)
            order = self.one([*orders.values, None])
            other = order if self.happens(50) else self.one(list(orders.values))
            given["orderBy"] = self.given(definition.args["orderBy"], (order, other))
        given |= self.others(definition)
        for name in ("after", "before"):
            if self.happens(22):
                given[name] = self.given(definition.args[name], (self.cursor(type_, order), self.cursor(type_, order)))
        if "filter" in definition.args and self.happens(65):
            given["filter"] = self.value(definition.args["filter"], Meaning("filter"))
        for name in ("filter", "after", "before"):
            if name in pick.literal and self.happens(3):
                given[name] = print_ast(pick.literal[name])
        return ", ".join(f"{name}: {text}" for name, text in given.items())

    def others(self, definition: GraphQLField) -> dict[str, str]:
        """What the arguments of a list are that not every list has."""
        names = sorted(definition.args.keys() - PAGE_ARGUMENTS)
        chosen = [name for name in names if is_non_null_type(definition.args[name].type) or self.happens(15)]
        return {name: self.value(definition.args[name], Meaning(name)) for name in chosen}

    def size(self) -> dict[str, int | None]:
        if self.happens(2):
            return dict(self.one(WRONG_SIZES))
        return {self.one(("first", "last")): self.one(SIZES)}

    def cursor(self, type_: str, order: str | None) -> str | None:
        if self.happens(3):
            return str(self.one(WRONG_CURSORS))
        # Sometimes of another order: a cursor to be refused.
        orders = SOURCES[type_].orders
        order = self.one(list(orders)) if self.happens(3) else order or next(iter(orders))
        cursors = self.pool.cursors.get(f"{type_}.{order}")
        return str(self.one(cursors)) if cursors and not self.happens(3) else None

    def value(self, argument: Any, meaning: "Meaning") -> str:
        """A value as text: a literal with variables in it, or one variable."""
        bare = argument.type.of_type if is_non_null_type(argument.type) else argument.type
        if isinstance(bare, GraphQLInputObjectType) and self.happens(70):
            values = [(name, self.value(each, inner)) for name, each, inner in self.members(bare, meaning)]
            return "{" + ", ".join(f"{name}: {value}" for name, value in values) + "}"
        if is_list_type(bare) and self.happens(30):
            inside = Item(bare.of_type)
            return "[" + ", ".join(self.value(inside, meaning) for _ in range(self.draw(st.integers(0, 3)))) + "]"
        return self.given(argument, (self.plain(argument.type, meaning), self.plain(argument.type, meaning)))

    def members(self, type_: GraphQLInputObjectType, meaning: "Meaning") -> list[tuple[str, Any, "Meaning"]]:
        """The chosen fields and what they mean; of some input types exactly one, which may not be null."""
        fields = type_.fields
        if type_.is_one_of and not self.happens(2):
            name = self.one(list(fields))
            return [(name, Item(GraphQLNonNull(fields[name].type)), meaning.within(type_, name))]
        chosen = [
            name
            for name, each in fields.items()
            if is_non_null_type(each.type) or self.happens(self.chance(name, meaning))
        ]
        return [(name, fields[name], meaning.within(type_, name)) for name in chosen]

    def chance(self, name: str, meaning: "Meaning") -> int:
        """How many in a hundred objects have the field; groups of conditions are seldom nested."""
        return 25 >> 2 * min(meaning.depth, 3) if name in ("and", "or", "not") else 25

    def given(self, argument: Any, values: tuple[Any, Any]) -> str:
        """The first value as a literal, or a variable with the first value in one request and the second in the other."""
        if not self.happens(30):
            return literal(values[0], argument.type)
        type_ = str(argument.type)
        if type_.endswith("!") and getattr(argument, "default_value", Undefined) is not Undefined and self.happens(15):
            # With a default the variable may be absent, or null, which is a mistake then.
            return self.declare(type_.removesuffix("!"), values[0], self.one((values[1], None)))
        return self.declare(type_, *values)

    def declare(self, type_: str, first: Any, second: Any) -> str:
        name = self.new("v")
        bare = type_.removesuffix("!")
        both = first is not None and second is not None
        declared = f"{bare}!" if both and (type_ != bare or self.happens(30)) else bare
        if type_ != bare and not both:
            declared = type_
        self.declared.append(f"${name}: {declared}")
        self.variables[0][name], self.variables[1][name] = first, second
        if declared == bare and self.happens(20):
            del self.variables[1][name]
        return f"${name}"

    def plain(self, type_: Any, meaning: "Meaning") -> Any:
        """A JSON value for an argument or a member of an input object."""
        if not is_non_null_type(type_) and self.happens(4):
            return None
        bare = type_.of_type if is_non_null_type(type_) else type_
        if is_list_type(bare):
            return [self.plain(bare.of_type, meaning) for _ in range(self.draw(st.integers(0, 5)))]
        if is_input_object_type(bare):
            return {name: self.plain(each.type, inner) for name, each, inner in self.members(bare, meaning)}
        if is_enum_type(bare):
            return self.one(list(bare.values))
        if bare.name == "ID":
            return self.id(meaning)
        right, wrong = SCALARS[bare.name]
        return self.one(wrong if wrong and self.happens(2) else right)

    def id(self, meaning: "Meaning") -> str:
        if self.happens(2):
            return str(self.one(WRONG_IDS))
        id_ = str(self.one(self.pool.ids.get(meaning.target) or self.pool.ids[self.one(sorted(self.pool.ids))]))
        type_, _, key = id_.partition(":")
        is_bare = SOURCES[type_].key == "code" and type_ == meaning.target and self.happens(40)
        return key if is_bare else id_


def literal(value: Any, type_: Any) -> str:
    """The value as a GraphQL literal."""
    bare = type_.of_type if is_non_null_type(type_) else type_
    if value is None:
        return "null"
    if is_list_type(bare):
        return "[" + ", ".join(literal(each, bare.of_type) for each in value) + "]"
    if isinstance(bare, GraphQLInputObjectType):
        return "{" + ", ".join(f"{key}: {literal(each, bare.fields[key].type)}" for key, each in value.items()) + "}"
    if isinstance(bare, GraphQLEnumType):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def requests(
    schema: GraphQLSchema, pool: ValuePool, shapes: st.SearchStrategy[list[FieldChoice]]
) -> st.SearchStrategy[Request]:
    """Requests with real values; a quarter of the selections are `shapes`, which come from hypothesis-graphql."""

    @st.composite
    def request(draw: st.DrawFn) -> Request:
        grown = draw(st.integers(0, 3))
        picks = SelectionGenerator(draw, schema).root() if grown else draw(shapes)
        return DocumentWriter(draw, schema, pool).request(picks)

    return request()
