"""Seeded random values, so that the same seed makes the same demo data on every machine."""

import math
import random
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")

KM_PER_DEGREE = 111.2


class WeightedChoice(Generic[T]):
    """Values with weights, for repeated random draws."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = list(weights)
        self.bounds = list(accumulate(weights.values()))


class RandomSource(random.Random):
    """`random.Random` with UUIDs, probabilities, weighted draws and positions."""

    def uuid(self) -> UUID:
        return UUID(int=self.getrandbits(128), version=4)

    def boolean(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def draw(self, weighted: WeightedChoice[T]) -> T:
        """One of the values; the heavier its weight, the more often."""
        index = bisect(weighted.bounds, self.random() * weighted.bounds[-1], hi=len(weighted.values) - 1)
        return weighted.values[index]

    def position_near(self, latitude: float, longitude: float, *, km: float) -> tuple[float, float]:
        """A random position at most `km` kilometres away, more often close than far."""
        distance, bearing = km * self.random() / KM_PER_DEGREE, math.tau * self.random()
        east = distance * math.sin(bearing) / math.cos(math.radians(latitude))
        return round(latitude + distance * math.cos(bearing), 5), round(longitude + east, 5)
