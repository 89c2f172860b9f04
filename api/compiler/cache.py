"""A bounded least-recently-used cache."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Holds at most `size` values, evicts the least recently used one, and counts hits, misses and evictions."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hits = self.misses = self.evictions = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is None:
            self.misses += 1
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self.size:
            self._values.popitem(last=False)
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
