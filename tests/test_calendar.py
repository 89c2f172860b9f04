"""Calendars at secret addresses: a person's duties and camps, a camp's sessions, in the place's zone, until revoked."""

from datetime import timedelta

import icalendar

from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW

CREATE = """mutation($input: CreateCalendarAddressInput!) { createCalendarAddress(input: $input) {
  report { path } problems { code path } } }"""
REVOKE = """mutation($input: RevokeCalendarAddressInput!) { revokeCalendarAddress(input: $input) {
  account { id } problems { code } } }"""


def events(content: bytes) -> list[tuple[Json, ...]]:
    calendar = icalendar.Calendar.from_ical(content)
    return [
        (
            str(each["summary"]),
            str(each["location"]),
            each.decoded("dtstart").isoformat(),
            each["dtstart"].params.get("TZID"),
        )
        for each in calendar.walk("VEVENT")
    ]


async def test_a_person_reads_duties_and_camps_at_an_address_until_it_is_replaced_or_revoked(
    api: Api, build: Build
) -> None:
    volunteer = await build.volunteer()
    actor = await build.volunteer_account(volunteer)
    await build.assignment(await build.need(), volunteer, status="ACCEPTED")
    await build.assignment(await build.need(), volunteer)  # An offer is not a duty yet.
    camp = await build.camp(name="Kemah", starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=12))
    await build.camp_registration(camp, volunteer)

    first = (await api.do(CREATE, actor=actor, volunteer=f"Volunteer:{volunteer}"))["report"]["path"]
    second = (await api.do(CREATE, actor=actor, volunteer=f"Volunteer:{volunteer}"))["report"]["path"]
    replaced, answer = await api.client.get(first), await api.client.get(second)
    unknown = await api.do(REVOKE, actor=actor, path=first)
    revoked = await api.do(REVOKE, actor=actor, path=second)
    after = await api.client.get(second)

    assert (replaced.status_code, answer.status_code, after.status_code) == (404, 200, 404)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert b"BEGIN:VTIMEZONE" in answer.content
    assert events(answer.content) == [
        ("Pertolongan di air", "Kabupaten Kotawaringin Timur", "2026-03-02T08:00:00+07:00", "Asia/Jakarta"),
        ("Kemah", "Bumi Perkemahan", "2026-03-10T08:00:00+07:00", "Asia/Jakarta"),
    ]
    assert unknown == {"account": None, "problems": [{"code": "NOT_FOUND"}]}
    assert revoked == {"account": {"id": f"Account:{actor}"}, "problems": []}
    assert await build.connection.fetchval("SELECT count(*) FROM calendar_address") == 0


async def test_a_person_reads_the_camps_at_which_they_work(api: Api, build: Build) -> None:
    cook = await build.volunteer()
    actor = await build.volunteer_account(cook)
    times: Json = {"starts_at": NOW + timedelta(days=9), "ends_at": NOW + timedelta(days=12)}
    await build.camp_staff_member(await build.camp(name="Kemah", **times), cook)
    await build.camp_staff_member(await build.camp(name="Tidak lagi", **times), cook, ended_at=NOW)

    path = (await api.do(CREATE, actor=actor, volunteer=f"Volunteer:{cook}"))["report"]["path"]
    answer = await api.client.get(path)

    assert events(answer.content) == [("Kemah", "Bumi Perkemahan", "2026-03-10T08:00:00+07:00", "Asia/Jakarta")]


async def test_the_sessions_of_a_camp_are_read_as_its_account_sees_them_now(api: Api, build: Build) -> None:
    host = await build.organization()
    camp, actor = await build.camp(host), await build.manager(host)
    hidden = await build.camp(await build.organization(), status="DRAFT")
    times = {"starts_at": NOW + timedelta(days=2), "ends_at": NOW + timedelta(days=2, hours=1)}
    await build.row("camp_session", camp_id=camp, title="Dapur umum", is_required=True, **times)

    made = await api.do(CREATE, actor=actor, camp=f"Camp:{camp}")
    refused = await api.do(CREATE, actor=actor, camp=f"Camp:{hidden}")
    both = await api.do(CREATE, actor=actor)
    stranger = await api.do(CREATE, actor=actor, volunteer=f"Volunteer:{await build.person()}")
    answer = await api.client.get(made["report"]["path"])
    await build.connection.execute("UPDATE account SET active = false")
    closed = await api.client.get(made["report"]["path"])

    assert events(answer.content) == [("Dapur umum", "Bumi Perkemahan", "2026-03-03T08:00:00+07:00", "Asia/Jakarta")]
    assert refused == {"report": None, "problems": [{"code": "NOT_FOUND", "path": ["input", "camp"]}]}
    assert [each["problems"] for each in (both, stranger)] == [
        [{"code": "INVALID", "path": ["input", "camp"]}],
        [{"code": "NOT_FOUND", "path": ["input", "volunteer"]}],
    ]
    assert closed.status_code == 404


async def test_nobody_coordinates_by_an_address_which_shows_no_second_factor(api: Api, build: Build) -> None:
    camp, actor = await build.camp(status="DRAFT"), await build.coordinator(kabupaten_code=HOME)
    times = {"starts_at": NOW + timedelta(days=2), "ends_at": NOW + timedelta(days=2, hours=1)}
    await build.row("camp_session", camp_id=camp, title="Dapur umum", is_required=True, **times)

    path = (await api.do(CREATE, actor=actor, camp=f"Camp:{camp}"))["report"]["path"]
    draft = await api.client.get(path)
    await build.connection.execute("UPDATE camp SET status = 'OPEN', opened_at = created_at")
    opened = await api.client.get(path)

    assert (events(draft.content), len(events(opened.content))) == ([], 1)


async def test_the_addresses_end_with_all_sessions(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    actor = await build.volunteer_account(volunteer)
    sign_out = "mutation { signOut(input: {everywhere: true}) { problems { code } } }"

    path = (await api.do(CREATE, actor=actor, volunteer=f"Volunteer:{volunteer}"))["report"]["path"]
    before = await api.client.get(path)
    await api.ask(sign_out, actor=actor)
    after = await api.client.get(path)
    kinds = await build.connection.fetch("SELECT kind FROM event ORDER BY position")

    assert (before.status_code, after.status_code) == (200, 404)
    assert [row["kind"] for row in kinds] == [
        "calendar_address.created",
        "calendar_address.revoked",
        "account.signed_out",
    ]
