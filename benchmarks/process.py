"""Servers as processes of their own, what they cost, and the ends they come to."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

START_SECONDS = 60.0
END_SECONDS = 15.0
IDLE_SECONDS = 20.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Server:
    """Where it listens, and its process."""

    url: str
    process: psutil.Process

    @property
    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1_000_000


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int, environment: Mapping[str, str], log: Path) -> Generator[Server]:
    """A server that answers on the port, until the end of the block; what it says goes to the log."""
    with (
        log.open("w") as said,
        subprocess.Popen(command, env={**os.environ, **environment}, stdout=said, stderr=said) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield Server(url, psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(url, timeout=5)
            return
        time.sleep(0.05)
    sys.exit(f"A server did not start; {log} says why.")


def private_mb(process: psutil.Process | None) -> float | None:
    """Of all processes below it, without what they share; nothing where it is on another machine."""
    if process is None:
        return None
    total = 0
    for each in process.children():
        with suppress(psutil.NoSuchProcess):
            found = each.memory_info()
            total += found.rss - found.shared
    return total / 1_000_000


class Meter:
    """CPU time of a process and all below it, whose members come and go."""

    def __init__(self, process: psutil.Process | None) -> None:
        self._process = process
        self._before = self._times()

    def seconds(self) -> float | None:
        """Since the meter was made; nothing where the process is on another machine."""
        if self._process is None:
            return None
        return sum(now - self._before.get(pid, 0.0) for pid, now in self._times().items())

    def _times(self) -> dict[int, float]:
        times: dict[int, float] = {}
        if self._process is not None:
            for each in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    spent = each.cpu_times()
                    times[each.pid] = spent.user + spent.system
        return times


def settle(*processes: psutil.Process | None) -> None:
    """Waits until what wrk left behind, requests that nobody waits for any more, is done."""
    deadline = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < deadline:
        meters = [Meter(process) for process in processes]
        time.sleep(LOOK_SECONDS)
        if sum(meter.seconds() or 0.0 for meter in meters) < LOOK_SECONDS / 5:
            return
