"""Who may see what, said a second time: from what the schema and the rulebook promise, in plain Python."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from tests.compiler.rows import Row, Rows


@dataclass
class Eyes:
    """What one account sees; without an account, what the public sees."""

    rows: Rows
    now: datetime
    account_id: uuid.UUID | None = None
    _seen: dict[tuple[str, str], bool] = field(default_factory=dict)

    @cached_property
    def account(self) -> Row | None:
        account = self.rows.get("Account", self.account_id)
        return account if account and account["active"] else None

    @cached_property
    def roles(self) -> list[Row]:
        return self.rows.where("Role", "account_id", self.account["id"]) if self.account else []

    @cached_property
    def volunteer_id(self) -> uuid.UUID | None:
        return self.account["volunteer_id"] if self.account else None

    @cached_property
    def organization_ids(self) -> set[uuid.UUID]:
        return {role["organization_id"] for role in self.roles if role["kind"] == "MANAGER"}

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo("Asia/Jakarta")).date()

    def coordinates(self, kabupaten_code: str, *, nation: bool = True) -> bool:
        """Whether the kabupaten lies in a scope; the nation's may be left out."""
        return any(
            (nation and not role["province_code"] and not role["kabupaten_code"])
            or role["kabupaten_code"] == kabupaten_code
            or role["province_code"] == kabupaten_code[:2]
            for role in self.roles
            if role["kind"] == "COORDINATOR"
        )

    def answers_for(self, volunteer_id: uuid.UUID) -> bool:
        return self.volunteer_id == volunteer_id or any(
            membership["organization_id"] in self.organization_ids
            and membership["since"] <= self.today <= (membership["until"] or date.max)
            for membership in self.rows.where("Membership", "volunteer_id", volunteer_id)
        )

    def sent_here(self, volunteer: Row) -> list[Row]:
        return [
            assignment
            for assignment in self.rows.where("Assignment", "volunteer_id", volunteer["id"])
            if self.coordinates(self.need_of(assignment)["kabupaten_code"])
        ]

    def serves_here(self, volunteer: Row) -> bool:
        """Has promised a duty here that is not over."""
        promised = ("ACCEPTED", "MOBILIZED", "ON_DUTY")
        return any(row["status"] in promised and row["ends_at"] > self.now for row in self.sent_here(volunteer))

    def was_asked_here(self, volunteer: Row) -> bool:
        """May still answer an offer here."""
        return any(
            row["status"] == "OFFERED" and min(row["ends_at"], row["expires_at"] or row["ends_at"]) > self.now
            for row in self.sent_here(volunteer)
        )

    def need_of(self, assignment: Row) -> Row:
        need = self.rows.get("Need", assignment["need_id"])
        assert need is not None
        return need

    def knows(self, volunteer: Row) -> bool:
        """The volunteer, who answers for them, who coordinates their home or their duty."""
        return (
            self.coordinates(volunteer["kabupaten_code"])
            or self.answers_for(volunteer["id"])
            or self.serves_here(volunteer)
        )

    def may_ask(self, volunteer: Row) -> bool:
        """Whether the volunteer agreed to be sent as far as one of the coordinator's places."""
        agreed = volunteer["consent_given_at"] and not volunteer["consent_withdrawn_at"]
        if volunteer["status"] != "ACTIVE" or not agreed:
            return False
        places = [role["province_code"] or role["kabupaten_code"] for role in self.roles if role["kind"] != "MANAGER"]
        reach, home = volunteer["reach"], volunteer["kabupaten_code"][:2]
        return any(place and (reach == "NATIONAL" or (reach == "PROVINCE" and place[:2] == home)) for place in places)

    def sees(self, row: Row | None) -> bool:
        if row is None:
            return False
        asked = row["__typename"], str(row.get("id", row.get("code")))
        if asked not in self._seen:
            judge = getattr(self, f"sees_{asked[0].lower()}", None)
            self._seen[asked] = judge is None or judge(row)
        return self._seen[asked]

    def sees_volunteer(self, row: Row) -> bool:
        return self.knows(row) or self.may_ask(row) or self.was_asked_here(row)

    def sees_certificate(self, row: Row) -> bool:
        return self.sees(self.rows.get("Volunteer", row["volunteer_id"]))

    sees_membership = sees_certificate

    def sees_assignment(self, row: Row) -> bool:
        volunteer = self.rows.get("Volunteer", row["volunteer_id"])
        assert volunteer is not None
        ends = self.need_of(row)["kabupaten_code"], volunteer["kabupaten_code"]
        return any(self.coordinates(end) for end in ends) or self.answers_for(volunteer["id"])

    def sees_override(self, row: Row) -> bool:
        return self.sees(self.rows.get("Assignment", row["assignment_id"]))

    def sees_organization(self, row: Row) -> bool:
        members = {each["volunteer_id"] for each in self.rows.where("Membership", "organization_id", row["id"])}
        return (
            row["verification"] == "VERIFIED"
            or self.coordinates(row["kabupaten_code"])
            or row["id"] in self.organization_ids
            or self.volunteer_id in members
        )

    def sees_licence(self, row: Row) -> bool:
        return self.sees(self.rows.get("Organization", row["organization_id"]))

    def sees_incident(self, row: Row) -> bool:
        touched = self.rows.where("Touched", "incident_id", row["id"])
        return row["status"] != "REPORTED" or any(self.coordinates(each["kabupaten_code"]) for each in touched)

    def sees_account(self, row: Row) -> bool:
        return self.account is not None and row["id"] == self.account["id"]

    def sees_role(self, row: Row) -> bool:
        return self.sees(self.rows.get("Account", row["account_id"]))
