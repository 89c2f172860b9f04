"""Sites, how full they are, and what a kitchen can cook."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.site import SiteKind
from api.schema.field import (
    Connection,
    Labelled,
    Node,
    argument,
    field,
    field_with_arguments,
    label,
    noun,
    optional,
    verb_input,
)
from api.schema.history import HistoryEntry
from api.schema.incident import Incident
from api.schema.organization import Organization
from api.schema.place import Kabupaten, Located, Point, PointInput, distance
from api.schema.scalar import Code
from api.schema.skill import Skill
from api.services import site

if TYPE_CHECKING:
    from api.schema.activity import Activity
    from api.schema.need import Need
    from api.schema.scan import Scan


@noun("What a kind of public kitchen can do in a day, and whom it takes.")
class KitchenType(Node, Labelled):
    code: Code = field("The code of the kind of kitchen.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the kind of kitchen.")
    packs_per_cooking: int = field("The packs of food of one cooking.")
    cookings_per_day: int = field("How often it cooks in a day, at most.")
    meals_per_day: int = field("The meals of one person in a day.")
    crew: int = field("The number of people it takes to run.")
    skill: Skill = field("The skill that its crew must be trained for.")


@noun("How many people were at a site at one instant.")
class SiteLoad(Node):
    site: Site = field("The site where they were counted.")
    at: datetime = field("When they were counted.")
    people: int = field("The number of people.")
    created_at: datetime = field("When it was entered.")


@noun("What a kitchen has to cook on one day, and what it can.")
class KitchenPlan:
    people_to_feed: int = field("The people in the shelters that it serves, as counted last on that day or before.")
    meals_wanted: int = field("The meals that they eat in the day.")
    packs_possible: int = field("The packs that the kitchen can cook in the day.")
    packs_short: int = field("The packs that are short; 0 if there are enough.")
    crew_wanted: int = field("The number of people it takes to run the kitchen.")
    crew: int = field("The number of people with a duty at the kitchen on that day.")
    crew_trained: int = field("Those of them with a certificate for the kitchen that is valid on that day.")
    crew_short: int = field("The number of trained people that are short; 0 if there are enough.")


@noun(
    "A place where the work is done: a post, a kitchen, a shelter, a running camp.",
    filters={"open": (bool, "True: not closed; false: closed.")},
)
class Site(Node, Located):
    incident: Incident | None = field("The incident it is for; null for a camp without one.")
    kind: SiteKind = field("What it is for.")
    name: str = field("The name that people know it by.")
    kabupaten: Kabupaten = field("The kabupaten it lies in; days are counted in its time zone.")
    position: Point | None = field("The position of the site, always known.")
    time_zone: str = field("The IANA time zone of its kabupaten, in which people read its times.")
    distance_to: float = distance("the site")
    capacity: int | None = field("The number of people it holds; null if it is not known.")
    organization: Organization | None = field(
        "The organization that runs it; null if there is none, or if you may not see it."
    )
    kitchen: Site | None = field("The public kitchen that cooks for this shelter; null if there is none.")
    kitchen_type: KitchenType | None = field("The kind of kitchen; null if it is none.")
    shelters: list[Site] = field("The shelters that this kitchen cooks for.")
    people: int | None = field("The number of people as counted last; null if they were never counted.")
    counted_at: datetime | None = field("When they were counted last; null if never.")
    loads: Connection[SiteLoad] = field("Every count of the people at the site.")
    is_full: bool = field("Whether it holds no more; false if the capacity or the load is not known.")
    filling_in: float | None = field(
        "Hours from the last count until it is full, at the rate between the last two; null while it does not fill."
    )
    kitchen_plan: KitchenPlan | None = field_with_arguments(
        "What the kitchen has to cook on a day, and what it can; null if it is none.",
        argument("on", date, "The day in its time zone."),
    )
    needs: Connection[Annotated[Need, strawberry.lazy("api.schema.need")]] = field("The needs for people at the site.")
    opened_at: datetime = field("When it was opened.")
    closed_at: datetime | None = field("When it was closed; null if it was not.")
    reason: str | None = field("Why it was closed; null if no reason was given.")
    present_count: int | None = field("How many people are inside now, by the scan log. Null unless you keep the site.")
    scans: Connection[Annotated[Scan, strawberry.lazy("api.schema.scan")]] = field(
        "The scan log, as far as you may see it."
    )
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around it, the newest first, as far as you may see it."
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(site.open_site)
class OpenSiteInput:
    incident: strawberry.ID = field("The incident, which must be verified or active.")
    kind: SiteKind = field("What it is for; not a camp, which opens when it starts.")
    name: str = field("The name that people know it by, 2 to 200 characters.")
    kabupaten: strawberry.ID = field("The kabupaten it lies in; one that the incident affects.")
    capacity: int | None = optional("The number of people it holds, 1 to 1,000,000.")
    position: PointInput | None = optional("The position; the seat of the kabupaten if left out.")
    organization: strawberry.ID | None = optional("The verified organization that runs it.")
    kitchen: strawberry.ID | None = optional("The public kitchen that cooks for this shelter.")
    kitchen_type: strawberry.ID | None = optional("The kind of a public kitchen; a field kitchen if left out.")


@verb_input(site.change)
class ChangeSiteInput:
    site: strawberry.ID = field("The site to change.")
    name: str | None = optional("The new name, 2 to 200 characters.")
    capacity: int | None = optional("The number of people it holds; null if it is not known.")
    position: PointInput | None = optional("The new position.")
    organization: strawberry.ID | None = optional("The verified organization that runs it; null for none.")
    kitchen: strawberry.ID | None = optional("The public kitchen that cooks for this shelter; null for none.")


@verb_input(site.record_load)
class RecordLoadInput:
    site: strawberry.ID = field("The site where people were counted.")
    people: int = field("The number of people, 0 to 1,000,000.")
    at: datetime | None = optional("When they were counted; now if left out.")


@verb_input(site.close)
class CloseSiteInput:
    site: strawberry.ID = field("The site to close.")
    reason: str | None = optional("Why it is closed, at most 1,000 characters.")
