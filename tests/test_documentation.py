"""Documents say what the declarations say, and words that were given up stay given up."""

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    is_specified_scalar_type,
)

from api.documentation import FOLDER, documents
from api.resolvers import VERBS
from api.schema.build import core_schema, schema_definition
from tests.released import undeclared_breaks

ROOT = Path(__file__).resolve().parents[1]

# Types that are made from others; their names say from which.
DERIVED = re.compile(r"\w+(Connection|Edge|Filter|Order|Payload|Result)|Query|Mutation")

# Names in `api` that said nothing to a newcomer, and what they are called now is said by the code.
RETIRED = {
    *(
        "Estate",
        "told",
        "_ToldApart",
        "TOLD_APART",
        "given",
        "Given",
        "Ask",
        "ask",
        "Tagger",
        "tagged",
        "kept",
        "Stages",
    ),
    *("One", "Many", "Page", "Part", "covered", "Place", "Reached", "walk", "Watch", "callings", "Handed", "become"),
    *("sealed", "opened", "indexed", "settled", "at_once", "side_by_side", "exceeded", "sought", "asked_trace"),
}


@pytest.mark.parametrize("name", documents())
def test_a_printed_document_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == documents()[name], "Run `make docs`."


def is_hand_made(type_: GraphQLNamedType) -> bool:
    inputs = {f"{verb.type_name}Input" for verb in VERBS.values()}
    known = isinstance(
        type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLEnumType | GraphQLScalarType | GraphQLInputObjectType
    )
    is_derived = bool(DERIVED.fullmatch(type_.name)) or type_.name in inputs
    return known and not type_.name.startswith("__") and not is_specified_scalar_type(type_) and not is_derived


def test_the_glossary_has_every_type_that_is_not_derived() -> None:
    glossary = (FOLDER / "glossary.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)`", glossary, re.MULTILINE))

    types = {type_.name for type_ in core_schema().type_map.values() if is_hand_made(type_)}

    assert sorted(types - explained) == [], "add a line to docs/glossary.md"


def names_in(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name)
            case _:
                pass
    return found


@pytest.mark.parametrize("file", sorted((ROOT / "api").rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_identifier_bears_a_retired_name(file: Path) -> None:
    names = names_in(ast.parse(file.read_text(encoding="utf-8")))

    assert sorted(names & RETIRED) == []


def test_operators_read_what_each_refusal_of_a_schema_asks_of_them() -> None:
    """The table of messages has the beginning of each, as far as it does not depend on the database."""
    tree = ast.parse((ROOT / "api" / "database" / "migration.py").read_text(encoding="utf-8"))
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "SchemaError"]
    beginnings = [literal_beginning(node.args[0]) for node in raised]
    operations = (FOLDER / "operations.md").read_text(encoding="utf-8")

    assert len(beginnings) == 4
    assert [each for each in beginnings if f"| `{each[:60].rstrip()}" not in operations] == []


def literal_beginning(text: ast.expr) -> str:
    first = text.values[0] if isinstance(text, ast.JoinedStr) else text
    assert isinstance(first, ast.Constant)
    return str(first.value)


def test_the_contract_breaks_nothing_that_was_released() -> None:
    released = build_schema((ROOT / "schema.released.graphql").read_text(encoding="utf-8"))

    assert undeclared_breaks(released, build_schema(schema_definition()), date.today()) == []  # noqa: DTZ011  # A day is enough.
