"""What happened around a thing: newest first, as far as the reader may see it, in words."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from api import access, services
from api.access.event import SUBJECTS
from api.documentation import state_machines
from api.reference import CATALOGUES
from api.resolvers import NOUNS
from api.services.change import Changeable
from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build


def recorded(module: ModuleType) -> Iterator[str]:
    """The kinds of events that the source of a service names."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Call(func=ast.Name(id="record" | "record_all"), args=[_, _, ast.Constant(value=str(kind)), *_]):
                yield kind
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="change"),
                args=[_, _, _, ast.Constant(value=str(event)), *_],
            ):
                noun = getattr(module, name)
                assert isinstance(noun, Changeable)
                yield f"{noun.table.name}.{event}"
            # `change` of services/duty.py.
            case ast.Call(func=ast.Name(id="change"), args=[_, _, _, ast.Constant(value=str(event)), *_]):
                yield f"assignment.{event}"
            case _:
                pass


def all_kinds() -> set[str]:
    named = {
        kind
        for found in pkgutil.iter_modules(services.__path__)
        for kind in recorded(import_module(f"{services.__name__}.{found.name}"))
    }
    for machine in state_machines():
        table, _ = SUBJECTS.get(machine.noun, (None, None))
        reached = [move.target for move in machine.moves if move.sources and move.target]
        reached += [lapse.target for lapse in machine.lapses]
        reached += [consequence.target for consequence in machine.consequences]
        named |= {f"{table.name}.{status.lower()}" for status in reached} if table is not None else set()
    return named


def test_every_kind_of_event_has_its_words() -> None:
    (catalogue,) = (each for each in CATALOGUES if each.table == "event_kind")
    shown = {table.name for table, _ in SUBJECTS.values()}

    lacking = {kind for kind in all_kinds() if kind.partition(".")[0] in shown}
    missing = lacking - {row["code"] for row in catalogue.rows()}
    assert missing == set(), "add its words to reference/event_kinds.csv"


def test_the_events_of_everything_that_moves_are_shown() -> None:
    """But for those of registrations, whose history tells who runs the camp."""
    missing = {machine.noun for machine in state_machines()} - SUBJECTS.keys()
    assert missing == {"CampRegistration"}, "name it in SUBJECTS of access/event.py"


def test_the_events_of_every_thing_are_seen_by_who_sees_the_thing() -> None:
    """Those of a noun that is not in `access.event.SUBJECTS` are shown to nobody."""
    things = {name: source for name, source in NOUNS.items() if source.node and source.key == "id"}

    policies = {name: sees for name, (_, sees) in SUBJECTS.items()}
    expected = {name: things[name].visible for name in SUBJECTS} | {"Volunteer": access.knows_volunteer}
    assert policies == expected


PAGE = """query($id: ID!, $after: String, $filter: ActivityFilter) { node(id: $id) { ... on TYPE {
    activity(first: 2, after: $after, filter: $filter) { totalCount pageInfo { hasNextPage endCursor }
    nodes { kind label(language: EN) subject status reason actorName incident { id } need { id } organization { id }
        volunteer { id } site { id } assignment { id } pledge { id } kabupaten { code } } } } } }"""


async def activity(api: Api, id_: str, **values: Any) -> list[Json]:
    """All entries of a thing's activity, page by page; asserts that the count is that of the entries."""
    document, after = PAGE.replace("TYPE", id_.partition(":")[0]), None
    entries: list[Json] = []
    while True:
        page = (await api.ask(document, id=id_, after=after, **values))["node"]["activity"]
        entries += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(entries)
            return entries


def kinds(entries: list[Json]) -> list[str]:
    return [entry["kind"] for entry in entries]


async def do(api: Api, verb: str, payload: str, **values: Any) -> Json:
    """The thing of a mutation that succeeds."""
    type_ = verb[0].upper() + verb[1:]
    document = f"mutation($input: {type_}Input!) {{ {verb}(input: $input) {{ {payload} {{ id version }} problems {{ code }} }} }}"
    done = await api.do(document, **values)
    assert done["problems"] == []
    return done[payload]


async def test_what_happened_at_an_incident_is_told_to_each_as_far_as_they_may_see_it(api: Api, build: Build) -> None:
    national = await build.coordinator()
    here, far = await build.coordinator(kabupaten_code=HOME), await build.coordinator(kabupaten_code=FAR)
    organization = await build.organization()
    manager = await build.manager(organization)
    incident, person = await build.incident(), await build.volunteer(organization, reach="KABUPATEN")
    site = await do(
        api,
        "openSite",
        "site",
        actor=national,
        incident=f"Incident:{incident}",
        kind="FIELD_POST",
        name="Pos",
        kabupaten=HOME,
    )
    need = await do(
        api,
        "raiseNeed",
        "need",
        actor=national,
        incident=f"Incident:{incident}",
        skill="WATER_RESCUE",
        cluster="SEARCH_AND_RESCUE",
        kabupaten=HOME,
        peopleWanted=3,
        startsAt="2026-03-02T00:00:00Z",
        endsAt="2026-03-04T00:00:00Z",
        site=site["id"],
    )
    pledge = await do(
        api,
        "makePledge",
        "pledge",
        actor=manager,
        need=need["id"],
        organization=f"Organization:{organization}",
        quantity=1,
    )
    offer = await do(
        api, "offerAssignment", "assignment", actor=national, need=need["id"], volunteer=f"Volunteer:{person}"
    )
    await do(
        api,
        "declineAssignment",
        "assignment",
        actor=manager,
        assignment=offer["id"],
        version=offer["version"],
        reason="Sakit",
    )

    whole = ["assignment.declined", "assignment.offered", "pledge.made", "need.raised", "site.opened"]
    at_need, public = whole[:-1], ["need.raised", "site.opened"]
    readers = {"national": national, "here": here, "far": far, "manager": manager, "public": None}
    seen = {
        name: {
            id_.partition(":")[0]: kinds(await activity(api, id_, actor=actor))
            for id_ in (f"Incident:{incident}", need["id"], site["id"])
        }
        for name, actor in readers.items()
    }
    of_person = kinds(await activity(api, f"Volunteer:{person}", actor=manager))
    of_organization = {
        name: kinds(await activity(api, f"Organization:{organization}", actor=readers[name]))
        for name in ("here", "far", "public")
    }
    declined, *_ = await activity(api, f"Incident:{incident}", actor=manager, filter={"kind": {"contains": "declined"}})

    complete = {"Incident": whole, "Need": at_need, "Site": whole}
    assert seen == {
        **dict.fromkeys(("national", "here", "manager"), complete),
        "far": {
            "Incident": ["pledge.made", *public],
            "Need": ["pledge.made", "need.raised"],
            "Site": ["pledge.made", *public],
        },
        "public": {"Incident": public, "Need": ["need.raised"], "Site": public},
    }
    assert of_person == ["assignment.declined", "assignment.offered"]
    assert of_organization == {
        "here": ["assignment.declined", "assignment.offered", "pledge.made"],
        "far": ["pledge.made"],
        "public": [],
    }
    assert declined == {
        "kind": "assignment.declined",
        "label": "An offer was declined",
        "subject": offer["id"],
        "status": "DECLINED",
        "reason": "Sakit",
        "actorName": await build.connection.fetchval("SELECT name FROM account WHERE id = $1", manager),
        "incident": {"id": f"Incident:{incident}"},
        "need": {"id": need["id"]},
        "organization": {"id": f"Organization:{organization}"},
        "volunteer": {"id": f"Volunteer:{person}"},
        "site": {"id": site["id"]},
        "assignment": {"id": offer["id"]},
        "pledge": None,
        "kabupaten": {"code": HOME},
    }
    assert pledge["version"] == 1


async def test_the_events_of_a_merged_incident_stay_where_they_were_written(api: Api, build: Build) -> None:
    actor, old, new = (
        await build.coordinator(),
        await build.incident(),
        await build.incident([NEIGHBOUR], has_decree=False),
    )

    await do(
        api,
        "mergeIncidents",
        "incident",
        actor=actor,
        incident=f"Incident:{old}",
        into=f"Incident:{new}",
        version=1,
        reason="Sama",
    )

    entries = [await activity(api, f"Incident:{key}", actor=actor) for key in (old, new)]
    assert [kinds(each) for each in entries] == [["incident.merged"], ["incident.extended"]]


@pytest.mark.parametrize(("language", "label"), [("ID", "Kejadian diverifikasi"), ("EN", "An incident was verified")])
async def test_a_history_is_in_words_of_both_languages(api: Api, build: Build, language: str, label: str) -> None:
    incident, actor = await build.incident(status="REPORTED"), await build.coordinator()
    await do(api, "verifyIncident", "incident", actor=actor, incident=f"Incident:{incident}", version=1)

    data = await api.ask(
        "query($id: ID!, $in: Language) { incident(id: $id) { history { label(language: $in) } } }",
        actor=actor,
        id=f"Incident:{incident}",
        **{"in": language},
    )

    assert data["incident"]["history"] == [{"label": label}]
