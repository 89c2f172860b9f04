"""Every problem of an input at once, and old codes with those in force."""

from api.reference.code import codes_in_force
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.writing import PERSON, Symbol, ask_both, do_both, literal


async def test_every_old_code_is_told_with_the_code_in_force(api: Api, build: Build) -> None:
    """In filters and arguments as an error, in inputs as a problem; a code in force is neither."""
    actor, codes = await build.coordinator(), codes_in_force()
    document = "{ volunteers(first: 1, filter: {kabupaten: {eq: VALUE}}) { totalCount } }"
    listed = {"hazard": "FLOOD", "title": "Banjir", "startedAt": instant(NOW)}

    filters, inputs, lists = {}, {}, {}
    for code in [*codes, *codes.values()]:
        bodies = await ask_both(api, document, "ID", code, actor)
        filters[code] = [body.get("errors", [{}])[0].get("extensions") for body in bodies]
        person = {**PERSON, "kabupaten": code}
        payloads = await do_both(api, build, "registerVolunteer", "volunteer { id }", person, actor=actor)
        inputs[code] = [each["problems"] for each in payloads]
        event = {**listed, "kabupatens": [FAR, code]}
        payloads = await do_both(api, build, "declareIncident", "incident { id }", event, actor=actor)
        lists[code] = [each["problems"] for each in payloads]

    def told(code: str, *path: str) -> list[Json]:
        return [[problem("Code", "CODE_REPLACED", *path, codeInForce=codes[code])] if code in codes else []] * 2

    assert filters == {
        code: [{"code": "BAD_USER_INPUT", "codeInForce": codes[code]} if code in codes else None] * 2
        for code in filters
    }
    assert inputs == {code: told(code, "kabupaten") for code in inputs}
    assert lists == {code: told(code, "kabupatens", "1") for code in lists}


async def test_all_that_is_wrong_is_told_at_once(api: Api, build: Build) -> None:
    incident, other = await build.incident([HOME, NEIGHBOUR]), await build.incident(has_decree=False)
    decree, far = await build.emergency_status(other), {"latitude": 0, "longitude": 0}
    shelter = await build.site(incident)
    unseen, its = "\u200b", f"Incident:{incident}"
    organization = await build.organization(verification="SUSPENDED")
    pledge = await build.pledge(await build.need(incident), organization)
    actor, manager = await build.coordinator(), await build.manager(organization)
    cases = [
        (
            "declareEmergencyStatus",
            {
                "incident": its,
                "kind": Symbol("SIAGA_DARURAT"),
                "level": Symbol("KABUPATEN"),
                "kabupaten": FAR,
                "decreeNumber": unseen,
                "startsOn": "1900-01-01",
                "endsOn": "1902-12-31",
            },
            actor,
            ["decreeNumber", "startsOn", "endsOn", "kabupaten"],
        ),
        (
            "extendEmergencyStatus",
            {
                "emergencyStatus": f"EmergencyStatus:{decree}",
                "version": 1,
                "endsOn": "2026-01-01",
                "decreeNumber": unseen,
            },
            actor,
            ["decreeNumber", "endsOn"],
        ),
        (
            "endEmergencyStatus",
            {"emergencyStatus": f"EmergencyStatus:{decree}", "version": 1, "endsOn": "2026-01-01", "reason": unseen},
            actor,
            ["reason", "endsOn"],
        ),
        (
            "changeIncident",
            {"incident": its, "version": 1, "title": unseen, "position": far, "removeKabupatens": [HOME]},
            actor,
            ["title", "removeKabupatens", "position"],
        ),
        (
            "openSite",
            {
                "incident": its,
                "kind": Symbol("SHELTER"),
                "name": unseen,
                "kabupaten": HOME,
                "capacity": 0,
                "position": far,
                "kitchen": f"Site:{shelter}",
            },
            actor,
            ["name", "capacity", "position", "kitchen"],
        ),
        (
            "changeSite",
            {"site": f"Site:{shelter}", "version": 1, "name": unseen, "position": far, "kitchen": f"Site:{shelter}"},
            actor,
            ["name", "position", "kitchen"],
        ),
        (
            "recordSituation",
            {"incident": its, "kabupaten": FAR, "at": "1900-01-01T00:00:00Z", "source": unseen, "displaced": -1},
            actor,
            ["kabupaten", "source", "at", "displaced"],
        ),
        (
            "handOverPledge",
            {
                "pledge": f"Pledge:{pledge}",
                "version": 1,
                "organization": f"Organization:{organization}",
                "reason": unseen,
            },
            manager,
            ["reason", "organization"],
        ),
    ]
    before = await snapshot(build.connection)

    found = []
    for verb, values, caller, _ in cases:
        document = f"mutation {{ {verb}(input: {literal(values)}) {{ {PROBLEMS} }} }}"
        problems = (await api.ask(document, actor=caller))[verb]["problems"]
        found.append((verb, [each["path"][1] for each in problems]))

    assert found == [(verb, paths) for verb, _, _, paths in cases]
    assert await snapshot(build.connection) == before
