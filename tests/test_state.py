"""Every pair of status and action of every state machine: what is declared is done, and nothing else."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from graphql.pyutils import snake_to_camel

from api.documentation import state_machines
from api.models.choice import Choice, Move, StateMachine
from api.resolvers import VERBS
from api.resolvers.verb import field_name
from tests.asking import Api, Json
from tests.builders import Build

# A thing of the noun in a status, and an account that may do everything with it.
Make = Callable[[Build, Choice], Awaitable[tuple[uuid.UUID, uuid.UUID]]]


async def make_assignment(build: Build, status: Choice) -> tuple[uuid.UUID, uuid.UUID]:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    account = await build.manager(organization)
    await build.row("role", account_id=account, kind="COORDINATOR")
    return await build.assignment(await build.need(), volunteer, status=str(status)), account


MAKE: dict[str, Make] = {"Assignment": make_assignment}

# What the input of an action needs besides the thing and its version.
INPUT: dict[str, dict[str, object]] = {"cancel_assignment": {"reason": "Batal"}}


def verb_name(machine: StateMachine[Any, Any], move: Move[Any, Any]) -> str:
    return f"{move.action.lower()}_{field_name(machine.noun)}"


PAIRS = [
    pytest.param(machine, move, status, id=f"{machine.noun} {status} {move.action}")
    for machine in state_machines()
    for move in machine.moves
    if move.sources
    for status in machine.statuses
]


@pytest.mark.parametrize(("machine", "move", "status"), PAIRS)
async def test_a_move_exists_from_its_statuses_only(
    api: Api, build: Build, machine: StateMachine[Any, Any], move: Move[Any, Any], status: Choice
) -> None:
    key, account = await MAKE[machine.noun](build, status)
    name, field = verb_name(machine, move), snake_to_camel(field_name(machine.noun), upper=False)
    before = await build.connection.fetchrow(f'SELECT * FROM "{field_name(machine.noun)}" WHERE id = $1', key)

    payload: Json = await api.do(
        f"mutation($input: {VERBS[name].type_name}Input!) {{ {snake_to_camel(name, upper=False)}(input: $input) {{"
        f" {field} {{ status version }} problems {{ code ... on StatusProblem {{ currentStatus }} }} }} }}",
        actor=account,
        **{field: f"{machine.noun}:{key}", "version": 1, **INPUT.get(name, {})},
    )

    events = await build.connection.fetch("SELECT kind, subject_key FROM event")
    if status in move.sources:
        assert payload == {field: {"status": move.target, "version": 2}, "problems": []}
        assert [tuple(event) for event in events] == [(f"{field}.{move.target.lower()}", str(key))]
    else:
        assert payload == {field: None, "problems": [{"code": "WRONG_STATUS", "currentStatus": status}]}
        assert (
            await build.connection.fetchrow(f'SELECT * FROM "{field_name(machine.noun)}" WHERE id = $1', key) == before
        )
        assert events == []


@pytest.mark.parametrize(
    ("machine", "status"),
    [
        pytest.param(machine, status, id=f"{machine.noun} {status}")
        for machine in state_machines()
        for status in machine.statuses
    ],
)
async def test_the_allowed_actions_are_the_moves_from_the_status(
    api: Api, build: Build, machine: StateMachine[Any, Any], status: Choice
) -> None:
    key, account = await MAKE[machine.noun](build, status)
    field = snake_to_camel(field_name(machine.noun), upper=False)

    answer = await api.ask(f'{{ {field}(id: "{machine.noun}:{key}") {{ allowedActions }} }}', actor=account)
    public = await api.ask(f'{{ {field}(id: "{machine.noun}:{key}") {{ allowedActions }} }}')

    moves = [move.action for move in machine.moves if status in move.sources]
    assert answer == {field: {"allowedActions": moves}}
    assert public[field] in (None, {"allowedActions": []})


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.noun)
def test_every_move_is_a_mutation_and_every_status_is_reached(machine: StateMachine[Any, Any]) -> None:
    assert {verb_name(machine, move) for move in machine.moves} <= VERBS.keys()
    assert {*machine.initial} == {move.target for move in machine.moves if not move.sources}
    assert list(machine.actions.__members__) == list(dict.fromkeys(move.action for move in machine.moves))
