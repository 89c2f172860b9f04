"""The policies, guards and moves of `api/access` a second time, in plain Python.

The methods have the names of the predicates that they repeat, and take a row of the same table.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from api.access.event import SUBJECTS
from api.models import (
    Account,
    Assignment,
    Camp,
    CampGroupMember,
    CampRegistration,
    CertificateRequest,
    Commitment,
    Contingent,
    GoodsNeed,
    IncidentKabupaten,
    Licence,
    Membership,
    MembershipRequest,
    MembershipTransfer,
    Need,
    Organization,
    OrganizationCoverage,
    Pledge,
    PledgeRequest,
    Province,
    Role,
    Site,
    Volunteer,
)
from tests.compiler.rows import Row, Rows

LIVE_REGISTRATIONS = ("WAITLISTED", "OFFERED", "REGISTERED", "CHECKED_IN", "COMPLETED")
LATER = datetime.max.replace(tzinfo=UTC)


# Kinds of events that fewer may read than see the thing, and the name of who may.
EVENTS_OF_FEWER = {
    "assignment.evaluated": "cancels_assignment",
    "camp.certificates_withheld": "runs_camp",
    "camp.codes_issued": "runs_camp",
    "camp.results_recorded": "runs_camp",
    "camp.scanned": "runs_camp",
    "site.scanned": "keeps_site",
    "camp.exported": "keeps_camp",
    "organization.exported": "keeps_organization",
}


def people_under(rows: Rows, pledge: Row) -> int:
    """The people who are committed under a pledge, at the instant at which they are most."""
    sent = rows.where(Assignment, "pledge_id", pledge["id"])
    periods = [each["period"] for duty in sent for each in rows.where(Commitment, "assignment_id", duty["id"])]
    return max((sum(each.lower <= one.lower < each.upper for each in periods) for one in periods), default=0)


@dataclass
class Visibility:
    """What one account may see and do; without an account, what the public may."""

    rows: Rows
    now: datetime
    account_id: uuid.UUID | None = None
    _known: dict[tuple[str, int], bool] = field(default_factory=dict)

    def holds(self, predicate: Callable[..., Any], row: Row) -> bool:
        """Whether the policy or guard holds for the row."""
        known = predicate.__name__, id(row)
        assert hasattr(self, predicate.__name__), f"{predicate.__name__} has no second version in this class"
        if known not in self._known:
            self._known[known] = getattr(self, predicate.__name__)(row)
        return self._known[known]

    @cached_property
    def account(self) -> Row | None:
        account = self.rows.get(Account, self.account_id)
        return account if account and account["active"] else None

    @cached_property
    def roles(self) -> list[Row]:
        """The roles in force."""
        held = self.rows.where(Role, "account_id", self.account["id"]) if self.account else []
        return [
            role
            for role in held
            if (role["since"] or self.now) <= self.now < (role["until"] or LATER) and role["ended_at"] is None
        ]

    @cached_property
    def organization_ids(self) -> set[uuid.UUID]:
        return {role["organization_id"] for role in self.roles if role["kind"] == "MANAGER"}

    @property
    def volunteer_id(self) -> uuid.UUID | None:
        return self.account["volunteer_id"] if self.account else None

    def today(self, kabupaten_code: str) -> date:
        """The day in a kabupaten."""
        return self.now.astimezone(ZoneInfo(self.row(Province, kabupaten_code[:2])["time_zone"])).date()

    def is_current(self, membership: Row, *, days_after: int = 0) -> bool:
        today = self.today(self.row(Organization, membership["organization_id"])["kabupaten_code"])
        return bool(
            membership["since"] <= today and today - timedelta(days=days_after) <= (membership["until"] or date.max)
        )

    def is_tksk_today(self, membership: Row) -> bool:
        return self.is_current({**membership, "since": membership["kecamatan_since"] or date.max})

    def row(self, table: Any, key: Any) -> Row:
        row = self.rows.get(table, key)
        assert row is not None
        return row

    def coordinates(self, kabupaten_code: str) -> bool:
        return any(
            (not role["province_code"] and not role["kabupaten_code"])
            or role["kabupaten_code"] == kabupaten_code
            or role["province_code"] == kabupaten_code[:2]
            for role in self.roles
            if role["kind"] == "COORDINATOR"
        )

    @property
    def is_national(self) -> bool:
        return any(role["kind"] == "COORDINATOR" and not scope_of(role) for role in self.roles)

    def works(self, kind: str, kabupaten_code: str | None) -> bool:
        """Whether the actor is a desk officer or an auditor there; null is the nation."""
        scopes = {None} if kabupaten_code is None else {None, kabupaten_code, kabupaten_code[:2]}
        return any(role["kind"] == kind and scope_of(role) in scopes for role in self.roles)

    def represents(self, volunteer_id: uuid.UUID, *, of_standing: bool = False, days_after: int = 0) -> bool:
        """Whether the account is the volunteer's or that of a manager of one of the volunteer's (standing) organizations.

        Those that the volunteer left so many days ago or later are counted, too.
        """
        return self.volunteer_id == volunteer_id or any(
            membership["organization_id"] in self.organization_ids
            and self.is_current(membership, days_after=days_after)
            and (not of_standing or self.stands_today(self.row(Organization, membership["organization_id"])))
            for membership in self.rows.where(Membership, "volunteer_id", volunteer_id)
        )

    def has_assignment_in_scope(self, volunteer: Row, *statuses: str) -> bool:
        """Whether the volunteer has such an assignment at a need in the scope, and it has not lapsed or ended."""
        return any(
            row["status"] in statuses
            and end_of(row) > self.now
            and self.coordinates(self.row(Need, row["need_id"])["kabupaten_code"])
            for row in self.rows.where(Assignment, "volunteer_id", volunteer["id"])
        )

    def has_agreed_to_scope(self, volunteer: Row) -> bool:
        """Whether the volunteer agreed to be sent to one of the account's places."""
        agreed = volunteer["consent_given_at"] and not volunteer["consent_withdrawn_at"]
        if volunteer["status"] != "ACTIVE" or not agreed:
            return False
        places = [
            role["province_code"] or role["kabupaten_code"] for role in self.roles if role["kind"] == "COORDINATOR"
        ]
        reach, home = volunteer["reach"], volunteer["kabupaten_code"][:2]
        return any(place and (reach == "NATIONAL" or (reach == "PROVINCE" and place[:2] == home)) for place in places)

    # The policies.

    def everybody(self, _row: Row) -> bool:
        return True

    sees_need = sees_part_of_incident = sees_extension = everybody

    def nobody(self, _row: Row) -> bool:
        return False

    def sees_volunteer(self, row: Row) -> bool:
        return (
            self.knows_volunteer(row)
            or self.represents(row["id"], days_after=90)
            or self.has_agreed_to_scope(row)
            or self.has_assignment_in_scope(row, "OFFERED")
            or self.is_asked_by(row["id"])
        )

    def is_asked_by(self, volunteer_id: uuid.UUID) -> bool:
        """Whether an organization of the account is asked to take the volunteer as a member, or for a certificate."""
        asked = self.rows.where(CertificateRequest, "volunteer_id", volunteer_id)
        transfers = self.rows.where(MembershipTransfer, "volunteer_id", volunteer_id)
        waiting = {each["issuer_id"] for each in asked if each["status"] == "PENDING"}
        waiting |= {each["organization_id"] for each in transfers if each["status"] == "PENDING"}
        return bool(waiting & self.organization_ids) or any(
            (request["asked_by"], request["status"]) == ("PERSON", "PENDING")
            and request["organization_id"] in self.organization_ids
            for request in self.rows.where(MembershipRequest, "volunteer_id", volunteer_id)
        )

    def speaks_for_person(self, row: Row) -> bool:
        accounts = self.rows.where(Account, "volunteer_id", row["volunteer_id"])
        if any(account["active"] for account in accounts):
            return bool(self.volunteer_id == row["volunteer_id"])
        is_of_home = self.coordinates(self.row(Volunteer, row["volunteer_id"])["kabupaten_code"])
        return self.represents(row["volunteer_id"], of_standing=True) or is_of_home

    def agrees_to_transfer(self, row: Row) -> bool:
        accounts = self.rows.where(Account, "volunteer_id", row["volunteer_id"])
        if self.volunteer_id == row["volunteer_id"] or any(account["active"] for account in accounts):
            return bool(self.volunteer_id == row["volunteer_id"])
        is_of_home = self.coordinates(self.row(Volunteer, row["volunteer_id"])["kabupaten_code"])
        return is_of_home and not self.has_asked(row)

    def has_asked(self, row: Row) -> bool:
        """Whether the account has asked for one side, which gives no yes for the other."""
        return self.account is not None and row["asker_id"] == self.account["id"]

    def enrols_in(self, row: Row) -> bool:
        return self.keeps_organization(self.row(Organization, row["organization_id"]))

    def sees_membership_request(self, row: Row) -> bool:
        return self.is_national or self.speaks_for_person(row) or self.enrols_in(row)

    def sees_certificate(self, row: Row) -> bool:
        return self.sees_record_of_volunteer(row) or row["issuer_id"] in self.organization_ids

    def asks_for_certificate(self, row: Row) -> bool:
        return self.represents(row["volunteer_id"], of_standing=True)

    def withdraws_certificate_request(self, row: Row) -> bool:
        return self.represents(row["volunteer_id"])

    def judges_certificate(self, row: Row) -> bool:
        return self.coordinates_both_homes(row) or row["issuer_id"] in self.organization_ids

    def coordinates_both_homes(self, request: Row) -> bool:
        homes = self.row(Organization, request["issuer_id"]), self.row(Volunteer, request["volunteer_id"])
        return all(self.coordinates(home["kabupaten_code"]) for home in homes)

    def sees_certificate_request(self, row: Row) -> bool:
        return self.is_national or self.withdraws_certificate_request(row) or self.judges_certificate(row)

    def reads_evidence(self, row: Row) -> bool:
        is_needed = row["status"] in ("PENDING", "ACCEPTED") and row["issuer_id"] in self.organization_ids
        return (
            self.is_national
            or self.asks_for_certificate(row)
            or self.coordinates_both_homes(row)
            or (is_needed and self.stands_today(self.row(Organization, row["issuer_id"])))
        )

    def coordinates_nation(self, _row: Row) -> bool:
        return self.is_national

    def proposes_transfer(self, row: Row) -> bool:
        return self.row(Membership, row["membership_id"])["organization_id"] in self.organization_ids

    def answers_transfer(self, row: Row) -> bool:
        return self.agrees_to_transfer(row) or row["organization_id"] in self.organization_ids

    def sees_transfer(self, row: Row) -> bool:
        return self.is_national or (self.speaks_for_person(row) or self.enrols_in(row) or self.proposes_transfer(row))

    def asks_for_membership(self, row: Row) -> bool:
        return self.speaks_for_person(row) if row["asked_by"] == "PERSON" else self.enrols_in(row)

    def answers_membership_request(self, row: Row) -> bool:
        if self.has_asked(row) and self.volunteer_id != row["volunteer_id"]:
            return False
        if row["asked_by"] == "ORGANIZATION":
            return self.speaks_for_person(row)
        return row["organization_id"] in self.organization_ids

    def sees_record_of_volunteer(self, row: Row) -> bool:
        return self.sees_volunteer(self.row(Volunteer, row["volunteer_id"]))

    def sees_suspected_pair(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"])

    def sees_private_record(self, row: Row) -> bool:
        return self.knows_volunteer(self.row(Volunteer, row["volunteer_id"]))

    def sees_assignment(self, row: Row) -> bool:
        ends = self.row(Need, row["need_id"]), self.row(Volunteer, row["volunteer_id"])
        return any(self.coordinates(end["kabupaten_code"]) for end in ends) or self.represents(row["volunteer_id"])

    def sees_part_of_assignment(self, row: Row) -> bool:
        return self.sees_assignment(self.row(Assignment, row["assignment_id"]))

    def sees_event(self, row: Row) -> bool:
        if row["subject_type"] not in SUBJECTS:
            return False
        table, sees = SUBJECTS[row["subject_type"]]
        subject = self.rows.get(table, uuid.UUID(row["subject_key"]))
        name = EVENTS_OF_FEWER.get(row["kind"], sees.__name__)
        return subject is not None and bool(getattr(self, name)(subject))

    def sees_organization(self, row: Row) -> bool:
        memberships = self.rows.where(Membership, "organization_id", row["id"])
        members = {each["volunteer_id"] for each in memberships if self.is_current(each)}
        return (
            row["verification"] == "VERIFIED"
            or self.coordinates(row["kabupaten_code"])
            or row["id"] in self.organization_ids
            or self.volunteer_id in members
            or (self.account is not None and row["requester_id"] == self.account["id"])
        )

    def sees_contact(self, row: Row) -> bool:
        is_coordinator = any(role["kind"] == "COORDINATOR" for role in self.roles)
        return is_coordinator or row["organization_id"] in self.organization_ids

    def keeps_organization(self, row: Row) -> bool:
        return row["id"] in self.organization_ids or self.coordinates(row["kabupaten_code"])

    def sees_licence(self, row: Row) -> bool:
        owner = self.row(Organization, row["organization_id"])
        is_counted = row["status"] in {"CONFIRMED", "REVOKED"}
        return (is_counted and self.sees_organization(owner)) or self.keeps_organization(owner)

    def sees_situation(self, row: Row) -> bool:
        is_coordinator = any(role["kind"] == "COORDINATOR" for role in self.roles)
        is_there = is_coordinator or self.works("DESK_OFFICER", row["kabupaten_code"])
        return row["status"] == "VERIFIED" or is_there or self.is_own(row["recorder_id"])

    def verifies_situation(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"])

    def withdraws_situation(self, row: Row) -> bool:
        return self.verifies_situation(row) or self.is_own(row["recorder_id"])

    def is_own(self, account_id: uuid.UUID | None) -> bool:
        return self.account is not None and account_id == self.account["id"]

    def shares_work(self, _row: Row) -> bool:
        is_coordinator = any(role["kind"] == "COORDINATOR" for role in self.roles)
        return is_coordinator or any(self.stands_today(self.row(Organization, key)) for key in self.organization_ids)

    def sees_pledge(self, row: Row) -> bool:
        asked = {each["organization_id"] for each in self.rows.where(PledgeRequest, "pledge_id", row["id"])}
        return self.shares_work(row) or bool({row["organization_id"], *asked} & self.organization_ids)

    def sees_pledge_request(self, row: Row) -> bool:
        holder = self.row(Pledge, row["pledge_id"])["organization_id"]
        is_coordinator = any(role["kind"] == "COORDINATOR" for role in self.roles)
        return is_coordinator or bool({holder, row["organization_id"]} & self.organization_ids)

    def holds_pledge(self, row: Row) -> bool:
        return row["organization_id"] in self.organization_ids

    def releases_pledge(self, row: Row) -> bool:
        need = self.rows.get(Need, row["need_id"]) or self.row(GoodsNeed, row["goods_need_id"])
        return self.holds_pledge(row) or self.sends_to_need(need)

    def sees_camp(self, row: Row) -> bool:
        return row["opened_at"] is not None or self.runs_camp(row) or self.issues_for_camp(row)

    def issues_for_camp(self, row: Row) -> bool:
        issuer = self.rows.get(Organization, row["issuer_id"])
        return issuer is not None and (
            issuer["id"] in self.organization_ids or self.coordinates(issuer["kabupaten_code"])
        )

    def keeps_camp(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"]) or row["host_id"] in self.organization_ids

    def runs_camp(self, row: Row) -> bool:
        works_there = any(
            role["kind"] == "CAMP_STAFF" and (role["camp_id"] == row["id"] or role["organization_id"] == row["host_id"])
            for role in self.roles
        )
        return works_there or self.keeps_camp(row)

    def sees_part_of_camp(self, row: Row) -> bool:
        return self.sees_camp(self.row(Camp, row["camp_id"]))

    def reads_evaluations(self, row: Row) -> bool:
        return self.runs_camp(self.row(Camp, row["camp_id"]))

    def sees_staff_member(self, row: Row) -> bool:
        return self.runs_camp(self.row(Camp, row["camp_id"])) or self.represents(row["volunteer_id"])

    def asks_contingent(self, row: Row) -> bool:
        home = self.rows.get(Organization, row["organization_id"]) or row
        return self.coordinates(home["kabupaten_code"]) or row["organization_id"] in self.organization_ids

    def allots_contingent(self, row: Row) -> bool:
        return self.keeps_camp(self.row(Camp, row["camp_id"]))

    def fills_contingent(self, row: Row) -> bool:
        leads = row["leader_id"] is not None and row["leader_id"] == self.volunteer_id
        return leads or self.asks_contingent(row) or self.allots_contingent(row)

    def sees_contingent(self, row: Row) -> bool:
        return self.fills_contingent(row) or self.runs_camp(self.row(Camp, row["camp_id"]))

    def answers_registration(self, row: Row) -> bool:
        contingent = self.rows.get(Contingent, row["contingent_id"])
        is_own = row["volunteer_id"] is not None and self.represents(row["volunteer_id"])
        return (
            is_own
            or row["organization_id"] in self.organization_ids
            or (contingent is not None and self.fills_contingent(contingent))
            or self.keeps_camp(self.row(Camp, row["camp_id"]))
        )

    def sees_camp_group(self, row: Row) -> bool:
        leads = row["leader_id"] is not None and row["leader_id"] == self.volunteer_id
        members = self.rows.where(CampGroupMember, "group_id", row["id"])
        answers = any(
            self.answers_registration(self.row(CampRegistration, each["registration_id"])) for each in members
        )
        return leads or answers or self.runs_camp(self.row(Camp, row["camp_id"]))

    def receives_registration(self, row: Row) -> bool:
        return self.runs_camp(self.row(Camp, row["camp_id"]))

    def sees_registration(self, row: Row) -> bool:
        is_known = self.answers_registration(row) or self.coordinates(row["kabupaten_code"])
        return is_known or self.receives_registration(row)

    def keeps_site(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"]) or row["organization_id"] in self.organization_ids

    def records_scan(self, row: Row) -> bool:
        camp, site = self.rows.get(Camp, row["camp_id"]), self.rows.get(Site, row["site_id"])
        return bool((camp and self.runs_camp(camp)) or (site and self.keeps_site(site)))

    def sees_scan(self, row: Row) -> bool:
        return self.records_scan(row) or (
            row["volunteer_id"] is not None and self.represents(row["volunteer_id"], of_standing=True)
        )

    def sees_scan_code(self, row: Row) -> bool:
        volunteer, site = self.rows.get(Volunteer, row["volunteer_id"]), self.rows.get(Site, row["site_id"])
        guest = self.rows.get(CampRegistration, row["registration_id"])
        here = volunteer and any(
            each["status"] in LIVE_REGISTRATIONS and self.receives_registration(each)
            for each in self.rows.where(CampRegistration, "volunteer_id", volunteer["id"])
        )
        knows = volunteer and self.knows_volunteer(volunteer)
        of_guest = guest and (self.answers_registration(guest) or self.receives_registration(guest))
        return bool(here or knows or of_guest or (site and self.keeps_site(site)))

    def sees_incident(self, row: Row) -> bool:
        is_own = self.is_own(row["reporter_id"])
        is_public = row["status"] in ("VERIFIED", "ACTIVE", "CLOSED") or (
            row["status"] == "MERGED" and row["verified_at"]
        )
        touched = self.rows.where(IncidentKabupaten, "incident_id", row["id"])
        is_at_desk = any(self.works("DESK_OFFICER", each["kabupaten_code"]) for each in touched)
        return bool(is_public or is_own or is_at_desk or self.coordinates_incident(row))

    def coordinates_incident(self, row: Row) -> bool:
        touched = self.rows.where(IncidentKabupaten, "incident_id", row["id"])
        return self.is_national or any(self.coordinates(each["kabupaten_code"]) for each in touched)

    def sees_account(self, row: Row) -> bool:
        return self.is_own_account(row) or any(
            self.administers(role) or self.audits_role(role) for role in self.rows.where(Role, "account_id", row["id"])
        )

    def sees_role(self, row: Row) -> bool:
        is_own = self.account is not None and row["account_id"] == self.account["id"]
        return is_own or self.administers(row) or self.audits_role(row)

    def administers(self, role: Row) -> bool:
        return any(self.covers(each, role) for each in self.roles if each["kind"] != "AUDITOR")

    def audits_role(self, role: Row) -> bool:
        """As if it was a coordinator's."""
        held = (each for each in self.roles if each["kind"] == "AUDITOR")
        return any(self.covers({**each, "kind": "COORDINATOR"}, role) for each in held)

    def sees_audit_entry(self, row: Row) -> bool:
        return self.works("AUDITOR", row["kabupaten_code"])

    def reads_reason(self, row: Row) -> bool:
        return row["subject_type"] in SUBJECTS and row["subject_type"] not in ("Absence", "Insurance", "Volunteer")

    def sees_import_job(self, row: Row) -> bool:
        return row["organization_id"] in self.organization_ids or (self.sees_session(row) and self.enrols_in(row))

    def sees_api_key(self, row: Row) -> bool:
        return self.sees_session(row)

    def sees_provider_identity(self, row: Row) -> bool:
        return self.sees_session(row)

    def sees_session(self, row: Row) -> bool:
        return self.account is not None and row["account_id"] == self.account["id"]

    def covers(self, held: Row, other: Row) -> bool:
        """Whether the holder of a role in force may do what the other role allows."""
        if held["kind"] == "MANAGER":
            camp = self.rows.get(Camp, other["camp_id"])
            return bool(held["organization_id"] == (camp["host_id"] if camp else other["organization_id"]))
        organization = self.rows.get(Organization, other["organization_id"])
        camp = self.rows.get(Camp, other["camp_id"])
        home = organization or camp
        kabupaten = other["kabupaten_code"] or (home and home["kabupaten_code"])
        province = other["province_code"] or (kabupaten and kabupaten[:2])
        scope = held["province_code"] or held["kabupaten_code"]
        return held["kind"] == "COORDINATOR" and (not scope or scope in (kabupaten, province))

    # The guards.

    def is_own_account(self, row: Row) -> bool:
        return self.account is not None and row["id"] == self.account["id"]

    keeps_account = is_own_account

    def knows_volunteer(self, row: Row) -> bool:
        return (
            self.coordinates(row["kabupaten_code"])
            or self.represents(row["id"], of_standing=True)
            or self.has_assignment_in_scope(row, "ACCEPTED", "MOBILIZED", "ON_DUTY")
        )

    def sees_readiness(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"]) or self.represents(row["id"], of_standing=True)

    def sees_free_days(self, row: Row) -> bool:
        return self.sees_readiness(row) or self.has_agreed_to_scope(row)

    def coordinates_place(self, row: Row) -> bool:
        return self.coordinates(row["code"])

    def sends_to_need(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"])

    # Who may move an incident, figures or an assignment.

    def records_situation(self, row: Row) -> bool:
        here = row["kabupaten_code"]
        at_work = {
            site["organization_id"]
            for site in self.rows.where(Site, "incident_id", row["incident_id"])
            if site["kabupaten_code"] == here and not site["closed_at"]
        } | {
            pledge["organization_id"]
            for table, column in ((Need, "need_id"), (GoodsNeed, "goods_need_id"))
            for need in self.rows.where(table, "incident_id", row["incident_id"])
            for pledge in self.rows.where(Pledge, column, need["id"])
            if need["kabupaten_code"] == here and self.is_open_pledge(pledge)
        }
        is_at_desk = self.works("DESK_OFFICER", here)
        return self.verifies_situation(row) or is_at_desk or bool(at_work & self.organization_ids)

    def is_open_pledge(self, row: Row) -> bool:
        """Open, and not past its deadline before all is filled or delivered."""
        filled = row["delivered"] if row["goods_need_id"] else people_under(self.rows, row)
        is_late = row["deadline"] and row["deadline"] <= self.now and filled < row["quantity"]
        return row["status"] == "OPEN" and not is_late

    def accepts_assignment(self, row: Row) -> bool:
        return self.represents(row["volunteer_id"], of_standing=True)

    def stands_today(self, organization: Row) -> bool:
        """Verified, and with a registration that is valid, if one was revoked."""
        today = self.today(organization["kabupaten_code"])
        licences = self.rows.where(Licence, "organization_id", organization["id"])
        registrations = [each for each in licences if each["kind"] == "REGISTRATION"]
        holds = any(
            each["status"] == "CONFIRMED" and each["valid_from"] <= today <= (each["valid_until"] or date.max)
            for each in registrations
        )
        is_revoked = any(each["status"] == "REVOKED" for each in registrations)
        return organization["verification"] == "VERIFIED" and (holds or not is_revoked)

    def answers_assignment(self, row: Row) -> bool:
        return self.represents(row["volunteer_id"])

    def is_signed_in(self, _row: Row) -> bool:
        return self.account is not None

    def coordinates_home_of(self, row: Row) -> bool:
        return self.coordinates(row["kabupaten_code"])

    def supervises_organization(self, row: Row) -> bool:
        return bool(self.supervising_roles(row))

    def supervising_roles(self, organization: Row) -> list[Row]:
        covered = self.rows.where(OrganizationCoverage, "organization_id", organization["id"])
        home = organization["kabupaten_code"]
        is_in_one_province = all(each["kabupaten_code"][:2] == home[:2] for each in covered)
        scopes = {None, home, home[:2]} if is_in_one_province else {None}
        return [role for role in self.roles if role["kind"] == "COORDINATOR" and scope_of(role) in scopes]

    def verifies_organization(self, row: Row) -> bool:
        """Who asked for it manages it without end."""
        roles = self.supervising_roles(row)
        lasting = roles if row["requester_id"] is None else [role for role in roles if role["until"] is None]
        return bool(lasting) and not self.is_own(row["requester_id"])

    def keeps_licence(self, row: Row) -> bool:
        return self.keeps_organization(self.row(Organization, row["organization_id"]))

    def judges_licence(self, row: Row) -> bool:
        owner = self.row(Organization, row["organization_id"])
        return self.supervises_organization(owner) if row["kind"] == "REGISTRATION" else self.coordinates_home_of(owner)

    def sends_to_need_of(self, row: Row) -> bool:
        return self.sends_to_need(self.row(Need, row["need_id"]))

    def cancels_assignment(self, row: Row) -> bool:
        return self.answers_assignment(row) or self.sends_to_need_of(row)


def scope_of(role: Row) -> str | None:
    """The code of the role's province or kabupaten; none for the nation."""
    return role["province_code"] or role["kabupaten_code"] or None


def end_of(assignment: Row) -> datetime:
    """When the duty ends, or an offer lapses."""
    ends: datetime = assignment["ends_at"]
    deadline = assignment["expires_at"] if assignment["status"] == "OFFERED" else None
    return min(ends, deadline or ends)
