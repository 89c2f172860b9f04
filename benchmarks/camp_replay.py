"""The camp of Kalimantan Tengah in 2019, step by step: registered by many clients at once, called off, at the gate, taught, completed.

The tests replay it small, `make bench` whole.
"""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CLIENTS, BULK, SCANS = 16, 20, 100

# The payload of a mutation, given its name, its input, and what is selected of it.
Do = Callable[[str, Mapping[str, Any], str], Awaitable[Any]]


@dataclass(slots=True)
class Replay:
    """Of a camp whose site, sessions and issuer are prepared; every refusal is an error."""

    do: Do
    camp: str
    nonces: "itertools.count[int]" = field(default_factory=itertools.count)

    async def register(self, people: Sequence[uuid.UUID]) -> None:
        """Each client registers its part of the people, in several bulks."""
        await asyncio.gather(*(self._register(people[number::CLIENTS]) for number in range(CLIENTS)))

    async def _register(self, people: Sequence[uuid.UUID]) -> None:
        for part in in_parts(people, BULK):
            participants = [{"volunteer": f"Volunteer:{person}"} for person in part]
            await self._bulk("registerParticipants", {"camp": self.camp, "participants": participants})

    async def cancel(self, registrations: Sequence[uuid.UUID]) -> None:
        """All at once."""
        inputs = (
            {"campRegistration": f"CampRegistration:{each}", "version": 1, "reason": "Berhalangan"}
            for each in registrations
        )
        await asyncio.gather(*(self._single("cancelRegistration", each) for each in inputs))

    async def start(self, version: int) -> None:
        await self._single("startCamp", {"camp": self.camp, "version": version})
        await self._single("issueCampCodes", {"camp": self.camp})

    async def scan(self, codes: Sequence[str], at: str, point: str = "ENTRY", session: uuid.UUID | None = None) -> None:
        """Several phones send what they have scanned, in bulks, at once."""
        of = {"session": f"CampSession:{session}"} if session else {}
        scans = [{"code": code, "point": point, "nonce": str(next(self.nonces)), "at": at, **of} for code in codes]
        bulks = (
            self._bulk("recordScans", {"camp": self.camp, "device": f"hp-{number}", "scans": part})
            for number, part in enumerate(in_parts(scans, SCANS))
        )
        await asyncio.gather(*bulks)

    async def complete(self, version: int) -> None:
        await self._single("completeCamp", {"camp": self.camp, "version": version})

    async def _single(self, name: str, values: Mapping[str, Any]) -> None:
        payload = await self.do(name, values, "problems { code }")
        assert payload == {"problems": []}, (name, payload)

    async def _bulk(self, name: str, values: Mapping[str, Any]) -> None:
        payload = await self.do(name, values, "problems { code } results { problems { code } }")
        wrong = [each for each in payload["results"] if each["problems"]]
        assert (payload["problems"], wrong) == ([], []), (name, payload["problems"], wrong[:1])


def in_parts(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
