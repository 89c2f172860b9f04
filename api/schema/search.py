"""What a search finds."""

from __future__ import annotations

from typing import Annotated

import strawberry

from api.resolvers.search_match import SearchMatch
from api.resolvers.searched import SearchKind
from api.schema.camp import Camp
from api.schema.field import argument, field, noun
from api.schema.incident import Incident
from api.schema.need import Need
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Kecamatan, PlaceInput, Province
from api.schema.site import Site

Searchable = Annotated[
    Province | Kabupaten | Kecamatan | Incident | Organization | Site | Camp | Need | Volunteer,
    strawberry.union("Searchable", description="A thing that a search finds."),
]


@noun("A thing that a search has found.")
class SearchHit:
    kind: SearchKind = field("What kind of thing it is.")
    match: SearchMatch = field("How it matches the text.")
    text: str = field("Its name or title; of a need, the title of its incident.")
    kilometres: float | None = field(
        "The distance to the argument `near`, along the great circle; from the seat of the home kabupaten where you may "
        "not know the home. Null without the argument, and for provinces."
    )
    thing: Searchable | None = field("The thing itself, always there.")


SEARCH_ARGUMENTS = (
    argument(
        "text",
        str,
        "A name, a title or the beginning or another part of one, with a slip of a letter if need be; or a phone number "
        "or number of membership. At most 200 characters.",
    ),
    argument("kinds", list[SearchKind] | None, "Only these kinds of things; all if left out or null."),
    argument("near", PlaceInput | None, "Of equally good matches of one kind, first what is nearest to this place."),
)
