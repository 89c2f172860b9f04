"""Every step of a state machine that follows from a verb on something else: what is declared happens."""

from typing import Any

import pytest
from graphql.pyutils import snake_to_camel

from api.documentation import state_machines
from api.models.choice import Choice, StateMachine
from api.resolvers import VERBS
from api.values.name import snake_case
from tests.asking import Api
from tests.builders import Build
from tests.following import FOLLOW


@pytest.mark.parametrize(
    ("machine", "source", "target", "verb"),
    [
        pytest.param(machine, source, each.target, verb, id=f"{machine.noun} {source} {each.target} {verb}")
        for machine in state_machines()
        for each in machine.consequences
        for source in each.sources
        for verb in each.verbs
    ],
)
async def test_what_is_declared_to_follow_from_a_verb_follows(
    api: Api, build: Build, machine: StateMachine[Any, Any], source: Choice, target: Choice, verb: str
) -> None:
    """No other step happens: each is checked against the machine before it is written."""
    assert verb in FOLLOW, (
        "name it in FOLLOW of tests/following.py: a thing, and the input of the verb that brings it there"
    )
    key, values = await FOLLOW[verb](api, build, machine.noun, source, target)
    actor = values.pop("actor", None) or await build.coordinator()
    name, version = snake_to_camel(verb, upper=False), {"version": 1} if VERBS[verb].updates else {}

    payload = await api.do(
        f"mutation($input: {VERBS[verb].type_name}Input!) {{ {name}(input: $input) {{ problems {{ code }} }} }}",
        actor=actor,
        **version,
        **values,
    )

    key = key or await build.connection.fetchval(f"SELECT id FROM {snake_case(machine.noun)}")
    steps = await build.connection.fetch(
        "SELECT change ->> 'from', change ->> 'status' FROM event WHERE subject_key = $1 ORDER BY position", str(key)
    )
    assert payload == {"problems": []}
    assert (source, target) in [tuple(step) for step in steps]
    status = f"SELECT {machine.column} FROM {snake_case(machine.noun)} WHERE id = $1"
    assert await build.connection.fetchval(status, key) == steps[-1][1]
