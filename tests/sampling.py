"""`make pytest` runs a sample of the slow proofs, the same at every run; `make fuzz` runs all of each."""

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from hypothesis import settings

IS_FUZZ = settings.get_current_profile_name() == "fuzz"

# Of a race.
ROUNDS = 20 if IS_FUZZ else 3

T = TypeVar("T")
Other = TypeVar("Other")


def sampled(values: Iterable[T], share: float) -> list[T]:
    """A share of the values, the same at each run; all of them in `make fuzz`."""
    all_ = list(values)
    return all_ if IS_FUZZ else Random(62).sample(all_, round(len(all_) * share))


def in_turn(values: Iterable[T], others: Iterable[Other], count: int) -> list[tuple[T, Other]]:
    """Each value with `count` of the others, which take turns; all pairs in `make fuzz`."""
    choices = [*others]
    wanted = len(choices) if IS_FUZZ else min(count, len(choices))
    return [
        (value, choices[(number * wanted + step) % len(choices)])
        for number, value in enumerate(values)
        for step in range(wanted)
    ]
