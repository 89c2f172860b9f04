"""Care data of camps, and how many there are to feed."""

from __future__ import annotations

import strawberry

from api.models.camp_care import Diet
from api.schema.field import field, noun, verb_input
from api.services import camp_care


@noun("How many people there are to feed, or were served a meal, at a camp on a day.")
class CampHeads:
    item: str | None = field("The meal that they were served, as it was scanned; null for all who were there.")
    diet: Diet | None = field(
        "What they eat: told while the camp runs, to its cooks and medics, managers of the host and coordinators of the place. "
        "Null for others, to whom all diets are counted together."
    )
    people: int = field("How many they are.")


@noun("How many people of a camp are counted under one name.")
class CampReportRow:
    name: str | None = field(
        "The organization, kabupaten, contingent, category, sex or session; null for none, and for those you may not see."
    )
    registered: int = field("How many had a place; of a session, how many came to the camp.")
    came: int = field("How many of them came; of a session, how many were there.")
    certified: int = field("How many hold the certificate of the camp; not counted by session.")


@noun("What the medics of a camp must know of somebody.")
class CareData:
    diet: Diet = field("What the person eats.")
    fit_seen: bool = field("Whether a paper was seen that says that the person is fit to attend.")
    guardian_consent: bool = field("Whether a guardian agreed, for who is under 18.")


@verb_input(camp_care.record_care)
class RecordCareInput:
    camp_registration: strawberry.ID = field("The registration of the person.")
    diet: Diet = strawberry.field(default=Diet.REGULAR, description="What the person eats.")
    fit_seen: bool = strawberry.field(
        default=False, description="Whether a paper was seen that says that the person is fit to attend."
    )
    guardian_consent: bool = strawberry.field(
        default=False, description="Whether a guardian agreed, for who is under 18."
    )


@verb_input(camp_care.read_care)
class ReadCareInput:
    camp_registration: strawberry.ID = field("The registration of the person.")
