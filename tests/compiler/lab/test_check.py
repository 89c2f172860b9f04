"""What cannot be answered is found when the program starts, by the name of its type and field."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import build_schema

from api.compiler.check import check
from api.compiler.error import Undeclared
from api.compiler.source import Embedded, Expression, Source, ToConnection, ToMany, ToOne
from tests.compiler.lab.museum import DEFINITION, ROOTS, SOURCES, definition, leads


def changed(type_: str, **values: Any) -> Mapping[str, Source]:
    return {**SOURCES, type_: replace(SOURCES[type_], **values)}


def with_field(name: str, field: str, declared: Any) -> Mapping[str, Source]:
    return changed(name, fields={**SOURCES[name].fields, field: declared})


def refused(sources: Mapping[str, Source], text: str = DEFINITION) -> list[str]:
    with pytest.raises(Undeclared) as error:
        check(build_schema(text), sources, ROOTS)
    return str(error.value).splitlines()


def test_the_museum_can_be_answered() -> None:
    check(definition(), SOURCES, ROOTS)


UNSEEN = "may hold nothing that can be seen, so it, or what it lists, must be nullable."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("things: [Thing]!", "things: [Thing!]!", f"Shelf.things {UNSEEN}"),
        ("pets: [Pet]!", "pets: [Pet!]!", f"Shelf.pets {UNSEEN}"),
        ("best: Thing,", "best: Thing!,", f"Shelf.best {UNSEEN}"),
        ("place: Int!, thing: Thing", "place: Int!, thing: Thing!", f"Box.thing {UNSEEN}"),
        ("{ nodes: [Thing]!", "{ nodes: [Thing!]!", f"Shelf.thingPage {UNSEEN}"),
        ("cursor: String!, node: Thing }", "cursor: String!, node: Thing! }", f"Shelf.thingPage {UNSEEN}"),
        ("mascot: Thing", "mascot: Thing!", f"Query.mascot {UNSEEN}"),
        (
            "union Thing = Cat",
            "type Fish { id: ID! }\nunion Thing = Fish | Cat",
            "Thing has no member that leads to Fish.",
        ),
        (
            "secret: String,",
            "secret: String!,",
            "Cat.secret may be hidden by a policy or a guard, so it must be nullable.",
        ),
        ("toys: [Box!],", "toys: [Box!]!,", "Cat.toys may be hidden by a policy or a guard, so it must be nullable."),
        (
            ": BoxConnection }",
            ": BoxConnection! }",
            "Cat.drawers may be hidden by a policy or a guard, so it must be nullable.",
        ),
        ("cat: Cat,", "cat: Cat!,", "Step.cat may be hidden by a policy or a guard, so it must be nullable."),
        ("weight: Decimal", "weight: Decimal!", "Dog.weight is a column that may be null, so it must be nullable."),
        ("bark: String!", "bark: String!, tail: Int", "Dog.tail has no source and no public column."),
        ("input BoxFilter {", "input BoxFilter { luck: Int, ", "Query.things: Thing cannot be filtered by luck."),
        ("enum Order {", "enum Order { LUCK ", "Shelf.thingPage: Thing has no order LUCK."),
        ("type Query {", "type Query { weather: Int", "Query.weather has no root."),
    ],
)
def test_a_schema_that_promises_too_much_is_refused_by_name(old: str, new: str, said: str) -> None:
    assert old in DEFINITION

    assert said in refused(SOURCES, DEFINITION.replace(old, new, 1))


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (changed("Thing", members=(leads("Cat"), leads("Dog"))), "Thing has no member that leads to Stone."),
        (changed("Pet", members=()), "Pet has no member that leads to Cat."),
        (changed("Stone", members=(leads("Cat"),)), "Stone is an object type and has members."),
        (changed("Thing", members=(*SOURCES["Thing"].members, leads("Fish"))), "Thing leads to Fish, which has no source."),
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
def test_a_declaration_that_cannot_be_meant_is_refused_by_name(sources: Mapping[str, Source], said: str) -> None:
    assert said in refused(sources)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_type_without_a_source_is_named(name: str) -> None:
    said = refused({key: source for key, source in SOURCES.items() if key != name})

    assert any(
        line.startswith(f"{name} has no source") or f"leads to {name}, which has no source." in line for line in said
    )
