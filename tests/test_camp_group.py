"""Tents, squads, classes and buses: filled by contingent and by name, never past a limit."""

import uuid

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import Build
from tests.snapshot import snapshot

ARRANGE = f"""mutation($input: ArrangeGroupInput!) {{ arrangeGroup(input: $input) {{
  campGroup {{ id kind name capacity taken sex members {{ number }} }} {PROBLEMS} }} }}"""


async def camp_with_contingent(build: Build) -> tuple[uuid.UUID, uuid.UUID, list[uuid.UUID]]:
    """Three people of a contingent, the second of them a man, and the fourth without contingent."""
    camp, organization = await build.camp(), await build.organization()
    contingent = await build.contingent(camp, organization)
    registrations = [
        await build.camp_registration(camp, await build.volunteer(), sex=sex, contingent_id=contingent)
        for sex in ("FEMALE", "MALE", "FEMALE")
    ]
    return (
        camp,
        contingent,
        [*registrations, await build.camp_registration(camp, await build.volunteer(), sex="FEMALE")],
    )


def members(payload: Json) -> list[int]:
    assert payload["problems"] == []
    return [each["number"] for each in payload["campGroup"]["members"]]


async def test_a_tent_is_filled_by_contingent_as_far_as_it_holds(api: Api, build: Build) -> None:
    actor = await build.coordinator()
    camp, contingent, (_, _, third, fourth) = await camp_with_contingent(build)
    new = {"camp": f"Camp:{camp}", "kind": "TENT", "contingents": [f"Contingent:{contingent}"]}

    women = await api.do(ARRANGE, actor=actor, **new, name="Melati", capacity=1, sex="FEMALE")
    more = await api.do(
        ARRANGE,
        actor=actor,
        camp=f"Camp:{camp}",
        group=women["campGroup"]["id"],
        capacity=3,
        contingents=[f"Contingent:{contingent}"],
        registrations=[f"CampRegistration:{fourth}"],
    )
    others = await api.do(ARRANGE, actor=actor, **new, name="Kenanga", capacity=5)
    moved = await api.do(
        ARRANGE,
        actor=actor,
        camp=f"Camp:{camp}",
        group=others["campGroup"]["id"],
        registrations=[f"CampRegistration:{third}"],
    )
    await build.connection.execute("UPDATE camp_registration SET status = 'CANCELLED' WHERE id = $1", fourth)

    assert women["campGroup"] == {
        "id": women["campGroup"]["id"],
        "kind": "TENT",
        "name": "Melati",
        "capacity": 1,
        "taken": 1,
        "sex": "FEMALE",
        "members": [{"number": 1}],
    }
    assert [members(each) for each in (more, others, moved)] == [[1, 3, 4], [2], [2, 3]]
    assert await build.connection.fetchval("SELECT taken FROM camp_group WHERE name = 'Melati'") == 1


async def test_no_group_passes_its_limits(api: Api, build: Build) -> None:
    actor = await build.coordinator()
    camp, _, registrations = await camp_with_contingent(build)
    named = [f"CampRegistration:{each}" for each in registrations]
    stranger = await build.camp_registration(await build.camp(), await build.volunteer())
    new = {"camp": f"Camp:{camp}", "kind": "BUS", "capacity": 2}

    full = await api.do(ARRANGE, actor=actor, **new, name="Satu", registrations=named[:3])
    sex = await api.do(ARRANGE, actor=actor, **new, name="Dua", sex="FEMALE", registrations=named[1:2])
    other = await api.do(ARRANGE, actor=actor, **new, name="Tiga", registrations=[f"CampRegistration:{stranger}"])

    assert full["problems"] == [problem("Simple", "GROUP_FULL", "capacity")]
    assert sex["problems"] == [problem("Simple", "NOT_OF_GROUP", "registrations")]
    assert other["problems"] == [problem("Simple", "NOT_OF_GROUP", "registrations")]
    assert await build.connection.fetchval("SELECT count(*) FROM camp_group") == 0


async def test_fewer_places_than_are_held_are_refused_with_the_names_unless_somebody_leaves(
    api: Api, build: Build
) -> None:
    actor = await build.coordinator()
    camp, _, registrations = await camp_with_contingent(build)
    named = [f"CampRegistration:{each}" for each in registrations]
    new = {"camp": f"Camp:{camp}", "kind": "BUS", "capacity": 4, "name": "Satu", "registrations": [*named, named[0]]}
    group = (await api.do(ARRANGE, actor=actor, **new))["campGroup"]["id"]
    before = await snapshot(build.connection)

    fewer = {"camp": f"Camp:{camp}", "group": group, "capacity": 3}
    refused = await api.do(ARRANGE, actor=actor, **fewer)
    unchanged = await snapshot(build.connection)
    left = await api.do(ARRANGE, actor=actor, **fewer, remove=named[:1])

    below = problem("Limit", "BELOW_TAKEN", "capacity", count=4, limit=3)
    held = problem("Registration", "PLACE_HELD", "capacity", registration={"id": named[3]})
    assert refused == {"campGroup": None, "problems": [below, held]}
    assert unchanged == before
    assert members(left) == [2, 3, 4]


async def test_a_leader_whom_the_actor_may_not_see_is_unknown(api: Api, build: Build) -> None:
    host = await build.organization()
    camp, actor = await build.camp(host), await build.manager(host)
    member, stranger = await build.volunteer(host), await build.volunteer()
    group = await build.row("camp_group", camp_id=camp, kind="TENT", name="Melati", capacity=1, leader_id=member)
    before = await snapshot(build.connection)

    answers = [
        await api.do(ARRANGE, actor=actor, camp=f"Camp:{camp}", leader=f"Volunteer:{leader}", **values)
        for leader in (stranger, uuid.UUID(int=7))
        for values in ({"kind": "BUS", "name": "Satu", "capacity": 2}, {"group": f"CampGroup:{group}"})
    ]
    unchanged = await snapshot(build.connection)
    seen = await api.do(
        ARRANGE, actor=actor, camp=f"Camp:{camp}", group=f"CampGroup:{group}", leader=f"Volunteer:{member}"
    )

    refused = {"campGroup": None, "problems": [problem("Simple", "NOT_FOUND", "leader")]}
    assert answers == [refused] * 4
    assert unchanged == before
    assert seen["problems"] == []


async def test_plain_sql_passes_no_capacity(build: Build) -> None:
    camp, _, registrations = await camp_with_contingent(build)
    group = await build.row("camp_group", camp_id=camp, kind="TENT", name="Melati", capacity=1)
    await build.row("camp_group_member", group_id=group, registration_id=registrations[0])

    with pytest.raises(asyncpg.CheckViolationError):
        await build.row("camp_group_member", group_id=group, registration_id=registrations[1])
