"""The program that calls, and the cookie in which a browser keeps its refresh token."""

from collections.abc import Container

from starlette.requests import Request
from starlette.responses import Response

from api.auth import Authenticator
from api.services.request import Caller
from api.services.session import REFRESH_LIFETIME
from api.web.header import Headers

COOKIE = "sigap_refresh"
LONGEST_USER_AGENT = 200


def read_caller(
    request: Request, headers: Headers, address: str, origins: Container[str], authenticator: Authenticator
) -> Caller:
    """The cookie counts for pages of our own origins only, so that no other page can use it."""
    origin = headers.get(b"origin", None)
    is_browser = origin is not None and (origin in origins or origin == f"{request.url.scheme}://{request.url.netloc}")
    return Caller(
        address=address,
        user_agent=headers.get(b"user-agent", "")[:LONGEST_USER_AGENT].replace("\0", "") or None,
        is_browser=is_browser,
        cookie=request.cookies.get(COOKIE) if is_browser else None,
        issue_token=authenticator.tokens.issue,
        read_provider_token=authenticator.read_provider_token,
    )


def set_refresh_cookie(response: Response, caller: Caller, *, is_secure: bool) -> None:
    """No script can read it, and browsers send it to this address from pages of the same site only."""
    if caller.new_cookie is None:
        return
    age = int(REFRESH_LIFETIME.total_seconds()) if caller.new_cookie else 0
    response.set_cookie(
        COOKIE, caller.new_cookie, max_age=age, path="/graphql", secure=is_secure, httponly=True, samesite="strict"
    )
