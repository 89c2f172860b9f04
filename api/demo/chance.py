"""Everything that looks like luck, drawn from one seed, so that the story is the same wherever it is told."""

import math
import random
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")

KM_PER_DEGREE = 111.2


class Wheel(Generic[T]):
    """Values by weight, to be drawn from many times."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = list(weights)
        self.bounds = list(accumulate(weights.values()))


class Chance(random.Random):
    def identity(self) -> UUID:
        return UUID(int=self.getrandbits(128), version=4)

    def happens(self, share: float) -> bool:
        return self.random() < share

    def draw(self, wheel: Wheel[T]) -> T:
        return wheel.values[bisect(wheel.bounds, self.random() * wheel.bounds[-1], hi=len(wheel.values) - 1)]

    def near(self, latitude: float, longitude: float, *, km: float) -> tuple[float, float]:
        """A position at most so far away, denser towards the middle."""
        distance, bearing = km * self.random() / KM_PER_DEGREE, math.tau * self.random()
        east = distance * math.sin(bearing) / math.cos(math.radians(latitude))
        return round(latitude + distance * math.cos(bearing), 5), round(longitude + east, 5)
