"""The check at start-up names each type and field that cannot be answered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import build_schema

from api.compiler.check import check
from api.compiler.error import Undeclared
from api.compiler.source import Embedded, Expression, Source, ToConnection, ToMany, ToOne
from tests.compiler.lab.schema import DEFINITION, ROOTS, SOURCES, definition, references


def changed(type_: str, **values: Any) -> Mapping[str, Source]:
    return {**SOURCES, type_: replace(SOURCES[type_], **values)}


def with_field(name: str, field: str, declared: Any) -> Mapping[str, Source]:
    return changed(name, fields={**SOURCES[name].fields, field: declared})


def errors_of(sources: Mapping[str, Source], text: str = DEFINITION) -> list[str]:
    with pytest.raises(Undeclared) as error:
        check(build_schema(text), sources, ROOTS)
    return str(error.value).splitlines()


def test_the_example_schema_passes_the_check() -> None:
    check(definition(), SOURCES, ROOTS)


NO_VISIBLE_MEMBER = "may hold nothing that can be seen, so it, or what it lists, must be nullable."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("things: [Thing]!", "things: [Thing!]!", f"Shelf.things {NO_VISIBLE_MEMBER}"),
        ("pets: [Pet]!", "pets: [Pet!]!", f"Shelf.pets {NO_VISIBLE_MEMBER}"),
        ("best: Thing,", "best: Thing!,", f"Shelf.best {NO_VISIBLE_MEMBER}"),
        ("place: Int!, thing: Thing", "place: Int!, thing: Thing!", f"Box.thing {NO_VISIBLE_MEMBER}"),
        ("{ nodes: [Thing]!", "{ nodes: [Thing!]!", f"Shelf.thingPage {NO_VISIBLE_MEMBER}"),
        ("cursor: String!, node: Thing }", "cursor: String!, node: Thing! }", f"Shelf.thingPage {NO_VISIBLE_MEMBER}"),
        ("mascot: Thing", "mascot: Thing!", f"Query.mascot {NO_VISIBLE_MEMBER}"),
        (
            "union Thing = Cat",
            "type Fish { id: ID! }\nunion Thing = Fish | Cat",
            "Thing has no member that leads to Fish.",
        ),
        (
            "type Place {",
            "type Broken implements Content { place: Int! }\ntype Place {",
            "Content has no member that leads to Broken.",
        ),
        (
            "  place: Place,",
            "  place: Place!,",
            "Cat.place may be hidden by a policy or a guard, so it must be nullable.",
        ),
        (
            "secretPlace: Place,",
            "secretPlace: Place!,",
            "Cat.secretPlace may be hidden by a policy or a guard, so it must be nullable.",
        ),
        (
            "secret: String,",
            "secret: String!,",
            "Cat.secret may be hidden by a policy or a guard, so it must be nullable.",
        ),
        ("toys: [Box!],", "toys: [Box!]!,", "Cat.toys may be hidden by a policy or a guard, so it must be nullable."),
        (
            ": BoxConnection\n",
            ": BoxConnection!\n",
            "Cat.drawers may be hidden by a policy or a guard, so it must be nullable.",
        ),
        ("cat: Cat,", "cat: Cat!,", "Step.cat may be hidden by a policy or a guard, so it must be nullable."),
        ("weight: Decimal", "weight: Decimal!", "Dog.weight is a column that may be null, so it must be nullable."),
        (
            "bark: String!",
            "bark: String!, tail: Int",
            "Dog.tail is neither a public column of its table in api/models nor declared by its source in api/resolvers.",
        ),
        ("input BoxFilter {", "input BoxFilter { luck: Int, ", "Query.things: Thing cannot be filtered by luck."),
        ("enum Order {", "enum Order { LUCK ", "Shelf.thingPage: Thing has no order LUCK."),
        ("type Query {", "type Query { weather: Int", "Query.weather has no root."),
    ],
)
def test_the_check_names_each_field_whose_schema_does_not_fit_its_source(old: str, new: str, message: str) -> None:
    assert old in DEFINITION

    assert message in errors_of(SOURCES, DEFINITION.replace(old, new, 1))


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (changed("Thing", members=(references("Cat"), references("Dog"))), "Thing has no member that leads to Stone."),
        (changed("Pet", members=()), "Pet has no member that leads to Cat."),
        (changed("Stone", members=(references("Cat"),)), "Stone is an object type and has members."),
        (changed("Stone", variants=SOURCES["Content"].variants), "Stone is an object type and has members."),
        (changed("Content", variants=SOURCES["Content"].variants[1:]), "Content has no member that leads to Full."),
        (changed("Thing", members=(*SOURCES["Thing"].members, references("Fish"))), "Thing leads to Fish, which has no source."),
        (with_field("Box", "thing", Embedded("Fish")), "Box.thing leads to Fish, which has no source."),
        (with_field("Shelf", "best", ToOne("Fish", on=lambda row, other: sa.true())), "Shelf.best leads to Fish, which has no source."),
        (with_field("Shelf", "things", ToMany("Thing", "LUCK", on=lambda row, other: sa.true())), "Shelf.things: Thing has no order LUCK."),
        (with_field("Shelf", "things", ToMany("Thing", "PLACE")), "Shelf.things needs one way to find what it lists."),
        (with_field("Shelf", "thing_page", ToConnection("Stone")), "Shelf.thingPage: Stone has no order."),
        (with_field("Shelf", "boxes", Expression(lambda row, _context: row.c.name)), "Shelf.boxes is no value, but is declared as something else."),
        (with_field("Shelf", "name", Embedded("Box")), "Shelf.name is a value, but is declared as something else."),
        (changed("Cat", name="Kucing"), "The source of Cat calls itself Kucing."),
        (changed("Cat", key="code"), "Cat has no column code to be its key."),
    ],
)  # fmt: skip
def test_the_check_names_each_invalid_declaration(sources: Mapping[str, Source], message: str) -> None:
    assert message in errors_of(sources)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_check_names_a_type_without_a_source(name: str) -> None:
    message = errors_of({key: source for key, source in SOURCES.items() if key != name})

    assert any(
        line.startswith(f"{name} has no source") or f"leads to {name}, which has no source." in line for line in message
    )
