"""uvicorn's HTTP protocol with bounds: see decision record 0020."""

import resource
from asyncio import BaseTransport, TimerHandle
from collections import OrderedDict
from enum import Enum
from time import monotonic
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.log import log
from api.web.middleware import DEFAULT_HEADERS, SECURITY_HEADERS

# Seconds: for the request line and headers, for the body, between requests of a connection, and for reading an answer: all
# that is left of it, or so much of one that is still being written that more is taken.
HEADER_SECONDS = 10.0
BODY_SECONDS = 20.0
IDLE_SECONDS = 75
ANSWER_SECONDS = 30.0

# Of the request line and all headers together, and of what follows them. The application refuses most bodies before that.
MAX_HEADER_BYTES = 16 * 1024
MAX_REQUEST_BYTES = 1024 * 1024

# A file may take as long as it arrives at this rate, in bytes a second over so many seconds, and its request has more bytes.
UPLOAD_PATH = b"/uploads"
UPLOAD_RATE = 8 * 1024
UPLOAD_SECONDS = 10.0
MAX_UPLOAD_BYTES = 21 * 1024 * 1024

# Of what is refused before the application has it.
HEADERS_OF_REFUSALS = b"".join(b"%s: %s\r\n" % header for header in (*SECURITY_HEADERS, *DEFAULT_HEADERS))

# File descriptors that are not for clients: the database's connections, files, sockets of the program itself.
OTHER_DESCRIPTORS = 100

# The log says at most this often, in seconds, that there are too many connections.
LOG_INTERVAL = 10.0


class Connections:
    """The connections that wait for their client, the one that has waited longest first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: OrderedDict[BoundedProtocol, None] = OrderedDict()
        self._logged_at = float("-inf")

    def make_room(self, open_connections: int) -> bool:
        """Whether there is room for the newest; if need be, by closing the one that has waited longest."""
        if open_connections <= self.most:
            return True
        if monotonic() - self._logged_at > LOG_INTERVAL:
            self._logged_at = monotonic()
            log.warning("too many connections", limit=self.most, waiting=len(self.waiting))
        if not self.waiting:
            return False
        protocol, _ = self.waiting.popitem(last=False)
        protocol.transport.abort()
        return True


def connection_limit(most: int) -> int:
    """At most `most` connections, and fewer where the process may not open as many files. Raises its soft limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return most if soft == resource.RLIM_INFINITY else min(most, soft - OTHER_DESCRIPTORS)


def bounded_protocol(max_connections: int) -> "type[BoundedProtocol]":
    """The protocol for one server: its connections are counted together."""
    return type("Protocol", (BoundedProtocol,), {"bounded": Connections(connection_limit(max_connections))})


class Phase(Enum):
    """What of a request is arriving."""

    NOTHING = "NOTHING"
    HEADERS = "HEADERS"
    BODY = "BODY"


# Looked up a dozen times at each request, in a tenth of the time that it takes in the class.
NOTHING, HEADERS, BODY = Phase
SECONDS = {HEADERS: HEADER_SECONDS, BODY: BODY_SECONDS}


class BoundedProtocol(HttpToolsProtocol):
    """Ends requests that do not arrive in time or are too large, and answers that are not read."""

    bounded: Connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase = HEADERS
        self._messages = 0
        self._is_arriving = False  # Whether a request has begun and not ended.
        self._bytes = 0  # That arrived in this phase.
        self._timer: TimerHandle | None = None
        self._timed = (NOTHING, 0)
        self._is_refused = False
        self._is_upload = False
        self._bytes_before = 0  # Of an upload, when its rate was last asked for.
        self._reading: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn names the subclass it expects.
        if self.bounded.make_room(len(self.connections)):
            self.bounded.waiting[self] = None
            self._set_timer()
        else:
            self._refuse(503, "The server has too many connections; try again.", "OVERLOADED")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_reading_timer()
        self.bounded.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._phase is NOTHING and not self._is_answering:
            self._phase = HEADERS
        before, is_new = (self._phase, self._messages), not self._is_arriving
        super().data_received(data)
        # What belongs to two requests is not counted.
        is_one = (self._phase, self._messages) in (before, (before[0], before[1] + int(is_new)))
        self._check(len(data) if is_one else 0, before)

    def _check(self, size: int, before: tuple[Phase, int]) -> None:
        """Bounds what arrives, after the parser has taken it."""
        if self._is_refused:
            return
        now = self._phase, self._messages
        self._bytes = self._bytes + size if now == before else size
        if now != self._timed:
            self._set_timer()
        # What never ends is not passed on by the parser.
        if self._phase is HEADERS and self._bytes > MAX_HEADER_BYTES:
            self._refuse_headers()
        elif self._phase is BODY and self._bytes > self._most_bytes:
            self._refuse(413, f"A request may have at most {self._most_bytes} bytes.", "BAD_REQUEST")

    @property
    def _most_bytes(self) -> int:
        return MAX_UPLOAD_BYTES if self._is_upload else MAX_REQUEST_BYTES

    @property
    def _is_answering(self) -> bool:
        """Whether a request of the connection has not been answered yet."""
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first.

    def send_400_response(self, msg: str) -> None:
        if not self._is_refused:
            self._refuse(400, msg, "BAD_REQUEST")

    # Callbacks of the parser.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._phase = HEADERS
        self._is_arriving = True
        self._messages += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase is HEADERS:  # Headers after the body are of no use.
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._phase = BODY
        is_post = self.parser.get_method() == b"POST"
        self._is_upload = is_post and self.url.partition(b"?")[0] == UPLOAD_PATH
        self._bytes_before = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
            self._refuse_headers()
        if not self._is_refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = NOTHING
        self._is_arriving = False
        self.bounded.waiting.pop(self, None)
        if not self._is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.bounded.waiting[self] = None
        if self.transport.get_write_buffer_size():
            self.loop.call_later(ANSWER_SECONDS, self._abort_unread)

    # Callbacks of the transport: whether the client reads what was written.

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_reading_timer()
        self._reading = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_reading_timer()

    def _stop_reading_timer(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # Time.

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timed = self._phase, self._messages
        if self._phase is BODY and self._is_upload:
            self._timer = self.loop.call_later(UPLOAD_SECONDS, self._refuse_slow)
        elif self._phase is not NOTHING:
            self._timer = self.loop.call_later(SECONDS[self._phase], self._refuse_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse_slow(self) -> None:
        """Refuses an upload that arrives too slowly, unless it is the application that does not read on."""
        arrived, self._bytes_before = self._bytes - self._bytes_before, self._bytes
        if arrived < UPLOAD_RATE * UPLOAD_SECONDS and not self.flow.read_paused:
            self._refuse_late()
        else:
            self._set_timer()

    def _refuse_late(self) -> None:
        if self._phase is HEADERS and self._is_answering:
            # The request before this one is still being answered.
            self._is_refused, self.cycle.keep_alive = True, False
            return
        self._refuse(408, f"The {self._phase.value.lower()} of the request did not arrive in time.", "BAD_REQUEST")

    def _abort_unread(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    # Refusals.

    def _refuse_headers(self) -> None:
        self._refuse(431, f"The headers of a request may have at most {MAX_HEADER_BYTES} bytes.", "BAD_REQUEST")

    def _refuse(self, status: int, message: str, code: str) -> None:
        """Answers, unless an answer has begun, and closes the connection."""
        self._is_refused = True
        self._stop_timer()
        if not self._is_answering or not self.cycle.response_started:
            body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + HEADERS_OF_REFUSALS + head + b"\r\n" + body)
        log.info("request refused", status=status, reason=message)
        self.transport.close()
