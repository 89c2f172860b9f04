"""What was used last, kept within a bound."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps the `size` values that were used last, and counts how well that serves."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hits = self.misses = self.evictions = 0
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self.size:
            self._kept.popitem(last=False)
            self.evictions += 1

    def metrics(self) -> dict[str, int]:
        return {
            "size": self.size,
            "kept": len(self),
            "hits": self.hits,
            "misses": self.misses,
            "evictions": self.evictions,
        }
