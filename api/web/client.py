"""Whose request it is, for shares and budgets: an account, else the address that it comes from."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

from api.access import Actor
from api.database.pool import Client
from api.settings import Limits, Network
from api.web.header import Headers

# One parameter of the header `Forwarded`, with what separates it from the next one.
FORWARDED = re.compile(r'\s*([^\s=;,"]+)=(?:"([^"\\]*)"|([^\s;,"]*))\s*(?:[;,]|$)')
# An address in brackets may have a port behind them, one of IPv4 behind a colon.
WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+")

# A household or a machine has the rest of an IPv6 address for itself.
IPV6_PREFIX = 64

# Characters. What is longer is no address; it is cut off, so that what is remembered stays small whatever is sent.
LONGEST_ADDRESS = 64


def client_of(actor: Actor, address: str) -> Client:
    return Client(address if actor.account_id is None else str(actor.account_id))


def client_address(request: Request, limits: Limits) -> str:
    """The address of the client; what proxies say of it counts as far as they are trusted, the nearest first."""
    client: Sequence[str] | None = request.scope.get("client")
    address = client[0] if client else ""
    if limits.trusted_proxies:
        for hop in reversed(hops(request, limits)):
            if not is_trusted(address, limits.trusted_proxies):
                break
            address = hop
    return network_of(address[:LONGEST_ADDRESS])


def hops(request: Request, limits: Limits) -> Sequence[str]:
    """The addresses that the proxies name, the client's first: in the one header that they write.

    The other one is what the client has sent.
    """
    header = Headers(request).get(limits.forwarded_header.lower().encode(), "")
    is_list = limits.forwarded_header == "X-Forwarded-For"
    texts = [text.strip() for text in header.split(",")] if is_list else forwarded_for(header)
    return [without_port(text) for text in texts if text]


def forwarded_for(header: str) -> Sequence[str]:
    """The values of `for` (RFC 7239); none of a header that is not well-formed, as a quotation mark may hide the last."""
    try:
        return [value for name, value in forwarded_parameters(header) if name.lower() == "for"]
    except ValueError:
        return []


def forwarded_parameters(header: str) -> Iterator[tuple[str, str]]:
    """Names and values. Raises `ValueError`."""
    position = 0
    while position < len(header):
        found = FORWARDED.match(header, position)
        if found is None:
            raise ValueError
        position = found.end()
        yield found[1], found[2] or found[3] or ""


def without_port(text: str) -> str:
    found = WITH_PORT.fullmatch(text)
    return text if found is None else found[1] or found[2] or ""


def is_trusted(address: str, trusted_proxies: Sequence[Network]) -> bool:
    parsed = parse(address)
    return parsed is not None and any(parsed in network for network in trusted_proxies)


@lru_cache(10_000)
def network_of(address: str) -> str:
    """The address, or the network that an IPv6 address belongs to; text that is no address stands for itself."""
    parsed = parse(address)
    if parsed is None:
        return address
    return str(parsed) if isinstance(parsed, IPv4Address) else str(ip_network((parsed, IPV6_PREFIX), strict=False))


def parse(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address; an IPv4 address that is written as an IPv6 address is one of IPv4."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed
