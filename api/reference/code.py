"""Codes of kabupaten that are no longer in force."""

import csv
from functools import cache
from importlib.resources import files


def code_in_force(old: str) -> str | None:
    """The code that replaced a former Kemendagri code of a kabupaten; None for every other code, also one that is in force."""
    return _codes_in_force().get(old)


@cache
def _codes_in_force() -> dict[str, str]:
    text = files(__package__).joinpath("codes_in_force.csv").read_text(encoding="utf-8")
    return {row["old_code"]: row["code"] for row in csv.DictReader(text.splitlines())}
