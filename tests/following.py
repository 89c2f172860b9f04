"""How the steps of state machines come about that follow from verbs on something else: a thing, and the input of the verb."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from tests.asking import Api, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_participant_import import numbered, upload
from tests.test_scan import code_of, scan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Input = dict[str, Any]
# Makes a thing of the noun in the status, from which the verb brings it to the target: its key, or none where the verb makes
# it, and the input of the verb; in it `actor`, where that is not a coordinator of the nation.
Made = tuple[uuid.UUID | None, Input]
Follow = Callable[[Api, Build, str, str, str], Awaitable[Made]]


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

    async def follow(_api: Api, build: Build, noun: str, _source: str, target: str) -> Made:
        camp = await make_camp(build, target, status=camp_status)
        holder = await build.camp_registration(camp, await build.person(), status=status)
        return await make_waiting(build, noun, camp), {"campRegistration": f"CampRegistration:{holder}", **values}

    return follow


def frees_by_contingent(**values: object) -> Follow:
    """A contingent holds the place, and one more for somebody who was named."""

    async def follow(_api: Api, build: Build, noun: str, _source: str, target: str) -> Made:
        camp = await make_camp(build, target, capacity=2)
        contingent = await build.contingent(camp, await build.organization(), places=2)
        await build.camp_registration(camp, await build.person(), contingent_id=contingent)
        return await make_waiting(build, noun, camp), {"contingent": f"Contingent:{contingent}", **values}

    return follow


async def change_camp(_api: Api, build: Build, noun: str, _source: str, target: str) -> Made:
    camp = await make_camp(build, target)
    await build.camp_registration(camp, await build.person())
    return await make_waiting(build, noun, camp), {"camp": f"Camp:{camp}", "capacity": 2}


def of_camp(camp_status: str = "RUNNING", **values: object) -> Follow:
    """What a verb on the camp does to a registration or a contingent."""

    async def follow(_api: Api, build: Build, noun: str, source: str, _target: str) -> Made:
        camp = await build.camp(status=camp_status, starts_at=NOW - DAY)
        if noun == "Contingent":
            key = await build.contingent(camp, await build.organization(), status=source)
        else:
            key = await build.camp_registration(camp, await build.person(), status=source)
        return key, {"camp": f"Camp:{camp}", **values}

    return follow


async def replace(api: Api, build: Build, noun: str, source: str, target: str) -> Made:
    if source == "WAITLISTED":
        return await frees_by_time(replaced)(api, build, noun, source, target)
    key = await build.camp_registration(await build.camp(), await build.person(), status=source)
    other = f"Volunteer:{await build.person()}"
    return key, {"campRegistration": f"CampRegistration:{key}", "volunteer": other, "reason": "Sakit"}


def ends(**values: Any) -> Follow:
    """What the end of a camp does to who is registered; an entry that counts, and was not settled, is settled first."""

    async def follow(api: Api, build: Build, noun: str, source: str, target: str) -> Made:
        if noun == "CampRegistration" and (source, target) in ENTERED:
            return await entered(build, source, "RUNNING", **values)
        return await of_camp(**values)(api, build, noun, source, target)

    return follow


ENTERED = (("REGISTERED", "CHECKED_IN"), ("NO_SHOW", "CHECKED_IN"), ("CANCELLED", "RELEASED"))


async def entered(build: Build, source: str, camp_status: str, **values: object) -> Made:
    """A registration with an entry of an hour ago."""
    camp, person = await build.camp(status=camp_status, starts_at=NOW - DAY), await build.person()
    left = {"had_place": True, "updated_at": NOW} if source == "CANCELLED" else {}
    key = await build.camp_registration(camp, person, status=source, **left)
    row = {"volunteer_id": person, "registration_id": key, "text": "x", "at": NOW - HOUR, "device": "hp", "nonce": "1"}
    by = {"account_id": await build.account(), "is_offline": False}
    await build.row("scan", camp_id=camp, point="ENTRY", **row, **by)
    return key, {"camp": f"Camp:{camp}", **values}


async def reopen_camp(api: Api, build: Build, noun: str, source: str, target: str) -> Made:
    """For whom it is released, the days since the completion are promised to a duty."""
    if (source, target) in ENTERED:
        return await entered(build, source, "COMPLETED", reason="Satu sesi lagi")
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


async def record_scans(api: Api, build: Build, noun: str, source: str, target: str) -> Made:
    if noun == "Assignment":
        key, site, person, scanned = await scanned_duty(build, source, target)
        code = await code_of(api, await build.coordinator(), volunteer=f"Volunteer:{person}")
        entry = scan(code, "1", scanned["point"], at=scanned["offlineAt"])
        return key, {"site": f"Site:{site}", "device": "hp", "scans": [entry], "isOffline": True}
    camp = await build.camp(status=CAMP_OF_ENTRY.get(target, "RUNNING"), starts_at=NOW - DAY)
    person = await build.person()
    left = {"had_place": True, "updated_at": NOW} if source == "CANCELLED" else {}
    key = await build.camp_registration(camp, person, status=source, **left)
    entry = scan(await code_of(api, await build.coordinator(), volunteer=f"Volunteer:{person}"), "1")
    return key, {"camp": f"Camp:{camp}", "device": "hp", "scans": [entry], "isOffline": target in CAMP_OF_ENTRY}


async def scanned_duty(build: Build, source: str, target: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, Input]:
    """A duty at a site, and what is scanned there; who comes and has left already was reported to have left."""
    site = await build.site(incident := await build.incident())
    need, person = (
        await build.need(incident, site_id=site, starts_at=NOW - 4 * HOUR, ends_at=NOW + DAY),
        await build.volunteer(),
    )
    key = await build.assignment(need, person, status=source, accepted_at=NOW - DAY)
    leaves = source == "ON_DUTY"
    if target == "COMPLETED" and not leaves:
        await build.row("attendance", assignment_id=key, kind="CHECKED_OUT", at=NOW - HOUR)
    at = NOW - HOUR / 2 if leaves else NOW - 2 * HOUR
    return key, site, person, {"point": "EXIT" if leaves else "ENTRY", "nonce": "1", "offlineAt": instant(at)}


async def scan_site(api: Api, build: Build, _noun: str, source: str, target: str) -> Made:
    key, site, person, scanned = await scanned_duty(build, source, target)
    code = await code_of(api, await build.coordinator(), site=f"Site:{site}")
    return key, {**scanned, "code": code, "actor": await build.volunteer_account(person)}


async def annul_at_site(build: Build, source: str, target: str) -> Made:
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


async def annul_scan(_api: Api, build: Build, noun: str, source: str, target: str) -> Made:
    if noun == "Assignment":
        return await annul_at_site(build, source, target)
    camp, person = await build.camp(status="RUNNING", starts_at=NOW - DAY), await build.person()
    key = await build.camp_registration(camp, person, status=source)
    row = {"volunteer_id": person, "registration_id": key, "text": "x", "at": NOW, "device": "hp", "nonce": "1"}
    by = {"account_id": await build.account(), "is_offline": False}
    entry = await build.row("scan", camp_id=camp, point="ENTRY", **row, **by)
    return key, {"scan": f"Scan:{entry}", "reason": "Salah orang"}


async def take_over(build: Build, source: str, target: str) -> Made:
    """All of a duty that lies ahead, or what is left of one that runs."""
    starts = NOW + HOUR if target == "CANCELLED" else NOW - 4 * HOUR
    need, person = await build.need(wanted=1, starts_at=starts, ends_at=NOW + DAY), await build.volunteer()
    key = await build.assignment(need, await build.volunteer(), status=source, accepted_at=NOW - DAY)
    offer = await build.assignment(need, person, starts_at=max(starts, NOW), replaces_id=key)
    return key, {"assignment": f"Assignment:{offer}", "actor": await build.volunteer_account(person)}


async def accept_assignment(_api: Api, build: Build, noun: str, source: str, target: str) -> Made:
    if noun == "Assignment":
        return await take_over(build, source, target)
    camp, person = await build.camp(status="RUNNING", starts_at=NOW - DAY), await build.volunteer()
    key = await build.camp_registration(camp, person, status=source)
    need = await build.need(starts_at=NOW + timedelta(hours=1), ends_at=NOW + DAY)
    offer = await build.assignment(need, person, camp_id=camp)
    return key, {"assignment": f"Assignment:{offer}", "actor": await build.volunteer_account(person)}


def of_need(name: str, **values: object) -> Follow:
    """What becomes of an offer, a duty or a pledge with its need or its incident."""

    async def follow(_api: Api, build: Build, noun: str, source: str, _target: str) -> Made:
        incident = await build.incident()
        need = await build.need(incident)
        if noun == "Pledge":
            key = await build.pledge(need, await build.organization(), status=source)
        else:
            key = await build.assignment(need, await build.volunteer(), status=source)
        thing = f"Need:{need}" if name == "need" else f"Incident:{incident}"
        return key, {name: thing, **values}

    return follow


async def record_licence(_api: Api, build: Build, _noun: str, _source: str, _target: str) -> Made:
    values = {"kind": "REGISTRATION", "number": "L-1", "issuer": "Kemensos", "validFrom": "2026-01-01"}
    return None, {"organization": f"Organization:{await build.organization()}", **values}


async def merge_volunteers(_api: Api, build: Build, noun: str, source: str, _target: str) -> Made:
    """Both records have one that waits, for the same."""
    organization, other = await build.organization(), await build.organization()
    people = [await build.person(), await build.person()]
    keys = []
    # The membership that began earlier stays.
    for person, since in zip(people, (date(2021, 1, 1), date(2020, 1, 1)), strict=True):
        if noun == "MembershipTransfer":
            key = await build.membership_transfer(
                await build.membership(person, organization, since=since), other, status=source
            )
        elif noun == "MembershipRequest":
            key = await build.membership_request(person, organization, status=source)
        else:
            key = await build.certificate_request(person, organization, status=source, number="P-1")
        keys.append(key)
    old, new = (f"Volunteer:{person}" for person in people)
    return keys[0], {"volunteer": old, "into": new, "reason": "Orang yang sama"}


async def check_in(_api: Api, build: Build, _noun: str, source: str, _target: str) -> Made:
    need = await build.need(starts_at=NOW - 4 * HOUR, ends_at=NOW + DAY)
    arrived = {"checked_in_at": NOW - HOUR / 2} if source == "ON_DUTY" else {}
    key = await build.assignment(need, await build.volunteer(), status=source, accepted_at=NOW - DAY, **arrived)
    await build.row("attendance", assignment_id=key, kind="CHECKED_OUT", at=NOW - HOUR)
    return key, {"assignment": f"Assignment:{key}", "at": instant(NOW - 2 * HOUR)}


def frees_by_time(make: Callable[[Api, Build, uuid.UUID], Awaitable[Input]], camp_status: str = "OPEN") -> Follow:
    """The answer to the place that was offered is overdue, which the verb finds out; `make` says what else it needs."""

    async def follow(api: Api, build: Build, noun: str, _source: str, target: str) -> Made:
        camp = await make_camp(build, target, status=camp_status)
        await build.camp_registration(camp, await build.person(), status="OFFERED", offered_until=NOW - HOUR)
        key = await make_waiting(build, noun, camp)
        return key, await make(api, build, camp)

    return follow


async def person_of(_api: Api, build: Build, camp: uuid.UUID) -> Input:
    return {"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{await build.person()}"}


async def people_of(_api: Api, build: Build, camp: uuid.UUID) -> Input:
    return {"camp": f"Camp:{camp}", "participants": [{"volunteer": f"Volunteer:{await build.person()}"}]}


async def file_of(api: Api, build: Build, camp: uuid.UUID) -> Input:
    organization = await build.organization()
    await numbered(build, organization, 1)
    manager = await build.manager(organization)
    token = await upload(api, manager, [["No Anggota"], ["A-1"]])
    return {"camp": f"Camp:{camp}", "organization": f"Organization:{organization}", "upload": token, "actor": manager}


async def allotment(_api: Api, build: Build, camp: uuid.UUID) -> Input:
    organization = f"Organization:{await build.organization()}"
    kind = {"category": "PARTICIPANT", "payer": "SENDER", "places": 1}
    return {"camp": f"Camp:{camp}", "organization": organization, **kind}


async def grant(_api: Api, build: Build, camp: uuid.UUID) -> Input:
    asked = await build.contingent(camp, await build.organization(), places=1, status="ASKED")
    return {"contingent": f"Contingent:{asked}"}


async def replaced(_api: Api, build: Build, camp: uuid.UUID) -> Input:
    """Somebody else of the camp, which has a place more."""
    await build.connection.execute("UPDATE camp SET capacity = 2 WHERE id = $1", camp)
    key = await build.camp_registration(camp, await build.person())
    other = f"Volunteer:{await build.person()}"
    return {"campRegistration": f"CampRegistration:{key}", "volunteer": other, "reason": "Sakit"}


FOLLOW: dict[str, Follow] = {
    "accept_assignment": accept_assignment,
    "allot_contingent": frees_by_time(allotment),
    "annul_scan": annul_scan,
    "cancel_camp": ends(reason="Banjir"),
    "cancel_registration": frees_by("REGISTERED", reason="Sakit"),
    "change_camp": change_camp,
    "change_contingent": frees_by_contingent(places=1),
    "change_need": of_need("need", endsAt=instant(NOW + 2 * DAY)),
    "check_in_assignment": check_in,
    "close_incident": of_need("incident", reason="Aman"),
    "close_need": of_need("need", reason="Aman"),
    "complete_camp": ends(),
    "decline_place": frees_by("OFFERED"),
    "grant_contingent": frees_by_time(grant),
    "import_participants": frees_by_time(file_of),
    "merge_volunteers": merge_volunteers,
    "record_licence": record_licence,
    "record_scans": record_scans,
    "register_for_camp": frees_by_time(person_of),
    "register_participants": frees_by_time(people_of),
    "register_walk_in": frees_by_time(person_of, "RUNNING"),
    "release_contingent": frees_by_contingent(reason="Hanya satu"),
    "release_participant": frees_by("CHECKED_IN", "RUNNING", reason="Sakit"),
    "reopen_camp": reopen_camp,
    "replace_participant": replace,
    "scan_site": scan_site,
}
