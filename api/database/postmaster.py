"""The server of the embedded database while it runs: its end, and its handing over to the program that serves."""

import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

import psutil

_ORDERS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))  # To end fast, then at once; and seconds to obey.


class EmbeddedError(Exception):
    """Why there is no server, in one line for people."""


@dataclass(frozen=True)
class Server:
    host: str  # the folder of its socket
    process: psutil.Process
    claim: BinaryIO | None  # its postmaster.pid, open and locked while this process is its starter

    @property
    def url(self) -> str:
        return f"postgresql://sigap@/sigap?host={quote(self.host, safe='')}&port=5432"

    def stop(self) -> None:
        """End the server, if this process is its starter: connections are cut, open transactions undone."""
        if self.claim is None or self.claim.closed:
            return
        for order, seconds in _ORDERS:
            with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                self.process.send_signal(order)
                self.process.wait(seconds)
                break
        self.claim.close()

    def hand_over(self) -> "Handed":
        """To the program that this process is about to become, which stays its starter."""
        if self.claim is None:
            return self.host, self.process.pid, None
        os.set_inheritable(self.claim.fileno(), True)  # noqa: FBT003  # It has no name.
        return self.host, self.process.pid, self.claim.fileno()


# The folder of the socket, the number of the process, and the descriptor of the claim.
Handed = tuple[str, int, int | None]


def take_over(handed: Handed) -> Server:
    """What `hand_over` has handed over."""
    host, process, claim = handed
    return Server(host, psutil.Process(process), None if claim is None else open(claim, "rb"))  # noqa: PTH123  # A descriptor, kept.


@contextmanager
def held(server: Server) -> Generator[Server]:
    """Stops it at the end. If it ends before, so does the program: who supervises this one then starts both anew."""
    stopping = threading.Event()

    def watch() -> None:
        server.process.wait()
        if not stopping.is_set():
            sys.stderr.write("The database has ended by itself; its log is postgres.log in SIGAP_DATA.\n")
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield server
    finally:
        stopping.set()
        server.stop()
