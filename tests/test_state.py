"""Every status, phase and action of every state machine: what is declared is done, and nothing else."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from graphql import GraphQLInputObjectType, is_required_input_field
from graphql.pyutils import snake_to_camel

from api.database.statement import compile_statement
from api.documentation import state_machines
from api.models.assignment_status import ASSIGNMENT, has_not_served
from api.models.choice import Choice, Move, Phase, StateMachine
from api.models.organization import LICENCE, ORGANIZATION, Licence, Verification
from api.resolvers import VERBS
from api.resolvers.common import allowed_actions
from api.resolvers.verb import field_name
from api.schema.build import core_schema
from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot

# A thing of the noun in a status and a phase, and an account that may do everything with it.
Make = Callable[[Build, Choice, Phase], Awaitable[tuple[uuid.UUID, uuid.UUID]]]

DAY = timedelta(days=1)
STARTS = {Phase.AHEAD: NOW + DAY, Phase.RUNNING: NOW - DAY, Phase.OVER: NOW - 3 * DAY}


async def make_assignment(build: Build, status: Choice, phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    """A duty of two days."""
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    account = await build.manager(organization)
    await build.row("role", account_id=account, kind="COORDINATOR")
    need = await build.need(starts_at=STARTS[phase], ends_at=STARTS[phase] + 3 * DAY)
    return await build.assignment(need, volunteer, status=str(status), ends_at=STARTS[phase] + 2 * DAY), account


async def make_incident(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    others: dict[str, Any] = {"merged_into_id": await build.incident()} if status == "MERGED" else {}
    return await build.incident(status=str(status), **others), await build.coordinator()


async def make_situation_report(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    return await build.situation_report(await build.incident(), status=str(status)), await build.coordinator()


async def make_organization(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    return await build.organization(verification=str(status)), await build.coordinator()


async def make_licence(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    revoked = {"revoked_on": date(2026, 2, 2)} if status == "REVOKED" else {}
    return await build.licence(await build.organization(), status=str(status), **revoked), await build.coordinator()


async def make_pledge(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    organization, need = await build.organization(), await build.need()
    others: dict[str, Any] = {}
    if status == "HANDED_OVER":
        others["handed_over_to_id"] = await build.pledge(need, organization)
    pledge = await build.pledge(need, organization, status=str(status), **others)
    return pledge, await build.manager(organization)


async def make_membership_request(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    """Of a person who is also a manager of the organization that asks."""
    organization, person = await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    await build.row("role", account_id=account, kind="MANAGER", organization_id=organization)
    return await build.membership_request(person, organization, status=str(status)), account


async def make_camp(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    return await build.camp(status=str(status)), await build.coordinator()


async def make_membership_transfer(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    """Of a person who is also a manager of both organizations."""
    old, new, person = await build.organization(), await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    for organization in (old, new):
        await build.row("role", account_id=account, kind="MANAGER", organization_id=organization)
    membership = await build.membership(person, old)
    return await build.membership_transfer(membership, new, status=str(status)), account


async def make_certificate_request(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    """Of a person who is also a manager of the issuer."""
    issuer, person = await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    await build.row("role", account_id=account, kind="MANAGER", organization_id=issuer)
    return await build.certificate_request(person, issuer, status=str(status)), account


async def make_certificate_extension(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    return await build.certificate_extension(status=str(status)), await build.coordinator()


async def make_contingent(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    contingent = await build.contingent(await build.camp(), await build.organization(), status=str(status))
    return contingent, await build.coordinator()


async def make_camp_registration(build: Build, status: Choice, _phase: Phase) -> tuple[uuid.UUID, uuid.UUID]:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY)
    return await build.camp_registration(camp, await build.person(), status=str(status)), await build.coordinator()


MAKE: dict[str, Make] = {
    "Assignment": make_assignment,
    "Camp": make_camp,
    "CertificateExtension": make_certificate_extension,
    "CertificateRequest": make_certificate_request,
    "CampRegistration": make_camp_registration,
    "Contingent": make_contingent,
    "Incident": make_incident,
    "SituationReport": make_situation_report,
    "Licence": make_licence,
    "MembershipRequest": make_membership_request,
    "MembershipTransfer": make_membership_transfer,
    "Organization": make_organization,
    "Pledge": make_pledge,
}


async def make(
    machine: StateMachine[Any, Any], build: Build, status: Choice, phase: Phase
) -> tuple[uuid.UUID, uuid.UUID]:
    assert machine.noun in MAKE, f"name {machine.noun} in MAKE: how such a thing is made in each status"
    return await MAKE[machine.noun](build, status, phase)


MakeInput = Callable[[Build], Awaitable[dict[str, object]]]


def values(**constants: object) -> MakeInput:
    async def make_values(_build: Build) -> dict[str, object]:
        return constants

    return make_values


async def make_other(build: Build) -> dict[str, object]:
    """Another incident that is being worked on."""
    return {"into": f"Incident:{await build.incident(has_decree=False)}"}


async def make_taker(build: Build) -> dict[str, object]:
    """An organization that takes the pledge."""
    return {"organization": f"Organization:{await build.organization()}"}


async def make_longer(build: Build) -> dict[str, object]:
    """A later end."""
    ends_at = await build.connection.fetchval("SELECT ends_at FROM assignment")
    return {"endsAt": instant(ends_at + timedelta(hours=1))}


# What the input of an action needs besides the thing, its version and a reason, by its verb, or by the noun and the action.
INPUT: dict[str, MakeInput] = {
    "check_in_assignment": values(at=instant(NOW - 2 * DAY)),
    "extend_assignment": make_longer,
    "hand_over_pledge": make_taker,
    "merge_incidents": make_other,
    "MembershipTransfer ACCEPT": values(accept=True),
    "MembershipTransfer REFUSE": values(accept=False, reason="Tetap di sini"),
}


async def input_of(build: Build, machine: StateMachine[Any, Any], action: Choice) -> dict[str, object]:
    """With the version and a reason, where the input of the verb requires them."""
    name = machine.verb_of(machine.moves_of(action)[0])
    type_ = core_schema().type_map[f"{VERBS[name].type_name}Input"]
    assert isinstance(type_, GraphQLInputObjectType)
    required = {each for each, declared in type_.fields.items() if is_required_input_field(declared)}
    common = {each: value for each, value in {"version": 1, "reason": "Ada sebabnya"}.items() if each in required}
    own = INPUT.get(name) or INPUT.get(f"{machine.noun} {action}")
    found = common | (await own(build) if own else {})
    missing = required - found.keys() - {field_of(machine)}
    assert not missing, f"name {name} in INPUT: what its input needs, here {sorted(missing)}"
    return found


def field_of(machine: StateMachine[Any, Any]) -> str:
    return snake_to_camel(field_name(machine.noun), upper=False)


def phases(machine: StateMachine[Any, Any]) -> tuple[Phase, ...]:
    return tuple(Phase) if machine.phase else (Phase.AHEAD,)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an action does: by which move, or which refusal; `status` is the one that reads now."""

    status: Choice
    move: Move[Any, Any] | None = None
    code: str | None = None


def expected(machine: StateMachine[Any, Any], action: Choice, status: Choice, phase: Phase) -> Expected:
    """An offer promises nothing; who is on duty has begun; what has lapsed reads so."""
    stored, lapses = status, {lapse.source: lapse.target for lapse in machine.lapses} if phase is Phase.OVER else {}
    status = lapses.get(stored, stored)
    phase = {"OFFERED": Phase.AHEAD, "ON_DUTY": max(phase, Phase.RUNNING, key=list(Phase).index)}.get(status, phase)
    moves = machine.moves_of(action)
    for move in moves:
        # Who is on duty has come; no extension is proposed.
        is_met = move.when is None or (move.when is has_not_served and stored != "ON_DUTY")
        if status in move.sources and phase in move.phases and is_met:
            return Expected(status, move)
    if status == "EXPIRED" != stored:
        return Expected(status, code="OFFER_EXPIRED")
    if status not in ASSIGNMENT.group("PROMISED") or any(phase in move.phases for move in moves):
        return Expected(status, code="WRONG_STATUS")
    codes = {Phase.AHEAD: "DUTY_NOT_BEGUN", Phase.OVER: "DUTY_OVER"}
    return Expected(status, code="DUTY_BEGUN" if action == "CANCEL" else codes[phase])


CASES = [
    pytest.param(machine, action, status, phase, id=f"{machine.noun} {status} {action} {phase}")
    for machine in state_machines()
    for action in machine.actions
    if machine.moves_of(action)[0].sources
    for status in machine.statuses
    for phase in phases(machine)
]


@pytest.mark.parametrize(("machine", "action", "status", "phase"), CASES)
async def test_a_move_exists_from_its_statuses_and_in_its_phases_only(
    api: Api, build: Build, machine: StateMachine[Any, Any], action: Choice, status: Choice, phase: Phase
) -> None:
    key, account = await make(machine, build, status, phase)
    name, field = machine.verb_of(machine.moves_of(action)[0]), field_of(machine)
    others = await input_of(build, machine, action)
    before = await snapshot(build.connection)

    payload: Json = await api.do(
        f"mutation($input: {VERBS[name].type_name}Input!) {{ {snake_to_camel(name, upper=False)}(input: $input) {{"
        f" {field} {{ {machine.column} version }} problems {{ code ... on StatusProblem {{ currentStatus }} }} }} }}",
        actor=account,
        **{field: f"{machine.noun}:{key}", **others},
    )

    due = expected(machine, action, status, phase)
    if due.move is not None:
        lapsed = [due.status] if due.status != status else []
        events = await build.connection.fetch(
            "SELECT change ->> 'status' AS status, subject_key FROM event WHERE subject_key = $1", str(key)
        )
        target = due.move.target or due.status
        # Who is late by more than twelve hours is seen to have been there.
        reads = {lapse.source: lapse.target for lapse in machine.lapses if phase is Phase.OVER}.get(target, target)
        assert payload == {field: {machine.column: reads, "version": 2 + len(lapsed)}, "problems": []}
        assert [tuple(event) for event in events] == [(each, str(key)) for each in (*lapsed, due.move.target)]
    else:
        facts = {"currentStatus": due.status} if due.code == "WRONG_STATUS" else {}
        assert payload == {field: None, "problems": [{"code": due.code, **facts}]}
        assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    ("machine", "status", "phase"),
    [
        pytest.param(machine, status, phase, id=f"{machine.noun} {status} {phase}")
        for machine in state_machines()
        for status in machine.statuses
        for phase in phases(machine)
    ],
)
async def test_the_allowed_actions_are_the_moves_that_exist(
    api: Api, build: Build, machine: StateMachine[Any, Any], status: Choice, phase: Phase
) -> None:
    key, account = await make(machine, build, status, phase)
    field = field_of(machine)

    answer = await api.ask(f'{{ {field}(id: "{machine.noun}:{key}") {{ allowedActions }} }}', actor=account)
    public = await api.ask(f'{{ {field}(id: "{machine.noun}:{key}") {{ allowedActions }} }}')

    made = dict.fromkeys(move.action for move in machine.moves if move.sources)
    found = {action: expected(machine, action, status, phase).move for action in made}
    moves = [action for action, move in found.items() if move and not move.is_late]
    assert answer == {field: {"allowedActions": moves}}
    assert public[field] in (None, {"allowedActions": []})


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.noun)
def test_every_move_is_a_mutation_and_every_status_is_reached(machine: StateMachine[Any, Any]) -> None:
    missing = {move.action: name for move in machine.moves if (name := machine.verb_of(move)) not in VERBS}
    assert missing == {}, "a verb with another name than action and noun is named in its move: verb=…"
    assert {verb for each in machine.consequences for verb in each.verbs} <= VERBS.keys()
    assert machine.reached(machine.initial) == list(machine.statuses.__members__.values()), (
        "no step leads to a status: declare its move"
    )
    assert {*machine.initial} == {move.target for move in machine.moves if not move.sources}
    assert list(machine.actions.__members__) == list(dict.fromkeys(move.action for move in machine.moves))


def test_a_status_is_reached_by_the_steps_that_are_declared() -> None:
    moves = [move for move in ORGANIZATION.moves if move.target != Verification.SUSPENDED]

    machine = replace(ORGANIZATION, moves=moves)

    assert machine.reached(machine.initial) == [each for each in Verification if each != "SUSPENDED"]


async def test_a_machine_that_has_only_its_making_lists_no_action(connection: asyncpg.Connection) -> None:
    machine = replace(LICENCE, moves=[move for move in LICENCE.moves if not move.sources])

    actions = allowed_actions(machine).sql(Licence, None)  # type: ignore[arg-type]  # No move asks for the viewer.

    assert await connection.fetchval(compile_statement(sa.select(actions)).sql) == []
