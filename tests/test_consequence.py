"""Every step of a state machine that follows from a verb on something else: what is declared happens."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from graphql.pyutils import snake_to_camel

from api.documentation import state_machines
from api.models.choice import Choice, StateMachine
from api.resolvers import VERBS
from tests.asking import Api, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_scan import code_of, scan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Input = dict[str, object]
# Makes a thing of the noun in the status, from which the verb brings it to the target: its key, and the input of the verb.
Follow = Callable[[Api, Build, str, str, str], Awaitable[tuple[uuid.UUID, Input]]]


async def make_camp(build: Build, target: str, **values: Any) -> uuid.UUID:
    """With one place, which is offered from yesterday on where the target is an offer."""
    offers = {"offers_from": NOW - DAY} if target == "OFFERED" else {}
    return await build.camp(**{"capacity": 1, **offers, **values})


async def make_waiting(build: Build, noun: str, camp: uuid.UUID) -> uuid.UUID:
    if noun == "Contingent":
        return await build.contingent(camp, await build.organization(), places=1, status="WAITLISTED")
    return await build.camp_registration(camp, await build.person(), status="WAITLISTED")


def frees_by(status: str, camp_status: str = "OPEN", **values: object) -> Follow:
    """Who holds the place leaves it."""

    async def follow(_api: Api, build: Build, noun: str, _source: str, target: str) -> tuple[uuid.UUID, Input]:
        camp = await make_camp(build, target, status=camp_status)
        holder = await build.camp_registration(camp, await build.person(), status=status)
        return await make_waiting(build, noun, camp), {"campRegistration": f"CampRegistration:{holder}", **values}

    return follow


def frees_by_contingent(**values: object) -> Follow:
    """A contingent holds the place, and one more for somebody who was named."""

    async def follow(_api: Api, build: Build, noun: str, _source: str, target: str) -> tuple[uuid.UUID, Input]:
        camp = await make_camp(build, target, capacity=2)
        contingent = await build.contingent(camp, await build.organization(), places=2)
        await build.camp_registration(camp, await build.person(), contingent_id=contingent)
        return await make_waiting(build, noun, camp), {"contingent": f"Contingent:{contingent}", **values}

    return follow


async def change_camp(_api: Api, build: Build, noun: str, _source: str, target: str) -> tuple[uuid.UUID, Input]:
    camp = await make_camp(build, target)
    await build.camp_registration(camp, await build.person())
    return await make_waiting(build, noun, camp), {"camp": f"Camp:{camp}", "capacity": 2}


def of_camp(camp_status: str = "RUNNING", **values: object) -> Follow:
    """What a verb on the camp does to a registration or a contingent."""

    async def follow(_api: Api, build: Build, noun: str, source: str, _target: str) -> tuple[uuid.UUID, Input]:
        camp = await build.camp(status=camp_status, starts_at=NOW - DAY)
        if noun == "Contingent":
            key = await build.contingent(camp, await build.organization(), status=source)
        else:
            key = await build.camp_registration(camp, await build.person(), status=source)
        return key, {"camp": f"Camp:{camp}", **values}

    return follow


async def replace(_api: Api, build: Build, _noun: str, source: str, _target: str) -> tuple[uuid.UUID, Input]:
    key = await build.camp_registration(await build.camp(), await build.person(), status=source)
    other = f"Volunteer:{await build.person()}"
    return key, {"campRegistration": f"CampRegistration:{key}", "volunteer": other, "reason": "Sakit"}


async def reopen_camp(api: Api, build: Build, noun: str, source: str, target: str) -> tuple[uuid.UUID, Input]:
    """For whom it is released, the days since the completion are promised to a duty."""
    key, values = await of_camp("COMPLETED", reason="Satu sesi lagi")(api, build, noun, source, target)
    if target == "RELEASED":
        await build.connection.execute("UPDATE camp SET ended_at = $1", NOW - HOUR)
        person = await build.connection.fetchval(
            "UPDATE commitment SET period = tstzrange(lower(period), $1) RETURNING volunteer_id", NOW - HOUR
        )
        need = await build.need(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
        await build.assignment(need, person, status="ACCEPTED", accepted_at=NOW - HOUR)
    return key, values


# Of the camp at which somebody is taken for having come.
CAMP_OF_ENTRY = {"COMPLETED": "COMPLETED", "RELEASED": "CANCELLED"}


async def record_scans(api: Api, build: Build, _noun: str, source: str, target: str) -> tuple[uuid.UUID, Input]:
    camp = await build.camp(status=CAMP_OF_ENTRY.get(target, "RUNNING"), starts_at=NOW - DAY)
    person = await build.person()
    left = {"had_place": True, "updated_at": NOW} if source == "CANCELLED" else {}
    key = await build.camp_registration(camp, person, status=source, **left)
    entry = scan(await code_of(api, await build.coordinator(), volunteer=f"Volunteer:{person}"), "1")
    return key, {"camp": f"Camp:{camp}", "device": "hp", "scans": [entry], "isOffline": target in CAMP_OF_ENTRY}


async def annul_at_site(build: Build, source: str, target: str) -> tuple[uuid.UUID, Input]:
    """The check-in of a duty, or its check-out where the volunteer is on duty again."""
    site = await build.site(incident := await build.incident())
    need = await build.need(incident, site_id=site, starts_at=NOW - 4 * HOUR, ends_at=NOW + DAY)
    times = {"accepted_at": NOW - DAY, "checked_in_at": NOW - 3 * HOUR}
    times |= {"checked_out_at": NOW - HOUR} if source == "COMPLETED" else {}
    person = await build.volunteer()
    key = await build.assignment(need, person, status=source, **times)
    if target == "MOBILIZED":
        await build.row("attendance", assignment_id=key, kind="MOBILIZED", at=NOW - 4 * HOUR)
    if target == "COMPLETED":
        hours = {"starts_at": NOW - 3 * HOUR, "ends_at": NOW - HOUR, "source": "CORRECTION", "status": "COUNTED"}
        await build.row("served_hours", assignment_id=key, volunteer_id=person, reason="Daftar hadir", **hours)
    if target == "NO_SHOW":
        await build.connection.execute(
            """INSERT INTO event (at, actor_kind, kind, subject_type, subject_key, change)
            VALUES ($1, 'CLOCK', 'assignment.no_show', 'Assignment', $2, '{"status": "NO_SHOW", "from": "ACCEPTED"}')""",
            *(NOW - 3 * HOUR, str(key)),
        )
    point, kind = ("EXIT", "CHECKED_OUT") if target == "ON_DUTY" else ("ENTRY", "CHECKED_IN")
    row = {"volunteer_id": person, "assignment_id": key, "text": "x", "at": NOW, "device": "hp", "nonce": "1"}
    by = {"account_id": await build.account(), "is_offline": False}
    annulled = await build.row("scan", site_id=site, point=point, **row, **by)
    await build.connection.execute(
        "UPDATE attendance SET nonce = $3 WHERE assignment_id = $1 AND kind = $2", key, kind, f"scan {annulled}"
    )
    return key, {"scan": f"Scan:{annulled}", "reason": "Salah orang"}


async def annul_scan(_api: Api, build: Build, noun: str, source: str, target: str) -> tuple[uuid.UUID, Input]:
    if noun == "Assignment":
        return await annul_at_site(build, source, target)
    camp, person = await build.camp(status="RUNNING", starts_at=NOW - DAY), await build.person()
    key = await build.camp_registration(camp, person, status=source)
    row = {"volunteer_id": person, "registration_id": key, "text": "x", "at": NOW, "device": "hp", "nonce": "1"}
    by = {"account_id": await build.account(), "is_offline": False}
    entry = await build.row("scan", camp_id=camp, point="ENTRY", **row, **by)
    return key, {"scan": f"Scan:{entry}", "reason": "Salah orang"}


async def accept_assignment(_api: Api, build: Build, _noun: str, source: str, _target: str) -> tuple[uuid.UUID, Input]:
    camp, person = await build.camp(status="RUNNING", starts_at=NOW - DAY), await build.volunteer()
    key = await build.camp_registration(camp, person, status=source)
    need = await build.need(starts_at=NOW + timedelta(hours=1), ends_at=NOW + DAY)
    return key, {"assignment": f"Assignment:{await build.assignment(need, person, camp_id=camp)}"}


async def check_in(_api: Api, build: Build, _noun: str, source: str, _target: str) -> tuple[uuid.UUID, Input]:
    need = await build.need(starts_at=NOW - 4 * HOUR, ends_at=NOW + DAY)
    key = await build.assignment(need, await build.volunteer(), status=source, accepted_at=NOW - DAY)
    await build.row("attendance", assignment_id=key, kind="CHECKED_OUT", at=NOW - HOUR)
    return key, {"assignment": f"Assignment:{key}", "at": instant(NOW - 2 * HOUR)}


FOLLOW: dict[str, Follow] = {
    "accept_assignment": accept_assignment,
    "annul_scan": annul_scan,
    "cancel_camp": of_camp(reason="Banjir"),
    "cancel_registration": frees_by("REGISTERED", reason="Sakit"),
    "change_camp": change_camp,
    "check_in_assignment": check_in,
    "change_contingent": frees_by_contingent(places=1),
    "complete_camp": of_camp(),
    "decline_place": frees_by("OFFERED"),
    "record_scans": record_scans,
    "release_contingent": frees_by_contingent(reason="Hanya satu"),
    "release_participant": frees_by("CHECKED_IN", "RUNNING", reason="Sakit"),
    "reopen_camp": reopen_camp,
    "replace_participant": replace,
}


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
    key, values = await FOLLOW[verb](api, build, machine.noun, source, target)
    name, version = snake_to_camel(verb, upper=False), {"version": 1} if VERBS[verb].updates else {}

    payload = await api.do(
        f"mutation($input: {VERBS[verb].type_name}Input!) {{ {name}(input: $input) {{ problems {{ code }} }} }}",
        actor=await build.volunteer_account(await build.connection.fetchval("SELECT volunteer_id FROM assignment"))
        if verb == "accept_assignment"
        else await build.coordinator(),
        **version,
        **values,
    )

    table = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in machine.noun).strip("_")
    events = await build.connection.fetch(
        "SELECT change ->> 'from', change ->> 'status' FROM event WHERE subject_key = $1", str(key)
    )
    assert payload == {"problems": []}
    assert await build.connection.fetchval(f"SELECT status FROM {table} WHERE id = $1", key) == target
    assert [tuple(event) for event in events][-1:] == [(source, target)]
