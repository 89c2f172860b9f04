"""Sample data with edge cases in every column, the same at every run, and accounts of every kind."""

import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from api.access.event import SUBJECTS
from tests.builders import FAR, HOME, NEIGHBOUR, Build

WITA, WIT = "64.72", "91.71"
HOMES = (HOME, HOME, NEIGHBOUR, FAR, WITA, WIT)

NAMES = (
    "Sinta",
    "Sinta",
    'O\'Brien "Bang" Udin',
    "C:\\temp\\%s_100%",
    "Ni Luh 🌋👩🏽‍🚒",
    "محمد عبد الله",
    "Dua\nbaris\tdan \x01 \x7f \u2028",
    "É́çole</script><!--",
    "a",
    "SINTA",
)
INSTANTS = (
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 16, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC),
)
ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
STATUSES = (
    *("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED"),
    *("DECLINED", "EXPIRED", "CANCELLED", "RELEASED", "NO_SHOW"),
)
COMMITTED = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED", "RELEASED")

ROLES_OF = "SELECT id FROM role WHERE account_id = $1 ORDER BY id"


@dataclass(slots=True)
class RepeatableBuild(Build):
    """Builds rows whose ids and timestamps are the same at every run."""

    random: Random = field(default_factory=lambda: Random(62))
    instants: Iterator[datetime] = field(default_factory=lambda: itertools.cycle(INSTANTS))

    async def row(self, table: str, **values: Any) -> uuid.UUID:
        made = {"id": uuid.UUID(int=self.random.getrandbits(128), version=4), "created_at": next(self.instants)}
        return await Build.row(self, table, **{**made, **values})


@dataclass(slots=True)
class SampleData:
    """The ids of the sample rows; `actors` are accounts by their role, None for the public."""

    build: RepeatableBuild
    actors: dict[str, uuid.UUID | None] = field(default_factory=dict)
    organizations: list[uuid.UUID] = field(default_factory=list)
    people: list[uuid.UUID] = field(default_factory=list)
    needs: list[uuid.UUID] = field(default_factory=list)
    decrees: list[uuid.UUID] = field(default_factory=list)

    @classmethod
    async def of(cls, build: RepeatableBuild) -> "SampleData":
        sample_data = cls(build)
        async with build.connection.transaction():
            await sample_data.make_organizations()
            await sample_data.make_people()
            await sample_data.make_memberships_and_certificates()
            await sample_data.make_records()
            await sample_data.make_infinite_dates()
            await sample_data.make_needs()
            await sample_data.make_assignments()
            await sample_data.make_actors()
            await sample_data.make_evaluations()
            await sample_data.make_reports()
            await sample_data.make_sites()
            await sample_data.make_pledges()
            await sample_data.make_membership_requests()
            await sample_data.make_camps()
            await sample_data.make_membership_transfers()
            await sample_data.make_certificate_requests()
            await sample_data.make_imports()
            await sample_data.make_activity()
            await sample_data.make_scans()
            await sample_data.make_camp_evaluations()
            await sample_data.make_enrolments()
        return sample_data

    def day(self, days: float) -> datetime:
        return self.build.now + timedelta(days=days)

    async def make_organizations(self) -> None:
        build, made = self.build, self.organizations
        for number, name in enumerate(NAMES[:6]):
            verification = ("VERIFIED", "VERIFIED", "PENDING", "SUSPENDED")[number % 4]
            home = HOMES[number]
            corps = {4: "MRI", 5: "TKSK"}.get(number, "TAGANA")
            values = {"verification": verification, "kabupaten_code": home, "corps": corps}
            made.append(await build.organization(name=f"{name} {number}", **values))
        for described in made[:4]:
            await build.row("organization_contact", organization_id=described, name=NAMES[0], phone="+6281234567890")
            for code in dict.fromkeys(HOMES[:4]):
                await build.connection.execute("INSERT INTO organization_coverage VALUES ($1, $2)", described, code)
        made.append(await build.organization(name="Cabang", parent_id=made[0]))
        made.append(await build.organization(name="Cabang dari yang belum", parent_id=made[2], kind="NGO"))
        licences = (
            (0, "REGISTRATION", None, None),
            (0, "FUNDRAISING", date(2025, 1, 1), None),
            (1, "REGISTRATION", date(2025, 5, 5), None),
            (1, "REGISTRATION", None, date(2027, 1, 1)),
            (2, "ACCREDITATION", None, date(2021, 1, 1)),
            (5, "REGISTRATION", date(2025, 5, 5), date(2030, 1, 1)),
            (5, "REGISTRATION", None, date(2026, 3, 3)),
            (6, "REGISTRATION", date(2025, 5, 5), None),
        )
        for number, (owner, kind, revoked, until) in enumerate(licences):
            await build.licence(
                made[owner],
                kind=kind,
                number=f'{number}/"\\',
                issuer="Dinsos",
                valid_from=date(2020, 1, 1 + number % 2),
                valid_until=until,
                revoked_on=revoked,
            )

    async def make_people(self) -> None:
        variety: tuple[dict[str, Any], ...] = (
            {},
            {
                "reach": "PROVINCE",
                "phone": "+6281234567890",
                "latitude": -2.5,
                "longitude": 112.95,
                "birth_date": date(1990, 2, 28),
                "kecamatan": "01",
                "email": "sinta@contoh.id",
                "emergency_name": NAMES[2],
                "emergency_phone": "+6281234567891",
                "emergency_relation": NAMES[6],
                "sex": "FEMALE",
            },
            {"reach": "KABUPATEN", "nik_tail": "0042", "latitude": -0.0, "longitude": 180.0},
            {"status": "INACTIVE"},
            {"consent_given_at": None, "consent_purpose": None},
            {"consent_withdrawn_at": INSTANTS[2], "consent_purpose": NAMES[6]},
            {"reach": "PROVINCE", "latitude": 1e-7, "longitude": 123.45678901234567},
        )
        for number in range(28):
            values = dict(variety[number % len(variety)])
            name, home = NAMES[number % len(NAMES)], HOMES[number % len(HOMES)]
            within = {"kecamatan_code": f"{home}.{values.pop('kecamatan')}"} if "kecamatan" in values else {}
            self.people.append(await self.build.person(name=name, kabupaten_code=home, **within, **values))

    async def make_memberships_and_certificates(self) -> None:
        """Memberships and certificates of every kind; the last four people have none."""
        build, organizations = self.build, itertools.cycle(self.organizations)
        types = itertools.cycle(
            ("WATER_RESCUE_BASIC", "WATER_RESCUE_ADVANCED", "TAGANA_UTAMA", "MRI_RESCUE", "FIRST_AID_BASIC")
        )
        ranks = {key: itertools.cycle((None, "TAGANA_MUDA", "TAGANA_UTAMA")) for key in self.organizations}
        ranks[self.organizations[4]] = itertools.cycle(("MRI_ANGGOTA", None))
        ranks[self.organizations[5]] = itertools.cycle((None,))
        for number, person in enumerate(self.people[:24]):
            own = self.organizations[0] if number % 3 == 0 else next(organizations)
            ends = (None, None, date(2026, 3, 1), date(2026, 2, 28), date(2026, 3, 3))[number % 5]
            reason = NAMES[number % len(NAMES)] if ends and number % 2 else None
            await build.membership(
                person,
                own,
                until=ends,
                end_reason=reason,
                rank_code=next(ranks[own]),
                number=f"{number:03}" if number % 2 else None,
            )
            if ends:
                await build.membership(person, own, since=ends + timedelta(days=1), rank_code=next(ranks[own]))
            for again in range(number % 4):
                revoked = (number + again) % 7 == 6
                await build.certificate(
                    person,
                    next(organizations),
                    certificate_type_code=next(types),
                    issued_on=date(2024, 1, 1 + again % 2),
                    expires_on=(None, date(2026, 3, 3), date(2029, 1, 1), date(2026, 2, 1))[(number + again) % 4],
                    revoked_on=date(2025, 1, 1) if revoked else None,
                    revocation_reason="Palsu" if revoked else None,
                )

    async def make_records(self) -> None:
        """Absences before, on and after the days of the needs, insurances of every kind, skills that are claimed; merged records."""
        build = self.build
        for number, home in enumerate(HOMES):
            one, other = sorted(self.people[number : number + 2])
            pair = {"one_id": one, "other_id": other, "kabupaten_code": home, "similarity": 1 / (number + 1)}
            await build.row("suspected_pair", **pair)
        for number in range(2):
            old = uuid.UUID(int=number + 1, version=4)
            merged = "INSERT INTO merged_volunteer VALUES ($1, $2, $3)"
            await build.connection.execute(merged, old, self.people[number], INSTANTS[0])
        for number, person in enumerate(self.people):
            first = build.now.date() + timedelta(days=(-9, 0, 2, 5, 40)[number % 5])
            if number % 3 == 0:
                await build.absence(
                    person,
                    kind="ILLNESS" if number % 2 else "LEAVE",
                    since=first,
                    until=first + timedelta(days=number % 4),
                    reason=NAMES[number % len(NAMES)] if number % 2 else None,
                    cancelled_at=INSTANTS[2] if number % 9 == 0 else None,
                )
            if number % 4 == 0:
                kind = ("BPJS_JKK", "BPJS_JKM", "OTHER")[number % 3]
                ends = (None, date(2026, 3, 3), date.max)[number % 3]
                await build.insurance(
                    person,
                    kind=kind,
                    insurer=NAMES[number % 4],
                    number=None if number % 2 else f"{number}/A",
                    until=ends,
                )
            if number % 5 == 0:
                await build.declared_skill(person, "FIRST_AID")
                await build.declared_skill(person, "WATER_RESCUE")

    async def make_infinite_dates(self) -> None:
        """Infinite dates and timestamps in each column that accepts them."""
        build, corps = self.build, self.organizations[6]
        first, second = self.people[24:26]
        await build.licence(
            corps,
            number="∞",
            issuer="Dinsos",
            valid_from=date.min,
            valid_until=date.max,
        )
        await build.membership(first, corps, until=date.max, end_reason="Tak berakhir")
        await build.membership(second, corps, since=date.max)
        await build.certificate(first, corps, expires_on=date.max)
        await build.certificate(
            second, corps, issued_on=date.max, expires_on=None, revoked_on=date.min, revocation_reason="-∞"
        )
        await build.person(consent_given_at=ALWAYS, consent_withdrawn_at=NEVER, latitude=90.0, longitude=-180.0)
        await build.incident(title="\u202eTak berakhir\u202c", ended_at=NEVER)

    async def make_needs(self) -> None:
        build = self.build
        incidents = [
            await build.incident(
                places,
                title=title,
                status=status,
                started_at=started,
                ended_at=ended,
                hazard_code=hazard,
                has_decree=False,
            )
            for places, title, status, started, ended, hazard in (
                ([HOME, NEIGHBOUR], 'Banjir "besar"', "ACTIVE", INSTANTS[1], None, "FLOOD"),
                ([FAR, WITA, WIT], "Gempa\nbumi 🌍", "VERIFIED", INSTANTS[3], None, "EARTHQUAKE"),
                ([HOME], "Selesai", "CLOSED", INSTANTS[0], INSTANTS[2], "FLOOD"),
                ([], "Tanpa tempat", "ACTIVE", INSTANTS[0], None, "FLOOD"),
                ([NEIGHBOUR], "Kabar", "REPORTED", INSTANTS[2], None, "FLOOD"),
                ([], "Kabar tanpa tempat", "REPORTED", INSTANTS[4], None, "FLOOD"),
            )
        ]
        await self.make_decrees(incidents)
        for incident, values in (
            (0, {}),
            (0, {"wanted": 2, "minimum_rank_code": "TAGANA_MADYA", "priority": "URGENT"}),
            (0, {"kabupaten_code": NEIGHBOUR, "starts_at": self.day(0.5), "ends_at": self.day(1.2)}),
            (0, {"closed_at": INSTANTS[2], "priority": "LOW"}),
            (0, {"starts_at": self.day(-9), "ends_at": self.day(-1)}),
            (1, {"kabupaten_code": FAR, "skill_code": "FIRST_AID", "minimum_rank_code": "MRI_ANGGOTA"}),
            (1, {"kabupaten_code": WITA, "starts_at": self.day(3), "ends_at": self.day(8), "wanted": 1}),
            (1, {"kabupaten_code": WIT, "starts_at": self.day(1), "ends_at": self.day(1) + timedelta(hours=14)}),
            (2, {}),
            (3, {"skill_code": "LOGISTICS", "latitude": 0.0, "longitude": -180.0}),
        ):
            self.needs.append(await build.need(incidents[incident], **values))
        minimums = itertools.product(
            self.needs[:3], (("TAGANA_MADYA", None), (None, "FEMALE"), ("TAGANA_MUDA", "FEMALE"))
        )
        for number, (need, (rank, sex)) in enumerate(minimums):
            await build.minimum(need, 1 + number % 2, rank_code=rank, sex=sex)

    async def make_decrees(self, incidents: list[uuid.UUID]) -> None:
        decrees: tuple[tuple[int, dict[str, Any]], ...] = (
            (0, {"kabupaten_code": NEIGHBOUR}),
            (0, {"starts_on": date(2026, 4, 1), "ends_on": date(2026, 4, 1), "kind": "TRANSISI_DARURAT"}),
            (1, {"level": "PROVINCE", "province_code": FAR[:2], "decree_number": NAMES[2]}),
            (2, {"level": "NATIONAL", "kind": "SIAGA_DARURAT", "starts_on": date(2025, 1, 1)}),
        )
        self.decrees = [
            await self.build.emergency_status(incidents[incident], **values) for incident, values in decrees
        ]

    async def make_assignments(self) -> None:
        people, needs = itertools.cycle(self.people), itertools.cycle(self.needs)
        for number in range(30):
            status = STATUSES[number % len(STATUSES)]
            need = next(needs) if number % 9 else self.needs[1]
            times: dict[str, Any] = (
                {} if number % 4 else {"starts_at": self.day(-5), "ends_at": self.day(-1 + number / 30)}
            )
            if was_accepted := status in (*COMMITTED, "NO_SHOW"):
                times["accepted_at"] = self.day(-40)
                times["emergency_status_id"] = self.decrees[number % len(self.decrees)]
                times["decree_number"] = NAMES[number % len(NAMES)]
            assignment = await self.build.assignment(
                need,
                next(people),
                status=status,
                reason=NAMES[number % len(NAMES)] if status in ("DECLINED", "CANCELLED") else None,
                expires_at=(*INSTANTS, NEVER, ALWAYS)[number % 9] if number % 3 == 0 else None,
                **times,
            )
            # Some of those who decide are volunteers themselves, whom not everybody may see.
            decider = self.people[number % len(self.people)] if number % 10 == 0 else None
            account = await self.build.account(volunteer_id=decider) if number % 5 == 0 else None
            await self.make_history(assignment, status, account)
            if was_accepted:
                await self.make_attendance(assignment, number, account)
                await self.make_hours(assignment, number, account, is_live=status in COMMITTED)
            for rule in ("NOT_RESTED", "BEYOND_REACH")[: number % 3] if account else ():
                await self.build.row(
                    "override", assignment_id=assignment, rule_code=rule, fact="{}", reason=NAMES[6], account_id=account
                )

    async def make_attendance(self, assignment: uuid.UUID, number: int, account: uuid.UUID | None) -> None:
        """Reports with and without a mark."""
        for kind, mark in (("CHECKED_IN", None), ("CHECKED_OUT", "IN_FUTURE"))[: number % 3]:
            at = self.day(-number)
            await self.build.row(
                "attendance", assignment_id=assignment, kind=kind, at=at, mark=mark, account_id=account
            )

    async def make_hours(self, assignment: uuid.UUID, number: int, account: uuid.UUID | None, *, is_live: bool) -> None:
        """Hours in every status; of a duty that was taken back, refused ones only."""
        whose = "SELECT volunteer_id FROM assignment WHERE id = $1"
        for status in ("COUNTED", "REFUSED", "PROPOSED")[: number % 4] if is_live else ("REFUSED",):
            source = "ATTENDANCE" if status == "COUNTED" else "PROPOSAL"
            await self.build.row(
                "served_hours",
                assignment_id=assignment,
                volunteer_id=await self.build.connection.fetchval(whose, assignment),
                # Hours of no two duties overlap.
                starts_at=self.day(-2 - number),
                ends_at=self.day(-1 - number - number / 40),
                source=source,
                status=status,
                reason=None if status == "COUNTED" else NAMES[number % len(NAMES)],
                account_id=None if status == "COUNTED" else account,
            )

    async def make_history(self, assignment: uuid.UUID, status: str, account: uuid.UUID | None) -> None:
        """Two events: by an account, the public or the clock."""
        kind = "ACCOUNT" if account else ("CLOCK" if status == "EXPIRED" else "PUBLIC")
        for change, reason in (('{"status": "OFFERED"}', None), (json.dumps({"status": status}), NAMES[2]), ("{}", "")):
            await self.build.connection.execute(
                """INSERT INTO event (at, effective_at, actor_kind, account_id, kind, subject_type, subject_key, reason, change)
                VALUES ($1, $2, $3, $4, $5, 'Assignment', $6, $7, $8)""",
                *(next(self.build.instants), self.day(0) if kind == "CLOCK" else None, kind, account),
                *(f"assignment.{status.lower()}", str(assignment), reason, change),
            )

    async def make_sites(self) -> None:
        """Kitchens and shelters with counts of every kind, and a camp that belongs to no incident."""
        build = self.build
        public = "SELECT id FROM incident WHERE status IN ('ACTIVE', 'VERIFIED', 'CLOSED') ORDER BY title, id"
        incidents = [row["id"] for row in await build.connection.fetch(public)]
        kitchen = await build.site(incidents[0], kind="PUBLIC_KITCHEN", organization_id=self.organizations[2])
        for number in range(6):
            closed = self.day(-0.2) if number == 4 else None
            shelter = await build.site(
                incidents[number % 3],
                kitchen_id=kitchen if number % 2 else None,
                capacity=(100, None, 40)[number % 3],
                closed_at=closed,
                kabupaten_code=HOMES[number],
                name=NAMES[number],
            )
            for again in range(number % 4):
                await build.site_load(shelter, 20 * (again + 1) - number, self.day(-again / 4 - number / 10))
        for number in range(8):
            await build.situation_report(
                incidents[number % 3],
                kabupaten_code=HOMES[number % len(HOMES)],
                status=("RECORDED", "VERIFIED", "VERIFIED", "WITHDRAWN")[number % 4],
                source=NAMES[number],
                displaced=number * 7 if number % 2 else None,
                dead=number,
                at=self.day(-number / 3),
                recorder_id=self.actors["volunteer"] if number % 3 else None,
            )
        await build.site(incidents[1], kind="CAMP", name="Kemah", organization_id=self.organizations[0])
        await build.connection.execute("UPDATE site SET incident_id = NULL WHERE kind = 'CAMP'")
        await build.connection.execute("UPDATE need SET site_id = $1 WHERE id = ANY($2)", kitchen, self.needs[:3])

    async def make_pledges(self) -> None:
        """Pledges of people and goods in every status, and requests for them."""
        build, organizations, needs = self.build, itertools.cycle(self.organizations), itertools.cycle(self.needs)
        goods = [
            await build.goods_need(quantity=1000, kabupaten_code=home, closed_at=None if home == HOME else INSTANTS[1])
            for home in (HOME, NEIGHBOUR, WIT)
        ]
        last = None
        for number, status in enumerate(("OPEN", "RELEASED", "LAPSED", "OPEN", "HANDED_OVER") * 3):
            is_goods = number % 2 == 1
            last = await build.pledge(
                None if is_goods else next(needs),
                next(organizations),
                goods_need_id=goods[number % 3] if is_goods else None,
                quantity=1 + number % 2 * 40,
                delivered=number if is_goods else 0,
                status=status,
                reason=NAMES[number % len(NAMES)] if status != "OPEN" else None,
                deadline=(None, self.day(-1), self.day(1))[number % 3],
                handed_over_to_id=last if status == "HANDED_OVER" else None,
            )
            await build.row(
                "pledge_request",
                pledge_id=last,
                organization_id=next(organizations),
                reason=NAMES[number % len(NAMES)],
                status="ASKED" if number % 2 else "REFUSED",
                answer=None if number % 2 else NAMES[1],
                answered_at=None if number % 2 else INSTANTS[2],
            )

    async def make_membership_requests(self) -> None:
        """Of both sides, in every status; among the people are some with an account."""
        statuses = ("PENDING", "ACCEPTED", "REFUSED", "WITHDRAWN")
        organizations = itertools.cycle(self.organizations)
        for number, person in enumerate((*self.people, self.people[1], self.people[5])):
            status = statuses[number // 2 % 4] if number < len(self.people) else "PENDING"
            await self.build.membership_request(
                person,
                self.organizations[2] if number % 5 == 0 else next(organizations),
                asked_by=("PERSON", "ORGANIZATION")[number % 2],
                asker_id=(None, self.actors["nation"], self.actors["mixed"])[number % 3],
                status=status,
                number=f"{number:03}" if number % 3 else None,
                rank_code=(None, "TAGANA_MUDA")[number % 2],
                note=NAMES[number % len(NAMES)] if number % 4 else None,
                reason=NAMES[2] if status == "REFUSED" else None,
            )

    async def make_imports(self) -> None:
        """Imports of several accounts, with rows of every outcome."""
        build = self.build
        outcomes = ("CREATED", "UPDATED", "UNCHANGED", "REQUESTED", "REFUSED")
        for number, status in enumerate(("WAITING", "RUNNING", "CHECKED", "DONE", "REFUSED", "DONE")):
            job = await build.import_job(
                self.organizations[number],
                self.actors[("manager", "mixed", "nation")[number % 3]],
                status=status,
                ignored_columns=[*NAMES[:number]],
                created_at=self.day(-number / 7),
            )
            for row, outcome in enumerate(outcomes[:number], 2):
                why = {
                    "code": "INVALID",
                    "column_name": "NIK",
                    "value": "…1",
                    "label_id": "Salah.",
                    "label_en": "Wrong.",
                }
                await build.row(
                    "import_entry",
                    import_job_id=job,
                    row=row,
                    outcome=outcome,
                    volunteer_id=self.people[row] if row % 2 else None,
                    **(why if outcome == "REFUSED" else {}),
                )

    async def make_camps(self) -> None:
        """Camps in every status, with contingents, quotas, sessions, staff, and people in every status."""
        build, organizations = self.build, self.organizations
        statuses = ("DRAFT", "OPEN", "CLOSED", "RUNNING", "COMPLETED", "CANCELLED", "OPEN", "DRAFT")
        camps = [
            await build.camp(
                organizations[number % 4],
                name=NAMES[number],
                kind_code=("CONSOLIDATION", "TRAINING", "DRILL", "COACHING")[number % 4],
                kabupaten_code=HOMES[number % len(HOMES)],
                status=status,
                series=None if number % 3 else NAMES[2],
                capacity=(40, 60)[number % 2],
                starts_at=self.day(60 * number - 150),
                ends_at=self.day(60 * number - 147),
                registration_opens_at=(None, self.day(-1), self.day(1))[number % 3],
                registration_closes_at=(None, self.day(2), None)[number % 3],
                issuer_id=organizations[number % 4] if number % 2 else None,
                certificate_type_code="FIRST_AID_BASIC" if number % 2 else None,
                reason=NAMES[6] if status == "CANCELLED" else None,
            )
            for number, status in enumerate(statuses)
        ]
        # Nobody registers for a draft.
        await self.make_contingents(camps[1:7])
        for number, camp in enumerate(camps):
            account = (self.actors["volunteer"], self.actors["mixed"], None)[number % 3]
            if account:
                await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp)
            person = self.people[number]
            ended = INSTANTS[1] if number % 2 else None
            member = await build.camp_staff_member(camp, person, duty="INSTRUCTOR", ended_at=ended)
            for again in range(number % 3):
                await build.row(
                    "camp_session",
                    camp_id=camp,
                    title=NAMES[again],
                    starts_at=self.day(60 * number - 150 + again),
                    ends_at=self.day(60 * number - 149.5 + again),
                    instructor_id=member if again else None,
                    is_required=not again,
                    capacity=20 if again else None,
                )

    async def make_scans(self) -> None:
        """Codes of people, guests and sites, and scans of every kind at camps and sites."""
        build, connection = self.build, self.build.connection
        account = (
            self.actors["coordinator"] if "coordinator" in self.actors else next(filter(None, self.actors.values()))
        )
        registrations = await connection.fetch("SELECT * FROM camp_registration ORDER BY camp_id, number")
        sites = await connection.fetch("SELECT id FROM site ORDER BY id LIMIT 2")
        for number, person in enumerate(self.people[8:20]):
            annulled = {"annulled_at": INSTANTS[1], "reason": NAMES[1]} if number % 4 == 0 else {}
            await build.row("scan_code", volunteer_id=person, code=f"{number:018}", **annulled)
        for number, row in enumerate(registrations):
            if row["guest_name"] is not None:
                await build.row("scan_code", registration_id=row["id"], code=f"{number + 100:018}")
            places = {"camp_id": row["camp_id"]} if number % 5 else {"site_id": sites[number % len(sites)]["id"]}
            point = ("ENTRY", "ENTRY", "EXIT", "MEAL", "KIT")[number % 5]
            for again in range(1 + number % 2):
                await build.row(
                    "scan",
                    **places,
                    point=point,
                    item=None if number % 3 else NAMES[3],
                    text=f"{number:018}",
                    volunteer_id=row["volunteer_id"],
                    registration_id=row["id"] if "camp_id" in places else None,
                    at=self.day(again - 1),
                    device="hp-1",
                    nonce=f"{number} {again}",
                    is_offline=number % 3 == 0,
                    finding=("WAITING", "IN_FUTURE")[number % 2] if number % 4 == 0 else None,
                    account_id=account,
                )
        for number, row in enumerate(registrations[::4]):
            group = await build.row(
                "camp_group",
                camp_id=row["camp_id"],
                kind=("TENT", "BUS")[number % 2],
                name=f"{NAMES[number % 4]} {number}",
                capacity=4,
                leader_id=self.people[number % 6] if number % 3 else None,
            )
            if row["status"] in ("OFFERED", "REGISTERED", "CHECKED_IN", "COMPLETED"):
                await build.row("camp_group_member", group_id=group, registration_id=row["id"])
        for row in sites:
            await build.row("scan_code", site_id=row["id"], code=str(row["id"])[:18])

    async def make_enrolments(self) -> None:
        """Half of those who come in each session that not everybody attends."""
        await self.build.connection.execute(
            """INSERT INTO camp_enrolment (id, session_id, registration_id)
            SELECT gen_random_uuid(), s.id, r.id FROM camp_session AS s JOIN camp_registration AS r USING (camp_id)
            WHERE NOT s.is_required AND r.status IN ('REGISTERED', 'CHECKED_IN', 'COMPLETED') AND number % 2 = 0"""
        )

    async def make_camp_evaluations(self) -> None:
        """Scores of sessions, some with words."""
        pairs = await self.build.connection.fetch(
            """SELECT s.id AS session, r.id AS registration FROM camp_session AS s JOIN camp_registration AS r USING (camp_id)
            ORDER BY camp_id, title, number"""
        )
        for number, pair in enumerate(pairs[::3]):
            await self.build.row(
                "camp_evaluation",
                session_id=pair["session"],
                registration_id=pair["registration"],
                score=1 + number % 5,
                text=NAMES[number % 4] if number % 2 else None,
            )

    async def make_contingents(self, camps: list[uuid.UUID]) -> None:
        """Contingents in every status, and registrations with and without one; some have lapsed."""
        build, organizations = self.build, itertools.cycle(self.organizations)
        states = itertools.cycle(("ALLOTTED", "ASKED", "WAITLISTED", "NAMED", "RELEASED", "ALLOTTED"))
        statuses = itertools.cycle(
            ("REGISTERED", "WAITLISTED", "OFFERED", "CHECKED_IN", "CANCELLED", "OFFERED", "COMPLETED")
        )
        people = itertools.cycle(self.people[8:26])
        for number, camp in enumerate(camps):
            await build.row("camp_quota", camp_id=camp, kabupaten_code=HOMES[number % len(HOMES)], places=number + 5)
            await build.row("camp_quota", camp_id=camp, organization_id=next(organizations), sex="FEMALE", places=9)
            for again in range(3):
                status = next(states)
                contingent = await build.contingent(
                    camp,
                    next(organizations) if again else None,
                    kabupaten_code=None if again else HOMES[number % len(HOMES)],
                    status=status,
                    places=5,
                    leader_id=self.people[1 + number % 5] if again else None,
                    names_due_at=(None, self.day(-1), self.day(1))[again],
                )
                named = contingent if status not in ("ASKED", "WAITLISTED") else None
                for turn in range(3):
                    await build.camp_registration(
                        camp,
                        next(people),
                        contingent_id=named if turn else None,
                        organization_id=next(organizations) if turn else None,
                        status=next(statuses),
                        offered_until=self.day((-1, 1, 2)[turn]),
                        sex=("FEMALE", None, "MALE")[turn],
                        reason=NAMES[number] if turn else None,
                    )
            guest = {"guest_name": NAMES[number], "organization_id": next(organizations), "status": "WAITLISTED"}
            await build.camp_registration(camp, None, kabupaten_code=FAR, **guest)

    async def make_certificate_requests(self) -> None:
        """In every status, with evidence or none, and decrees that hold and that were taken back."""
        build, organizations = self.build, itertools.cycle(self.organizations)
        evidence = {
            "account_id": self.actors["nation"],
            "media_type": "image/png",
            "byte_count": 9,
            "used_at": build.now,
        }
        for number, person in enumerate((*self.people[:12], self.people[1], self.people[5])):
            status = ("PENDING", "ACCEPTED", "REFUSED", "WITHDRAWN")[number % 4]
            await build.certificate_request(
                person,
                next(organizations),
                status=status,
                expires_on=(None, date(2029, 1, 1))[number % 2],
                note=NAMES[number % len(NAMES)] if number % 3 else None,
                reason=NAMES[2] if status == "REFUSED" else None,
                evidence_id=await build.row("upload", **evidence) if number % 3 else None,
            )
        for number, status in enumerate(("IN_FORCE", "REVERTED", "IN_FORCE")):
            await build.certificate_extension(
                certificate_type_code=("FIRST_AID_BASIC", "TAGANA_UTAMA")[number % 2],
                certificates=number,
                status=status,
                decree_number=f"{NAMES[number]} {number}",
                reason=NAMES[3] if status == "REVERTED" else None,
            )

    async def make_membership_transfers(self) -> None:
        """In every status and answered by nobody, one or both; members of one organization are TKSK."""
        listed = "SELECT id, organization_id FROM membership WHERE until IS NULL ORDER BY id"
        memberships = await self.build.connection.fetch(listed)
        organizations = itertools.cycle(self.organizations)
        statuses = ("PENDING", "PENDING", "ACCEPTED", "REFUSED", "PENDING", "WITHDRAWN")
        for number, held in enumerate(memberships):
            agreed = {0: {"person_agreed_at": INSTANTS[1]}, 1: {"organization_agreed_at": INSTANTS[3]}}.get(number % 3)
            await self.build.membership_transfer(
                held["id"],
                next(organizations),
                status=statuses[number % len(statuses)],
                asker_id=(None, self.actors["nation"], self.actors["mixed"])[number // 2 % 3],
                number=f"{number:03}" if number % 4 == 1 else None,
                note=NAMES[number % len(NAMES)] if number % 2 else None,
                **(agreed or {}),
            )
        tksk = [held for held in memberships if held["organization_id"] == self.organizations[5]]
        for number, held in enumerate(tksk, 1):
            update = "UPDATE membership SET kecamatan_code = $1, kecamatan_since = since WHERE id = $2"
            await self.build.connection.execute(update, f"18.03.0{number}", held["id"])

    async def make_evaluations(self) -> None:
        await self.build.connection.execute(
            "UPDATE assignment SET rating = 4, rating_comment = $1, rated_at = $2, rater_id = $3 WHERE status = 'COMPLETED'",
            *(NAMES[2], INSTANTS[0], self.actors["nation"]),
        )

    async def make_activity(self) -> None:
        """Events of every kind of thing, which concern things of every kind, and one of a thing that is gone."""
        connection = self.build.connection
        columns = ("incident_id", "organization_id", "volunteer_id", "site_id", "need_id")
        tables = ("incident", "organization", "volunteer", "site", "need")
        keys = [[row["id"] for row in await connection.fetch(f"SELECT id FROM {name} ORDER BY id")] for name in tables]
        concerned = zip(*(itertools.cycle(each[:3]) for each in keys), itertools.cycle((HOME, FAR, None)), strict=False)
        for noun, (table, _) in SUBJECTS.items():
            subjects = await connection.fetch(f'SELECT id FROM "{table.name}" ORDER BY id LIMIT 6')
            for number, key in enumerate([*(row["id"] for row in subjects), uuid.UUID(int=len(noun))]):
                await connection.execute(
                    f"""INSERT INTO event (at, actor_kind, kind, subject_type, subject_key, reason, change,
                    {", ".join(columns)}, kabupaten_code)
                    VALUES ($1, 'CLOCK', $2, $3, $4, $5, '{{}}', $6, $7, $8, $9, $10, $11)""",
                    *(
                        next(self.build.instants),
                        f"{table.name}.{('changed', 'exported', 'evaluated', 'scanned')[number % 4]}",
                        noun,
                        str(key),
                    ),
                    *(NAMES[number % len(NAMES)], *next(concerned)),
                )

    async def make_reports(self) -> None:
        """Incidents that were reported by somebody, rejected and merged."""
        build, volunteer = self.build, self.actors["volunteer"]
        for status, values in (
            ("REPORTED", {"reporter_id": volunteer}),
            ("REJECTED", {"reporter_id": self.actors["mixed"], "reason": NAMES[2]}),
            ("MERGED", {"merged_into_id": await build.incident(), "verified_at": INSTANTS[2]}),
            ("MERGED", {"merged_into_id": await build.incident([FAR], status="REPORTED")}),
        ):
            incident = await build.incident(status=status, title=status, hazard_code="TERROR", **values)
            await build.connection.execute(
                """INSERT INTO event (at, actor_kind, account_id, kind, subject_type, subject_key, change)
                VALUES ($1, 'ACCOUNT', $2, 'incident.reported', 'Incident', $3, '{"status": "REPORTED"}')""",
                *(INSTANTS[1], volunteer, str(incident)),
            )
        for number, home in enumerate((HOME, NEIGHBOUR, FAR, None)):
            await build.connection.execute(
                """INSERT INTO event (at, actor_kind, account_id, kind, subject_type, subject_key, reason, change, kabupaten_code)
                VALUES ($1, 'ACCOUNT', $2, $3, 'Absence', $4, $5,
                        '{"mutation": "grantRole", "codes": ["FORBIDDEN", "NOT_FOUND"]}', $6)""",
                *(INSTANTS[1], volunteer, f"x.{number}", str(uuid.UUID(int=number)), NAMES[number], home),
            )

    async def make_actors(self) -> None:
        build, people = self.build, self.people
        mixed = await build.account(volunteer_id=people[5])
        await build.row("role", account_id=mixed, kind="COORDINATOR", kabupaten_code=FAR)
        await build.row("role", account_id=mixed, kind="COORDINATOR", province_code=WIT[:2])
        await build.row("role", account_id=mixed, kind="MANAGER", organization_id=self.organizations[2])
        officer = await build.account()
        await build.row("role", account_id=officer, kind="AUDITOR", province_code=NEIGHBOUR[:2])
        await build.row("role", account_id=officer, kind="DESK_OFFICER", kabupaten_code=FAR)
        self.actors = {
            "public": None,
            "volunteer": await build.volunteer_account(people[1]),
            "manager": await build.manager(self.organizations[0]),
            "kabupaten": await build.coordinator(kabupaten_code=HOME),
            "province": await build.coordinator(province_code=NEIGHBOUR[:2]),
            "nation": await build.coordinator(),
            "mixed": mixed,
            "officer": officer,
        }
        await self.make_roles()

    async def make_roles(self) -> None:
        """Roles of every kind, in force, over, to come and revoked; some of the actors' own."""
        build, now = self.build, self.build.now
        scopes: tuple[tuple[str, dict[str, Any]], ...] = (
            ("COORDINATOR", {"kabupaten_code": HOME}),
            ("AUDITOR", {}),
            ("DESK_OFFICER", {"province_code": NEIGHBOUR[:2]}),
            ("CAMP_STAFF", {"organization_id": self.organizations[0]}),
            ("MANAGER", {"organization_id": self.organizations[3]}),
            ("DESK_OFFICER", {"kabupaten_code": WIT}),
        )
        periods: tuple[dict[str, Any], ...] = (
            {"until": now + timedelta(days=9)},
            {"since": now - timedelta(days=9), "until": now},
            {"since": now + timedelta(microseconds=1)},
            {"ended_at": now - timedelta(days=1), "until": now + timedelta(days=1)},
        )
        await self.make_sessions()
        holder = await build.account(volunteer_id=self.people[7])
        for (kind, scope), period in itertools.product(scopes, periods):
            await build.row("role", account_id=holder, kind=kind, **scope, **period)
            holder = await build.account()

    async def make_sessions(self) -> None:
        """Sessions of the actors: open, ended, and too old to be refreshed; and their addresses."""
        now = self.build.now
        for number, actor in enumerate(each for each in self.actors.values() if each):
            address = {"email": f"{number}@contoh.id"} if number % 2 else {"phone": f"+62812345678{number}"}
            ((column, value),) = address.items()
            await self.build.connection.execute(f"UPDATE account SET {column} = $1 WHERE id = $2", value, actor)
            await self.build.row(
                "provider_identity",
                account_id=actor,
                issuer="https://masuk.example",
                subject=f"{number} {NAMES[number]}",
            )
            for ended, expires in ((None, now + timedelta(days=1)), (INSTANTS[1], NEVER), (None, now)):
                await self.build.row(
                    "session",
                    account_id=actor,
                    last_used_at=INSTANTS[number],
                    expires_at=expires,
                    ended_at=ended,
                    user_agent=NAMES[number],
                    address_digest=b"x",
                )
                held = [row["id"] for row in await self.build.connection.fetch(ROLES_OF, actor)]
                await self.build.row(
                    "api_key",
                    account_id=actor,
                    name=NAMES[number],
                    digest=b"x",
                    role_ids=[*held, uuid.UUID(int=7)],
                    verbs=["declare_incident"] if number % 2 else [],
                    expires_at=expires,
                    revoked_at=ended,
                )
