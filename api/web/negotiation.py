"""What a client accepts, and what it sent: the headers `Accept`, `Accept-Encoding` and `Content-Type`."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"

# Longer headers are read again each time, so that the caches stay small whatever is sent.
MAX_CACHED_LENGTH = 500


def remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """Keeps what was read from a header, as clients send the same ones with each request."""
    cached = lru_cache(maxsize=256)(read)

    @wraps(read)
    def remembering(header: str) -> T:
        return cached(header) if len(header) <= MAX_CACHED_LENGTH else read(header)

    return remembering


@remembered
def qualities(header: str) -> Mapping[str, float]:
    """The members of an `Accept` header, in lower case, with their quality; parameters other than `q` are ignored."""
    members: dict[str, float] = {}
    for member in header.lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        if name:
            members[name] = max(_quality(parameters), members.get(name, 0))
    return MappingProxyType(members)


def _quality(parameters: Sequence[str]) -> float:
    """From 0, which refuses, to 1. What is not a number refuses, too."""
    text = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        quality = float(text)
    except ValueError:
        return 0
    return quality if 0 <= quality <= 1 else 0


def accepted_media_type(header: str, offers: Sequence[str]) -> str | None:
    """The best of the offers; None if none is accepted. Of equals, the first is the best.

    A wildcard accepts `JSON` only: clients that send one expect what servers have always answered.
    """
    accepted = qualities(header)
    if not accepted:
        return JSON
    ranked = ((_rank(offer, accepted), offer) for offer in offers)
    rank, best = max(ranked, key=lambda each: each[0])
    return best if rank[0] > 0 else None


def _rank(offer: str, accepted: Mapping[str, float]) -> tuple[float, int]:
    """How much the offer is wanted, and how exactly it is named."""
    ranges = (offer, "application/*", "*/*") if offer == JSON else (offer,)
    for exactness, name in zip((2, 1, 0), ranges, strict=False):
        if name in accepted:
            return accepted[name], exactness
    return 0, 0


@remembered
def is_json(content_type: str) -> bool:
    """Whether the header names JSON in UTF-8, the only encoding that JSON may have."""
    type_, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = {each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")}
    return type_ == JSON and charsets <= {"utf-8", "utf8"}


def accepts_gzip(header: str) -> bool:
    return qualities(header).get("gzip", 0) > 0


@remembered
def accepted_language(header: str) -> str:
    """`EN` where English is wanted more than Indonesian, whatever the region; else `ID`."""
    best = {"en": 0.0, "id": 0.0}
    for tag, quality in qualities(header).items():
        language = tag.partition("-")[0]
        if language in best:
            best[language] = max(best[language], quality)
    return "EN" if best["en"] > best["id"] else "ID"
