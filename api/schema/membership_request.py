"""Requests for memberships."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.membership_request import MembershipRequestAction, MembershipRequestStatus, MembershipSide
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization, Rank
from api.schema.place import Kecamatan
from api.services import membership_request

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("A request for a membership: of a person to an organization, or of an organization to a person.")
class MembershipRequest(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The person; null where you may not see the person."
    )
    organization: Organization | None = field("The organization; null where you may not see it.")
    asked_by: MembershipSide = field("The side that asks; the other one answers.")
    status: MembershipRequestStatus = field("What has become of it.")
    number: str | None = field("The membership number that the organization intends; null if it names none.")
    rank: Rank | None = field("The rank that the organization intends; null if it names none.")
    kecamatan: Kecamatan | None = field("Where the person is to serve as TKSK; null if nowhere.")
    note: str | None = field(
        "What the side that asks has written; of a person found by the NIK, the name in the registration."
    )
    reason: str | None = field("Why it was refused; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    allowed_actions: list[MembershipRequestAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was asked.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(membership_request.request_membership)
class RequestMembershipInput:
    organization: strawberry.ID = field("The organization to become a member of.")
    volunteer: strawberry.ID | None = optional("The person who is to become a member; yourself if left out.")
    number: str | None = optional("The membership number, named by the organization only, 1 to 100 characters.")
    rank: strawberry.ID | None = optional("The rank, named by the organization only, one of its corps.")
    kecamatan: strawberry.ID | None = optional("Where the person is to serve as TKSK, named by the organization only.")
    note: str | None = optional("What the other side should know, 1 to 1,000 characters.")


@verb_input(membership_request.approve)
class ApproveMembershipInput:
    membership_request: strawberry.ID = field("The request to accept.")
    number: str | None = optional("The membership number, where the organization answers, 1 to 100 characters.")
    rank: strawberry.ID | None = optional("The rank, where the organization answers, one of its corps.")
    kecamatan: strawberry.ID | None = optional("Where the person serves as TKSK, where the organization answers.")


@verb_input(membership_request.refuse)
class RefuseMembershipInput:
    membership_request: strawberry.ID = field("The request to refuse.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(membership_request.withdraw)
class WithdrawMembershipRequestInput:
    membership_request: strawberry.ID = field("The request to withdraw.")
