"""`make pytest` runs a sample of the slow proofs, the same at every run; `make fuzz` runs all of each."""

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from hypothesis import settings

IS_FUZZ = settings.get_current_profile_name() == "fuzz"

# Of a race.
ROUNDS = 20 if IS_FUZZ else 3

T = TypeVar("T")


def sampled(values: Iterable[T], share: float) -> list[T]:
    """A share of the values, the same at each run; all of them in `make fuzz`."""
    all_ = list(values)
    return all_ if IS_FUZZ else Random(62).sample(all_, round(len(all_) * share))
