"""Generates HTTP load with wrk (Debian package `wrk`)."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.query import SERIAL

# A serial number has twelve digits; the first six are the number of the wrk run.
_run_numbers = count(1)

# Bodies are sent in turn. Each run starts at another one, otherwise short runs would send the first few only.
SCRIPT = """
local bodies, requests, number = {%(bodies)s}, {}, %(round)d
wrk.method = "POST"
%(headers)s
init = function()
  for place, body in ipairs(bodies) do requests[place] = wrk.format(nil, nil, nil, body) end
end
request = function()
  number = number + 1
  local place = number %% #bodies + 1
  if not bodies[place]:find(%(serial)s, 1, true) then return requests[place] end
  local serial = string.format("%%06d%%06d", %(round)d, number)
  return wrk.format(nil, nil, nil, (bodies[place]:gsub(%(serial)s, serial)))
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests":%%d,"duration":%%d,"p50":%%d,"p99":%%d,"failed":%%d}', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status))
end
"""


@dataclass(frozen=True)
class Target:
    """The URL to send requests to, the bodies to send in turn, and the bearer token."""

    url: str
    bodies: Sequence[Mapping[str, Any]]
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **authorization}


@dataclass(frozen=True)
class Load:
    """The result of a run: number of requests, requests per second, and median and 99th percentile in milliseconds."""

    done: int
    requests: float
    p50: float
    p99: float


class WrkRun:
    """A wrk process, started by the constructor. It has one thread, so that a core is left to the servers."""

    def __init__(self, target: Target, *, connections: int, seconds: int) -> None:
        self._script = tempfile.NamedTemporaryFile("w", suffix=".lua")  # noqa: SIM115  # Closed in `result`.
        self._script.write(lua_script(target, next(_run_numbers)))
        self._script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=60s", "--latency"]
        self._process = subprocess.Popen(
            [*command, "-s", self._script.name, target.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def result(self) -> Load:
        """Waits for the end of the run; exits if a request failed."""
        stdout, stderr = self._process.communicate()
        self._script.close()
        if self._process.returncode:
            sys.exit(f"wrk failed: {stderr}")
        summary = json.loads(stdout.rsplit("\n", 1)[-1])
        if summary["failed"]:
            sys.exit(f"{summary['failed']} requests failed:\n{stdout}")
        return Load(
            summary["requests"],
            summary["requests"] / summary["duration"] * 1_000_000,
            summary["p50"] / 1000,
            summary["p99"] / 1000,
        )


def load(target: Target, *, connections: int, seconds: int) -> Load:
    return WrkRun(target, connections=connections, seconds=seconds).result()


def lua_script(target: Target, number: int) -> str:
    """The script that tells wrk what to send."""
    headers = "\n".join(
        f"wrk.headers[ {lua_string(name)} ] = {lua_string(value)}" for name, value in target.headers().items()
    )
    bodies = ",".join(lua_string(json.dumps(body)) for body in target.bodies)
    return SCRIPT % {"bodies": bodies, "headers": headers, "serial": lua_string(SERIAL), "round": number}


def lua_string(text: str) -> str:
    """The text as a Lua string literal. It must not contain `]==]`."""
    return f"[==[{text}]==]"


def is_wrk_installed() -> bool:
    return shutil.which("wrk") is not None
