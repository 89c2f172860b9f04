"""A bounded least-recently-used cache."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Holds at most `size` values, evicts the least recently used ones, and counts hits, misses and evictions.

    With a `capacity`, the weights of the values together are not larger either, and a heavier value is not taken at all.
    """

    def __init__(self, size: int, capacity: int | None = None) -> None:
        self.size = size
        self.capacity = capacity
        self.weight = 0
        self.hits = self.misses = self.evictions = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, *, weight: int = 0) -> None:
        if self.capacity is not None and weight > self.capacity:
            return
        _, replaced_weight = self._values.pop(key, (None, 0))
        self._values[key] = value, weight
        self.weight += weight - replaced_weight
        while len(self._values) > self.size or (self.capacity is not None and self.weight > self.capacity):
            _, (_, evicted_weight) = self._values.popitem(last=False)
            self.weight -= evicted_weight
            self.evictions += 1

    def metrics(self) -> dict[str, int]:
        """The counters; `kept` is the number of values in the cache now."""
        return {
            "size": self.size,
            "kept": len(self),
            "hits": self.hits,
            "misses": self.misses,
            "evictions": self.evictions,
        }
