"""What every answer gets: headers for browsers, and compression where it is asked for."""

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.negotiation import accepts_gzip

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# What an answer has unless it sets the header itself.
DEFAULT_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
# Browsers keep the answer to a preflight request for two hours at most.
PREFLIGHT_SECONDS = 7200
EXPOSED_HEADERS = ("Content-Disposition", "ETag", "Retry-After", "WWW-Authenticate")

MIN_COMPRESSED_BYTES = 1024 + 1
COMPRESSION_LEVEL = 4  # Half the time of the usual 9, for a few per cent more bytes.


class SecurityHeaders:
    """Adds the headers that forbid browsers to use an answer for anything but what it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                names = {name for name, _ in headers}
                defaults = [header for header in DEFAULT_HEADERS if header[0] not in names]
                message["headers"] = [*headers, *SECURITY_HEADERS, *defaults]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Compression:
    """Compresses larger answers for clients that accept it.

    Starlette's middleware takes `gzip;q=0` for acceptance, and costs the other clients as much time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = [value for name, value in scope.get("headers", ()) if name == b"accept-encoding"]
        if accepted and accepts_gzip(b",".join(accepted).decode("latin-1")):
            await GZipResponder(self.app, MIN_COMPRESSED_BYTES, COMPRESSION_LEVEL)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def cross_origin(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Lets pages of these origins read the answers, and send the cookie with the refresh token."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        allow_credentials=True,
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_SECONDS,
    )


class Direct:
    """Calls the endpoint of a path itself, without Starlette's router and its handling of exceptions.

    For endpoints that answer every method and every exception themselves.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp], otherwise: ASGIApp) -> None:
        self.endpoints = endpoints
        self.otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.endpoints.get(scope.get("path", ""), self.otherwise)(scope, receive, send)


class Application(Starlette):
    """Its middleware is outside of Starlette's, so that also what Starlette answers to a crash gets the headers."""

    origins: Sequence[str] = ()
    # The endpoints that most requests are for, by their paths.
    direct: Mapping[str, ASGIApp] = {}

    def build_middleware_stack(self) -> ASGIApp:
        inner = Direct(self.direct, super().build_middleware_stack())
        return SecurityHeaders(cross_origin(Compression(inner), self.origins))
