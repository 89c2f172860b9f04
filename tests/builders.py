"""Builders that insert rows with defaults, so that tests name only the values they are about."""

import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import asyncpg

from api.database.statement import with_stored_keys
from api.models import METADATA
from api.models.assignment_status import ASSIGNMENT
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.situation import FIGURES
from api.services.password import _HASHER

# A skill, and a certificate type that grants it.
SKILL = "WATER_RESCUE"
CERTIFICATE_TYPE = "WATER_RESCUE_BASIC"

HOME = "62.02"  # Kotawaringin Timur
NEIGHBOUR = "62.06"  # Katingan, the same province
FAR = "18.03"  # Lampung Utara, another province


WEEK = timedelta(days=7)

# Plain SQL that changes how many people a need wants.
SET_WANTED = "UPDATE need SET people_wanted = $2 WHERE id = $1"

PASSWORD = "rahasia bersama"


@cache
def _hashed(password: str) -> str:
    return _HASHER.hash(password)


@dataclass(slots=True)
class Build:
    """Inserts rows and returns their ids. All columns have defaults that violate no rule."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    now: datetime
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    grants: "itertools.count[int]" = field(default_factory=itertools.count)

    async def row(self, table: str, **values: Any) -> uuid.UUID:
        """A row with a new id."""
        if table == "role":
            # Before all that the tests do, whose clock is behind the database's.
            values = {"created_at": self.now - WEEK + timedelta(seconds=next(self.grants)), **values}
        values = {"id": uuid.uuid4(), **with_stored_keys(METADATA.tables[table], values)}
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', *values.values())
        id_: uuid.UUID = values["id"]
        return id_

    async def organization(self, **values: Any) -> uuid.UUID:
        """A verified organization of the corps Tagana."""
        name = f"Organisasi {next(self.numbers)}"
        defaults = {"name": name, "kind": "CORPS", "corps": "TAGANA", "kabupaten_code": HOME}
        defaults["verification"] = "VERIFIED"
        return await self.row("organization", **{**defaults, **values})

    async def licence(self, organization: uuid.UUID, **values: Any) -> uuid.UUID:
        """A confirmed registration; one with a day of revocation is revoked."""
        defaults = {
            "organization_id": organization,
            "kind": "REGISTRATION",
            "number": f"L-{next(self.numbers)}",
            "issuer": "Kemensos",
            "valid_from": date(2020, 1, 1),
            "status": "REVOKED" if values.get("revoked_on") else "CONFIRMED",
        }
        return await self.row("licence", **{**defaults, **values})

    async def person(self, **values: Any) -> uuid.UUID:
        """An active volunteer with consent and national reach, without membership or certificate."""
        defaults = {
            "name": f"Relawan {next(self.numbers)}",
            "kabupaten_code": HOME,
            "reach": "NATIONAL",
            "status": "ACTIVE",
            "consent_given_at": self.now - timedelta(days=100),
            "consent_purpose": "Penugasan relawan",
        }
        return await self.row("volunteer", **{**defaults, **values})

    async def membership(self, volunteer: uuid.UUID, organization: uuid.UUID, **values: Any) -> uuid.UUID:
        """Since 2020; one with a kecamatan serves there from its first day."""
        defaults = {"volunteer_id": volunteer, "organization_id": organization, "since": date(2020, 1, 1)}
        if "kecamatan_code" in values:
            defaults["kecamatan_since"] = values.get("since", defaults["since"])
        return await self.row("membership", **{**defaults, **values})

    async def import_job(self, organization: uuid.UUID, account: uuid.UUID | None, **values: Any) -> uuid.UUID:
        """An import that was checked; its file was deleted."""
        ends = {"organization_id": organization, "account_id": account}
        defaults = {"status": "CHECKED", "known_people": "FILL", "applies": False, "all_or_nothing": False}
        return await self.row("import_job", **{**ends, **defaults, "options": "{}", **values})

    async def membership_request(self, volunteer: uuid.UUID, organization: uuid.UUID, **values: Any) -> uuid.UUID:
        """A request of the organization that waits for the person's answer."""
        defaults = {"asked_by": "ORGANIZATION", "status": "PENDING"}
        ends = {"volunteer_id": volunteer, "organization_id": organization}
        return await self.row("membership_request", **{**ends, **defaults, **values})

    async def membership_transfer(self, membership: uuid.UUID, organization: uuid.UUID, **values: Any) -> uuid.UUID:
        """The proposal that the member goes over to the organization; nobody has answered, or both have agreed."""
        member = await self.connection.fetchval("SELECT volunteer_id FROM membership WHERE id = $1", membership)
        ends = {"membership_id": membership, "volunteer_id": member, "organization_id": organization}
        is_agreed = values.get("status") == "ACCEPTED"
        agreed = {f"{side}_agreed_at": self.now for side in ("person", "organization") if is_agreed}
        return await self.row("membership_transfer", **{**ends, "status": "PENDING", **agreed, **values})

    async def certificate(self, volunteer: uuid.UUID, issuer: uuid.UUID, **values: Any) -> uuid.UUID:
        """A certificate that grants SKILL, valid from 2024 to 2029."""
        defaults = {
            "volunteer_id": volunteer,
            "issuer_id": issuer,
            "certificate_type_code": CERTIFICATE_TYPE,
            "number": f"S-{next(self.numbers)}",
            "issued_on": date(2024, 1, 1),
            "expires_on": date(2029, 1, 1),
        }
        return await self.row("certificate", **{**defaults, **values})

    async def absence(self, volunteer: uuid.UUID, **values: Any) -> uuid.UUID:
        """Leave on the day of the tests and the next one."""
        today = self.now.date()
        defaults = {"volunteer_id": volunteer, "kind": "LEAVE", "since": today, "until": today + timedelta(days=1)}
        return await self.row("absence", **{**defaults, **values})

    async def insurance(self, volunteer: uuid.UUID, **values: Any) -> uuid.UUID:
        """Against accidents, from the start of the year on."""
        bpjs = {"kind": "BPJS_JKK", "insurer": "BPJS Ketenagakerjaan"}
        return await self.row("insurance", **{"volunteer_id": volunteer, **bpjs, "since": date(2026, 1, 1), **values})

    async def declared_skill(self, volunteer: uuid.UUID, skill: str) -> None:
        await self.connection.execute("INSERT INTO declared_skill VALUES ($1, $2, $3)", volunteer, skill, self.now)

    async def certificate_request(self, volunteer: uuid.UUID, issuer: uuid.UUID, **values: Any) -> uuid.UUID:
        """A request for a certificate that grants SKILL; an accepted one has its certificate."""
        certificate = {}
        if values.get("status") == "ACCEPTED":
            certificate["certificate_id"] = await self.certificate(volunteer, issuer)
        defaults = {
            "volunteer_id": volunteer,
            "issuer_id": issuer,
            "certificate_type_code": CERTIFICATE_TYPE,
            "number": f"P-{next(self.numbers)}",
            "issued_on": date(2024, 1, 1),
            "status": "PENDING",
        }
        return await self.row("certificate_request", **{**defaults, **certificate, **values})

    async def certificate_extension(self, **values: Any) -> uuid.UUID:
        """A decree in force, for no certificate."""
        defaults = {
            "certificate_type_code": CERTIFICATE_TYPE,
            "expiring_from": date(2026, 1, 1),
            "expiring_until": date(2026, 6, 30),
            "extended_to": date(2026, 12, 31),
            "decree_number": f"SK-{next(self.numbers)}",
            "certificates": 0,
            "status": "IN_FORCE",
        }
        return await self.row("certificate_extension", **{**defaults, **values})

    async def volunteer(self, organization: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """A person with a certificate for SKILL and a membership in a verified organization."""
        organization = organization or await self.organization()
        person = await self.person(**values)
        await self.membership(person, organization)
        await self.certificate(person, organization)
        return person

    async def incident(
        self, kabupaten: Iterable[str] = (HOME,), *, has_decree: bool = True, **values: Any
    ) -> uuid.UUID:
        """An active incident with a national emergency status, so that people of all provinces may be sent."""
        defaults = {
            "hazard_code": "FLOOD",
            "title": "Banjir",
            "latitude": -2.5,
            "longitude": 112.9,
            "status": "ACTIVE",
            "started_at": self.now - timedelta(days=1),
        }
        incident = await self.row("incident", **{**defaults, **values})
        for code in kabupaten:
            await self.connection.execute("INSERT INTO incident_kabupaten VALUES ($1, $2)", incident, code)
        if has_decree and values.get("status", "ACTIVE") in {"VERIFIED", "ACTIVE", "CLOSED"}:
            years = {"starts_on": date(2020, 1, 1), "ends_on": date(2030, 1, 1)}
            await self.emergency_status(incident, level="NATIONAL", **years)
        return incident

    async def emergency_status(self, incident: uuid.UUID, **values: Any) -> uuid.UUID:
        """An emergency response in HOME, for the month of the tests and the one before."""
        defaults = {
            "incident_id": incident,
            "kind": "TANGGAP_DARURAT",
            "level": "KABUPATEN",
            "decree_number": f"SK-{next(self.numbers)}",
            "starts_on": date(2026, 2, 1),
            "ends_on": date(2026, 3, 31),
        }
        territory = {"kabupaten_code": HOME} if values.get("level", "KABUPATEN") == "KABUPATEN" else {}
        return await self.row("emergency_status", **{**defaults, **territory, **values})

    async def situation_report(self, incident: uuid.UUID, **values: Any) -> uuid.UUID:
        """Verified figures of HOME as of now: ten people displaced."""
        defaults = {
            "incident_id": incident,
            "kabupaten_code": HOME,
            "at": self.now,
            "source": "BPBD",
            "status": "VERIFIED",
        }
        figures = {} if values.keys() & set(FIGURES) else {"displaced": 10}
        return await self.row("situation_report", **{**defaults, **figures, **values})

    async def goods_need(self, incident: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """A need of 100 kg of rice in HOME, by the day after tomorrow."""
        defaults = {
            "incident_id": incident or await self.incident([values.get("kabupaten_code", HOME)]),
            "item": "Beras",
            "quantity": 100,
            "unit": "kg",
            "needed_by": self.now + timedelta(days=2),
            "cluster_code": "LOGISTICS",
            "priority": "NORMAL",
            "kabupaten_code": HOME,
            "latitude": -2.53,
            "longitude": 112.95,
        }
        return await self.row("goods_need", **{**defaults, **values})

    async def pledge(self, need: uuid.UUID | None, organization: uuid.UUID, **values: Any) -> uuid.UUID:
        """An open pledge of one person, or of goods where `goods_need_id` is among the values."""
        defaults = {"need_id": need, "organization_id": organization, "quantity": 1, "status": "OPEN"}
        return await self.row("pledge", **{**defaults, **values})

    async def site(self, incident: uuid.UUID, **values: Any) -> uuid.UUID:
        """A shelter in HOME, open since yesterday."""
        kitchen = {"kitchen_type_code": "FIELD_KITCHEN"} if values.get("kind") == "PUBLIC_KITCHEN" else {}
        defaults = {
            "incident_id": incident,
            "kind": "SHELTER",
            "name": f"Posko {next(self.numbers)}",
            "kabupaten_code": HOME,
            "latitude": -2.53,
            "longitude": 112.95,
            "opened_at": self.now - timedelta(days=1),
        }
        return await self.row("site", **{**defaults, **kitchen, **values})

    async def site_load(self, site: uuid.UUID, people: int, at: datetime) -> uuid.UUID:
        return await self.row("site_load", site_id=site, people=people, at=at)

    async def need(self, incident: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """A need of ten people, or as many as are `wanted`, with SKILL in HOME, for three days from tomorrow."""
        defaults = {
            "incident_id": incident or await self.incident([values.get("kabupaten_code", HOME)]),
            "skill_code": SKILL,
            "cluster_code": "SEARCH_AND_RESCUE",
            "people_wanted": values.pop("wanted", 10),
            "priority": "NORMAL",
            "starts_at": self.now + timedelta(days=1),
            "ends_at": self.now + timedelta(days=4),
            "kabupaten_code": HOME,
            "latitude": -2.53,
            "longitude": 112.95,
        }
        return await self.row("need", **{**defaults, **values})

    async def wanted(self, need: uuid.UUID) -> int:
        """The people that a need wants."""
        number: int = await self.connection.fetchval("SELECT people_wanted FROM need WHERE id = $1", need)
        return number

    async def minimum(self, need: uuid.UUID, people: int, **values: Any) -> uuid.UUID:
        """So many people of a need, at least, of a `rank_code` or a `sex`."""
        return await self.row("need_minimum", need_id=need, people=people, **values)

    async def assignment(self, need: uuid.UUID, volunteer: uuid.UUID, **values: Any) -> uuid.UUID:
        """An assignment for the full period of the need, offered by default; with a commitment if it has one."""
        period = await self.connection.fetchrow("SELECT starts_at, ends_at FROM need WHERE id = $1", need)
        assert period is not None
        columns = {"need_id": need, "volunteer_id": volunteer, "status": "OFFERED", **dict(period), **values}
        columns = {**self.reported(columns["status"], columns["starts_at"], columns["ends_at"]), **columns}
        until = min(columns[name] for name in ("ends_at", "checked_out_at", "released_at") if columns.get(name))
        async with self.connection.transaction():
            assignment = await self.row("assignment", **columns)
            for kind in ("CHECKED_IN", "CHECKED_OUT"):
                if at := columns.get(f"{kind.lower()}_at"):
                    await self.row("attendance", assignment_id=assignment, kind=kind, at=at)
            if columns["status"] in ASSIGNMENT.group("COMMITTED") and columns["starts_at"] < until:
                await self.row(
                    "commitment",
                    volunteer_id=volunteer,
                    assignment_id=assignment,
                    period=asyncpg.Range(columns["starts_at"], until),
                )
        return assignment

    async def camp(self, host: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """A consolidation camp of ten places in HOME, open, for three days from the day after tomorrow."""
        defaults = {
            "kind_code": "CONSOLIDATION",
            "name": f"Kemah {next(self.numbers)}",
            "host_id": host or await self.organization(),
            "kabupaten_code": HOME,
            "venue": "Bumi Perkemahan",
            "latitude": -2.53,
            "longitude": 112.95,
            "starts_at": self.now + timedelta(days=2),
            "ends_at": self.now + timedelta(days=5),
            "self_registration": True,
            "attendees": "VOLUNTEERS",
            "capacity": 10,
            "attendance_percent": 80,
            "status": "OPEN",
        }
        announced = {} if values.get("status") == "DRAFT" else {"opened_at": self.now - timedelta(days=1)}
        return await self.row("camp", **{**defaults, **announced, **values})

    async def contingent(self, camp: uuid.UUID, organization: uuid.UUID | None = None, **values: Any) -> uuid.UUID:
        """Three places of a camp that are allotted to an organization."""
        defaults = {
            "camp_id": camp,
            "organization_id": organization,
            "category_code": "PARTICIPANT",
            "payer_code": "SENDER",
            "places": 3,
            "status": "ALLOTTED",
        }
        waits = {"number": await self._number(camp)} if values.get("status") == "WAITLISTED" else {}
        return await self.row("contingent", **{**defaults, **waits, **values})

    async def camp_registration(self, camp: uuid.UUID, volunteer: uuid.UUID | None, **values: Any) -> uuid.UUID:
        """A registration, with its days promised if it has a place; OFFERED ones until the day after tomorrow."""
        offered = {"offered_until": self.now + timedelta(days=2)} if values.get("status") == "OFFERED" else {}
        home = "SELECT kabupaten_code FROM volunteer WHERE id = $1"
        defaults = {
            "camp_id": camp,
            "volunteer_id": volunteer,
            "kabupaten_code": await self.connection.fetchval(home, volunteer) or HOME,
            "category_code": "PARTICIPANT",
            "number": await self._number(camp),
            "status": "REGISTERED",
        }
        columns = {**defaults, **offered, **values}
        async with self.connection.transaction():
            registration = await self.row("camp_registration", **columns)
            if volunteer and columns["status"] in CAMP_REGISTRATION.group("COMMITTED"):
                period = await self._period(camp)
                await self.row("commitment", volunteer_id=volunteer, registration_id=registration, period=period)
        return registration

    async def camp_staff_member(self, camp: uuid.UUID, volunteer: uuid.UUID, **values: Any) -> uuid.UUID:
        """A member of the committee, with the days promised unless it has ended."""
        columns = {"camp_id": camp, "volunteer_id": volunteer, "duty": "COMMITTEE", **values}
        member = await self.row("camp_staff_member", **columns)
        if columns.get("ended_at") is None:
            period = await self._period(camp)
            await self.row("commitment", volunteer_id=volunteer, staff_member_id=member, period=period)
        return member

    async def camp_days(self, volunteer: uuid.UUID, starts_at: datetime, ends_at: datetime) -> uuid.UUID:
        """The registration of a volunteer for a camp of this period."""
        return await self.camp_registration(await self.camp(starts_at=starts_at, ends_at=ends_at), volunteer)

    async def _number(self, camp: uuid.UUID) -> int:
        """The next number in the line of the camp."""
        next_number = "UPDATE camp SET last_number = last_number + 1 WHERE id = $1 RETURNING last_number"
        number: int = await self.connection.fetchval(next_number, camp)
        return number

    async def _period(self, camp: uuid.UUID) -> "asyncpg.Range[datetime]":
        row = await self.connection.fetchrow("SELECT starts_at, ends_at FROM camp WHERE id = $1", camp)
        assert row is not None
        return asyncpg.Range(*row)

    def reported(self, status: str, starts_at: datetime, ends_at: datetime) -> dict[str, datetime]:
        """When a duty of this status was accepted, begun and ended."""
        begun = min(starts_at, self.now - timedelta(hours=1))
        accepted = {} if status in ("OFFERED", "DECLINED", "EXPIRED", "CANCELLED") else {"accepted_at": begun - WEEK}
        arrived = {"checked_in_at": begun} if status == "ON_DUTY" else {}
        return {**accepted, **arrived, **({"released_at": min(self.now, ends_at)} if status == "RELEASED" else {})}

    async def account(self, **values: Any) -> uuid.UUID:
        login = f"akun-{next(self.numbers)}"
        return await self.row("account", **{"login": login, "name": login, "active": True, **values})

    async def coordinator(self, **scope: Any) -> uuid.UUID:
        """The account of a coordinator: national, or of a `province_code` or `kabupaten_code`."""
        account = await self.account()
        await self.row("role", account_id=account, kind="COORDINATOR", **scope)
        return account

    async def manager(self, organization: uuid.UUID) -> uuid.UUID:
        account = await self.account()
        await self.row("role", account_id=account, kind="MANAGER", organization_id=organization)
        return account

    async def account_with_password(self, password: str = PASSWORD, **values: Any) -> uuid.UUID:
        """An account that can sign in."""
        account = await self.account(**values)
        await self.connection.execute("INSERT INTO credential VALUES ($1, $2)", account, _hashed(password))
        return account

    async def volunteer_account(self, volunteer: uuid.UUID) -> uuid.UUID:
        """The account of the volunteer."""
        return await self.account(volunteer_id=volunteer)
