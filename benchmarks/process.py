"""Starts and stops server processes, and measures their memory and CPU time."""

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
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Server:
    """The URL of a running server, and its process."""

    url: str
    process: psutil.Process

    @property
    def resident_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1_000_000


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def run_server(command: list[str], port: int, environment: Mapping[str, str], log: Path) -> Generator[Server]:
    """Runs a server until the end of the block, and waits until it answers. Its output goes to the log."""
    with (
        log.open("w") as output,
        subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output) as process,
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
    sys.exit(f"A server did not start; see {log}.")


def private_mb(process: psutil.Process | None) -> float | None:
    """Private memory of the child processes in MB; None if the process is on another machine."""
    if process is None:
        return None
    total = 0
    for each in process.children():
        with suppress(psutil.NoSuchProcess):
            memory = each.memory_info()
            total += memory.rss - memory.shared
    return total / 1_000_000


class CpuMeter:
    """CPU time of a process and its descendants, some of which start or end meanwhile."""

    def __init__(self, process: psutil.Process | None) -> None:
        self._process = process
        self._before = self._times()

    def seconds(self) -> float | None:
        """CPU seconds since the meter was created; None if the process is on another machine."""
        if self._process is None:
            return None
        return sum(now - self._before.get(pid, 0.0) for pid, now in self._times().items())

    def _times(self) -> dict[int, float]:
        times: dict[int, float] = {}
        if self._process is not None:
            for each in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    cpu = each.cpu_times()
                    times[each.pid] = cpu.user + cpu.system
        return times


def wait_until_idle(*processes: psutil.Process | None) -> None:
    """Waits until the processes use almost no CPU: they have finished the requests that wrk abandoned at its end."""
    deadline = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < deadline:
        meters = [CpuMeter(process) for process in processes]
        time.sleep(POLL_SECONDS)
        if sum(meter.seconds() or 0.0 for meter in meters) < POLL_SECONDS / 5:
            return
