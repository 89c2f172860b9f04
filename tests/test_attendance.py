"""Setting out, arriving, leaving, not coming: reports come late, out of order and more than once."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_duty import commitments

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
START, END = NOW - 10 * HOUR, NOW - 2 * HOUR
EARLIEST = START - 72 * HOUR
FIELDS = """assignment { status version reason checkedInAt checkedOutAt isUnconfirmed
  attendance { kind at mark } history { kind effectiveAt } }"""


def document(verb: str) -> str:
    field = "recordNoShow" if verb == "RecordNoShow" else f"{verb[0].lower()}{verb[1:]}Assignment"
    name = field[0].upper() + field[1:]
    return f"mutation($input: {name}Input!) {{ {field}(input: $input) {{ {FIELDS} {PROBLEMS} }} }}"


VERBS = {verb: document(verb) for verb in ("Mobilize", "CheckIn", "CheckOut", "Release", "RecordNoShow", "Cancel")}
STATE = """SELECT status, checked_in_at, checked_out_at, released_at, lower(period) AS since, upper(period) AS until
  FROM assignment LEFT JOIN commitment ON assignment_id = assignment.id WHERE assignment.id = $1"""


async def duty(build: Build, status: str = "ACCEPTED", **values: Any) -> tuple[uuid.UUID, uuid.UUID]:
    """A duty of eight hours that ended two hours ago, of a need for one; and a coordinator of the need."""
    need = await build.need(wanted=1, starts_at=START, ends_at=END)
    key = await build.assignment(need, await build.volunteer(), status=status, **values)
    return key, await build.coordinator(kabupaten_code=HOME)


async def report(
    api: Api, verb: str, key: uuid.UUID, actor: uuid.UUID, at: datetime | None = None, **more: Any
) -> Json:
    values = {"at": instant(at)} if at else {}
    return await api.do(VERBS[verb], actor=actor, assignment=f"Assignment:{key}", **values, **more)


async def state(build: Build, key: uuid.UUID) -> tuple[Any, ...]:
    row = await build.connection.fetchrow(STATE, key)
    assert row is not None
    return tuple(row)


Reports = list[tuple[str, datetime]]
# What was reported, and what follows from it in whatever order it comes: status, arrival, departure, end of the promise.
CASES: list[tuple[Reports, tuple[str, datetime | None, datetime | None, datetime]]] = [
    ([("Mobilize", START - HOUR)], ("MOBILIZED", None, None, END)),
    ([("CheckIn", START)], ("ON_DUTY", START, None, END)),
    ([("CheckOut", END)], ("ACCEPTED", None, None, END)),
    ([("CheckIn", START), ("CheckOut", END)], ("COMPLETED", START, END, END)),
    (
        [("Mobilize", START - HOUR), ("CheckIn", START), ("CheckOut", START + HOUR)],
        ("COMPLETED", START, START + HOUR, START + HOUR),
    ),
    # The first of each counts.
    (
        [("CheckIn", START + HOUR), ("CheckIn", START), ("CheckOut", END), ("CheckOut", END - HOUR)],
        ("COMPLETED", START, END - HOUR, END - HOUR),
    ),
    # Hours after the planned end are hours; the promise ends where it did.
    ([("CheckIn", START), ("CheckOut", END + HOUR)], ("COMPLETED", START, END + HOUR, END)),
    # Nobody leaves before having come.
    ([("CheckOut", START), ("CheckIn", START + HOUR)], ("ON_DUTY", START + HOUR, None, END)),
    ([("CheckOut", START), ("CheckIn", START)], ("ON_DUTY", START, None, END)),
    # Before the acceptance, in the future, after the end: kept, and not counted.
    ([("CheckIn", START - timedelta(days=30)), ("CheckOut", NOW + HOUR)], ("ACCEPTED", None, None, END)),
    ([("CheckIn", NOW + HOUR), ("Mobilize", START)], ("MOBILIZED", None, None, END)),
    ([("CheckIn", END), ("CheckIn", START)], ("ON_DUTY", START, None, END)),
    # So does what is said to have been long before the duty, but for setting out.
    ([("CheckIn", EARLIEST)], ("ON_DUTY", EARLIEST, None, END)),
    ([("CheckIn", EARLIEST - SECOND), ("CheckOut", EARLIEST - SECOND / 2)], ("ACCEPTED", None, None, END)),
    ([("Mobilize", EARLIEST - SECOND), ("CheckIn", EARLIEST - HOUR)], ("MOBILIZED", None, None, END)),
]


@pytest.mark.parametrize(("reports", "expected"), CASES)
async def test_reports_in_any_order_and_repeated_end_in_the_same_state(
    api: Api, build: Build, reports: Reports, expected: tuple[Any, ...]
) -> None:
    status, arrived, left, until = expected
    for order in itertools.permutations(reports):
        key, actor = await duty(build)

        for verb, at in (*order, *order):
            assert (await report(api, verb, key, actor, at))["problems"] == []

        assert await state(build, key) == (status, arrived, left, None, START, until)
        kept = await build.connection.fetchval("SELECT count(*) FROM attendance WHERE assignment_id = $1", key)
        events = await build.connection.fetchval("SELECT count(*) FROM event WHERE subject_key = $1", str(key))
        assert (kept, events) == (len(reports), len(reports))


async def test_a_report_is_kept_with_its_time_and_its_mark(api: Api, build: Build) -> None:
    key, actor = await duty(build)

    for verb, at in (("CheckIn", NOW + HOUR), ("CheckIn", START - timedelta(days=30)), ("CheckIn", NOW - HOUR)):
        await report(api, verb, key, actor, at)
    answer = await report(api, "CheckIn", key, actor, START + HOUR)

    assert answer == {
        "assignment": {
            "status": "ON_DUTY",
            "version": 5,
            "reason": None,
            "checkedInAt": instant(START + HOUR),
            "checkedOutAt": None,
            "isUnconfirmed": False,
            "attendance": [
                {"kind": "CHECKED_IN", "at": instant(START - timedelta(days=30)), "mark": "BEFORE_ACCEPTANCE"},
                {"kind": "CHECKED_IN", "at": instant(START + HOUR), "mark": None},
                {"kind": "CHECKED_IN", "at": instant(NOW - HOUR), "mark": "AFTER_END"},
                {"kind": "CHECKED_IN", "at": instant(NOW + HOUR), "mark": "IN_FUTURE"},
            ],
            "history": [
                *[{"kind": "assignment.attendance_recorded", "effectiveAt": None}] * 3,
                {"kind": "assignment.on_duty", "effectiveAt": instant(START + HOUR)},
            ],
        },
        "problems": [],
    }


async def test_a_report_with_the_same_nonce_changes_nothing(api: Api, build: Build) -> None:
    key, actor = await duty(build)
    first = await report(api, "CheckIn", key, actor, START, nonce="a")
    before = await snapshot(build.connection)

    again = await report(api, "CheckIn", key, actor, START - HOUR, nonce="a")

    assert again == first
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("verb", ["Mobilize", "CheckIn", "CheckOut"])
async def test_a_nonce_like_that_of_a_scan_is_refused(api: Api, build: Build, verb: str) -> None:
    key, actor = await duty(build)
    before = await snapshot(build.connection)

    answer = await report(api, verb, key, actor, START, nonce=" scan 1")

    assert answer["problems"] == [problem("Simple", "INVALID", "nonce")]
    assert await snapshot(build.connection) == before


async def test_who_leaves_early_is_free_from_then_on_and_the_place_too(api: Api, build: Build) -> None:
    need = await build.need(wanted=1, starts_at=START, ends_at=NOW + 10 * HOUR)
    volunteer, actor = await build.volunteer(), await build.coordinator()
    key = await build.assignment(need, volunteer, status="ON_DUTY")

    left = await report(api, "CheckOut", key, actor)

    assert left["assignment"]["status"] == "COMPLETED"
    assert await commitments(build) == [(key, START, NOW)]
    other = await build.need(starts_at=NOW, ends_at=NOW + HOUR)
    refusals = "query($need: ID!, $volunteer: ID!) { need(id: $need) { refusals(volunteer: $volunteer) { code } } }"
    answer = await api.ask(refusals, actor=actor, need=f"Need:{other}", volunteer=f"Volunteer:{volunteer}")
    assert answer == {"need": {"refusals": []}}


async def test_who_comes_and_leaves_before_the_start_has_served_nothing_of_the_promise(api: Api, build: Build) -> None:
    need = await build.need(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    key, actor = await build.assignment(need, await build.volunteer(), status="ACCEPTED"), await build.coordinator()

    for verb, at in (("CheckIn", NOW - HOUR), ("CheckOut", NOW)):
        assert (await report(api, verb, key, actor, at))["problems"] == []

    assert await state(build, key) == ("COMPLETED", NOW - HOUR, NOW, None, None, None)


async def test_a_check_in_from_offline_counts_for_who_was_released_meanwhile(api: Api, build: Build) -> None:
    need = await build.need(starts_at=START, ends_at=NOW + HOUR)
    key, actor = await build.assignment(need, await build.volunteer(), status="ACCEPTED"), await build.coordinator()
    await report(api, "Release", key, actor, reason="Cukup", version=1)

    late = await report(api, "CheckIn", key, actor, START)
    after = await report(api, "CheckIn", key, actor, NOW)
    left = await report(api, "CheckOut", key, actor, NOW - HOUR)

    assert [each["problems"] for each in (late, after, left)] == [[]] * 3
    assert [each["mark"] for each in left["assignment"]["attendance"]] == [None, None, "AFTER_END"]
    assert await state(build, key) == ("RELEASED", START, NOW - HOUR, NOW, START, NOW - HOUR)


async def test_a_no_show_frees_the_time_and_a_late_check_in_takes_it_back(api: Api, build: Build) -> None:
    key, actor = await duty(build)

    gone = await report(api, "RecordNoShow", key, actor, reason="Tidak ada kabar", version=1)
    freed = await state(build, key)
    back = await report(api, "CheckIn", key, actor, START)

    assert (gone["assignment"]["status"], gone["assignment"]["reason"]) == ("NO_SHOW", "Tidak ada kabar")
    assert freed == ("NO_SHOW", None, None, None, None, None)
    assert (back["assignment"]["status"], back["assignment"]["reason"]) == ("ON_DUTY", None)
    assert await state(build, key) == ("ON_DUTY", START, None, None, START, END)


@pytest.mark.parametrize("taken", ["time", "place"])
async def test_a_no_show_whose_time_or_place_is_taken_stays_one(api: Api, build: Build, taken: str) -> None:
    need, volunteer = await build.need(wanted=1, starts_at=START, ends_at=END), await build.volunteer()
    key, actor = await build.assignment(need, volunteer, status="NO_SHOW"), await build.coordinator()
    if taken == "time":
        other = await build.need(starts_at=START, ends_at=END)
        await build.assignment(other, volunteer, status="COMPLETED")
    else:
        await build.assignment(need, await build.volunteer(), status="COMPLETED")
    before = await snapshot(build.connection)

    refused = await report(api, "CheckIn", key, actor, START)

    assert [each["code"] for each in refused["problems"]] == ["PERSON_ELSEWHERE" if taken == "time" else "NEED_FULL"]
    assert await snapshot(build.connection) == before


async def test_what_was_said_of_a_duty_goes_with_it(api: Api, build: Build) -> None:
    """Evaluated before it was known that nobody came; whoever came after all is evaluated anew."""
    need = await build.need(starts_at=NOW - 20 * HOUR, ends_at=NOW - 12 * HOUR)
    key, actor = await build.assignment(need, await build.volunteer(), status="ACCEPTED"), await build.coordinator()
    evaluate = """mutation($input: EvaluateAssignmentInput!) { evaluateAssignment(input: $input) {
      assignment { status evaluation { rating comment } } problems { code } } }"""
    values: Json = {"assignment": f"Assignment:{key}", "rating": 5, "comment": "Baik"}
    said = await api.do(evaluate, actor=actor, version=1, **values)

    gone = await report(api, "RecordNoShow", key, actor, reason="Tidak ada kabar", version=3)
    read = await api.ask(
        "query($id: ID!) { assignment(id: $id) { evaluation { rating } } }", actor=actor, id=f"Assignment:{key}"
    )
    for verb, at in (("CheckIn", NOW - 20 * HOUR), ("CheckOut", NOW - 13 * HOUR)):
        await report(api, verb, key, actor, at)
    again = await api.do(evaluate, actor=actor, version=7, **values)

    evaluated = {"assignment": {"status": "COMPLETED", "evaluation": {"rating": 5, "comment": "Baik"}}, "problems": []}
    assert (said, gone["problems"], read) == (evaluated, [], {"assignment": {"evaluation": None}})
    assert again == evaluated


async def test_who_has_come_is_no_no_show(api: Api, build: Build) -> None:
    key, actor = await duty(build, status="COMPLETED", checked_in_at=START, checked_out_at=END)
    before = await snapshot(build.connection)

    refused = await report(api, "RecordNoShow", key, actor, reason="Salah", version=1)

    assert refused["problems"] == [problem("Status", "WRONG_STATUS", "assignment", currentStatus="COMPLETED")]
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("status", ["ACCEPTED", "MOBILIZED", "ON_DUTY"])
async def test_twelve_hours_after_its_end_a_duty_is_completed_and_unconfirmed(
    api: Api, build: Build, status: str
) -> None:
    need = await build.need(starts_at=NOW - 20 * HOUR, ends_at=NOW - 12 * HOUR)
    key, actor = await build.assignment(need, await build.volunteer(), status=status), await build.coordinator()
    document = """query($id: ID!) { assignment(id: $id) { status isUnconfirmed version }
      assignments(first: 9, filter: {status: {eq: COMPLETED}}) { totalCount }
      need(id: $need) { coverage { onDuty accepted } } }""".replace("$id: ID!", "$id: ID!, $need: ID!")

    read = await api.ask(document, actor=actor, id=f"Assignment:{key}", need=f"Need:{need}")
    late = await report(api, "CheckIn", key, actor, NOW - 20 * HOUR)
    confirmed = await report(api, "CheckOut", key, actor, NOW - 12 * HOUR)

    assert read == {
        "assignment": {"status": "COMPLETED", "isUnconfirmed": True, "version": 1},
        "assignments": {"totalCount": 1},
        "need": {"coverage": {"onDuty": 0, "accepted": 1}},
    }
    assert late["assignment"]["history"][0] == {"kind": "assignment.completed", "effectiveAt": instant(NOW)}
    assert (late["assignment"]["isUnconfirmed"], confirmed["assignment"]["isUnconfirmed"]) == (True, False)
    since, until = NOW - 20 * HOUR, NOW - 12 * HOUR
    assert await state(build, key) == ("COMPLETED", since, until, None, since, until)


async def test_who_may_report(api: Api, build: Build) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization, kabupaten_code=FAR)
    need = await build.need(starts_at=START, ends_at=NOW + HOUR)
    actors = {
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "need": await build.coordinator(kabupaten_code=HOME),
        "home": await build.coordinator(kabupaten_code=FAR),
        "stranger": await build.volunteer_account(await build.volunteer()),
    }
    found: dict[str, dict[str, list[str]]] = {}

    for verb in ("Mobilize", "CheckIn", "CheckOut", "RecordNoShow"):
        found[verb] = {}
        for name, actor in actors.items():
            key = await build.assignment(need, volunteer, status="ON_DUTY" if verb == "CheckOut" else "ACCEPTED")
            more: Json = {"reason": "Sakit", "version": 1} if verb == "RecordNoShow" else {}
            answer = await report(api, verb, key, actor, **more)
            found[verb][name] = [each["code"] for each in answer["problems"]]
            await build.connection.execute("TRUNCATE attendance, commitment, served_hours")
            await build.connection.execute(
                "UPDATE assignment SET status = 'NO_SHOW', checked_in_at = NULL, checked_out_at = NULL"
            )

    refused = {name: [] if name == "need" else ["FORBIDDEN"] for name in actors}
    setting_out: dict[str, list[str]] = {name: [] for name in actors}
    assert found == {
        "Mobilize": {**setting_out, "home": ["FORBIDDEN"], "stranger": ["NOT_FOUND"]},
        **dict.fromkeys(("CheckIn", "CheckOut", "RecordNoShow"), refused),
    }
