"""`make pytest` runs a sample of the slow proofs, the same at every run; `make fuzz` runs all of each."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from hypothesis import settings

IS_FUZZ = settings.get_current_profile_name() == "fuzz"

T = TypeVar("T")


def sampled(items: Sequence[T], share: float, *, seed: str) -> list[T]:
    """That share of the items, in their order; all of them in `make fuzz`."""
    random = Random(seed)
    return [item for item in items if IS_FUZZ or random.random() < share]
