from pathlib import Path

import pytest
from graphql import is_interface_type

from api.resolvers import NOUNS, VERBS
from api.resolvers.verb import payload_sources
from api.schema.build import core_schema, schema_definition


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    committed = Path("schema.graphql").read_text()

    assert committed == schema_definition(), "make schema writes it anew"


def test_a_field_of_an_interface_has_one_type_everywhere() -> None:
    # GraphQL refuses a document that selects a nullable and a non-null field under one key, in whichever types.
    schema = core_schema()
    interfaces = [each for each in schema.type_map.values() if is_interface_type(each)]

    different = {
        f"{type_.name}.{name}: {type_.fields[name].type}"
        for interface in interfaces
        for type_ in schema.get_possible_types(interface)
        for name, field in interface.fields.items()
        if str(type_.fields[name].type) != str(field.type)
    }

    assert different == set()


def test_a_verb_that_answers_with_a_noun_without_a_source_is_named() -> None:
    others = {name: source for name, source in NOUNS.items() if name != "Licence"}

    with pytest.raises(LookupError, match="record_licence answers with Licence: add its source to SOURCES"):
        [*payload_sources(VERBS["record_licence"], others)]
