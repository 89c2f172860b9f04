"""Load: rounds of wrk, Debian's package of that name."""

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

# Serial numbers have twelve digits, the first six of which are the round's.
_rounds = count(1)

# Bodies go out in turn; a round begins anywhere among them, since many would otherwise ask for the first few only.
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
    """An address, the bodies to send to it in turn, and the token to send them with."""

    url: str
    bodies: Sequence[Mapping[str, Any]]
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **authorization}


@dataclass(frozen=True)
class Load:
    """Requests done, requests a second, and milliseconds that half of them and 99 of 100 took at most."""

    done: int
    requests: float
    p50: float
    p99: float


class Round:
    """One thread, so that a core is left to the servers; begun by making it, over once `ended`."""

    def __init__(self, target: Target, *, connections: int, seconds: int) -> None:
        self._script = tempfile.NamedTemporaryFile("w", suffix=".lua")  # noqa: SIM115  # Closed in `ended`.
        self._script.write(script(target, next(_rounds)))
        self._script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=60s", "--latency"]
        self._process = subprocess.Popen(
            [*command, "-s", self._script.name, target.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def ended(self) -> Load:
        said, blamed = self._process.communicate()
        self._script.close()
        if self._process.returncode:
            sys.exit(f"wrk failed: {blamed}")
        found = json.loads(said.rsplit("\n", 1)[-1])
        if found["failed"]:
            sys.exit(f"{found['failed']} requests failed:\n{said}")
        return Load(
            found["requests"],
            found["requests"] / found["duration"] * 1_000_000,
            found["p50"] / 1000,
            found["p99"] / 1000,
        )


def load(target: Target, *, connections: int, seconds: int) -> Load:
    return Round(target, connections=connections, seconds=seconds).ended()


def script(target: Target, number: int) -> str:
    headers = "\n".join(f"wrk.headers[ {quoted(name)} ] = {quoted(value)}" for name, value in target.headers().items())
    bodies = ",".join(quoted(json.dumps(body)) for body in target.bodies)
    return SCRIPT % {"bodies": bodies, "headers": headers, "serial": quoted(SERIAL), "round": number}


def quoted(text: str) -> str:
    """As Lua reads it; no text of ours holds its closing bracket."""
    return f"[==[{text}]==]"


def is_there() -> bool:
    return shutil.which("wrk") is not None
