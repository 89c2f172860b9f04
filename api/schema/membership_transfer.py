"""Proposals that a member goes over to another organization."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.membership_transfer import MembershipTransferAction, MembershipTransferStatus
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.membership import Membership
from api.schema.organization import Organization, Rank
from api.schema.place import Kecamatan
from api.services import membership_transfer

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("The proposal that a member goes over to another organization.")
class MembershipTransfer(Node):
    membership: Membership | None = field("The membership that would end; null where you may not see it.")
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The person; null where you may not see the person."
    )
    organization: Organization | None = field("The other organization; null where you may not see it.")
    status: MembershipTransferStatus = field("What has become of it.")
    person_agreed_at: datetime | None = field("When the person said yes; null if that has not happened.")
    organization_agreed_at: datetime | None = field(
        "When the other organization said yes; null if that has not happened."
    )
    number: str | None = field("The number in the other organization; null if it has named none.")
    rank: Rank | None = field("The rank in the other organization; null if it has named none.")
    kecamatan: Kecamatan | None = field("Where the person is to serve as TKSK; null if nowhere.")
    note: str | None = field("What the organization that proposes it has written.")
    reason: str | None = field("Why it was refused; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    allowed_actions: list[MembershipTransferAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was proposed.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(membership_transfer.propose)
class TransferMembershipInput:
    membership: strawberry.ID = field("The membership that is to end.")
    organization: strawberry.ID = field("The organization that the member is to go over to.")
    note: str | None = optional("What the others should know, 1 to 1,000 characters.")


@verb_input(membership_transfer.answer)
class AnswerTransferInput:
    membership_transfer: strawberry.ID = field("The proposal to answer.")
    accept: bool = field("Yes or no.")
    reason: str | None = optional("The reason for a no, 1 to 1,000 characters.")
    number: str | None = optional("The number in the other organization, named with its yes.")
    rank: strawberry.ID | None = optional("The rank in the other organization, named with its yes.")
    kecamatan: strawberry.ID | None = optional("Where the person is to serve as TKSK, named with its yes.")


@verb_input(membership_transfer.withdraw)
class WithdrawTransferInput:
    membership_transfer: strawberry.ID = field("The proposal to withdraw.")
