from pathlib import Path

from api.schema.build import schema_definition


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    committed = Path("schema.graphql").read_text()

    assert committed == schema_definition(), "make schema writes it anew"
