"""The visibility rules a second time, in plain Python, to compare with the policies and guards in SQL."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from tests.compiler.rows import Row, Rows


@dataclass
class Visibility:
    """What one account may see; without an account, what the public may see."""

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

    def is_coordinator_of(self, kabupaten_code: str, *, nation: bool = True) -> bool:
        """Whether the account coordinates the kabupaten; with `nation=False`, national scope does not count."""
        return any(
            (nation and not role["province_code"] and not role["kabupaten_code"])
            or role["kabupaten_code"] == kabupaten_code
            or role["province_code"] == kabupaten_code[:2]
            for role in self.roles
            if role["kind"] == "COORDINATOR"
        )

    def represents(self, volunteer_id: uuid.UUID) -> bool:
        return self.volunteer_id == volunteer_id or any(
            membership["organization_id"] in self.organization_ids
            and membership["since"] <= self.today <= (membership["until"] or date.max)
            for membership in self.rows.where("Membership", "volunteer_id", volunteer_id)
        )

    def assignments_in_scope(self, volunteer: Row) -> list[Row]:
        return [
            assignment
            for assignment in self.rows.where("Assignment", "volunteer_id", volunteer["id"])
            if self.is_coordinator_of(self.need_of(assignment)["kabupaten_code"])
        ]

    def has_duty_in_scope(self, volunteer: Row) -> bool:
        """Whether the volunteer has an accepted duty in the account's scope that is not over."""
        promised = ("ACCEPTED", "MOBILIZED", "ON_DUTY")
        return any(
            row["status"] in promised and row["ends_at"] > self.now for row in self.assignments_in_scope(volunteer)
        )

    def has_open_offer_in_scope(self, volunteer: Row) -> bool:
        """Whether the volunteer has an open offer in the account's scope."""
        return any(
            row["status"] == "OFFERED" and min(row["ends_at"], row["expires_at"] or row["ends_at"]) > self.now
            for row in self.assignments_in_scope(volunteer)
        )

    def need_of(self, assignment: Row) -> Row:
        need = self.rows.get("Need", assignment["need_id"])
        assert need is not None
        return need

    def may_see_private(self, volunteer: Row) -> bool:
        """Whether the account may see private fields: the volunteer, their manager, the coordinator of their home or duty."""
        return (
            self.is_coordinator_of(volunteer["kabupaten_code"])
            or self.represents(volunteer["id"])
            or self.has_duty_in_scope(volunteer)
        )

    def has_agreed_to_scope(self, volunteer: Row) -> bool:
        """Whether the volunteer agreed to be sent to one of the account's places."""
        agreed = volunteer["consent_given_at"] and not volunteer["consent_withdrawn_at"]
        if volunteer["status"] != "ACTIVE" or not agreed:
            return False
        places = [role["province_code"] or role["kabupaten_code"] for role in self.roles if role["kind"] != "MANAGER"]
        reach, home = volunteer["reach"], volunteer["kabupaten_code"][:2]
        return any(place and (reach == "NATIONAL" or (reach == "PROVINCE" and place[:2] == home)) for place in places)

    def sees(self, row: Row | None) -> bool:
        if row is None:
            return False
        key = row["__typename"], str(row.get("id", row.get("code")))
        if key not in self._seen:
            rule = getattr(self, f"sees_{key[0].lower()}", None)
            self._seen[key] = rule is None or rule(row)
        return self._seen[key]

    def sees_volunteer(self, row: Row) -> bool:
        return self.may_see_private(row) or self.has_agreed_to_scope(row) or self.has_open_offer_in_scope(row)

    def sees_certificate(self, row: Row) -> bool:
        return self.sees(self.rows.get("Volunteer", row["volunteer_id"]))

    sees_membership = sees_certificate

    def sees_assignment(self, row: Row) -> bool:
        volunteer = self.rows.get("Volunteer", row["volunteer_id"])
        assert volunteer is not None
        ends = self.need_of(row)["kabupaten_code"], volunteer["kabupaten_code"]
        return any(self.is_coordinator_of(end) for end in ends) or self.represents(volunteer["id"])

    def sees_override(self, row: Row) -> bool:
        return self.sees(self.rows.get("Assignment", row["assignment_id"]))

    def sees_organization(self, row: Row) -> bool:
        members = {each["volunteer_id"] for each in self.rows.where("Membership", "organization_id", row["id"])}
        return (
            row["verification"] == "VERIFIED"
            or self.is_coordinator_of(row["kabupaten_code"])
            or row["id"] in self.organization_ids
            or self.volunteer_id in members
        )

    def sees_licence(self, row: Row) -> bool:
        return self.sees(self.rows.get("Organization", row["organization_id"]))

    def sees_incident(self, row: Row) -> bool:
        touched = self.rows.where("Touched", "incident_id", row["id"])
        return row["status"] != "REPORTED" or any(self.is_coordinator_of(each["kabupaten_code"]) for each in touched)

    def sees_account(self, row: Row) -> bool:
        return self.account is not None and row["id"] == self.account["id"]

    def sees_role(self, row: Row) -> bool:
        return self.sees(self.rows.get("Account", row["account_id"]))
