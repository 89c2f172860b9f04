"""What may happen to duties, registrations and scans, as calls whose details a number chooses."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_scan import code_of, record, scan

HOUR = timedelta(hours=1)
PEOPLE, PLACES, CAPACITY = 6, 2, 2
# How often something is tried that fits the status.
LIKELY = 0.8
# In how many hours each need begins; it lasts a day.
BEGINS = (-6, 4)
Call = Callable[[], Awaitable[Json]]

ACCEPTED_EVENT = """INSERT INTO event (actor_kind, kind, subject_type, subject_key, change)
  VALUES ('PUBLIC', 'assignment.accepted', 'Assignment', $1, '{"status": "ACCEPTED"}')"""
DUTIES = "SELECT * FROM assignment WHERE status NOT IN ('DECLINED', 'CANCELLED') ORDER BY created_at, volunteer_id"
REGISTRATIONS = "SELECT * FROM camp_registration ORDER BY camp_id, number"
SCANS = "SELECT id FROM scan WHERE site_id IS NOT NULL AND annulled_at IS NULL ORDER BY at, nonce"


@dataclass(slots=True)
class World:
    """Two needs for two that overlap, one of them at a site; a camp for two to come, and one that runs; and who acts."""

    api: Api
    build: Build
    coordinator: uuid.UUID
    accounts: dict[uuid.UUID, uuid.UUID]
    needs: list[uuid.UUID]
    site: uuid.UUID
    camp: uuid.UUID
    running: uuid.UUID
    site_code: str
    codes: dict[uuid.UUID, str]

    async def call(self, name: str, number: int) -> Call | None:
        """The call of this name with details that the number chooses; None where there is nothing to do it with."""
        random = Random(number)
        if name in CHANGES:
            return await self._change(name, random)
        if name in ("cancelRegistration", "annulScan"):
            return await self._undo(name, random)
        actor, values = getattr(self, f"_{name}")(random)
        return self._call(name, actor, **values)

    def _call(self, name: str, actor: uuid.UUID, **values: Any) -> Call:
        document = (
            f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ problems {{ code }} }} }}"
        )
        return lambda: self.api.do(document, actor=actor, **values)

    def _person(self, random: Random) -> uuid.UUID:
        return random.choice([*self.accounts])

    def _offerAssignment(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As the mutation is called.
        number = random.randrange(2)
        begins = BEGINS[number]
        period = {"startsAt": hour(random, begins, begins + 8), "endsAt": hour(random, begins + 9, begins + 20)}
        named = {"need": f"Need:{self.needs[number]}", "volunteer": f"Volunteer:{self._person(random)}"}
        return self.coordinator, {**named, **period}

    def _offerAssignments(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As above.
        people = [f"Volunteer:{person}" for person in random.sample([*self.accounts], 3)]
        return self.coordinator, {"need": f"Need:{random.choice(self.needs)}", "volunteers": people, "nearest": 1}

    def _mobilizeCamp(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As above.
        named = {"camp": f"Camp:{self.running}", "need": f"Need:{random.choice(self.needs)}"}
        return self.coordinator, {**named, "volunteers": [], "further": random.randint(1, 2)}

    def _registerForCamp(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As above.
        return self.coordinator, {"camp": f"Camp:{self.camp}", "volunteer": f"Volunteer:{self._person(random)}"}

    def _scanSite(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As above.
        """Now, or offline: before, in the future, sent again, out of order."""
        point, at = random.choice(("ENTRY", "ENTRY", "EXIT")), random.choice((None, hour(random, -8, 1)))
        scanned = {"code": self.site_code, "point": point, "nonce": str(random.randrange(20)), "offlineAt": at}
        return self.accounts[self._person(random)], scanned

    def _recordScans(self, random: Random) -> tuple[uuid.UUID, Json]:  # noqa: N802  # As above.
        """At the site, or at the gate of the camp that runs; people together, also who has no duty there."""
        place = random.choice(({"site": f"Site:{self.site}"}, {"camp": f"Camp:{self.running}"}))
        people = random.sample([*self.codes], 2)
        scans = [
            scan(
                self.codes[person],
                str(random.randrange(40)),
                random.choice(("ENTRY", "EXIT")),
                at=hour(random, -8, 0),
            )
            for person in people
        ]
        return self.coordinator, {**place, "device": "hp", "isOffline": random.random() < 0.5, "scans": scans}

    async def _undo(self, name: str, random: Random) -> Call | None:
        if name == "annulScan":
            key = pick(await self.build.connection.fetch(SCANS), random)
            named = key and {"scan": f"Scan:{key['id']}"}
            return self._call(name, self.coordinator, **named, reason="Salah orang") if named else None
        row = pick(await self.build.connection.fetch(REGISTRATIONS), random)
        named = row and {"campRegistration": f"CampRegistration:{row['id']}", "version": row["version"]}
        return self._call(name, self.coordinator, **named, reason="Batal") if named else None

    async def _change(self, name: str, random: Random) -> Call | None:
        """Something with a duty, mostly such as fits its status."""
        duties = await self.build.connection.fetch(DUTIES)
        fitting = [row for row in duties if is_asked(row) == (name in ANSWERS)]
        row = pick(fitting if fitting and random.random() < LIKELY else duties, random)
        if row is None:
            return None
        actor = self.accounts[row["volunteer_id"]] if name in OWN else self.coordinator
        other = {"volunteer": f"Volunteer:{self._person(random)}", "startsAt": hour(random, -6, 20)}
        values: dict[str, Json] = {
            "cancelAssignment": {"reason": "Batal"},
            "releaseAssignment": {"reason": "Pulang"},
            "recordNoShow": {"reason": "Tidak datang"},
            "extendAssignment": {"endsAt": hour(random, 6, 24)},
            "replaceAssignment": other,
        }
        details = values.get(name, {}) if name not in REPORTS else {"at": hour(random, -8, 0)}
        version = {} if name in REPORTS else {"version": row["version"]}
        return self._call(name, actor, assignment=f"Assignment:{row['id']}", **version, **details)


ANSWERS = ("acceptAssignment", "declineAssignment")
REPORTS = ("mobilizeAssignment", "checkInAssignment", "checkOutAssignment")
OWN = (*ANSWERS, "cancelAssignment", "mobilizeAssignment")
CHANGES = (
    *(*ANSWERS, *REPORTS, "cancelAssignment", "releaseAssignment", "recordNoShow"),
    *("extendAssignment", "replaceAssignment"),
)
# Each as often as it is tried.
NAMES = (
    *("offerAssignment", "offerAssignments", "registerForCamp", "scanSite", "replaceAssignment") * 2,
    *("extendAssignment", "checkInAssignment", "checkOutAssignment", "recordScans") * 2,
    *("acceptAssignment",) * 6,
    *("declineAssignment", "cancelAssignment", "releaseAssignment", "recordNoShow", "mobilizeAssignment"),
    *("mobilizeCamp", "cancelRegistration", "annulScan"),
)


def hour(random: Random, since: int, until: int) -> str:
    return instant(NOW + random.randint(since, until) * HOUR)


def pick(rows: list[Any], random: Random) -> Any:
    return random.choice(rows) if rows else None


def is_asked(duty: Any) -> bool:
    return duty["status"] == "OFFERED" or duty["proposed_ends_at"] is not None


async def make_world(api: Api, build: Build) -> World:
    """Two have accepted long ago, so that reports of the last hours count; the last of all is inside a camp."""
    organization, incident = await build.organization(), await build.incident()
    site, coordinator = await build.site(incident), await build.coordinator()
    people = [await build.volunteer(organization) for _ in range(PEOPLE)]
    periods = [{"starts_at": NOW + begins * HOUR, "ends_at": NOW + (begins + 24) * HOUR} for begins in BEGINS]
    needs = [
        await build.need(incident, wanted=PLACES, **period, **at)
        for period, at in zip(periods, ({"site_id": site}, {}), strict=True)
    ]
    for person in people[:2]:
        key = await build.assignment(needs[0], person, status="ACCEPTED", ends_at=NOW + 4 * HOUR)
        await build.connection.execute(ACCEPTED_EVENT, str(key))
    camp, running = [
        await build.camp(organization, starts_at=NOW + starts * HOUR, ends_at=NOW + ends * HOUR, **values)
        for starts, ends, values in ((8, 20, {"capacity": CAPACITY}), (-12, 30, {"status": "RUNNING"}))
    ]
    accounts = {person: await build.volunteer_account(person) for person in people}
    codes = {person: await code_of(api, coordinator, volunteer=f"Volunteer:{person}") for person in people}
    await build.camp_registration(running, people[-1])
    await record(api, coordinator, running, scan(codes[people[-1]], "0", at=instant(NOW - 10 * HOUR)))
    site_code = await code_of(api, coordinator, site=f"Site:{site}")
    return World(api, build, coordinator, accounts, needs, site, camp, running, site_code, codes)
