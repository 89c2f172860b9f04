from api.compiler.cache import Cache


def test_the_least_recently_used_value_is_evicted() -> None:
    cache: Cache[str, int] = Cache(2)

    cache.put("one", 1)
    cache.put("two", 2)
    first = cache.get("one")
    cache.put("three", 3)

    assert first == 1
    assert [cache.get(key) for key in ("one", "two", "three")] == [1, None, 3]
    assert cache.metrics() == {"size": 2, "kept": 2, "hits": 3, "misses": 1, "evictions": 1}


def test_replacing_a_value_evicts_nothing() -> None:
    cache: Cache[str, int] = Cache(2)

    for key, value in (("one", 1), ("two", 2), ("one", 3)):
        cache.put(key, value)
    evicted = cache.evictions
    cache.put("four", 4)

    assert evicted == 0
    assert [cache.get(key) for key in ("one", "two", "four")] == [3, None, 4]
