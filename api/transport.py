"""How messages reach people: e-mail through a mail server, text messages through the HTTP gateway of a provider."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx

from api.models.message import Channel
from api.services.message import Letter
from api.settings import Settings

DELIVERY_SECONDS = 30.0


class Undeliverable(Exception):
    """It was not delivered; `reason` is a word for the log, without anything of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transport:
    """Delivers a letter, or raises `Undeliverable`. Without any way, none is delivered."""

    async def deliver(self, _letter: Letter) -> None:
        raise Undeliverable("NoTransport")


class Terminal(Transport):
    """Prints it, for the demo."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    async def deliver(self, letter: Letter) -> None:
        self._show(f"\n{letter.channel} to {letter.recipient}: {letter.text.subject}\n{letter.text.body}")


@dataclass(frozen=True, slots=True)
class ByChannel(Transport):
    """Each channel in its own way; others not at all."""

    ways: Mapping[Channel, Transport]
    otherwise: Transport = field(default_factory=Transport)

    async def deliver(self, letter: Letter) -> None:
        await self.ways.get(letter.channel, self.otherwise).deliver(letter)


@dataclass(frozen=True, slots=True)
class Smtp(Transport):
    """E-mail through a server, `smtp://user:password@host:port` (STARTTLS where it offers that) or `smtps://…` (TLS)."""

    url: str
    sender: str

    async def deliver(self, letter: Letter) -> None:
        parts = urlsplit(self.url)
        try:
            await aiosmtplib.send(
                self.email(letter),
                hostname=parts.hostname,
                port=parts.port,
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=parts.scheme == "smtps",
                timeout=DELIVERY_SECONDS,
            )
        except aiosmtplib.SMTPException as error:
            raise Undeliverable(type(error).__name__) from None

    def email(self, letter: Letter) -> EmailMessage:
        """The message; its id is that of the letter, so that a second delivery can be told from a second letter."""
        email = EmailMessage()
        email["From"], email["To"], email["Subject"] = self.sender, letter.recipient, letter.text.subject
        email["Message-ID"] = f"<{letter.id}@{self.sender.partition('@')[2]}>"
        email["Auto-Submitted"] = "auto-generated"
        email.set_content(letter.text.body)
        return email


@dataclass(frozen=True, slots=True)
class SmsGateway(Transport):
    """Text messages by an HTTP request each; the gateway has taken what it answers with a status of 200 to 299.

    `body` is the JSON of a request with `{to}`, `{text}` and `{id}` in its texts. The id is that of the letter and goes
    along as `Idempotency-Key` too, so that a second delivery can be told from a second letter.
    """

    url: str
    authorization: str | None = field(repr=False)
    body: Mapping[str, Any]

    async def deliver(self, letter: Letter) -> None:
        values = {"to": letter.recipient or "", "text": letter.text.body.strip(), "id": str(letter.id)}
        headers = {"Idempotency-Key": str(letter.id)}
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        try:
            async with (
                httpx.AsyncClient(timeout=DELIVERY_SECONDS, trust_env=False) as client,
                # The answer's content is of no use, and may be of any size.
                client.stream("POST", self.url, json=filled(self.body, values), headers=headers) as response,
            ):
                if not response.is_success:
                    raise Undeliverable(f"Status{response.status_code}")
        except httpx.HTTPError as error:
            raise Undeliverable(type(error).__name__) from None


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """The JSON with the values in place of their names in braces."""
    match template:
        case str():
            return re.sub(r"\{(to|text|id)\}", lambda found: values[found[1]], template)
        case list():
            return [filled(each, values) for each in template]
        case dict():
            return {name: filled(each, values) for name, each in template.items()}
        case _:
            return template


def transport_of(settings: Settings, *, otherwise: Transport) -> Transport:
    """How messages are delivered as the settings say; `otherwise` is for the channels that they leave out."""
    ways: dict[Channel, Transport] = {}
    if settings.smtp is not None:
        ways[Channel.EMAIL] = Smtp(settings.smtp, settings.mail_from)
    if settings.sms is not None:
        ways[Channel.SMS] = SmsGateway(settings.sms, settings.sms_authorization, settings.sms_body)
    return ByChannel(ways, otherwise)
