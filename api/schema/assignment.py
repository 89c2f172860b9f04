"""Assignments, and the exceptions recorded for them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.assignment_status import AssignmentAction, AssignmentStatus
from api.models.attendance import AttendanceKind, AttendanceMark
from api.rules.code import ProblemCode
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.hours import ServedHours
from api.schema.letter import AssignmentLetter
from api.schema.need import Need
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.services import (
    assignment,
    attendance,
    bulk_offer,
    camp_mobilization,
    evaluation,
    extension,
    offer,
    replacement,
)

if TYPE_CHECKING:
    from api.schema.camp import Camp
    from api.schema.pledge import Pledge


@noun(
    "A recorded, reasoned exception to one rule for one assignment.",
    filters={
        "account": (None, "The account that decided it."),
        "incident": (strawberry.ID, "The incident of the need."),
    },
)
class Override(Node):
    assignment: Assignment = field("The assignment for which the rule was set aside.")
    rule_code: ProblemCode = field("The rule that was set aside.")
    reason: str = field("Why it was set aside.")
    decided_by: str | None = field("The name of the account that decided it; null where you may not see the person.")
    created_at: datetime = field("When it was decided.")


@noun("What a coordinator says of a duty afterwards.")
class Evaluation:
    rating: int = field("From 1, not well, to 5, very well.")
    comment: str | None = field("What there is to say; null if nothing was said.")
    rated_at: datetime = field("When it was said.")


@noun("A report that a volunteer set out, arrived or left. Reports come late, out of order and more than once.")
class Attendance:
    kind: AttendanceKind = field("Whether the volunteer set out, arrived or left.")
    at: datetime = field("When it happened, as reported.")
    mark: AttendanceMark | None = field("Why it does not count; null if it counts.")
    reported_by: str | None = field(
        "The name of the account that reported it; null if there was none, or where you may not see the person."
    )
    created_at: datetime = field("When the report came.")


@noun(
    "The sending of a volunteer to a need, from one instant up to another.",
    filters={
        "incident": (None, "The incident of the need."),
        "kabupaten": (None, "The kabupaten of the need."),
    },
)
class Assignment(Node):
    need: Need = field("The need the volunteer is sent to.")
    volunteer: Volunteer | None = field("The volunteer; null where you may not see the person.")
    pledge: Annotated[Pledge, strawberry.lazy("api.schema.pledge")] | None = field(
        "The pledge that it fills a place of; null if it is none, or if you may not see it."
    )
    organization: Organization | None = field(
        "The organization that it is served for, found at the acceptance; null before, or if you may not see it."
    )
    status: AssignmentStatus = field(
        "The status; an offer past its deadline reads as expired, a duty 12 hours after its end as completed."
    )
    starts_at: datetime = field("When the duty starts; at the earliest with the acceptance.")
    ends_at: datetime = field("When the duty ends, as offered; that instant is free again.")
    time_zone: str = field("The IANA time zone of the duty, in which people read its times.")
    expires_at: datetime | None = field("The deadline for the answer to the offer; null if it is the end of the duty.")
    reason: str | None = field(
        "Why it was declined, cancelled, released or a no-show; null if it was not, or if no reason was given."
    )
    accepted_at: datetime | None = field("When it was accepted; null if it was not.")
    checked_in_at: datetime | None = field("When the volunteer arrived: the first check-in that counts; null if none.")
    checked_out_at: datetime | None = field(
        "When the volunteer left: the first check-out after it that counts, or the release; null if there is none."
    )
    attendance: list[Attendance] = field(
        "What was reported of it, in the order of the times; also what does not count."
    )
    is_unconfirmed: bool = field("Whether it is completed, and no hours count yet.")
    hours: float | None = field("The hours served that count; null as long as none do.")
    served_hours: list[ServedHours] = field("What was said about the hours served, the oldest first.")
    proposed_ends_at: datetime | None = field(
        "When it would end by the extension that waits for an answer; null if none does."
    )
    replaces: Assignment | None = field(
        "The duty that it takes over once it is accepted; null if it is none, or where you may not see it."
    )
    camp: Annotated[Camp, strawberry.lazy("api.schema.camp")] | None = field(
        "The camp that was mobilized for it; null if it is none, or if you may not see it."
    )
    evaluation: Evaluation | None = field(
        "What the coordinator said of it; null if nothing, or unless you are the volunteer, answer for them or coordinate the need."
    )
    letter: AssignmentLetter | None = field("What the letter of assignment says; null before the acceptance.")
    overrides: list[Override] = field("The rules that were set aside for it.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    allowed_actions: list[AssignmentAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was offered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(offer.offer)
class OfferAssignmentInput:
    need: strawberry.ID = field("The need to send the volunteer to.")
    volunteer: strawberry.ID = field("The volunteer to send.")
    pledge: strawberry.ID | None = optional("The pledge of the need that the volunteer, a member, fills a place of.")
    starts_at: datetime | None = optional("When the duty starts, at the earliest now; with the need if left out.")
    ends_at: datetime | None = optional("When the duty ends; with the need if left out.")
    expires_at: datetime | None = optional("The deadline for the answer; the end of the duty if left out.")
    override_rules: list[ProblemCode] | None = optional(
        "The codes of the rules to set aside, by a coordinator of the need."
    )
    override_reason: str | None = optional("Why they are set aside; required with overrideRules.")


@verb_input(bulk_offer.offer_all)
class OfferAssignmentsInput:
    need: strawberry.ID = field("The need to send the volunteers to.")
    volunteers: list[strawberry.ID] = field("The volunteers to send; empty to name none.")
    nearest: int | None = optional(
        "How many more: the nearest who may be sent. 1,000 people at most, with those named."
    )
    pledge: strawberry.ID | None = optional("The pledge of the need that the volunteers, members, fill places of.")
    starts_at: datetime | None = optional("When the duties start, at the earliest now; with the need if left out.")
    ends_at: datetime | None = optional("When the duties end; with the need if left out.")
    expires_at: datetime | None = optional("The deadline for all answers; the end of the duties if left out.")
    override_rules: list[ProblemCode] | None = optional(
        "The codes of the rules to set aside, by a coordinator of the need, for whoever breaks them."
    )
    override_reason: str | None = optional("Why they are set aside; required with overrideRules.")


@verb_input(camp_mobilization.mobilize)
class MobilizeCampInput:
    camp: strawberry.ID = field("The running camp.")
    need: strawberry.ID = field("The need to send its participants to.")
    volunteers: list[strawberry.ID] = field("The volunteers to send; empty to name none.")
    further: int | None = optional(
        "How many more of those inside who may be sent, by their numbers. 1,000 people at most, with those named."
    )
    starts_at: datetime | None = optional("When the duties start, at the earliest now; with the need if left out.")
    ends_at: datetime | None = optional("When the duties end; with the need if left out.")
    expires_at: datetime | None = optional("The deadline for all answers; the end of the duties if left out.")
    override_rules: list[ProblemCode] | None = optional(
        "The codes of the rules to set aside, by a coordinator of the need, for whoever breaks them."
    )
    override_reason: str | None = optional("Why they are set aside; required with overrideRules.")


@verb_input(assignment.accept)
class AcceptAssignmentInput:
    assignment: strawberry.ID = field("The offer to accept.")


@verb_input(assignment.decline)
class DeclineAssignmentInput:
    assignment: strawberry.ID = field("The offer to decline.")
    reason: str | None = optional("Why, if the volunteer says so; at most 1,000 characters.")


@verb_input(assignment.cancel)
class CancelAssignmentInput:
    assignment: strawberry.ID = field("The offer or promise to take back.")
    reason: str = field("Why it is taken back, at most 1,000 characters.")


@verb_input(assignment.release)
class ReleaseAssignmentInput:
    assignment: strawberry.ID = field("The running duty.")
    reason: str = field("Why the volunteer is sent home, at most 1,000 characters.")


AT = "When it happened; now if left out. A time before the acceptance, long before the duty or in the future is kept and does not count."
NONCE = (
    "A text of your own, 1 to 100 characters, not beginning with “scan ”: the same report sent again changes nothing."
)


@verb_input(extension.extend)
class ExtendAssignmentInput:
    assignment: strawberry.ID = field("The duty that is to last longer.")
    ends_at: datetime = field("The new end, within the need.")
    expires_at: datetime | None = optional("The deadline for the answer; the present end of the duty if left out.")
    override_rules: list[ProblemCode] | None = optional(
        "The codes of the rules to set aside, by a coordinator of the need."
    )
    override_reason: str | None = optional("Why they are set aside; required with overrideRules.")


@verb_input(replacement.replace)
class ReplaceAssignmentInput:
    assignment: strawberry.ID = field("The duty to hand over.")
    volunteer: strawberry.ID = field("The volunteer who is to take it over.")
    starts_at: datetime | None = optional("From when; from now on, or from its start, if left out.")
    expires_at: datetime | None = optional("The deadline for the answer; the end of the duty if left out.")
    override_rules: list[ProblemCode] | None = optional(
        "The codes of the rules to set aside, by a coordinator of the need."
    )
    override_reason: str | None = optional("Why they are set aside; required with overrideRules.")


@verb_input(evaluation.evaluate)
class EvaluateAssignmentInput:
    assignment: strawberry.ID = field("The duty, completed or released.")
    rating: int = field("From 1, not well, to 5, very well.")
    comment: str | None = optional("What there is to say, at most 1,000 characters.")


@verb_input(attendance.mobilize)
class MobilizeAssignmentInput:
    assignment: strawberry.ID = field("The duty that the volunteer set out for.")
    at: datetime | None = optional(AT)
    nonce: str | None = optional(NONCE)


@verb_input(attendance.check_in)
class CheckInAssignmentInput:
    assignment: strawberry.ID = field("The duty that the volunteer arrived for.")
    at: datetime | None = optional(AT)
    nonce: str | None = optional(NONCE)


@verb_input(attendance.check_out)
class CheckOutAssignmentInput:
    assignment: strawberry.ID = field("The duty that the volunteer left.")
    at: datetime | None = optional(AT)
    nonce: str | None = optional(NONCE)


@verb_input(attendance.record_no_show)
class RecordNoShowInput:
    assignment: strawberry.ID = field("The duty that the volunteer did not come to.")
    reason: str = field("What is known of the reason, at most 1,000 characters.")
