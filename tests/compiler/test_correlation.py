from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_input_object_type, is_object_type

from api.access import Kind
from api.compiler import template
from api.compiler.plan import Planner
from api.resolvers import SOURCES
from api.schema.build import core_schema
from tests.compiler.documents import TARGETS, type_named
from tests.compiler.selections import NODES, list_fields, list_selection, selection
from tests.compiler.test_explain import KINDS, plan_of
from tests.sampling import in_turn

pytestmark = pytest.mark.unmeasured

KEY = "00000000-0000-0000-0000-000000000000"
# Of values that no kind of condition has of its own.
SAMPLES = {"Int": "1", "Float": "1.5", "Boolean": "true", "String": '"x"', "Date": '"2026-03-01"'}
SAMPLES["DateTime"] = '"2026-03-01T00:00:00Z"'


class CrossJoinRecorder(template.Compiler):
    """Records every SELECT with several items in FROM that no join condition connects."""

    found: ClassVar[set[str]] = set()

    def _compose_select_body(self, text: str, *details: Any, **options: Any) -> str:
        names = sorted(str(each) for each in details[3])
        # The template of a join condition selects from its two placeholder rows.
        if len(names) > 1 and names != [template.OTHER, template.THIS]:
            self.found.add(", ".join(names))
        # SQLAlchemy leaves its compilers untyped.
        body: str = super()._compose_select_body(text, *details, **options)  # type: ignore[no-untyped-call]
        return body


class RecordingDialect(template.Dialect):
    statement_compiler = CrossJoinRecorder


def filter_members(type_: GraphQLInputObjectType, target: str = "") -> Iterator[str]:
    """Every condition of the filter by every operator, each with a value of its type."""
    for name, field in type_.fields.items():
        named: Any = get_named_type(field.type)
        own = TARGETS.get((type_.name, name)) or type_named(name, target)
        if named is type_:  # Groups, and an operator's `not`.
            continue
        if is_input_object_type(named):
            members = list(filter_members(named, own))
            yield f"{name}: {{{', '.join(members[:1] if named.is_one_of else members)}}}"
        elif named.name == "ID":
            yield f'{name}: "{own}:{KEY}"'
        else:
            yield f"{name}: {SAMPLES.get(named.name) or next(iter(named.values))}"


def documents() -> Iterator[str]:
    for type_, name, field in list_fields():
        text = list_selection(name, field, KEY)
        if type_.name in NODES:
            text = f'node(id: "{type_.name}:{KEY}") {{ ... on {type_.name} {{ {text} }} }}'
        elif type_ is not core_schema().query_type or "first" not in field.args:
            continue
        yield text
        if "filter" in field.args:
            filter_type = get_named_type(field.args["filter"].type)
            assert is_input_object_type(filter_type)
            for condition in filter_members(filter_type):
                yield text.replace("(first: 100)", f"(first: 100, filter: {{{condition}}})", 1)
    for name in sorted(NODES):
        named = core_schema().type_map[name]
        assert is_object_type(named)
        yield f'node(id: "{name}:{KEY}") {{ ... on {name} {selection(named)} }}'


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_statement_has_a_cross_join_without_a_condition(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "DIALECT", RecordingDialect())  # type: ignore[no-untyped-call]  # As above.
    planner = Planner(core_schema(), SOURCES)

    found = {}
    for text in [text for text, other in in_turn(documents(), KINDS.values(), 1) if other is kind]:
        CrossJoinRecorder.found.clear()
        plan_of(text, kind, planner)
        if CrossJoinRecorder.found:
            found[text] = sorted(CrossJoinRecorder.found)

    assert found == {}
