"""Two volunteers of Kotawaringin Timur with the same name, whom its coordinator has to look at."""

from collections.abc import Iterator, Sequence

from api.demo import row
from api.demo.person import Person
from api.demo.random_source import RandomSource

KOTAWARINGIN_TIMUR = "62.02"


def make_pair(rng: RandomSource, people: Sequence[Person]) -> Iterator[row.SuspectedPair]:
    """The first two who have the same name, if there are any."""
    met: dict[str, Person] = {}
    for person in people:
        if person.row.kabupaten_code != KOTAWARINGIN_TIMUR:
            continue
        namesake = met.setdefault(person.row.name, person)
        if namesake is not person:
            one, other = sorted((namesake.row.id, person.row.id))
            yield row.SuspectedPair(rng.uuid(), one, other, KOTAWARINGIN_TIMUR, 1.0)
            return
