"""Needs for goods, pledges, and what organizations ask of one another."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.need import Priority
from api.models.pledge import PledgeAction, PledgeRequestStatus, PledgeStatus
from api.schema.cluster import Cluster
from api.schema.field import Connection, Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.incident import Incident
from api.schema.need import Need
from api.schema.organization import Organization
from api.schema.place import Kabupaten, Located, Point, PointInput
from api.schema.site import Site
from api.services import goods, pledge, pledge_change, pledge_request

if TYPE_CHECKING:
    from api.schema.activity import Activity


@noun(
    "A need for goods, at a place, by an instant.",
    filters={"open": (bool, "True: neither closed nor past; false: the others.")},
)
class GoodsNeed(Node, Located):
    incident: Incident = field("The incident it is for.")
    item: str = field("The goods that are wanted.")
    quantity: int = field("The quantity that is wanted, in all.")
    unit: str = field("The unit of the quantity.")
    needed_by: datetime = field("When they are needed at the latest.")
    cluster: Cluster = field("The national cluster it belongs to.")
    priority: Priority = field("How urgent it is.")
    kabupaten: Kabupaten = field("The kabupaten where they are needed.")
    position: Point | None = field("The position where they are needed, always known.")
    time_zone: str = field("The IANA time zone of the kabupaten, in which people read its times.")
    site: Site | None = field("The site where they are needed; null if it is none.")
    pledged: int = field("The quantity that was delivered or that open pledges promise.")
    delivered: int = field("The quantity that was delivered.")
    pledges: Connection[Pledge] = field("The pledges, as far as you may see them.")
    closed_at: datetime | None = field("When it was closed; null if it was not.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around it, the newest first, as far as you may see it."
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was raised.")
    updated_at: datetime = field("When it was last changed.")


@noun("The promise of an organization: people for the whole period of a need, or goods.")
class Pledge(Node):
    need: Need | None = field("The need for people that it is for; null if it is for goods.")
    goods_need: GoodsNeed | None = field("The need for goods that it is for; null if it is for people.")
    organization: Organization | None = field("The organization that holds it; null where you may not see it.")
    quantity: int = field("The number of people or the quantity of goods that is promised.")
    status: PledgeStatus = field("Whether it holds places; past its deadline it reads as lapsed.")
    deadline: datetime | None = field("By when it is to be filled or delivered; null if none was set.")
    filled: int = field(
        "The people who have accepted a duty under it, at the time at which they are most, or the quantity that was delivered."
    )
    open_quantity: int = field("What it still holds; 0 once it is not open.")
    percent: float = field("What is filled or delivered, in percent of what is promised.")
    reason: str | None = field("Why it was released or handed over; null if it was not.")
    handed_over_to: Pledge | None = field(
        "The pledge that took it over; null if it was not handed over, or if you may not see that one."
    )
    requests: list[PledgeRequest] = field("Who asks for it, the oldest first, as far as you may see it.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    allowed_actions: list[PledgeAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")


@noun("That an organization asks the holder of a pledge for it.")
class PledgeRequest(Node):
    pledge: Pledge = field("The pledge that is asked for.")
    organization: Organization | None = field("The organization that asks; null where you may not see it.")
    reason: str = field("Why it asks.")
    status: PledgeRequestStatus = field("What has become of it.")
    answer: str | None = field("What the holder answered; null while there is no answer.")
    answered_at: datetime | None = field("When the holder answered; null while there is no answer.")
    created_at: datetime = field("When it was asked.")


@verb_input(goods.raise_goods)
class RaiseGoodsNeedInput:
    incident: strawberry.ID = field("The incident it is for.")
    item: str = field("The goods that are wanted, 2 to 200 characters.")
    quantity: int = field("The quantity that is wanted, 1 to 100,000,000.")
    unit: str = field("The unit of the quantity, at most 50 characters.")
    needed_by: datetime = field("When they are needed at the latest, within a year.")
    cluster: strawberry.ID = field("The national cluster.")
    kabupaten: strawberry.ID = field("The kabupaten where they are needed; one that the incident affects.")
    priority: Priority = strawberry.field(default=Priority.NORMAL, description="How urgent it is.")
    site: strawberry.ID | None = optional("The site where they are needed; one of the incident in the kabupaten.")
    position: PointInput | None = optional(
        "The position, in the kabupaten or at most 25 km outside; that of the site, else the seat, if left out."
    )


@verb_input(goods.change_goods)
class ChangeGoodsNeedInput:
    goods_need: strawberry.ID = field("The need to change.")
    quantity: int | None = optional("The quantity that is wanted, no less than is promised or was delivered.")
    needed_by: datetime | None = optional("When they are needed at the latest; not before the deadline of a pledge.")
    priority: Priority | None = optional("How urgent it is.")
    cluster: strawberry.ID | None = optional("The national cluster.")
    site: strawberry.ID | None = optional("The site where they are needed; null for none.")
    position: PointInput | None = optional("The position, in the kabupaten or at most 25 km outside.")


@verb_input(goods.close_goods)
class CloseGoodsNeedInput:
    goods_need: strawberry.ID = field("The need to close.")
    reason: str | None = optional("Why it is closed, at most 1,000 characters.")


@verb_input(pledge.make)
class MakePledgeInput:
    need: strawberry.ID | None = optional("The need for people; left out for goods.")
    goods_need: strawberry.ID | None = optional("The need for goods; left out for people.")
    organization: strawberry.ID = field("The organization that promises; a verified one that you manage.")
    quantity: int = field("The number of people for the whole period, or the quantity of goods.")
    deadline: datetime | None = optional("By when it is to be filled or delivered; it lapses then.")


@verb_input(pledge_change.release)
class ReleasePledgeInput:
    pledge: strawberry.ID = field("The pledge to give back.")
    reason: str = field("Why it is given back, at most 1,000 characters.")


@verb_input(pledge_change.hand_over)
class HandOverPledgeInput:
    pledge: strawberry.ID = field("The pledge to hand over.")
    organization: strawberry.ID = field("The verified organization that takes it over.")
    reason: str = field("Why it is handed over, at most 1,000 characters.")


@verb_input(pledge_change.deliver)
class RecordDeliveryInput:
    pledge: strawberry.ID = field("The pledge of goods.")
    quantity: int = field("The quantity that was delivered now.")


@verb_input(pledge_request.ask_for)
class AskForPledgeInput:
    pledge: strawberry.ID = field("The pledge that is asked for.")
    organization: strawberry.ID = field("The organization that asks; a verified one that you manage.")
    reason: str = field("Why it asks, at most 1,000 characters.")


@verb_input(pledge_request.answer)
class AnswerPledgeRequestInput:
    pledge_request: strawberry.ID = field("The request to answer.")
    grant: bool = field("True: hand the pledge over; false: keep it.")
    answer: str = field("What you answer, at most 1,000 characters.")
