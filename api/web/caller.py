"""The program that calls, and the cookie in which a browser keeps its refresh token."""

import re
from collections.abc import Container

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Authenticator
from api.services.request import Caller
from api.services.session import REFRESH_LIFETIME
from api.web.header import Headers

COOKIE = "sigap_refresh"
# Hosts of this machine, with their port.
LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE)
LONGEST_USER_AGENT = 200


def read_caller(
    request: Request, headers: Headers, address: str, origins: Container[str], authenticator: Authenticator
) -> Caller:
    """The cookie counts for pages of our own origins only, so that no other page can use it.

    Which scheme a page of our own host came by, only the proxy knows that ends TLS.
    """
    origin = headers.get(b"origin", None)
    is_browser = origin is not None and (origin in origins or origin.partition("://")[2] == headers.get(b"host", None))
    return Caller(
        address=address,
        user_agent=headers.get(b"user-agent", "")[:LONGEST_USER_AGENT].replace("\0", "") or None,
        is_browser=is_browser,
        cookie=request.cookies.get(COOKIE) if is_browser else None,
        issue_token=authenticator.tokens.issue,
        read_provider_token=authenticator.read_provider_token,
    )


def set_refresh_cookie(response: Response, caller: Caller, request: Request) -> None:
    """No script can read it, and browsers send it to this address from pages of the same site only, and by TLS.

    Without TLS only where server and page are on this machine: a proxy that ends TLS asks by plain HTTP, and may name itself
    as the host, but not as the origin of the page.
    """
    if caller.new_cookie is None:
        return
    age = int(REFRESH_LIFETIME.total_seconds()) if caller.new_cookie else 0
    headers = Headers(request)
    hosts = (headers.get(b"host", ""), headers.get(b"origin", "").partition("://")[2])
    is_secure = not all(LOOPBACK.fullmatch(host) for host in hosts)
    response.set_cookie(
        COOKIE, caller.new_cookie, max_age=age, path="/graphql", secure=is_secure, httponly=True, samesite="strict"
    )
