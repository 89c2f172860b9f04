"""What a service works with besides its own arguments."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from api.access import Actor
from api.settings import Limits


class IssueToken(Protocol):
    """Makes an access token."""

    def __call__(
        self, account_id: uuid.UUID, now: datetime, *, lifetime: timedelta, session_id: uuid.UUID | None
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class ProviderToken:
    """What a verified access token of a provider says: who that is there, and until when it is valid here."""

    issuer: str
    subject: str
    expires_at: datetime
    name: str
    # Only where the provider has verified it.
    email: str | None
    has_second_factor: bool


# Verifies an access token of a provider; None for what is no valid one.
ReadProviderToken = Callable[[str, datetime], Awaitable[ProviderToken | None]]


@dataclass(slots=True)
class Caller:
    """The program that calls. A browser gets its refresh token in a cookie, other programs in the answer.

    `new_cookie` is what the answer sets the cookie to: empty to remove it, None to leave it.
    """

    address: str = ""
    user_agent: str | None = None
    is_browser: bool = False
    cookie: str | None = None
    new_cookie: str | None = None
    issue_token: IssueToken | None = None
    read_provider_token: ReadProviderToken | None = None

    def hand_out(self, refresh_token: str) -> str | None:
        """What of the token goes into the answer."""
        if not self.is_browser:
            return refresh_token
        self.new_cookie = refresh_token
        return None


class Reliance(NamedTuple):
    """On what of an organization a mutation relies: that it stands, or only that it is not closed.

    `name` is the input field by which the organization is known.
    """

    name: str
    must_stand: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What a service works with besides its own arguments: the actor, the clock, the program that calls, the limits.

    `verb` is the name of the mutation that runs; None where the worker or the command line is at work. `relied_on` are the
    organizations of which it relies on something that must still hold at its end.
    """

    actor: Actor
    clock: Callable[[], datetime]
    caller: Caller = field(default_factory=Caller)
    limits: Limits = field(default_factory=Limits)
    verb: str | None = None
    relied_on: dict[uuid.UUID, Reliance] = field(default_factory=dict, compare=False)

    @property
    def now(self) -> datetime:
        """The instant; a service that waits for locks reads it again afterwards, so that events follow one another."""
        return self.clock()

    def at(self, instant: datetime) -> "Request":
        """The same with the clock stopped: for what ends and begins together, as `now` is a later instant at each reading."""
        return replace(self, clock=lambda: instant)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.now)
